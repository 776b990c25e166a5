/** The files of a sealed span, out of the bucket and onto this disk: what others are made of, and nothing that was changed. */
import type { Manifest } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import type * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import { Segments } from "@kalshibook/store/cold/Segments"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Option, Stream } from "effect"
import { asMakeError } from "./MakeCause.ts"
import * as SealedManifest from "./SealedManifest.ts"
import { type MadeFile, SpanError } from "./SpanMaker.ts"
import * as WorkFolder from "./WorkFolder.ts"

/** The manifest that counts. */
export const manifestOf = Effect.fnUntraced(function* (fromMicros: number) {
  const segment = yield* (yield* Segments).current({ _tag: "hour", fromMicros })
  if (Option.isNone(segment)) return Option.none()
  return Option.some(yield* SealedManifest.read(segment.value).pipe(Effect.mapError(asMakeError)))
})

/** The records in files of a sealed span. */
export const rowsOf = Effect.fnUntraced(function* (files: ReadonlyArray<MadeFile>, db: DuckDb.DuckDb) {
  const connection = yield* db.connect.pipe(Effect.mapError(asMakeError))
  return Stream.fromIterable(files).pipe(
    Stream.flatMap(({ path }) => LogRowsReader.stream(connection, { file: path })),
    Stream.mapError(asMakeError)
  )
})

/** The records of a sealed span, out of its files, which are fetched first. */
export const recordsOf = Effect.fnUntraced(function* (manifest: Manifest, db: DuckDb.DuckDb, folder: string) {
  return yield* rowsOf(yield* fetch(manifest, "records", folder), db)
})

/** Files of a sealed span, fetched, and held to their sums. */
export const fetch = Effect.fnUntraced(function* (manifest: Manifest, kind: SegmentKind, folder: string) {
  const store = yield* ObjectStore
  const own = yield* WorkFolder.within(folder, `from-${manifest.span}-${manifest.from_micros}`)
  const fetched: Array<MadeFile> = []
  for (const { key, ...file } of manifest.files) {
    if (file.kind !== kind) continue
    const path = `${own}/${kind}-${file.part}.parquet`
    const { sha256 } = yield* store.getToFile(key, path)
    if (sha256 !== file.sha256) {
      return yield* new SpanError({ problem: `${key} was changed: its sha256 is ${sha256}`, isRetryable: false })
    }
    fetched.push({ ...file, path })
  }
  return fetched
})
