import { assert, describe, it } from "@effect/vitest"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import * as Feed from "@kalshibook/simulator/session/Feed"
import { Effect } from "effect"
import type { CollectorSettings } from "../src/CollectorSettings.ts"
import * as Lies from "./Lies.ts"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"
import * as Wiretap from "./Wiretap.ts"

const recordHeard = Effect.fnUntraced(function* (
  exchange: RunningExchange,
  settings: Partial<CollectorSettings> = {},
  onHeard?: (command: Wiretap.HeardCommand) => void
) {
  const heard = Wiretap.listen(exchange, onHeard)
  const station = yield* Station.record(exchange, yield* Station.memory, { settings })
  return { station, heard }
})

/** How many subscriptions the first connection has. */
const subscriptions = ({ recording }: Station.Station): number =>
  recording.recorder.connections.get(1)?.subscriptions.size ?? 0

describe("subscribing", () => {
  it.live(
    "asks for each market once, in chunks, on the market's own price scale, without ever longer acknowledgements",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 60 })
        const { heard, station } = yield* recordHeard(exchange, { chunkMarketsMax: 7, chunkMarketsMin: 7 })
        yield* Station.untilAllLive(station)
        const [first, ...rest] = Wiretap.aboutBooks(heard)
        assert.strictEqual(first?.cmd, "subscribe")
        assert.deepStrictEqual(first?.params.channels, ["orderbook_delta"])
        assert.isFalse(first?.params.use_yes_price)
        assert.isTrue(first?.params.skip_ticker_ack)
        assert.deepStrictEqual([...new Set(rest.map(({ params }) => params.action))], ["add_markets"])
        const asked = [first, ...rest].flatMap((command) => command?.params.market_tickers ?? [])
        assert.deepStrictEqual(asked.toSorted(), Station.live(station))
        assert.isAtLeast(rest.length, Math.floor(60 / 7))
        for (const { params } of rest) assert.isAtMost(params.market_tickers?.length ?? 0, 7)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      }).pipe(Effect.scoped)
  )

  it.live(
    "halves its chunks when the exchange gives up on a subscription that floods its buffer, until it bears them",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({
          marketsOpen: 200,
          deltasPerSecond: 50,
          outboundBytesMax: 60_000
        })
        const { heard, station } = yield* recordHeard(exchange, { chunkMarketsMax: 200, chunkMarketsMin: 5 })
        yield* Station.untilAllLive(station)
        assert.isAbove(exchange.server.feed.overflows, 0)
        const sizes = Wiretap.aboutBooks(heard).map(({ params }) => params.market_tickers?.length ?? 0)
        assert.isAbove(Math.max(...sizes.slice(0, 3)), 50)
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
  )

  it.live(
    "opens the channels of trades and lifecycle messages beside the books, and again when the exchange ends them",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange()
        const { station } = yield* recordHeard(exchange)
        yield* Station.untilAllLive(station)
        const channels = () =>
          [...exchange.server.sockets.keys()].flatMap(({ subscriptions }) => [...subscriptions.keys()])
        yield* Station.until("all channels are open", () => channels().length === 3)
        for (const subscription of [...exchange.server.sockets.keys()].flatMap((each) => [
          ...each.subscriptions.values()
        ])) {
          if (subscription.channel !== "orderbook_delta") Feed.kill(exchange.server.feed, subscription, 10)
        }
        yield* Station.until("they are open again", () => channels().length === 3)
        assert.sameMembers(channels(), ["orderbook_delta", "trade", "market_lifecycle_v2"])
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      }).pipe(Effect.scoped)
  )
})

describe("a subscription that the exchange ends", () => {
  for (const code of [10, 25] as const) {
    it.live(`with error ${code}: every book has a gap, and is exact again on a new subscription within a moment`, () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange()
        const settings = { replyMillisMax: 60_000, snapshotMillisMax: 60_000 }
        const { station } = yield* recordHeard(exchange, settings)
        yield* Station.untilAllLive(station)
        const tickers = Station.live(station)
        yield* Station.inflict(exchange, { fault: "subscription_error", code })
        yield* Station.until("it is seen", () => subscriptions(station) < 3)
        yield* Station.until("it is open again", () => subscriptions(station) === 3)
        yield* Station.untilAllLive(station)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "channel_error"))
        assert.strictEqual(station.recording.recorder.epochLast, 1)
      }).pipe(Effect.scoped)
    )
  }

  it.live("again and again, while markets are still being subscribed: all are recorded in the end", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 60 })
      const { station } = yield* recordHeard(exchange, { chunkMarketsMax: 8 })
      for (let time = 0; time < 5; time++) {
        yield* Station.until("some books", () => Station.live(station).length > 4)
        const [dying] = Lies.bookSubscriptions(exchange)
        yield* Station.inflict(exchange, { fault: "subscription_error", code: 25 })
        yield* Station.until("another subscription", () =>
          Lies.bookSubscriptions(exchange).some((one) => one !== dying)
        )
      }
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.strictEqual(station.recording.recorder.epochLast, 1)
    }).pipe(Effect.scoped)
  )
})

describe("commands", () => {
  it.live("that are never answered are repeated", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      yield* Station.inflict(exchange, { fault: "ignore_commands", count: 4 })
      const { station } = yield* recordHeard(exchange)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("of one market that is never answered keep no other market waiting for long", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 40 })
      const mute = Station.active(exchange.exchange)[20] ?? ""
      const { station } = yield* recordHeard(exchange, { replyMillisMax: 150 }, ({ params }) => {
        if (params.market_tickers?.includes(mute)) exchange.faults.inflict({ fault: "ignore_commands", count: 1 })
      })
      yield* Station.until("all the others are live", () => Station.live(station).length === 39)
      assert.notInclude(Station.live(station), mute)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  for (const code of [27, 18]) {
    it.live(`that the exchange cannot take now (error ${code}) are sent again`, () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange()
        let left = 1
        const { station } = yield* recordHeard(exchange, {}, ({ params }) => {
          if (params.market_tickers === undefined || left-- <= 0) return
          exchange.faults.inflict({ fault: "refuse_commands", code, count: 1 })
        })
        yield* Station.untilAllLive(station)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual((yield* station.collector.status).refused, [])
      }).pipe(Effect.scoped)
    )
  }

  it.live(
    "with one market that the exchange refuses (error 11): the others are recorded, and the status says which and why",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 40 })
        const bad = Station.active(exchange.exchange)[20] ?? ""
        const { heard, station } = yield* recordHeard(exchange, {}, ({ params }) => {
          if (!params.market_tickers?.includes(bad)) return
          exchange.faults.inflict({ fault: "refuse_commands", code: 11, count: 1 })
        })
        yield* Station.until("the others are live", () => Station.live(station).length === 39)
        yield* Station.until("it is refused", () => station.recording.cells.get(bad)?.state === "refused")
        const { marketsByState, refused } = yield* station.collector.status
        assert.deepStrictEqual(refused, [{ ticker: bad, reason: "error 11: Invalid parameter" }])
        assert.strictEqual(marketsByState.refused, 1)
        const alone = Wiretap.aboutBooks(heard).filter(({ params }) => params.market_tickers?.length === 1)
        assert.isBelow(alone.length, 10, "found by halves, not one by one")
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
  )

  it.live(
    "beyond what the only connection may follow (error 26): as many as it may are recorded, for the others is no room",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 30, marketsPerSessionMax: 23 })
        const { station } = yield* recordHeard(exchange, { connectionsMax: 1 })
        yield* Station.until("as many as it may", () => Station.live(station).length === 23)
        yield* Station.until("the others have no room", () => station.recording.noRoom.size === 7)
        assert.strictEqual(station.recording.slots.all[0]?.tickers.size, 23)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      }).pipe(Effect.scoped)
  )

  it.live("of a subscription that the exchange has lost: a new connection is made rather than old books trusted", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const { station } = yield* recordHeard(exchange, { dataSilenceMillisMax: 600 })
      yield* Station.untilAllLive(station)
      // It ends without a word.
      for (const session of exchange.server.sockets.keys()) {
        for (const subscription of [...session.subscriptions.values()]) Feed.end(exchange.server.feed, subscription)
      }
      yield* Station.until("a new connection", () => station.recording.recorder.epochLast === 2)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )
})
