import { assert, describe, it } from "@effect/vitest"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Exchange from "@kalshibook/simulator/exchange/Exchange"
import type { SimMarket } from "@kalshibook/simulator/exchange/MarketModel"
import * as Notices from "@kalshibook/simulator/exchange/Notices"
import * as PriceStructure from "@kalshibook/simulator/exchange/PriceStructure"
import { Effect, Option } from "effect"
import * as Lies from "./Lies.ts"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

const graceMillis = 100

/** Everything recorded; `market` is one of it. */
const startWithOne = Effect.gen(function* () {
  const station = yield* Station.start({}, { closeGraceMillis: graceMillis })
  yield* Station.untilAllLive(station)
  const market = station.exchange.exchange.markets.get(Station.live(station)[3] ?? "")
  if (market === undefined) return yield* Effect.die("a market")
  return { station, market, exchange: station.exchange.exchange }
})

/** Whether the collector is done with a market: nothing of it is left, here or on the exchange. */
const isLetGo = (station: Station.Station, ticker: MarketTicker): boolean =>
  !station.recording.cells.has(ticker) &&
  !station.recording.recorder.logs.has(ticker) &&
  Lies.bookSubscriptions(station.exchange).every(({ markets }) => markets?.has(ticker) === false)

/** The exchange moves the close of a market, and says so. */
const moveClose = (exchange: Exchange.Exchange, market: SimMarket, inMillis: number): void => {
  market.tsCloseMicros = exchange.nowMicros + inMillis * 1000
  Notices.closeDateUpdated(exchange, market)
}

describe("the life of a market", () => {
  it.live(
    "from its announcement to its close: recorded before it opens, let go after it closed, nothing of it is left",
    () =>
      Effect.gen(function* () {
        const settings = { openLeadMillis: 1_200, closeGraceMillis: graceMillis }
        const station = yield* Station.start({ quickLifeSeconds: 1.5 }, settings)
        yield* Station.untilAllLive(station)
        const before = new Set(station.exchange.exchange.markets.keys())
        const lives = () =>
          [...station.exchange.exchange.markets.values()].filter(({ status, ticker }) => {
            return !before.has(ticker) && status === "closed" && isLetGo(station, ticker)
          })
        yield* Station.until("a life has passed", () => lives().length > 0)
        const { recorder } = station.recording
        for (const market of lives()) {
          const log = yield* Verdict.logOf(station, market.ticker)
          assert.strictEqual(log[0]?.kind, "snapshot")
          assert.isBelow(log[0]?.tsReceivedMicros ?? 0, market.tsOpenMicros)
          const gaps = log.flatMap((record) => (record.kind === "gap" ? [record.cause] : []))
          assert.deepStrictEqual(gaps, ["market_closed"])
          assert.strictEqual(log.at(-1)?.kind, "gap")
          assert.isAtLeast(log.length, 10)
        }
        assert.strictEqual(recorder.logs.size, station.recording.cells.size)
        assert.strictEqual(Station.followed(station).size, Station.live(station).length)
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
  )

  it.live("closes earlier than was said: it is let go; opens again: its log goes on where it ended", () =>
    Effect.gen(function* () {
      const { exchange, market, station } = yield* startWithOne
      const { ticker } = market
      moveClose(exchange, market, 0)
      Exchange.setStatus(exchange, market, "closed")
      yield* Station.until("it is let go", () => isLetGo(station, ticker))
      yield* Verdict.untilStored(station)
      const first = yield* Verdict.logOf(station, ticker)

      moveClose(exchange, market, 3_600_000)
      Exchange.setStatus(exchange, market, "active")
      Notices.activated(exchange, market)
      yield* Station.until("it is recorded again", () => Station.live(station).includes(ticker))
      yield* Verdict.isTrue(station)
      const log = yield* Verdict.logOf(station, ticker)
      assert.deepStrictEqual(log.slice(0, first.length), [...first])
      const closed = log.findIndex(({ kind }) => kind === "gap")
      const opened = log.findLastIndex(({ kind }) => kind === "snapshot")
      // Changes that were on their way when it was let go of are kept, and believed by nobody.
      assert.isTrue(log.slice(closed + 1, opened).every(({ kind }) => kind === "delta"))
      assert.isAbove(opened, closed)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), { [ticker]: ["market_closed"] })
    }).pipe(Effect.scoped)
  )

  it.live("closes later than was said: it goes on without a gap", () =>
    Effect.gen(function* () {
      const { exchange, market, station } = yield* startWithOne
      moveClose(exchange, market, 3_000)
      const close = () => station.recording.cells.get(market.ticker)?.closeMicros ?? 0
      yield* Station.until("the early close is known", () => close() === market.tsCloseMicros)
      moveClose(exchange, market, 3_600_000)
      yield* Station.until("the late close is known", () => close() === market.tsCloseMicros)
      assert.include(Station.live(station), market.ticker)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("is determined: it is let go at once, and its result is stored", () =>
    Effect.gen(function* () {
      const { exchange, market, station } = yield* startWithOne
      market.result = "yes"
      Exchange.setStatus(exchange, market, "determined")
      Notices.determined(exchange, market)
      yield* Station.until("it is let go", () => isLetGo(station, market.ticker))
      const stored = Option.getOrThrow(yield* station.catalog.market(market.ticker))
      assert.deepInclude(stored.body, { status: "determined", result: "yes" })
      yield* Verdict.untilStored(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), { [market.ticker]: ["market_closed"] })
    }).pipe(Effect.scoped)
  )

  it.live("is paused and resumed: its book is exact throughout", () =>
    Effect.gen(function* () {
      const { market, station } = yield* startWithOne
      yield* Station.inflict(station.exchange, { fault: "pause_market", marketTicker: market.ticker })
      yield* Station.inflict(station.exchange, { fault: "resume_market", marketTicker: market.ticker })
      const { frames } = station.recording.recorder.counts
      yield* Station.until("frames follow", () => station.recording.recorder.counts.frames > frames + 100)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("gets a finer price grid: its new prices are believed at once", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ deltasPerSecond: 2_000 })
      yield* Station.untilAllLive(station)
      const { exchange } = station.exchange
      const coarse = [...exchange.markets.values()].filter(({ structure }) => structure.label === "linear_cent")
      for (const market of coarse) {
        market.structure = PriceStructure.of("deci_cent")
        Notices.gridUpdated(exchange, market)
      }
      assert.isAbove(coarse.length, 0)
      const { frames } = station.recording.recorder.counts
      yield* Station.until("frames follow", () => station.recording.recorder.counts.frames > frames + 1_000)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live(
    "is closed and opened again before the exchange has let go of it: no book is trusted that nobody keeps up to date",
    () =>
      Effect.gen(function* () {
        const { exchange, market, station } = yield* startWithOne
        const { ticker } = market
        // The exchange works on commands in any order, and slowly.
        yield* Station.inflict(station.exchange, { fault: "ignore_commands", count: 1 })
        moveClose(exchange, market, 0)
        yield* Station.until("it is let go", () => !station.recording.cells.has(ticker))
        moveClose(exchange, market, 3_600_000)
        Notices.activated(exchange, market)
        yield* Station.until("it is recorded again", () => Station.live(station).includes(ticker))
        assert.strictEqual(station.recording.recorder.epochLast, 2, "only a new connection is certain")
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
  )
})
