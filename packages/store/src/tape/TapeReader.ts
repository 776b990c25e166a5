/**
 * Reads a tape: entries in order over any number of segments, in both forms, also while the last is being written. What is
 * damaged is told as a finding, with the numbers that are missing, and reading goes on behind it.
 *
 * adapter: Node's files and zstd
 */
import { createReadStream } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { createZstdDecompress } from "node:zlib"
import { otherForm, type SegmentFile } from "./TapeFolder.ts"
import { type BlockHeader, kindBitsOf, type SegmentHeader } from "./TapeFormat.ts"
import * as TapeScan from "./TapeScan.ts"
import * as TapeWalk from "./TapeWalk.ts"

/** Everything that the query asks for, out of segments in their order. */
export async function* read(
  segments: ReadonlyArray<SegmentFile>,
  query: TapeWalk.TapeQuery
): AsyncGenerator<TapeWalk.Reading> {
  const walk = TapeWalk.make(query)
  for (const [index, file] of segments.entries()) {
    TapeWalk.begin(walk, file.path, index === segments.length - 1)
    for await (const piece of piecesOf(file, (header) => TapeWalk.isWanted(walk, header))) {
      yield* TapeWalk.take(walk, piece)
      if (walk.state !== "reading") break
    }
    if (walk.state === "over") break
  }
  yield* TapeWalk.finish(walk)
}

/** The segments from the one on that holds the entry. Reads one header after the other, from the last back. */
export const segmentsFrom = async (
  segments: ReadonlyArray<SegmentFile>,
  entry: number
): Promise<ReadonlyArray<SegmentFile>> => {
  let first = segments.length
  while (first > 0) {
    first--
    const header = await headerOf(segments[first] as SegmentFile)
    if (header !== undefined && header.first_entry <= entry) break
  }
  return segments.slice(first)
}

/** What a segment says of itself; `undefined` when that is damaged. */
export const headerOf = async (file: SegmentFile): Promise<SegmentHeader | undefined> => {
  for await (const piece of piecesOf(file, () => false)) return piece._tag === "header" ? piece.header : undefined
  return undefined
}

const checkpointBits = kindBitsOf(["checkpoint_begin", "checkpoint_part", "checkpoint_end"])

/**
 * Number of the `checkpoint_begin` of the newest checkpoint that is whole and whose end is at or before the entry. Reads segments
 * from the last back until one is found; in them the headers of blocks, and the blocks with checkpoints.
 */
export const checkpointBefore = async (
  segments: ReadonlyArray<SegmentFile>,
  entryNumber: number,
  tapeId: string
): Promise<number | undefined> => {
  const query = { ...TapeWalk.everything, toEntry: entryNumber, kindBits: checkpointBits, tapeId }
  let marks: ReadonlyArray<Mark> = []
  for (const file of segments.toReversed()) {
    const here: Array<Mark> = []
    for await (const reading of read([file], query)) {
      if (reading._tag === "finding") here.push("hole")
      if (reading._tag !== "entries") continue
      for (const { kind, number } of reading.entries) {
        if (kind === "checkpoint_begin") here.push(number)
        if (kind === "checkpoint_end") here.push("end")
      }
    }
    marks = [...here, ...marks]
    const found = newestWhole(marks)
    if (found !== undefined) return found
  }
  return undefined
}

/** The number of a begin, an end, or something that is missing. */
type Mark = number | "end" | "hole"

const newestWhole = (marks: ReadonlyArray<Mark>): number | undefined => {
  let begun: number | undefined
  let whole: number | undefined
  for (const mark of marks) {
    if (mark === "end") whole = begun ?? whole
    begun = mark === "end" || mark === "hole" ? undefined : mark
  }
  return whole
}

/** The pieces of one segment. */
export async function* piecesOf(
  file: SegmentFile,
  isWanted: (header: BlockHeader) => boolean
): AsyncGenerator<Exclude<TapeScan.Piece, { readonly _tag: "more" | "end" }>> {
  const scan = TapeScan.make(isWanted)
  let problem: string | undefined
  let toByte = 0
  const chunks = bytesOf(file, (cause) => {
    problem = `it cannot be decompressed (${cause.message})`
  })
  try {
    while (true) {
      const { done, value } = await chunks.next()
      if (done) TapeScan.complete(scan)
      else TapeScan.push(scan, value)
      let piece = TapeScan.next(scan)
      for (; piece._tag !== "more" && piece._tag !== "end"; piece = TapeScan.next(scan)) {
        toByte = piece.toByte
        if (piece._tag !== "tail") yield piece
        else yield { ...piece, problem: problem ?? piece.problem }
        if (piece._tag === "tail") problem = undefined
      }
      if (piece._tag === "end") break
    }
    if (problem !== undefined) yield { _tag: "tail", fromByte: toByte, toByte, problem }
  } finally {
    await chunks.return(undefined)
  }
}

/** Bytes read at a time: large enough that reading costs little, small enough that whoever reads keeps little. */
const readBytes = 1024 * 1024

async function* bytesOf(file: SegmentFile, onDamage: (cause: Error) => void): AsyncGenerator<Buffer, undefined> {
  const { handle, isCompressed } = await openEither(file)
  try {
    if (isCompressed) {
      yield* decompressed(handle, onDamage)
      return
    }
    while (true) {
      const buffer = Buffer.allocUnsafeSlow(readBytes)
      const { bytesRead } = await handle.read(buffer, 0, readBytes, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** A segment may be compressed, and the file that was written removed, between being listed and being opened. */
const openEither = async (
  file: SegmentFile
): Promise<{ readonly handle: FileHandle; readonly isCompressed: boolean }> => {
  try {
    return { handle: await open(file.path), isCompressed: file.isCompressed }
  } catch (cause) {
    const other = otherForm(file)
    const handle = await open(other.path).catch(() => undefined)
    if (handle === undefined) throw cause
    return { handle, isCompressed: other.isCompressed }
  }
}

async function* decompressed(handle: FileHandle, onDamage: (cause: Error) => void): AsyncGenerator<Buffer> {
  const source = createReadStream("", { fd: handle, autoClose: false, highWaterMark: readBytes })
  const target = createZstdDecompress({ chunkSize: readBytes })
  let sourceFailed: Error | undefined
  source.on("error", (cause) => {
    sourceFailed = cause
    target.destroy(cause)
  })
  source.pipe(target)
  try {
    yield* target
  } catch (cause) {
    if (sourceFailed !== undefined) throw cause
    onDamage(cause as Error)
  } finally {
    source.destroy()
    target.destroy()
  }
}
