/**
 * The closed segments of the tape on this machine: which there are, and how old they are.
 *
 * adapter: Node's files
 */
import { rm, stat } from "node:fs/promises"
import { basename } from "node:path"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import * as TapeReader from "@kalshibook/store/tape/TapeReader"
import { Effect } from "effect"
import { WorkFolderError } from "./WorkFolder.ts"

export interface ClosedFile {
  readonly tapeId: string
  readonly fileName: string
  readonly path: string
  readonly entryFirst: number
  readonly entryLast: number
  /** When it was written to last, Unix microseconds. */
  readonly tsWrittenMicros: number
}

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, WorkFolderError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new WorkFolderError({ path, problem: cause instanceof Error ? cause.message : String(cause) })
  })

/**
 * The segments that nobody writes to any more: closed and compressed, and followed by another of the same tape, which says where they
 * end. None where there is no tape. Reads the headers of all.
 */
export const closedIn = (folder: string): Effect.Effect<ReadonlyArray<ClosedFile>, WorkFolderError> =>
  attempt(folder, async () => {
    const segments = (await TapeFolder.list(folder).catch(TapeFolder.ignoreMissing)) ?? []
    const closed: Array<ClosedFile> = []
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      if (next === undefined || !segment.isCompressed) continue
      const header = await TapeReader.headerOf(segment)
      const nextHeader = await TapeReader.headerOf(next)
      if (header === undefined || nextHeader === undefined || header.tape_id !== nextHeader.tape_id) continue
      const { mtimeMs } = await stat(segment.path)
      closed.push({
        tapeId: header.tape_id,
        fileName: basename(segment.path),
        path: segment.path,
        entryFirst: header.first_entry,
        entryLast: nextHeader.first_entry - 1,
        tsWrittenMicros: Math.round(mtimeMs * 1_000)
      })
    }
    return closed
  })

/** Number of the first entry that a recorder which is started now reads, when everything up to this entry is stored; 0 for none. */
export const takenUpFrom = (
  folder: string,
  tapeId: string,
  entryStored: number
): Effect.Effect<number, WorkFolderError> =>
  attempt(folder, async () => {
    const segments = await TapeFolder.list(folder)
    return (await TapeReader.checkpointBefore(segments, entryStored, tapeId)) ?? 0
  })

export const remove = (path: string): Effect.Effect<void, WorkFolderError> =>
  attempt(path, () => rm(path, { force: true }))
