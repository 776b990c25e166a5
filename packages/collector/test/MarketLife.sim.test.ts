import { assert, describe, it } from "@effect/vitest"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
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

/** Waits until the market is stored with this status. */
const untilStatus = (station: Station.Station, ticker: MarketTicker, status: string): Effect.Effect<void> =>
  station.catalog.market(ticker).pipe(
    Effect.orDie,
    Effect.flatMap((stored) =>
      Option.exists(stored, ({ body }) => body["status"] === status)
        ? Effect.void
        : Effect.delay(Effect.fail("not yet"), 20)
    ),
    Effect.eventually,
    Effect.timeoutOrElse({ duration: 15_000, orElse: () => Effect.die(`never stored as ${status}`) })
  )

/** From now on REST fails for everybody. */
const failRest = (station: Station.Station) =>
  Station.inflict(station.exchange, { fault: "rest", status: 503, count: 1_000_000 })

/** A market's event closes now, is determined, and is paid. */
const endNow = Effect.fnUntraced(function* ({ exchange }: Station.Station, marketTicker: MarketTicker) {
  yield* Station.inflict(exchange, { fault: "change_close", marketTicker, millis: 0 })
  const market = exchange.exchange.markets.get(marketTicker)
  yield* Station.until("it is closed", () => market?.status === "closed")
  yield* Station.inflict(exchange, { fault: "life", act: "determine", marketTicker })
  yield* Station.inflict(exchange, { fault: "life", act: "settle", marketTicker })
})

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
        const passed = lives()
        yield* Verdict.untilStored(station)
        for (const market of passed) {
          const log = yield* Verdict.logOf(station, market.ticker)
          assert.strictEqual(log[0]?.kind, "snapshot")
          assert.isBelow(log[0]?.tsReceivedMicros ?? 0, market.tsOpenMicros)
          const gaps = log.flatMap((record) => (record.kind === "gap" ? [record.cause] : []))
          assert.deepStrictEqual(gaps, ["market_closed"])
          assert.strictEqual(log.at(-1)?.kind, "gap")
          assert.isAtLeast(log.length, 10)
        }
        for (const ticker of recorder.logs.keys()) assert.isTrue(station.recording.cells.has(ticker), ticker)
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
      yield* untilStatus(station, market.ticker, "determined")
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
        Exchange.setStatus(exchange, market, "closed")
        yield* Station.until("it is let go", () => !station.recording.cells.has(ticker))
        moveClose(exchange, market, 3_600_000)
        Exchange.setStatus(exchange, market, "active")
        Notices.activated(exchange, market)
        yield* Station.until("it is recorded again", () => Station.live(station).includes(ticker))
        assert.strictEqual(station.recording.recorder.epochLast, 2, "only a new connection is certain")
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
  )

  it.live("is announced, moved and ended by messages alone while REST fails: each is acted on at once", () =>
    Effect.gen(function* () {
      const settings = { openLeadMillis: 1_500, closeGraceMillis: graceMillis }
      const station = yield* Station.start({ quickLifeSeconds: 3 }, settings)
      yield* Station.untilAllLive(station)
      yield* failRest(station)
      const before = new Set(station.exchange.exchange.markets.keys())
      const announced = () => Station.live(station).find((ticker) => !before.has(ticker)) ?? ""
      yield* Station.until("an announced market is recorded", () => announced() !== "")
      const { exchange } = station.exchange
      const market = exchange.markets.get(announced())
      if (market === undefined) return yield* Effect.die("a market")
      const log = station.recording.recorder.logs.get(market.ticker)
      assert.deepStrictEqual(log?.grid, Option.getOrThrow(PriceGrid.fromRanges(market.structure.ranges)))
      moveClose(exchange, market, 3_600_000)
      const close = () => station.recording.cells.get(market.ticker)?.closeMicros ?? 0
      const second = (micros: number) => Math.floor(micros / 1_000_000)
      yield* Station.until("its close is moved", () => second(close()) === second(market.tsCloseMicros))
      Notices.determined(exchange, market)
      yield* Station.until("it is let go", () => isLetGo(station, market.ticker))
    }).pipe(Effect.scoped)
  )

  it.live(
    "is reactivated, and the exchange tells nothing of the orders it cancels: a snapshot shows the book as it is",
    () =>
      Effect.gen(function* () {
        const { market, station } = yield* startWithOne
        const { ticker } = market
        const swallow = { fault: "frame", action: { _tag: "swallow" }, count: 1_000_000 } as const
        yield* Station.inflict(station.exchange, { fault: "pause_market", marketTicker: ticker })
        yield* Station.inflict(station.exchange, { ...swallow, type: "orderbook_delta", marketTicker: ticker })
        yield* Station.inflict(station.exchange, { fault: "resume_market", marketTicker: ticker })
        const cell = station.recording.cells.get(ticker)
        const { snapshots = 0 } = cell ?? {}
        yield* Station.until("it is proved", () => (cell?.snapshots ?? 0) > snapshots)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual((yield* Verdict.gapCauses(station))[ticker]?.slice(0, 1), ["inconsistent"])
      }).pipe(Effect.scoped)
  )

  it.live("ends, and nobody is told: how it ended is stored all the same", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({}, { closeGraceMillis: 0, reconcileMillis: 200, settlementMillis: 100 })
      yield* Station.untilAllLive(station)
      const [ticker = ""] = Station.live(station)
      const drop = { fault: "frame", action: { _tag: "drop" }, count: 1_000_000 } as const
      yield* Station.inflict(station.exchange, { ...drop, type: "market_lifecycle_v2" })
      yield* endNow(station, ticker)
      yield* untilStatus(station, ticker, "finalized")
      const { body } = Option.getOrThrow(yield* station.catalog.market(ticker))
      assert.strictEqual(body["result"], station.exchange.exchange.markets.get(ticker)?.result)
      assert.match(String(body["settlement_value_dollars"]), /^[01]\.0000$/)
    }).pipe(Effect.scoped)
  )

  it.live("ends while the collector is stopped: how it ended is stored when it is started again", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const stores = yield* Station.memory
      const ticker = yield* Effect.scoped(
        Effect.gen(function* () {
          const station = yield* Station.record(exchange, stores)
          yield* Station.untilAllLive(station)
          return Station.live(station)[2] ?? ""
        })
      )
      const settings = { closeGraceMillis: 0, reconcileMillis: 200, settlementMillis: 100 }
      yield* endNow({ exchange } as Station.Station, ticker)
      const station = yield* Station.record(exchange, stores, { settings })
      yield* untilStatus(station, ticker, "finalized")
      yield* Station.until("its log is closed", () => !station.recording.recorder.logs.has(ticker))
      yield* Verdict.untilStored(station)
      assert.deepStrictEqual((yield* Verdict.gapCauses(station))[ticker], ["recorder_stopped"])
    }).pipe(Effect.scoped)
  )
})

describe("series", () => {
  it.live("are read again now and then, so that what changes of them has a version", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      let asked = 0
      exchange.server.http.on("request", ({ url }) => {
        if (url?.endsWith("/series")) asked++
      })
      const settings = { reconcileMillis: 50, seriesMillis: 300 }
      const station = yield* Station.record(exchange, yield* Station.memory, { settings })
      yield* Station.untilAllLive(station)
      const before = asked
      yield* Station.until("they are read twice more", () => asked >= before + 2)
      assert.strictEqual(before, 1)
    }).pipe(Effect.scoped)
  )
})
