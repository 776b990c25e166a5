/**
 * Ten thousand books of generated days, asked for in every way there is, held to the exchange that the days were made with: while all
 * is hot; when half of it has left, proved, for the cold tier; and when all has that can.
 */
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as Archiver from "@kalshibook/archiver/Archiver"
import * as ArchiverParts from "@kalshibook/archiver/ArchiverParts"
import { Settings } from "@kalshibook/archiver/ArchiverSettings"
import * as ParquetMaker from "@kalshibook/archiver/ParquetMaker"
import * as Book from "@kalshibook/core/Book"
import * as BookSamples from "@kalshibook/core/BookSamples"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { Coverage } from "@kalshibook/store/Coverage"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { type BookAnswer, History } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer, Logger, Stream } from "effect"
import * as TwoTiers from "../../packages/store/test/cold/TwoTiers.ts"
import * as PastFilling from "../../scripts/demo/PastFilling.ts"
import { fromMicros, hourMicros, makeLogs, type Point, pointsOf, wrongByTruth } from "./PastPoints.ts"

/** A third of a day fits into a test run; `KALSHIBOOK_PROOF_DAYS=3 npx vitest run test/cold` takes three days. */
const days = Number(process.env["KALSHIBOOK_PROOF_DAYS"] ?? 1 / 3)
const hours = Math.round(days * 24)
const untilMicros = fromMicros + days * 24 * hourMicros
const logs = makeLogs({ seed: 11, untilMicros, marketsOpen: 40, deltasPerSecond: 1, faultsPerDay: 20 })
const byReceipt = pointsOf(logs, { seed: 1, clock: "received", moments: 180, marketsEach: 50 })
const byExchange = pointsOf(logs, { seed: 2, clock: "exchange", moments: 20, marketsEach: 50 })
const points = [...byReceipt, ...byExchange]
/** One in so many is asked for alone, in each state of the tiers; all of them are asked for together. */
const singlesEvery = 40
const singles = points.filter((_, index) => index % singlesEvery === 0)
/** At a time; more wait for Postgres' connections. */
const askedAtOnce = 4

const world = Layer.mergeAll(Coverage.layerNoDeps, MarketCatalog.layerNoDeps).pipe(
  Layer.provideMerge(TwoTiers.layer(256 * 1024 * 1024)),
  // Each hour that is sealed says so.
  Layer.provideMerge(Logger.layer([]))
)

const pointOf = ({ atMicros, book, clock, last, marketTicker, trust }: BookAnswer): Point => ({
  marketTicker,
  atMicros,
  clock,
  trust: trust._tag,
  bookHash: Book.hash(book),
  offset: last.offset
})

const isSame = (one: Point, other: Point | undefined): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Of the points that are asked for one by one, those whose answers are not right; and how many came from which tier. */
const singly = Effect.gen(function* () {
  const history = yield* History
  const tiers = { hot: 0, cold: 0, both: 0 }
  const wrong = yield* Effect.forEach(
    singles,
    (point) =>
      Effect.map(history.bookAt(point.marketTicker, point.atMicros, point.clock), (answer) => {
        tiers[answer.tier]++
        return isSame(point, pointOf(answer)) ? [] : [{ point, found: pointOf(answer) }]
      }),
    { concurrency: askedAtOnce }
  )
  return { wrong: wrong.flat(), tiers }
})

/** The same of points by receipt, asked for moment by moment, the markets of a moment together; of one moment in so many. */
const together = Effect.fnUntraced(function* ({ momentsEvery }: { readonly momentsEvery: number }) {
  const history = yield* History
  const wrong: Array<{ readonly point: Point; readonly found: Point | undefined }> = []
  const moments = [...Map.groupBy(byReceipt, (point) => point.atMicros)]
  for (const [atMicros, asked] of moments.filter((_, index) => index % momentsEvery === 0)) {
    const tickers = [...new Set(asked.map((point) => point.marketTicker))]
    const { books } = yield* history.booksAt({ tickers, atMicros, clock: "received", withClosed: true })
    const found = new Map(books.map((answer) => [answer.marketTicker, pointOf(answer)]))
    for (const point of asked) {
      if (!isSame(point, found.get(point.marketTicker))) wrong.push({ point, found: found.get(point.marketTicker) })
    }
  }
  return wrong
})

/** Lets the archiver do all it can, and what is older than this leave the hot tier. */
const archive = (hotMicros: number) =>
  Effect.gen(function* () {
    const { path } = yield* TwoTiers.Folder
    const settings = Settings.layerOf({
      hotMicros,
      settleMicros: 0,
      workFolder: join(path, "work"),
      tapeFolder: join(path, "tape")
    })
    const parts = ArchiverParts.layer.pipe(Layer.provide(ParquetMaker.layer), Layer.provide(settings))
    return yield* Effect.flatMap(Archiver.Archiver, (archiver) => archiver.round).pipe(Effect.provide(parts))
  })

layer(world, { excludeTestServices: true, timeout: 120_000 })("ten thousand books", (it) => {
  const millisMax = 60_000 + days * 600_000

  it("where a log is trusted, it is the exchange's book, and most of the time it is trusted", () => {
    assert.strictEqual(points.length, 10_000)
    assert.deepStrictEqual(wrongByTruth(logs, points), [])
    const trusted = points.filter(({ trust }) => trust === "trusted").length
    assert.isAbove(trusted, 7_000)
    assert.isBelow(trusted, 9_900)
  })

  it.effect(
    "the hot tier answers them as they are",
    () =>
      Effect.gen(function* () {
        const left = [...logs.batches]
        yield* PastFilling.fill({ next: () => left.shift(), tapeId: null })
        const { tiers, wrong } = yield* singly
        assert.deepStrictEqual(wrong, [])
        assert.deepStrictEqual(tiers, { hot: singles.length, cold: 0, both: 0 })
      }),
    millisMax
  )

  it.effect(
    "every hour is sealed, and all books together, out of the sealed hours, are as they are",
    () =>
      Effect.gen(function* () {
        const round = yield* archive(1_000 * hourMicros)
        assert.deepStrictEqual([...round.problems].map(String), [])
        assert.strictEqual(round.sealed, hours)
        assert.deepStrictEqual(yield* together({ momentsEvery: 1 }), [])
      }),
    millisMax
  )

  it.effect(
    "when half of the hours have left the hot tier, both tiers answer as one",
    () =>
      Effect.gen(function* () {
        const round = yield* archive((hours / 2) * hourMicros)
        assert.deepStrictEqual([...round.problems].map(String), [])
        assert.isAbove(round.pruned, hours / 2 - 3)
        const { tiers, wrong } = yield* singly
        assert.deepStrictEqual(wrong, [])
        assert.isAbove(tiers.cold, singles.length / 4)
        assert.isAbove(tiers.hot, singles.length / 4)
      }),
    millisMax
  )

  it.effect(
    "when all hours have left, the cold tier answers alone",
    () =>
      Effect.gen(function* () {
        const round = yield* archive(0)
        assert.deepStrictEqual([...round.problems].map(String), [])
        assert.strictEqual(yield* (yield* SealedHours).floorMicros, untilMicros)
        const { tiers, wrong } = yield* singly
        assert.deepStrictEqual(wrong, [])
        assert.strictEqual(tiers.hot, 0)
        // The same files as before: what has changed is that nothing else is there.
        assert.deepStrictEqual(yield* together({ momentsEvery: 3 }), [])
      }),
    millisMax
  )

  it.effect(
    "a series of samples is what single questions answer",
    () =>
      Effect.gen(function* () {
        const history = yield* History
        const prng = Prng.make(5, 0)
        for (let series = 0; series < 8; series++) {
          const { atMicros, marketTicker } = Prng.pick(prng, byReceipt)
          const toMicros = Math.min(untilMicros, atMicros + 3 * hourMicros)
          const query = { marketTicker, fromMicros: atMicros, toMicros, everyMicros: 60_000_000, depth: 500 }
          const pieces = yield* Stream.runCollect(history.samples(query))
          for (const samples of pieces) {
            for (let sample = 0; sample < samples.count; sample += 30) {
              const single = yield* history.bookAt(marketTicker, samples.atMicros[sample] as number, "received")
              assert.deepStrictEqual(sampleOf(samples, sample), {
                offset: single.last.offset,
                trust: single.trust._tag,
                bookHash: Book.hash(single.book)
              })
            }
          }
        }
      }),
    millisMax
  )
})

const sampleOf = (samples: BookSamples.BookSamples, sample: number) => {
  const side = (count: number, prices: Int32Array, sizes: Float64Array) =>
    Array.from({ length: count }, (_, level) => ({
      priceE4: prices[sample * samples.depth + level] as number,
      sizeE2: sizes[sample * samples.depth + level] as number
    }))
  const levels = {
    yes: side(samples.yesLevels[sample] as number, samples.yesPriceE4, samples.yesSizeE2),
    no: side(samples.noLevels[sample] as number, samples.noPriceE4, samples.noSizeE2)
  }
  return {
    offset: samples.offset[sample] as number,
    trust: BookSamples.trustStates[samples.trust[sample] as number],
    bookHash: Book.hash(Book.fromLevels(levels))
  }
}
