/** What subscribers of a process hear of the markets, while the recorder of the same process tells. */
import { assert, it } from "@effect/vitest"
import { nothingRecorded } from "@kalshibook/core/FeedMessage"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { Effect, Layer, Option, Scope } from "effect"
import { LiveMarkets, type LiveUpdate } from "../../src/live/LiveMarkets.ts"
import * as ModelRecorder from "./ModelRecorder.ts"

const live = LiveMarkets.layerNoDeps.pipe(
  Layer.provide(Feed.layerSameProcess),
  Layer.provideMerge(Layer.fresh(FeedHub.layer))
)

/** Lets the fiber that follows the feed have its turn. */
const turn = Effect.repeat(Effect.yieldNow, { times: 20 })

const trade: TradeRecord = {
  tradeId: "t-1",
  marketTicker: "KXA-1",
  epoch: 0,
  sid: 0,
  seq: 0,
  tsExchangeMicros: 5,
  tsReceivedMicros: 7,
  yesPriceE4: 5_000,
  sizeE2: 100,
  takerSide: "yes",
  isBlockTrade: false
}

it.effect("a listener hears what was recorded as soon as `logOf` shows it, and nothing after its scope is closed", () =>
  Effect.gen(function* () {
    const markets = yield* LiveMarkets
    const recorder = ModelRecorder.make(yield* FeedHub)
    const heard: Array<LiveUpdate> = []
    const offsets: Array<number> = []
    const scope = yield* Scope.make()
    yield* Scope.provide(
      markets.listen((update) => {
        heard.push(update)
        offsets.push(markets.offsetOf("KXA-1"))
      }),
      scope
    )
    yield* turn
    recorder.snapshot("KXA-1", 500)
    recorder.delta("KXA-1", 101, 300)
    recorder.publish()
    yield* turn
    assert.deepStrictEqual(heard.at(-1)?.recordsByMarket.get("KXA-1"), recorder.logs().get("KXA-1"))
    assert.strictEqual(offsets.at(-1), 2)
    const log = Option.getOrThrow(markets.logOf("KXA-1"))
    assert.deepStrictEqual(log.levels.yes, [
      { priceE4: 100, sizeE2: 500 },
      { priceE4: 101, sizeE2: 300 }
    ])
    assert.deepStrictEqual([...markets.tickers()], ["KXA-1"])
    yield* Scope.close(scope, yield* Effect.exit(Effect.void))
    const before = heard.length
    recorder.delta("KXA-1", 101, 300)
    recorder.publish()
    yield* turn
    assert.strictEqual(heard.length, before)
    assert.strictEqual(markets.offsetOf("KXA-1"), 3)
  }).pipe(Effect.provide(live))
)

it.effect("a listener that throws is called no more, and stops nobody else", () =>
  Effect.gen(function* () {
    const markets = yield* LiveMarkets
    const hub = yield* FeedHub
    ModelRecorder.make(hub)
    yield* turn
    let calls = 0
    let others = 0
    yield* markets.listen(() => {
      calls++
      assert.fail("not for me")
    })
    yield* markets.listen(() => {
      others++
    })
    for (let batch = 0; batch < 3; batch++) hub.publish(batch, nothingRecorded)
    yield* turn
    assert.deepStrictEqual([calls, others], [1, 3])
  }).pipe(Effect.scoped, Effect.provide(live))
)

it.effect("says that the recorder is not heard, and afterwards what was not told", () =>
  Effect.gen(function* () {
    const markets = yield* LiveMarkets
    const hub = yield* FeedHub
    assert.deepStrictEqual(markets.state(), { state: "waiting", tsReceivedMicros: 0, feedId: null, problem: null })
    const body = { tsReceivedMicros: 10, logs: [], ended: [] }
    hub.begin({ feedId: "one", state: () => body })
    yield* turn
    const heard: Array<LiveUpdate> = []
    yield* markets.listen((update) => heard.push(update))
    hub.publish(20, { ...nothingRecorded, trades: [trade] })
    yield* turn
    assert.deepStrictEqual(markets.state(), { state: "live", tsReceivedMicros: 20, feedId: "one", problem: null })
    assert.deepStrictEqual(heard.at(-1)?.trades, [trade])
    assert.isNull(heard.at(-1)?.untold)
    hub.end("stopped")
    yield* turn
    assert.deepStrictEqual(markets.state(), { state: "lost", tsReceivedMicros: 20, feedId: "one", problem: "stopped" })
    hub.begin({ feedId: "two", state: () => ({ ...body, tsReceivedMicros: 50 }) })
    yield* turn
    assert.deepStrictEqual(markets.state(), { state: "live", tsReceivedMicros: 50, feedId: "two", problem: null })
    assert.deepStrictEqual(heard.at(-1)?.untold, { afterMicros: 20, toMicros: 50 })
  }).pipe(Effect.scoped, Effect.provide(live))
)
