/**
 * The entries of a tape that an hour came from, wherever their files lie: the recorder's own on this disk, also while they are written,
 * else their copies in the bucket. Begins at a checkpoint before them, so that they can be replayed; fails where anything of them is
 * missing or damaged.
 *
 * adapter: Node's streams of the tape's reader
 */
import { join } from "node:path"
import type { ManifestTape } from "@kalshibook/core/cold/Manifest"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import { TapeFiles } from "@kalshibook/store/cold/TapeFiles"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import type { ObjectStoreError } from "@kalshibook/store/objects/ObjectStoreError"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import * as TapeReader from "@kalshibook/store/tape/TapeReader"
import * as TapeWalk from "@kalshibook/store/tape/TapeWalk"
import { Effect, Stream } from "effect"
import { Settings } from "./ArchiverSettings.ts"
import { SpanError } from "./SpanMaker.ts"
import * as WorkFolder from "./WorkFolder.ts"

type Failure = SpanError | HotTierError | ObjectStoreError | WorkFolder.WorkFolderError

/** A segment of the tape, and how it comes onto this disk. */
interface Place {
  readonly entryFirst: number
  readonly file: Effect.Effect<TapeFolder.SegmentFile, Failure, ObjectStore>
}

const broken = (problem: string) => new SpanError({ problem, isRetryable: false })

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, WorkFolder.WorkFolderError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      new WorkFolder.WorkFolderError({ path, problem: cause instanceof Error ? cause.message : String(cause) })
  })

/** Files that are fetched lie in the folder. */
export const open = Effect.fn("TapeEntries.open")(function* (tape: ManifestTape, folder: string) {
  const { tape_id: tapeId, entry_first: entryFirst, entry_last: entryLast } = tape
  const own = yield* WorkFolder.within(folder, "tape")
  const places = yield* placesOf(tapeId, own)
  const files: Array<TapeFolder.SegmentFile> = []
  let first = places.findLastIndex((place) => place.entryFirst <= entryFirst)
  for (const place of places.slice(Math.max(0, first))) {
    if (place.entryFirst <= entryLast) files.push(yield* place.file)
  }
  let begin: number | undefined
  while (first >= 0) {
    begin = yield* attempt(own, () => TapeReader.checkpointBefore(files, entryFirst - 1, tapeId))
    if (begin !== undefined) break
    if (places[first]?.entryFirst === 1) begin = 1
    const before = places[--first]
    if (before !== undefined) files.unshift(yield* before.file)
  }
  if (begin === undefined) {
    return yield* broken(`of the tape ${tapeId} there is no file with entry ${entryFirst} and a checkpoint before it`)
  }
  return entriesOf(files, { ...TapeWalk.everything, fromEntry: begin, toEntry: entryLast, tapeId })
})

/** Of each segment the recorder's own file, else its copy; in order. */
const placesOf = Effect.fnUntraced(function* (tapeId: string, folder: string) {
  const { tapeFolder } = yield* Settings
  const places = new Map<number, Place>()
  for (const copy of yield* (yield* TapeFiles).list(tapeId)) {
    places.set(copy.entryFirst, {
      entryFirst: copy.entryFirst,
      file: Effect.gen(function* () {
        const path = join(folder, copy.fileName)
        const { sha256 } = yield* (yield* ObjectStore).getToFile(copy.key, path)
        if (sha256 !== copy.sha256) return yield* broken(`${copy.key} was changed: its sha256 is ${sha256}`)
        const file = yield* attempt(path, () => TapeFolder.segmentAt(path))
        return file ?? (yield* broken(`${copy.key} is no segment of a tape`))
      })
    })
  }
  const local = yield* attempt(tapeFolder, async () => {
    const found: Array<readonly [number, TapeFolder.SegmentFile]> = []
    for (const file of (await TapeFolder.list(tapeFolder).catch(TapeFolder.ignoreMissing)) ?? []) {
      const header = await TapeReader.headerOf(file)
      if (header?.tape_id === tapeId) found.push([header.first_entry, file])
    }
    return found
  })
  for (const [entryFirst, file] of local) places.set(entryFirst, { entryFirst, file: Effect.succeed(file) })
  return [...places.values()].sort((left, right) => left.entryFirst - right.entryFirst)
})

/** What is beyond the last entry may be half written, and is not asked for. */
const entriesOf = (
  files: ReadonlyArray<TapeFolder.SegmentFile>,
  query: TapeWalk.TapeQuery
): Stream.Stream<ReadonlyArray<TapeEntry>, SpanError> => {
  const groups = async function* (): AsyncGenerator<ReadonlyArray<TapeEntry>> {
    let entryLast = 0
    for await (const reading of TapeReader.read(files, query)) {
      if (reading._tag === "finding" && reading.finding.kind !== "torn_tail") throw new Error(reading.finding.problem)
      if (reading._tag !== "entries") continue
      entryLast = reading.entries.at(-1)?.number ?? entryLast
      yield reading.entries
    }
    if (entryLast < query.toEntry) throw new Error(`it ends with entry ${entryLast}, before ${query.toEntry}`)
  }
  return Stream.fromAsyncIterable(groups(), (cause) =>
    broken(`the tape ${query.tapeId} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  )
}
