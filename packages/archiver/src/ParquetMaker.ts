/**
 * Makes and proves Parquet files by what the store has for it: an hour out of the state at its beginning, which is that at the end of
 * the sealed hour before it, and its records; a day out of its hours.
 *
 * Memory is bounded by one file of rows and the books of all markets, whatever the hour holds. One span at a time: DuckDB writes the same
 * bytes only with one thread.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type { Manifest, ManifestFile } from "@kalshibook/core/cold/Manifest"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import type * as Replay from "@kalshibook/core/Replay"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import * as HotRows from "@kalshibook/store/cold/HotRows"
import * as LogRowsMerge from "@kalshibook/store/cold/LogRowsMerge"
import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import { Segments } from "@kalshibook/store/cold/Segments"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option, Semaphore, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { Settings } from "./ArchiverSettings.ts"
import * as RecordsProof from "./RecordsProof.ts"
import * as SealedManifest from "./SealedManifest.ts"
import { type MadeFile, type MadeSpan, type MakeError, SpanError, SpanMaker } from "./SpanMaker.ts"
import * as WorkFolder from "./WorkFolder.ts"

type Needs = HotHours | ObjectStore | Segments | Settings | SqlClient.SqlClient

/** For writing; rows that wait for their file come on top. */
const memoryMebibytes = 256

export const layer: Layer.Layer<SpanMaker, SpanError, ObjectStore | Settings | SqlClient.SqlClient> = Layer.effect(
  SpanMaker,
  Effect.gen(function* () {
    const context = yield* Effect.context<Needs>()
    const one = yield* Semaphore.make(1)
    const { workFolder } = yield* Settings
    const db = yield* DuckDb.make({ memoryMebibytes, threads: 1, folders: [workFolder] }).pipe(
      Effect.mapError(asSpanError)
    )
    const known: KnownStates = { sums: "", replays: new Map() }
    const alone = <A, E>(work: Effect.Effect<A, E, Needs>) =>
      one.withPermits(1)(work.pipe(Effect.provideContext(context)))
    return SpanMaker.of({
      hour: (fromMicros, folder) => alone(Effect.scoped(hour(known, fromMicros, db, folder))),
      day: (_fromMicros, hours, folder) => alone(Effect.scoped(day(hours, db, folder))),
      problems: (_span, claim, pathOf) => alone(Effect.mapError(RecordsProof.problems(db, claim, pathOf), asSpanError))
    })
  })
).pipe(Layer.provide(Layer.mergeAll(HotHours.layerNoDeps, Segments.layerNoDeps)))

/** What the last hour that was made left each market in, by the sums of its files: most often the next one begins with it. */
interface KnownStates {
  sums: string
  replays: ReadonlyMap<MarketTicker, Replay.Replay>
}

const asSpanError = <E extends { readonly _tag: string; readonly message: string }>(error: E) =>
  new SpanError({ problem: error.message, isRetryable: false })

const hour = Effect.fnUntraced(function* (known: KnownStates, fromMicros: number, db: DuckDb.DuckDb, folder: string) {
  const sql = yield* SqlClient.SqlClient
  const states = yield* statesBefore(known, fromMicros, db, folder)
  const hot = HotRows.stream(sql, fromMicros)
  const sources: Array<LogRowsMerge.MergeSource<MakeError, never>> = [
    { rows: keyframesOf(states), hasKeyframes: true },
    ...(yield* revisionWhereGone(fromMicros, db, folder)),
    { rows: hot, hasKeyframes: false }
  ]
  const made = yield* written(db, LogRowsMerge.merge(sources), folder)
  known.sums = sumsOf(made.span.files)
  known.replays = made.states
  return made.span
})

const day = Effect.fnUntraced(function* (hours: ReadonlyArray<Manifest>, db: DuckDb.DuckDb, folder: string) {
  const sources: Array<LogRowsMerge.MergeSource<MakeError, never>> = []
  for (const manifest of hours) {
    sources.push({ rows: yield* sealedRows(manifest, db, folder), hasKeyframes: true })
  }
  return (yield* written(db, LogRowsMerge.merge(sources), folder)).span
})

/** The state of every market at the beginning of an hour; none before the first. */
const statesBefore = Effect.fnUntraced(function* (
  known: KnownStates,
  fromMicros: number,
  db: DuckDb.DuckDb,
  folder: string
) {
  const before = yield* sealedHour(fromMicros - hourMicros)
  if (Option.isNone(before)) return new Map<MarketTicker, Replay.Replay>()
  if (known.sums !== "" && sumsOf(before.value.files) === known.sums) return known.replays
  const fold = LogRowsFold.make()
  const rows = yield* sealedRows(before.value, db, folder)
  yield* Stream.runForEach(rows, (batch) => Effect.sync(() => LogRowsFold.apply(fold, batch)))
  LogRowsFold.finish(fold)
  return fold.replays
})

/** Of an hour that has left the hot tier, in whole or in part, the revision that counts. */
const revisionWhereGone = Effect.fnUntraced(function* (fromMicros: number, db: DuckDb.DuckDb, folder: string) {
  if (fromMicros >= (yield* (yield* HotHours).floor)) return []
  const current = yield* sealedHour(fromMicros)
  if (Option.isNone(current)) return []
  return [{ rows: yield* sealedRows(current.value, db, folder), hasKeyframes: false }]
})

const sealedHour = Effect.fnUntraced(function* (fromMicros: number) {
  const segment = yield* (yield* Segments).current({ _tag: "hour", fromMicros })
  if (Option.isNone(segment)) return Option.none()
  return Option.some(yield* SealedManifest.read(segment.value).pipe(Effect.mapError(keepStoreError)))
})

const keepStoreError = (error: SealedManifest.ManifestWrong | MakeError): MakeError =>
  error._tag === "ManifestWrong" ? asSpanError(error) : error

/** The records of a sealed span, out of its files, which are fetched first. */
const sealedRows = Effect.fnUntraced(function* (manifest: Manifest, db: DuckDb.DuckDb, folder: string) {
  const store = yield* ObjectStore
  const own = yield* WorkFolder.within(folder, `from-${manifest.span}-${manifest.from_micros}`)
  const paths: Array<string> = []
  for (const file of manifest.files) {
    if (file.kind !== "records") continue
    const path = `${own}/${file.part}.parquet`
    const { sha256 } = yield* store.getToFile(file.key, path)
    if (sha256 !== file.sha256) {
      return yield* new SpanError({ problem: `${file.key} was changed: its sha256 is ${sha256}`, isRetryable: false })
    }
    paths.push(path)
  }
  const connection = yield* db.connect.pipe(Effect.mapError(asSpanError))
  return Stream.fromIterable(paths).pipe(
    Stream.flatMap((file) => LogRowsReader.stream(connection, { file })),
    Stream.mapError((error): MakeError => asSpanError(error))
  )
})

const keyframeRowsMax = 4_096

const keyframesOf = (states: ReadonlyMap<MarketTicker, Replay.Replay>): Stream.Stream<LogRows.LogRows> =>
  Stream.suspend(() => {
    const batches: Array<LogRows.LogRows> = []
    const builder = LogRowsBuilder.make(keyframeRowsMax, (rows) => batches.push(rows))
    const tickers = [...states.keys()].sort(LogRowsBuilder.compareTickers)
    for (const ticker of tickers) {
      const state = states.get(ticker)
      if (state !== undefined) builder.keyframe(state)
    }
    builder.flush()
    return Stream.fromIterable(batches)
  })

const written = Effect.fnUntraced(function* (
  db: DuckDb.DuckDb,
  rows: Stream.Stream<LogRows.LogRows, MakeError>,
  folder: string
) {
  const { codeRevision, fileBytesMax } = yield* Settings
  const { files, markets, records, states } = yield* LogRowsWriter.write(db, rows, {
    folder,
    fileBytesMax,
    codeRevision
  }).pipe(
    Effect.mapError(
      (error): MakeError =>
        error._tag === "DuckDbError" || error._tag === "LogRowsRefused" ? asSpanError(error) : error
    )
  )
  const made = files.map(
    (file): MadeFile => ({
      kind: "records",
      part: file.part,
      path: file.path,
      bytes: file.bytes,
      sha256: file.sha256,
      rows: file.rows,
      ts_received_micros_min: file.tsReceivedMicrosMin,
      ts_received_micros_max: file.tsReceivedMicrosMax,
      ts_exchange_micros_min: file.tsExchangeMicrosMin,
      ts_exchange_micros_max: file.tsExchangeMicrosMax
    })
  )
  const span: MadeSpan = { files: made, markets, records, tapes: [] }
  return { span, states }
})

const sumsOf = (files: ReadonlyArray<Pick<ManifestFile, "kind" | "sha256">>): string =>
  files
    .filter((file) => file.kind === "records")
    .map((file) => file.sha256)
    .join()
