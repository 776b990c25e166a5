/** Segments in memory for tests: written by the codec, read by scan and walk. */
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import * as TapeBuffer from "@kalshibook/store/tape/TapeBuffer"
import { encodeSegmentHeader, kindCode, type SegmentHeader } from "@kalshibook/store/tape/TapeFormat"
import * as TapeScan from "@kalshibook/store/tape/TapeScan"
import * as TapeWalk from "@kalshibook/store/tape/TapeWalk"

export const headerOf = (changes: Partial<SegmentHeader>): SegmentHeader => ({
  tape_id: "3f0c7a52-6d0e-4c61-9a50-0d6f8a1f2b11",
  segment: 1,
  first_entry: 1,
  ts_wall_micros: 1_795_345_200_000_000,
  ts_monotonic_micros: 5_000_000,
  boot_id: "",
  program: "test",
  ...changes
})

export interface Segment {
  readonly bytes: Buffer
  /** For each block where it ends, and the number of its last entry. */
  readonly blocks: ReadonlyArray<{ readonly end: number; readonly lastEntry: number }>
}

/** A segment of these entries, which follow one another; each list is written at once, as one or more blocks. */
export const segmentOf = (
  header: SegmentHeader,
  groups: ReadonlyArray<ReadonlyArray<TapeEntry>>,
  blockBytesMax = 1_000
): Segment => {
  const buffer = TapeBuffer.make(blockBytesMax, header.first_entry - 1)
  const parts = [encodeSegmentHeader(header)]
  const blocks: Array<{ readonly end: number; readonly lastEntry: number }> = []
  let end = parts[0]?.length ?? 0
  for (const group of groups) {
    for (const { body, epoch, kind, tsMonotonicMicros, tsReceivedMicros } of group) {
      TapeBuffer.append(buffer, kindCode(kind), epoch, tsReceivedMicros, tsMonotonicMicros, body)
    }
    const taken = TapeBuffer.take(buffer, 1_000, header.ts_wall_micros, header.ts_monotonic_micros)
    for (const block of taken) {
      parts.push(Buffer.from(TapeBuffer.sealed(block)))
      end += block.end
      blocks.push({ end, lastEntry: block.firstEntry + block.entryCount - 1 })
    }
    TapeBuffer.release(buffer, taken)
  }
  return { bytes: Buffer.concat(parts), blocks }
}

export interface Found {
  readonly entries: ReadonlyArray<TapeEntry>
  readonly findings: ReadonlyArray<TapeWalk.TapeFinding>
}

/** Reads segments that come in pieces of so many bytes. */
export const readSegments = (
  segments: ReadonlyArray<Buffer>,
  pieceBytes: number,
  query: Partial<TapeWalk.TapeQuery> = { isVerifying: true }
): Found => {
  const walk = TapeWalk.make({ ...TapeWalk.everything, ...query })
  const readings: Array<TapeWalk.Reading> = []
  for (const [index, bytes] of segments.entries()) {
    TapeWalk.begin(walk, `segment ${index + 1}`, index === segments.length - 1)
    const scan = TapeScan.make((header) => TapeWalk.isWanted(walk, header))
    let at = 0
    for (
      let piece = TapeScan.next(scan);
      piece._tag !== "end" && walk.state === "reading";
      piece = TapeScan.next(scan)
    ) {
      if (piece._tag !== "more") readings.push(...TapeWalk.take(walk, piece))
      else if (at >= bytes.length) TapeScan.complete(scan)
      else {
        TapeScan.push(scan, bytes.subarray(at, at + pieceBytes))
        at += pieceBytes
      }
    }
    if (walk.state === "over") break
  }
  readings.push(...TapeWalk.finish(walk))
  return {
    entries: readings.flatMap((reading) => (reading._tag === "entries" ? reading.entries : [])),
    findings: readings.flatMap((reading) => (reading._tag === "finding" ? [reading.finding] : []))
  }
}
