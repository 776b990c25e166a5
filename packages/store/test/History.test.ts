import { assert, describe, it, layer } from "@effect/vitest"
import { History, InTheFuture } from "@kalshibook/store/History"
import { exchangeLagMicrosMax, recorderSilenceMillisMax, watermarkWaitMillisMax } from "@kalshibook/store/HistoryEdge"
import { HotTier, type Watermark } from "@kalshibook/store/HotTier"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { batch, hourStartMicros, snapshot, watermark } from "./Batch.ts"
import { historySuite } from "./HistorySuite.ts"

const memory = History.layerHot.pipe(Layer.provideMerge(HotTier.layerMemory))

layer(memory, { excludeTestServices: true })("History (memory)", historySuite(150))

const marketTicker = "KXNOW"
const startMillis = hourStartMicros / 1_000

/** A market with one snapshot, stored up to a moment, `afterMillis` after its receipt; now it is that moment. */
const recordedUntil = Effect.fnUntraced(function* (afterMillis: number, part: Partial<Watermark> = {}) {
  const hot = yield* HotTier
  yield* TestClock.setTime(startMillis + afterMillis)
  const records = [snapshot({ marketTicker, offset: 1, tsReceivedMicros: hourStartMicros })]
  const mark = watermark({ tsReceivedMicros: hourStartMicros + afterMillis * 1_000, ...part })
  yield* hot.append(batch({ records, watermark: mark }))
  return mark
})

const at = (millis: number) => hourStartMicros + millis * 1_000

describe("History at the edge of what is stored", () => {
  it.effect("a moment that has not come yet is in the future, by our clock and by the exchange's", () =>
    Effect.gen(function* () {
      const history = yield* History
      yield* recordedUntil(100, { tsExchangeMicros: at(70), tsExchangeReceivedMicros: at(100) })
      const error = yield* Effect.flip(history.bookAt(marketTicker, at(101), "received"))
      assert.deepStrictEqual(error, new InTheFuture({ atMicros: at(101), nowMicros: at(100) + 999 }))
      // The exchange's clock is 30 ms behind ours.
      const byExchange = yield* Effect.flip(history.bookAt(marketTicker, at(71), "exchange"))
      assert.deepStrictEqual(byExchange, new InTheFuture({ atMicros: at(71), nowMicros: at(70) + 999 }))
      assert.strictEqual((yield* history.bookAt(marketTicker, at(70), "exchange")).trust._tag, "trusted")
    }).pipe(Effect.provide(memory))
  )

  it.effect("waits for a moment that is just not stored yet, and then trusts it", () =>
    Effect.gen(function* () {
      const history = yield* History
      yield* recordedUntil(100)
      yield* TestClock.setTime(startMillis + 400)
      const fiber = yield* Effect.forkChild(history.bookAt(marketTicker, at(300), "received"))
      yield* TestClock.adjust(100)
      assert.isUndefined(fiber.pollUnsafe())
      const hot = yield* HotTier
      yield* hot.append(batch({ watermark: watermark({ tsReceivedMicros: at(450) }) }))
      yield* TestClock.adjust(100)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).trust, { _tag: "trusted", sinceOffset: 1 })
    }).pipe(Effect.provide(memory))
  )

  it.effect("by the exchange's clock, trusts a quiet moment only when nothing of it can be under way any more", () =>
    Effect.gen(function* () {
      const history = yield* History
      const exchange = { tsExchangeMicros: at(70), tsExchangeReceivedMicros: at(100) }
      yield* recordedUntil(1_500, exchange)
      const fiber = yield* Effect.forkChild(history.bookAt(marketTicker, at(1_400), "exchange"))
      yield* TestClock.adjust(100)
      assert.isUndefined(fiber.pollUnsafe())
      const hot = yield* HotTier
      const mark = watermark({ ...exchange, tsReceivedMicros: at(1_430) + exchangeLagMicrosMax })
      yield* hot.append(batch({ watermark: mark }))
      yield* TestClock.adjust(100)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).trust, { _tag: "trusted", sinceOffset: 1 })
    }).pipe(Effect.provide(memory))
  )

  it.effect("after the longest wait the book is stale, from the watermark on", () =>
    Effect.gen(function* () {
      const history = yield* History
      const mark = yield* recordedUntil(100)
      yield* TestClock.setTime(startMillis + 400)
      const fiber = yield* Effect.forkChild(history.bookAt(marketTicker, at(300), "received"))
      yield* TestClock.adjust(watermarkWaitMillisMax)
      const { gapEndsMicros, last, trust } = yield* Fiber.join(fiber)
      assert.strictEqual(last.offset, 1)
      assert.strictEqual(gapEndsMicros, null)
      assert.isTrue(trust._tag === "stale")
      if (trust._tag !== "stale") return
      assert.strictEqual(trust.gap.cause, "recorder_stopped")
      assert.strictEqual(trust.gap.tsReceivedMicros, mark.tsReceivedMicros + 1)
    }).pipe(Effect.provide(memory))
  )

  it.effect("does not wait for a recorder that has long been silent, and does not trust now", () =>
    Effect.gen(function* () {
      const history = yield* History
      yield* recordedUntil(100)
      assert.strictEqual((yield* history.bookNow(marketTicker)).trust._tag, "trusted")
      yield* TestClock.adjust(recorderSilenceMillisMax + 1)
      assert.strictEqual((yield* history.bookAt(marketTicker, at(101), "received")).trust._tag, "stale")
      const now = yield* history.bookNow(marketTicker)
      assert.strictEqual(now.atMicros, at(100))
      assert.isTrue(now.trust._tag === "stale" && now.trust.gap.cause === "recorder_stopped")
      assert.strictEqual((yield* history.bookAt(marketTicker, at(100), "received")).trust._tag, "trusted")
    }).pipe(Effect.provide(memory))
  )
})
