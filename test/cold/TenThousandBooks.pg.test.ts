/**
 * Ten thousand books of three generated days, each asked for in every way there is to ask, held to the exchange that the days were made
 * with.
 */

import { assert, layer } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import { Coverage } from "@kalshibook/store/Coverage"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer } from "effect"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as PastFilling from "../../scripts/demo/PastFilling.ts"
import { fromMicros, hourMicros, makeLogs, type Point, pointsOf, wrongByTruth } from "./PastPoints.ts"

const days = 3
const logs = makeLogs({
  seed: 11,
  untilMicros: fromMicros + days * 24 * hourMicros,
  marketsOpen: 40,
  deltasPerSecond: 1,
  faultsPerDay: 20
})
const points = [
  ...pointsOf(logs, { seed: 1, clock: "received", moments: 180, marketsEach: 50 }),
  ...pointsOf(logs, { seed: 2, clock: "exchange", moments: 20, marketsEach: 50 })
]

/** At a time; more wait for Postgres' connections. */
const askedAtOnce = 8

const stores = Layer.mergeAll(
  Coverage.layerNoDeps,
  MarketCatalog.layerNoDeps,
  History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps))
).pipe(Layer.provideMerge(PgTest.layer))

/** What single questions answer, as far as it is not right. */
const wrongAnswers = Effect.gen(function* () {
  const history = yield* History
  const answers = yield* Effect.forEach(
    points,
    (point) =>
      Effect.map(history.bookAt(point.marketTicker, point.atMicros, point.clock), (answer) => ({ point, answer })),
    { concurrency: askedAtOnce }
  )
  return answers.flatMap(({ answer, point }) => {
    const found: Point = {
      marketTicker: answer.marketTicker,
      atMicros: answer.atMicros,
      clock: answer.clock,
      trust: answer.trust._tag,
      bookHash: Book.hash(answer.book),
      offset: answer.last.offset
    }
    return JSON.stringify(found) === JSON.stringify(point) ? [] : [{ found, point }]
  })
})

layer(stores, { excludeTestServices: true, timeout: 120_000 })("ten thousand books of three days", (it) => {
  it("where a log is trusted, it is the exchange's book, and most of the time it is trusted", () => {
    assert.strictEqual(points.length, 10_000)
    assert.deepStrictEqual(wrongByTruth(logs, points), [])
    const trusted = points.filter(({ trust }) => trust === "trusted").length
    assert.isAbove(trusted, 7_000)
    assert.isBelow(trusted, 9_900)
  })

  it.effect(
    "the hot tier answers each of them as it is",
    () =>
      Effect.gen(function* () {
        const left = [...logs.batches]
        yield* PastFilling.fill({ next: () => left.shift(), tapeId: null })
        assert.deepStrictEqual(yield* wrongAnswers, [])
      }),
    { timeout: 120_000 }
  )
})
