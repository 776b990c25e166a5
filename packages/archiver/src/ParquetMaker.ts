/**
 * Makes and proves Parquet files by what the store has for it: an hour out of the state at its beginning, which is that at the end of
 * the sealed hour before it, and its records; a day out of its hours.
 *
 * Memory is bounded by one file of rows and the books of all markets, whatever the hour holds. One span at a time: DuckDB writes the same
 * bytes only with one thread.
 */
import { PgClient } from "@effect/sql-pg"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type { Manifest, ManifestFile } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { hourMicros, spanEndMicros } from "@kalshibook/core/cold/SegmentKeys"
import type * as Replay from "@kalshibook/core/Replay"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import * as HourFromHot from "@kalshibook/store/cold/HourFromHot"
import type { SideKind, SideRow } from "@kalshibook/store/cold/HourSideRows"
import * as HourTapes from "@kalshibook/store/cold/HourTapes"
import * as LogRowsMerge from "@kalshibook/store/cold/LogRowsMerge"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import * as RestingLogs from "@kalshibook/store/cold/RestingLogs"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import * as SegmentProof from "@kalshibook/store/cold/SegmentProof"
import { Segments } from "@kalshibook/store/cold/Segments"
import * as SideRowsWriter from "@kalshibook/store/cold/SideRowsWriter"
import { TapeFiles } from "@kalshibook/store/cold/TapeFiles"
import type { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option, Semaphore, Stream } from "effect"
import type { SqlClient } from "effect/sql"
import { Settings } from "./ArchiverSettings.ts"
import * as DaySideRows from "./DaySideRows.ts"
import * as GoneHour from "./GoneHour.ts"
import { asMakeError } from "./MakeCause.ts"
import * as RevivedLogs from "./RevivedLogs.ts"
import * as SealedFiles from "./SealedFiles.ts"
import { type MadeFile, type MadeSpan, type MakeError, SpanMaker, type SpanProof } from "./SpanMaker.ts"

type Needs = HotHours | ObjectStore | PgClient.PgClient | SealedHours | Segments | Settings | TapeFiles

/** For writing; rows that wait for their file come on top. */
const memoryMebibytes = 256

export const layer: Layer.Layer<
  SpanMaker,
  DuckDb.DuckDbError,
  ObjectStore | PgClient.PgClient | Settings | SqlClient.SqlClient
> = Layer.effect(
  SpanMaker,
  Effect.gen(function* () {
    const context = yield* Effect.context<Needs>()
    const one = yield* Semaphore.make(1)
    const { workFolder } = yield* Settings
    const db = yield* DuckDb.make({ memoryMebibytes, threads: 1, folders: [workFolder] })
    const known: KnownStates = { sums: "", replays: new Map() }
    const alone = <A, E>(work: Effect.Effect<A, E, Needs>) =>
      one.withPermits(1)(work.pipe(Effect.provideContext(context)))
    return SpanMaker.of({
      hour: (fromMicros, folder) => alone(Effect.scoped(hour(known, fromMicros, db, folder))),
      day: (_fromMicros, hours, folder) => alone(Effect.scoped(day(hours, db, folder))),
      problems: (proof) => alone(prove(db, proof))
    })
  })
).pipe(
  Layer.provide(
    Layer.mergeAll(HotHours.layerNoDeps, SealedHours.layerNoDeps, Segments.layerNoDeps, TapeFiles.layerNoDeps)
  )
)

/** What the last hour that was made left each market in, by the sums of its files: most often the next one begins with it. */
interface KnownStates {
  sums: string
  replays: ReadonlyMap<MarketTicker, Replay.Replay>
}

const hour = Effect.fnUntraced(function* (known: KnownStates, fromMicros: number, db: DuckDb.DuckDb, folder: string) {
  const { config } = yield* PgClient.PgClient
  const openings = yield* openingsOf(known, fromMicros, db, folder)
  // All that is read of the database is of one moment, which is behind that at which the marks were read.
  const hot = yield* HourFromHot.open(config, { fromMicros, openings }).pipe(Effect.mapError(asMakeError))
  const rows = Stream.mapError(hot.rows, asMakeError)
  const hours = yield* HotHours
  const gone = (yield* hours.isWhole(fromMicros))
    ? undefined
    : yield* GoneHour.open(db, {
        fromMicros,
        openings,
        tapes: hot.tapes,
        isPruned: fromMicros < (yield* hours.floor),
        folder
      })
  const sources: ReadonlyArray<Source> =
    gone === undefined
      ? [{ rows, hasKeyframes: true }]
      : [{ rows: keyframesOf(openings ?? new Map()), hasKeyframes: true }, gone.records, { rows, hasKeyframes: false }]
  const records = yield* writeRecords(db, RestingLogs.leaveOut(LogRowsMerge.merge(sources), fromMicros), folder)
  const sides = yield* hot
    .sideRows(records.markets.map((market) => market.market_ticker))
    .pipe(Effect.mapError(asMakeError))
  const files = [...records.files]
  for (const kind of sideKinds) {
    const left = kind === "trades" || kind === "lifecycle" ? gone?.[kind] : undefined
    files.push(...(left?._tag === "files" ? left.files : yield* writeSide(db, kind, left?.rows ?? sides[kind], folder)))
  }
  known.sums = sumsOf(files)
  known.replays = records.states
  const span: MadeSpan = { files, markets: records.markets, records: records.records, tapes: hot.tapes }
  return span
})

type Source = LogRowsMerge.MergeSource<MakeError, never>

const sideKinds = ["trades", "lifecycle", "gaps", "channel_gaps", "markets"] as const satisfies ReadonlyArray<SideKind>

const day = Effect.fnUntraced(function* (hours: ReadonlyArray<Manifest>, db: DuckDb.DuckDb, folder: string) {
  const { codeRevision, fileBytesMax } = yield* Settings
  const sources: Array<Source> = []
  for (const manifest of hours)
    sources.push({ rows: yield* SealedFiles.recordsOf(manifest, db, folder), hasKeyframes: true })
  const { files, markets, records } = yield* writeRecords(db, LogRowsMerge.merge(sources), folder)
  const made = [...files]
  for (const kind of sideKinds) {
    const paths: Array<string> = []
    for (const manifest of hours)
      paths.push(...(yield* SealedFiles.fetch(manifest, kind, folder)).map((file) => file.path))
    const options = { kind, paths, folder, fileBytesMax, codeRevision }
    made.push(...(yield* DaySideRows.write(db, options).pipe(Effect.mapError(asMakeError))))
  }
  const tapes = HourTapes.union(hours.map((manifest) => manifest.tapes))
  const span: MadeSpan = { files: made, markets, records, tapes }
  return span
})

const prove = Effect.fnUntraced(function* (db: DuckDb.DuckDb, { against, claim, pathOf, span }: SpanProof) {
  const { fromMicros } = span
  const isHot = against === "hot" && span._tag === "hour" && (yield* (yield* HotHours).isWhole(fromMicros))
  const before = isHot ? yield* SealedFiles.manifestOf(fromMicros - hourMicros) : Option.none()
  const { config } = yield* PgClient.PgClient
  const states = isHot
    ? yield* HourFromHot.statesAt(config, spanEndMicros(span)).pipe(Effect.mapError(asMakeError))
    : undefined
  const markets = Option.getOrUndefined(before)?.markets
  const resting = isHot ? new Set(yield* (yield* SealedHours).resting(fromMicros)) : undefined
  const report = yield* SegmentProof.prove(db, { claim, pathOf, before: markets, resting, states }).pipe(
    Effect.mapError(asMakeError)
  )
  return report.problems.map(SegmentProof.sentenceOf)
})

/** The state of every market at the beginning of an hour, out of the sealed hours before; `undefined` for the first. */
const openingsOf = Effect.fnUntraced(function* (
  known: KnownStates,
  fromMicros: number,
  db: DuckDb.DuckDb,
  folder: string
) {
  const before = yield* SealedFiles.manifestOf(fromMicros - hourMicros)
  if (Option.isNone(before)) return undefined
  const isKnown = known.sums !== "" && sumsOf(before.value.files) === known.sums
  const states = new Map(isKnown ? known.replays : yield* statesAfter(before.value, db, folder))
  for (const [ticker, state] of yield* RevivedLogs.read(fromMicros, db, folder)) states.set(ticker, state)
  return states
})

const statesAfter = Effect.fnUntraced(function* (manifest: Manifest, db: DuckDb.DuckDb, folder: string) {
  const fold = LogRowsFold.make()
  const rows = yield* SealedFiles.recordsOf(manifest, db, folder)
  yield* Stream.runForEach(rows, (batch) => Effect.sync(() => LogRowsFold.apply(fold, batch)))
  LogRowsFold.finish(fold)
  return fold.replays
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

const writeRecords = Effect.fnUntraced(function* (
  db: DuckDb.DuckDb,
  rows: Stream.Stream<LogRows.LogRows, MakeError>,
  folder: string
) {
  const { codeRevision, fileBytesMax } = yield* Settings
  const options = { folder, fileBytesMax, codeRevision }
  const made = yield* LogRowsWriter.write(db, rows, options).pipe(Effect.mapError(asMakeError))
  return { ...made, files: made.files.map((file) => madeOf("records", file)) }
})

const writeSide = Effect.fnUntraced(function* (
  db: DuckDb.DuckDb,
  kind: SideKind,
  rows: ReadonlyArray<SideRow>,
  folder: string
) {
  const { codeRevision, fileBytesMax } = yield* Settings
  const options = { folder, fileBytesMax, codeRevision }
  const files = yield* SideRowsWriter.write(db, kind, rows, options).pipe(Effect.mapError(asMakeError))
  return files.map((file) => madeOf(kind, file))
})

const madeOf = (kind: SegmentKind, file: LogRowsWriter.WrittenFile): MadeFile => ({
  kind,
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

const sumsOf = (files: ReadonlyArray<Pick<ManifestFile, "kind" | "sha256">>): string =>
  files
    .filter((file) => file.kind === "records")
    .map((file) => file.sha256)
    .join()
