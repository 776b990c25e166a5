/**
 * Entries that wait in memory to be written, as the blocks that they will be on the disk: an entry is copied once, into the place
 * that is handed to the system. Buffers are used again, so that appending makes no garbage.
 *
 * Mutable and synchronous: the hot path of the tape. Knows nothing of files.
 */
import { blockHeaderBytes, entryHeaderBytes, sealBlock, viewOf, writeEntry } from "./TapeFormat.ts"

export interface Block {
  readonly bytes: Buffer
  readonly view: DataView
  /** Whether it begins a new segment. */
  readonly isSegmentStart: boolean
  readonly firstEntry: number
  /** By the monotonic clock, when its first entry came, microseconds. */
  readonly tsFirstMicros: number
  entryCount: number
  kindBits: number
  /** By the receive clock, of its last entry. */
  tsReceivedMicros: number
  /** Bytes in use. */
  end: number
}

export interface TapeBuffer {
  readonly blockBytesMax: number
  /** Full blocks, in order; the one that is being filled is beside them. */
  readonly full: Array<Block>
  open: Block | undefined
  /** Buffers of blocks that were written. */
  readonly spare: Array<Buffer>
  /** Number of the last entry taken. */
  appended: number
  /** Bytes that are not written yet, those under way included. */
  waitingBytes: number
  /** Bytes appended since the segment began, and when that was; 0 and `undefined` when nothing was. */
  segmentBytes: number
  tsSegmentMicros: number | undefined
}

/** Buffers kept for use again: what a busy second needs. */
const spareMax = 64

export const make = (blockBytesMax: number, appended: number): TapeBuffer => ({
  blockBytesMax,
  full: [],
  open: undefined,
  spare: [],
  appended,
  waitingBytes: 0,
  segmentBytes: 0,
  tsSegmentMicros: undefined
})

/** Takes one entry; its number. The body is copied. */
export const append = (
  buffer: TapeBuffer,
  code: number,
  epoch: number,
  tsReceivedMicros: number,
  tsMonotonicMicros: number,
  body: Uint8Array
): number => {
  const entryBytes = entryHeaderBytes + body.length
  let block = buffer.open
  if (block === undefined || block.end + entryBytes > block.bytes.length) {
    block = begin(buffer, blockHeaderBytes + entryBytes, tsMonotonicMicros)
  }
  block.end = writeEntry(block.bytes, block.view, block.end, code, epoch, tsReceivedMicros, tsMonotonicMicros, body)
  block.entryCount++
  block.kindBits |= 1 << code
  block.tsReceivedMicros = tsReceivedMicros
  buffer.waitingBytes += entryBytes
  buffer.segmentBytes += entryBytes
  return ++buffer.appended
}

const begin = (buffer: TapeBuffer, bytesNeeded: number, tsFirstMicros: number): Block => {
  closeBlock(buffer)
  const isSegmentStart = buffer.tsSegmentMicros === undefined
  buffer.tsSegmentMicros ??= tsFirstMicros
  const spare = bytesNeeded <= buffer.blockBytesMax ? buffer.spare.pop() : undefined
  const bytes = spare ?? Buffer.allocUnsafeSlow(Math.max(bytesNeeded, buffer.blockBytesMax))
  const block: Block = {
    bytes,
    view: viewOf(bytes),
    isSegmentStart,
    firstEntry: buffer.appended + 1,
    tsFirstMicros,
    entryCount: 0,
    kindBits: 0,
    tsReceivedMicros: 0,
    end: blockHeaderBytes
  }
  buffer.open = block
  buffer.waitingBytes += blockHeaderBytes
  buffer.segmentBytes += blockHeaderBytes
  return block
}

const closeBlock = (buffer: TapeBuffer): void => {
  if (buffer.open !== undefined) buffer.full.push(buffer.open)
  buffer.open = undefined
}

/** The next entry begins a new segment. */
export const rotate = (buffer: TapeBuffer): void => {
  closeBlock(buffer)
  buffer.segmentBytes = 0
  buffer.tsSegmentMicros = undefined
}

/** When the first entry that was not taken out yet came (monotonic clock). */
export const tsWaitingMicros = (buffer: TapeBuffer): number | undefined =>
  (buffer.full[0] ?? buffer.open)?.tsFirstMicros

/** Takes out what waits, for one write: at most `blocksMax` blocks of one segment, sealed. */
export const take = (
  buffer: TapeBuffer,
  blocksMax: number,
  tsWallMicros: number,
  tsMonotonicMicros: number
): ReadonlyArray<Block> => {
  closeBlock(buffer)
  const { full } = buffer
  const nextSegment = full.findIndex((block, index) => index > 0 && block.isSegmentStart)
  const blocks = full.splice(0, Math.min(blocksMax, nextSegment < 0 ? full.length : nextSegment))
  for (const block of blocks) sealBlock(sealed(block), { ...block, tsWallMicros, tsMonotonicMicros })
  return blocks
}

/** The bytes of a block that was taken out. */
export const sealed = (block: Block): Buffer => block.bytes.subarray(0, block.end)

/** The blocks are written: their buffers may be used again. */
export const release = (buffer: TapeBuffer, blocks: ReadonlyArray<Block>): void => {
  for (const { bytes, end } of blocks) {
    buffer.waitingBytes -= end
    if (bytes.length === buffer.blockBytesMax && buffer.spare.length < spareMax) buffer.spare.push(bytes)
  }
}

/** Forgets what waits. */
export const drop = (buffer: TapeBuffer): void => {
  buffer.full.length = 0
  buffer.open = undefined
  buffer.spare.length = 0
  buffer.waitingBytes = 0
}
