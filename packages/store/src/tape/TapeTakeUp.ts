/**
 * Where a tape goes on: looks at the newest segment to its end, cuts off what its writer did not finish, and says what comes next.
 *
 * adapter: Node's files
 */
import { randomUUID } from "node:crypto"
import { open, rename, rm } from "node:fs/promises"
import * as TapeFolder from "./TapeFolder.ts"
import type { SegmentHeader } from "./TapeFormat.ts"
import { headerOf, piecesOf } from "./TapeReader.ts"

export interface TakenUp {
  readonly tapeId: string
  /** Number of the next segment, and of the last entry that is on the tape: 0 when it is new. */
  readonly segment: number
  readonly lastEntry: number
  /** Bytes that were cut off the newest segment. */
  readonly tailBytesCut: number
  /** What was found and done, for people. */
  readonly notes: ReadonlyArray<string>
}

/** A file that is larger and in which nothing can be read was no segment that had just begun: it is kept under another name. */
const tornHeaderBytesMax = 4_096
const unreadableSuffix = ".unreadable"

/** Prepares the folder, which must be locked, for a new segment. */
export const takeUp = async (folder: string): Promise<TakenUp> => {
  await TapeFolder.removePartial(folder)
  const notes: Array<string> = []
  let tapeId: string | undefined
  let segment = 0
  let lastEntry = 0
  let tailBytesCut = 0
  while (true) {
    const segments = await TapeFolder.list(folder)
    const newest = segments.at(-1)
    if (newest === undefined) break
    const found = await lookAt(newest)
    segment = Math.max(segment, newest.segment)
    tapeId ??= found.header?.tape_id
    lastEntry = Math.max(lastEntry, found.lastEntry ?? 0, (found.header?.first_entry ?? 1) - 1)
    if (found.lastEntry !== undefined) {
      if (found.tailBytes > 0 && !newest.isCompressed) {
        await truncate(newest.path, found.tailFromByte)
        tailBytesCut += found.tailBytes
        notes.push(`cut ${found.tailBytes} bytes off ${newest.path} that were not written to their end`)
      }
      tapeId ??= await idOf(segments)
      break
    }
    // No entry in it: as if it had not been begun.
    if (found.header === undefined && newest.bytes > tornHeaderBytesMax) {
      await rename(newest.path, newest.path + unreadableSuffix)
      notes.push(`nothing in ${newest.path} can be read: renamed to ${unreadableSuffix}`)
    } else {
      await rm(newest.path)
      tailBytesCut += found.tailBytes
    }
    await TapeFolder.syncFolder(folder)
  }
  return { tapeId: tapeId ?? randomUUID(), segment: segment + 1, lastEntry, tailBytesCut, notes }
}

const lookAt = async (file: TapeFolder.SegmentFile) => {
  let header: SegmentHeader | undefined
  let lastEntry: number | undefined
  let tailFromByte = 0
  let tailBytes = 0
  for await (const piece of piecesOf(file, () => true)) {
    if (piece._tag === "header") header = piece.header
    if (piece._tag === "block") lastEntry = piece.header.firstEntry + piece.header.entryCount - 1
    if (piece._tag === "tail") {
      tailFromByte = piece.fromByte
      tailBytes = piece.toByte - piece.fromByte
    }
  }
  return { header, lastEntry, tailFromByte, tailBytes }
}

/** The tape's id by the newest segment that says it. */
const idOf = async (segments: ReadonlyArray<TapeFolder.SegmentFile>): Promise<string | undefined> => {
  for (const file of segments.toReversed()) {
    const header = await headerOf(file)
    if (header !== undefined) return header.tape_id
  }
  return undefined
}

const truncate = async (path: string, bytes: number): Promise<void> => {
  const handle = await open(path, "r+")
  try {
    await handle.truncate(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
