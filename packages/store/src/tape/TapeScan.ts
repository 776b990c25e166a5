/**
 * Finds the blocks in the bytes of one segment as they are read, piece by piece, and says where bytes are that belong to no sound
 * block. Behind damage it looks for the next block that is whole and right in every byte, and goes on there.
 *
 * Pure: bytes are pushed in, pieces are pulled out, so that whoever has enough stops. Knows nothing of files.
 */
import {
  type BlockHeader,
  blockHeaderBytes,
  blockMagic,
  decodeSegmentHeader,
  isPayloadSound,
  readBlockHeader,
  type SegmentHeader
} from "./TapeFormat.ts"

export type Piece =
  | { readonly _tag: "header"; readonly header: SegmentHeader; readonly toByte: number }
  /** A whole block; its payload was checked if it was wanted. */
  | { readonly _tag: "block"; readonly header: BlockHeader; readonly payload: Buffer; readonly toByte: number }
  /** Bytes that belong to no sound block, with a sound block behind them. */
  | { readonly _tag: "damage"; readonly fromByte: number; readonly toByte: number; readonly problem: string }
  /** The same at the end of the segment: no sound block comes behind them. */
  | { readonly _tag: "tail"; readonly fromByte: number; readonly toByte: number; readonly problem: string }
  /** More bytes are needed. */
  | { readonly _tag: "more" }
  /** All bytes of the segment have been seen. */
  | { readonly _tag: "end" }

export interface Scan {
  /** Whether this block's payload is needed: others are passed over unchecked. */
  readonly isWanted: (header: BlockHeader) => boolean
  /** Bytes that are not done with from `at` on; the first of them is at `start` in the segment. */
  bytes: Buffer
  at: number
  start: number
  /** Pushed and not joined to `bytes` yet: that waits for `bytesNeeded`, so that a large block is copied once. */
  readonly pushed: Array<Buffer>
  pushedBytes: number
  bytesNeeded: number
  isHeaderRead: boolean
  isComplete: boolean
  /** Where the damage began that the scan is looking for an end of. */
  damage: { readonly fromByte: number; readonly problem: string } | undefined
}

export const make = (isWanted: (header: BlockHeader) => boolean): Scan => ({
  isWanted,
  bytes: Buffer.alloc(0),
  at: 0,
  start: 0,
  pushed: [],
  pushedBytes: 0,
  bytesNeeded: 0,
  isHeaderRead: false,
  isComplete: false,
  damage: undefined
})

/** The next bytes of the segment; they are kept, not copied. */
export const push = (scan: Scan, bytes: Buffer): void => {
  scan.pushed.push(bytes)
  scan.pushedBytes += bytes.length
}

/** There are no more bytes. */
export const complete = (scan: Scan): void => {
  scan.isComplete = true
}

/** The next piece. After `more`: push, or complete. */
export const next = (scan: Scan): Piece => {
  if (!join(scan)) return more
  if (!scan.isHeaderRead) {
    const piece = nextHeader(scan)
    if (piece !== undefined) return piece
  }
  while (true) {
    if (scan.damage !== undefined && !seek(scan)) return scan.isComplete ? finish(scan) : more
    const left = scan.bytes.length - scan.at
    if (left === 0 && scan.isComplete) return finish(scan)
    if (left < blockHeaderBytes) {
      if (!scan.isComplete) return need(scan, blockHeaderBytes)
      damaged(scan, "the header of a block is cut off", 1)
      continue
    }
    const header = readBlockHeader(scan.bytes, scan.at)
    if (header === undefined) {
      damaged(scan, "no sound header of a block", 1)
      continue
    }
    const blockBytes = blockHeaderBytes + header.payloadBytes
    if (left < blockBytes) {
      if (!scan.isComplete) return need(scan, blockBytes)
      damaged(scan, "a block is cut off", blockMagic.length)
      continue
    }
    const end = scan.at + blockBytes
    const payload = scan.bytes.subarray(scan.at + blockHeaderBytes, end)
    if ((scan.damage !== undefined || scan.isWanted(header)) && !isPayloadSound(header, payload)) {
      if (left < blockBytes + blockHeaderBytes && !scan.isComplete) return need(scan, blockBytes + blockHeaderBytes)
      // Its header is sound: where it ends is believed if that is where a block begins, or the segment ends.
      damaged(scan, "wrong checksum of a block", isFollowed(scan, end) ? blockBytes : blockMagic.length)
      continue
    }
    if (scan.damage !== undefined) {
      const { fromByte, problem } = scan.damage
      scan.damage = undefined
      return { _tag: "damage", fromByte, toByte: scan.start + scan.at, problem }
    }
    scan.at = end
    return { _tag: "block", header, payload, toByte: scan.start + end }
  }
}

const more: Piece = { _tag: "more" }

const need = (scan: Scan, bytesNeeded: number): Piece => {
  scan.bytesNeeded = bytesNeeded
  return more
}

/** Joins what was pushed to what is left; `false` while that is not enough to go on. */
const join = (scan: Scan): boolean => {
  const left = scan.bytes.length - scan.at
  if (left + scan.pushedBytes < scan.bytesNeeded && !scan.isComplete) return false
  scan.bytesNeeded = 0
  if (scan.pushedBytes === 0) return true
  scan.start += scan.at
  scan.bytes = Buffer.concat([scan.bytes.subarray(scan.at), ...scan.pushed.splice(0)])
  scan.at = 0
  scan.pushedBytes = 0
  return true
}

const nextHeader = (scan: Scan): Piece | undefined => {
  const reading = decodeSegmentHeader(scan.bytes)
  if (reading._tag === "header") {
    scan.isHeaderRead = true
    scan.at = reading.bytes
    return { _tag: "header", header: reading.header, toByte: reading.bytes }
  }
  if (reading._tag === "incomplete" && !scan.isComplete) return need(scan, reading.bytesNeeded)
  scan.isHeaderRead = true
  damaged(scan, reading._tag === "incomplete" ? "the segment's header is cut off" : reading.problem, 0)
  return undefined
}

/** Takes note that no sound block begins here, and where to look on. */
const damaged = (scan: Scan, problem: string, skipBytes: number): void => {
  scan.damage ??= { fromByte: scan.start + scan.at, problem }
  scan.at += skipBytes
}

/** Goes to the next place where a block may begin; `false` when none is in sight. */
const seek = (scan: Scan): boolean => {
  const found = scan.bytes.indexOf(blockMagic, scan.at)
  if (found >= 0) {
    scan.at = found
    return true
  }
  // The end may be the beginning of one.
  scan.at = Math.max(scan.at, scan.bytes.length - (blockMagic.length - 1))
  scan.bytesNeeded = scan.bytes.length - scan.at + 1
  return false
}

const isFollowed = (scan: Scan, end: number): boolean =>
  end + blockHeaderBytes <= scan.bytes.length
    ? readBlockHeader(scan.bytes, end) !== undefined
    : scan.isComplete && end === scan.bytes.length

const finish = (scan: Scan): Piece => {
  const { damage } = scan
  if (damage === undefined) return { _tag: "end" }
  scan.damage = undefined
  scan.at = scan.bytes.length
  return { _tag: "tail", ...damage, toByte: scan.start + scan.bytes.length }
}
