/**
 * Questions over a sealed day in a folder store: a market's book at T with everything warm and with nothing cached, the books of all
 * markets at T, and one market sampled each second over the day. Each is compared with the plain fold of the generated log.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Book from "@kalshibook/core/Book"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import { ObjectCache } from "@kalshibook/store/cold/ObjectCache"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { Segments } from "@kalshibook/store/cold/Segments"
import * as Database from "@kalshibook/store/Database"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option, Stream } from "effect"
import { type BenchRow, rate } from "./BenchTable.ts"
import { prepare, seal, startMicros, type Truth, tickerOf } from "./cold/SealedDay.ts"

const recordCount = Number(process.env["KALSHIBOOK_BENCH_RECORDS"] ?? 10_000_000)
const marketCount = 3_000
const hoursSealed = 24
const cacheBytesMax = 4 * 1024 * 1024 * 1024
const warmCount = 300
const coldCount = 100
const allCount = 5
const samplesCount = 5
const depth = 10

const shape = { recordCount, marketCount, hoursSealed }
const endMicros = startMicros + hoursSealed * hourMicros
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const startMillis = performance.now()
    const value = yield* effect
    return { millis: performance.now() - startMillis, value }
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
  yield* prepare(shape)
  const sealing = yield* timed(Effect.scoped(seal(join(folder, "sealing"), shape)))
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
