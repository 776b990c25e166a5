/**
 * The bytes of a tape: docs/tape-format.md in code. A segment is one file: a header, then blocks; a block is a header and entries.
 * All numbers are little-endian. Every byte is covered by a checksum, and a block begins with bytes that no UTF-8 text contains, so
 * that a reader finds the next one behind damage.
 *
 * Pure: knows nothing of files. The functions of the hot path write into a buffer that is there and make no objects.
 */
import { crc32 } from "node:zlib"
import { type TapeEntry, type TapeEntryKind, tapeEntryKinds } from "@kalshibook/core/TapeEntry"
import { Option, Schema } from "effect"

const formatVersion = 1

/** What a segment says of itself. */
const SegmentHeader = Schema.Struct({
  /** Uuid of the tape: the same in all its segments. */
  tape_id: Schema.String,
  /** Grows within the tape; numbers may be missing. */
  segment: Schema.Int,
  /** Number of the first entry that it may hold. */
  first_entry: Schema.Int,
  /** By the wall clock at its beginning, Unix microseconds. */
  ts_wall_micros: Schema.Int,
  /** By the machine's monotonic clock at the same moment, microseconds since the machine's start. */
  ts_monotonic_micros: Schema.Int,
  /** Which start of the machine that clock counts from; empty where the system does not tell. */
  boot_id: Schema.String,
  /** Name and version of the program that wrote it. */
  program: Schema.String
})
export type SegmentHeader = typeof SegmentHeader.Type

const decodeHeaderText = Schema.decodeUnknownOption(Schema.fromJsonString(SegmentHeader))

/** Like that of PNG: shows at once when a program took the file for text. */
const segmentMagic = Buffer.from([0x89, 0x4b, 0x42, 0x54, 0x0d, 0x0a, 0x1a, 0x0a])
const segmentPrefixBytes = 20
/** The text of a segment's header; what claims more is damaged. */
const headerTextBytesMax = 65_536

export const encodeSegmentHeader = (header: SegmentHeader): Buffer => {
  const text = Buffer.from(JSON.stringify(header))
  const bytes = Buffer.alloc(segmentPrefixBytes + text.length)
  segmentMagic.copy(bytes)
  bytes.writeUInt32LE(formatVersion, 8)
  bytes.writeUInt32LE(text.length, 12)
  text.copy(bytes, segmentPrefixBytes)
  bytes.writeUInt32LE(crc32(text, crc32(bytes.subarray(0, 16))), 16)
  return bytes
}

export type HeaderReading =
  | { readonly _tag: "header"; readonly header: SegmentHeader; readonly bytes: number }
  /** So many bytes of the segment's beginning are needed to know more. */
  | { readonly _tag: "incomplete"; readonly bytesNeeded: number }
  | { readonly _tag: "unreadable"; readonly problem: string }

/** Reads a segment's header from the beginning of its bytes. */
export const decodeSegmentHeader = (bytes: Buffer): HeaderReading => {
  if (bytes.length < segmentPrefixBytes) return { _tag: "incomplete", bytesNeeded: segmentPrefixBytes }
  if (!bytes.subarray(0, segmentMagic.length).equals(segmentMagic))
    return unreadable("it does not begin as a tape does")
  const textBytes = bytes.readUInt32LE(12)
  if (textBytes > headerTextBytesMax) return unreadable("the length of the segment's header is impossible")
  const end = segmentPrefixBytes + textBytes
  if (bytes.length < end) return { _tag: "incomplete", bytesNeeded: end }
  const text = bytes.subarray(segmentPrefixBytes, end)
  if (crc32(text, crc32(bytes.subarray(0, 16))) !== bytes.readUInt32LE(16)) {
    return unreadable("wrong checksum of the segment's header")
  }
  const version = bytes.readUInt32LE(8)
  if (version !== formatVersion) return unreadable(`version ${version} of the format is not known here`)
  const header = decodeHeaderText(text.toString())
  if (Option.isNone(header)) return unreadable("the segment's header lacks a field")
  return { _tag: "header", header: header.value, bytes: end }
}

const unreadable = (problem: string): HeaderReading => ({ _tag: "unreadable", problem })

/** F5 never occurs in UTF-8. */
export const blockMagic = Buffer.from([0xf5, 0x4b, 0x42, 0x54])
const blockMagicNumber = blockMagic.readUInt32LE(0)
export const blockHeaderBytes = 64
/** What comes before an entry's body: kind, length, epoch, two times. */
export const entryHeaderBytes = 25

export interface BlockHeader {
  /** CRC-32 of the payload. */
  readonly payloadCrc: number
  readonly payloadBytes: number
  /** Number of its first entry, and how many it holds. */
  readonly firstEntry: number
  readonly entryCount: number
  /** Bit n is set when it holds entries of the kind with code n. */
  readonly kindBits: number
  /** At its making: wall clock, receive clock of its last entry, monotonic clock; microseconds. */
  readonly tsWallMicros: number
  readonly tsReceivedMicros: number
  readonly tsMonotonicMicros: number
}

/** Codes of kinds are for ever; 0 is none. */
export const kindCode = (kind: TapeEntryKind): number => {
  switch (kind) {
    case "received":
      return 1
    case "sent":
      return 2
    case "act":
      return 3
    case "checkpoint_begin":
      return 4
    case "checkpoint_part":
      return 5
    case "checkpoint_end":
      return 6
  }
}

export const kindBitsOf = (kinds: ReadonlyArray<TapeEntryKind>): number =>
  kinds.reduce((bits, kind) => bits | (1 << kindCode(kind)), 0)

const highUnit = 2 ** 32

const writeWhole = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / highUnit), true)
}

/** A number beyond 2^53 comes out rounded: no time or entry number is that large. */
const readWhole = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * highUnit

/** Writes one entry at `at`; the place behind it. The hot path: about 25 bytes of numbers and a copy. */
export const writeEntry = (
  bytes: Uint8Array,
  view: DataView,
  at: number,
  code: number,
  epoch: number,
  tsReceivedMicros: number,
  tsMonotonicMicros: number,
  body: Uint8Array
): number => {
  view.setUint8(at, code)
  view.setUint32(at + 1, body.length, true)
  view.setUint32(at + 5, epoch, true)
  writeWhole(view, at + 9, tsReceivedMicros)
  writeWhole(view, at + 17, tsMonotonicMicros)
  bytes.set(body, at + entryHeaderBytes)
  return at + entryHeaderBytes + body.length
}

/** Makes a block of the payload that lies in `bytes` behind the room for the header: from `blockHeaderBytes` to the end. */
export const sealBlock = (bytes: Buffer, header: Omit<BlockHeader, "payloadCrc" | "payloadBytes">): void => {
  const view = viewOf(bytes)
  const payload = bytes.subarray(blockHeaderBytes)
  view.setUint32(0, blockMagicNumber, true)
  view.setUint32(8, crc32(payload), true)
  view.setUint32(12, payload.length, true)
  writeWhole(view, 16, header.firstEntry)
  view.setUint32(24, header.entryCount, true)
  view.setUint32(28, header.kindBits, true)
  writeWhole(view, 32, header.tsWallMicros)
  writeWhole(view, 40, header.tsReceivedMicros)
  writeWhole(view, 48, header.tsMonotonicMicros)
  writeWhole(view, 56, 0)
  view.setUint32(4, crc32(bytes.subarray(8, blockHeaderBytes)), true)
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The header at `at`, of which all bytes must be there; `undefined` when no sound header stands there. */
export const readBlockHeader = (bytes: Buffer, at: number): BlockHeader | undefined => {
  if (bytes.readUInt32LE(at) !== blockMagicNumber) return undefined
  if (crc32(bytes.subarray(at + 8, at + blockHeaderBytes)) !== bytes.readUInt32LE(at + 4)) return undefined
  const view = viewOf(bytes)
  return {
    payloadCrc: view.getUint32(at + 8, true),
    payloadBytes: view.getUint32(at + 12, true),
    firstEntry: readWhole(view, at + 16),
    entryCount: view.getUint32(at + 24, true),
    kindBits: view.getUint32(at + 28, true),
    tsWallMicros: readWhole(view, at + 32),
    tsReceivedMicros: readWhole(view, at + 40),
    tsMonotonicMicros: readWhole(view, at + 48)
  }
}

export const isPayloadSound = (header: BlockHeader, payload: Buffer): boolean => crc32(payload) === header.payloadCrc

/**
 * The entries of a sound block, in order; their bodies are views of `payload`, not copies. Fewer than the header says when the
 * payload was not written by this format.
 */
export const entriesOf = (header: BlockHeader, payload: Buffer): Array<TapeEntry> => {
  const view = viewOf(payload)
  const entries: Array<TapeEntry> = []
  let at = 0
  for (let index = 0; index < header.entryCount; index++) {
    const bodyAt = at + entryHeaderBytes
    if (bodyAt > payload.length) break
    const end = bodyAt + view.getUint32(at + 1, true)
    const kind = tapeEntryKinds[view.getUint8(at) - 1]
    if (kind === undefined || end > payload.length) break
    entries.push({
      number: header.firstEntry + index,
      kind,
      epoch: view.getUint32(at + 5, true),
      tsReceivedMicros: readWhole(view, at + 9),
      tsMonotonicMicros: readWhole(view, at + 17),
      body: payload.subarray(bodyAt, end)
    })
    at = end
  }
  return entries
}
