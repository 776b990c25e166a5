import { assert, describe, it } from "@effect/vitest"
import * as Exchange from "@kalshibook/simulator/exchange/Exchange"
import type { SimMarket } from "@kalshibook/simulator/exchange/MarketModel"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Effect, Option } from "effect"
import * as Slots from "../src/Slots.ts"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"
import * as Wiretap from "./Wiretap.ts"

const markets = ({ exchange }: RunningExchange): ReadonlyArray<SimMarket> => [...exchange.markets.values()]

/** Paths and queries that the exchange was asked for by REST, from now on. */
const requests = ({ server }: RunningExchange): ReadonlyArray<URL> => {
  const seen: Array<URL> = []
  server.http.on("request", (request) => seen.push(new URL(request.url ?? "", "http://exchange.invalid")))
  return seen
}

const isUnopened = ({ searchParams }: URL): boolean => searchParams.get("status") === "unopened"

const eventPages = (seen: ReadonlyArray<URL>): ReadonlyArray<URL> =>
  seen.filter(({ pathname }) => pathname.endsWith("/events"))

describe("finding markets", () => {
  it.live("reads all open events page by page, and stores what it read with its series and events", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 80 })
      const seen = requests(exchange)
      const stores = yield* Station.memory
      const station = yield* Station.record(exchange, stores, { settings: { eventsPerPageMax: 2 } })
      yield* Station.untilAllLive(station)
      const open = eventPages(seen).filter(({ searchParams }) => searchParams.get("status") === "open")
      assert.isAtLeast(open.length, 4)
      assert.strictEqual(new Set(open.map(({ searchParams }) => searchParams.get("cursor"))).size, open.length)
      for (const { event, ticker } of markets(exchange).filter(({ status }) => status === "active")) {
        const market = yield* station.catalog.market(ticker)
        assert.strictEqual(Option.getOrThrow(market).body.event_ticker, event.ticker)
        assert.isTrue(Option.isSome(yield* station.catalog.event(event.ticker)))
        assert.isTrue(Option.isSome(yield* station.catalog.series(event.series.ticker)))
      }
    }).pipe(Effect.scoped)
  )

  it.live("records the chosen series, category and markets alone, and asks for nothing else where it can", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 60 })
      const open = markets(exchange).filter(({ status }) => status === "active")
      const [one] = open
      const other = open.find(({ event }) => event.series.category !== one?.event.series.category)
      if (one === undefined || other === undefined) return yield* Effect.die("two categories")
      const seen = requests(exchange)
      const chosen = (is: (market: SimMarket) => boolean) =>
        open
          .filter(is)
          .map(({ ticker }) => ticker)
          .sort()
      const choices = [
        {
          settings: { seriesTickers: [one.event.series.ticker] },
          tickers: chosen(({ event }) => event.series.ticker === one.event.series.ticker)
        },
        { settings: { marketTickers: [other.ticker] }, tickers: [other.ticker] },
        {
          settings: { categories: [other.event.series.category], marketTickers: [one.ticker] },
          tickers: chosen(
            ({ event, ticker }) => event.series.category === other.event.series.category || ticker === one.ticker
          )
        }
      ]
      for (const { settings, tickers } of choices) {
        const found = Effect.gen(function* () {
          const station = yield* Station.record(exchange, yield* Station.memory, { settings })
          yield* Station.until("the chosen are live", () => Station.live(station).length >= tickers.length)
          yield* Verdict.untilStored(station)
          assert.deepStrictEqual(Station.live(station), tickers)
          const stored = yield* station.catalog.markets({}, { entriesMax: 1_000 })
          assert.isTrue(
            stored.every(({ ticker }) => tickers.includes(ticker) || !Station.live(station).includes(ticker))
          )
        })
        yield* Effect.scoped(found)
      }
      const walked = eventPages(seen).map(({ searchParams }) => searchParams.get("series_ticker"))
      assert.deepStrictEqual([...new Set(walked)], [one.event.series.ticker, null])
    }).pipe(Effect.scoped)
  )

  it.live("leaves combos alone, though their trades and messages are heard", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const [model] = markets(exchange)
      if (model === undefined) return yield* Effect.die("a market")
      const event = Exchange.addEvent(exchange.exchange, { ...model.event, ticker: "KXMVESPORTS-26NOV22" })
      const combo = { ...model, event, ticker: "KXMVESPORTS-26NOV22-AB" }
      Exchange.addMarket(exchange.exchange, combo, { yes: [], no: [] })
      const station = yield* Station.record(exchange, yield* Station.memory)
      yield* Station.until("all but the combo", () => Station.live(station).length === 12)
      const before = { ticker: combo.ticker, kind: "market", eventType: "activated" } as const
      const body = { market_ticker: combo.ticker, is_deactivated: false, event_type: "activated" }
      Exchange.notice(exchange.exchange, { ...before, body })
      yield* Station.until("it is heard", () => station.recording.notices.has(combo.ticker))
      yield* Station.until("and done with", () => station.recording.notices.size === 0)
      assert.isFalse(station.recording.cells.has(combo.ticker))
    }).pipe(Effect.scoped)
  )

  for (const combos of [[], ["KXMVENFL"], ["all"]]) {
    it.live(
      `asks for combos ${combos.length === 0 ? "not at all unless they are chosen" : `that are chosen (${combos})`}`,
      () =>
        Effect.gen(function* () {
          const exchange = yield* Station.startExchange()
          const heard = Wiretap.listen(exchange)
          const seen = requests(exchange)
          const station = yield* Station.record(exchange, yield* Station.memory, { settings: { combos } })
          yield* Station.untilAllLive(station)
          const channels = () => heard.flatMap(({ params }) => params?.channels ?? [])
          yield* Station.until("the last channel is asked for", () => channels().includes("market_lifecycle_v2"))
          yield* Station.until("the walk is over", () => seen.some((url) => isUnopened(url)))
          yield* Verdict.isTrue(station)
          const lists = seen.filter(({ pathname }) => pathname.endsWith("/events/multivariate"))
          const collections = new Set(lists.map(({ searchParams }) => searchParams.get("collection_ticker") ?? "all"))
          assert.deepStrictEqual([...collections], combos)
          assert.strictEqual(channels().includes("multivariate_market_lifecycle"), combos.length > 0)
        }).pipe(Effect.scoped)
    )
  }

  it.live("finds a market that nobody announced by its first trade", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ deltasPerSecond: 1_000 })
      yield* Station.untilAllLive(station)
      yield* Station.inflict(station.exchange, { fault: "unannounced_market" })
      yield* Station.until("it is recorded", () => Station.live(station).length > 12)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live("finds a market of which nothing at all was heard by looking around again", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({}, { reconcileMillis: 200 })
      yield* Station.untilAllLive(station)
      yield* Station.inflict(station.exchange, { fault: "pause_trading" })
      yield* Station.inflict(station.exchange, { fault: "unannounced_market" })
      yield* Station.until("it is recorded", () => Station.live(station).length > 12)
    }).pipe(Effect.scoped)
  )

  it.live("finds a market that was announced while there was no connection as soon as there is one", () =>
    Effect.gen(function* () {
      const station = yield* Station.start()
      yield* Station.untilAllLive(station)
      yield* Station.inflict(station.exchange, { fault: "pause_trading" })
      yield* Station.inflict(station.exchange, { fault: "refuse_handshakes", status: 503, millis: 200 })
      yield* Station.inflict(station.exchange, { fault: "cut" })
      yield* Station.until("it is gone", () => !Slots.isLinked(station.recording.slots))
      yield* Station.inflict(station.exchange, { fault: "unannounced_market" })
      yield* Station.until("it is recorded", () => Station.live(station).length > 12)
    }).pipe(Effect.scoped)
  )
})

describe("a REST interface that fails", () => {
  for (const status of [429, 503]) {
    it.live(`with ${status} now and then is asked again, and every market is found`, () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 40 })
        const seen = requests(exchange)
        yield* Station.inflict(exchange, { fault: "rest", status, count: 3 })
        const station = yield* Station.record(exchange, yield* Station.memory, { settings: { eventsPerPageMax: 4 } })
        yield* Station.until("a page is read", () => eventPages(seen).length > 1)
        yield* Station.inflict(exchange, { fault: "rest", status, count: 4 })
        yield* Station.untilAllLive(station)
        assert.deepStrictEqual((yield* station.collector.status).discoveryProblem, null)
      }).pipe(Effect.scoped)
    )
  }

  it.live("for long: what is recorded goes on, one line says so, and new markets are found when it is back", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({}, { reconcileMillis: 100 })
      yield* Station.untilAllLive(station)
      const { exchange } = station
      yield* Station.inflict(exchange, { fault: "rest", status: 500, count: 20, pathPrefix: "/trade-api/v2/events" })
      yield* Station.inflict(exchange, { fault: "unannounced_market" })
      yield* Station.until("it is told of", () => station.recording.discoveryProblem !== null)
      const { frames } = station.recording.recorder.counts
      yield* Station.until("books go on", () => station.recording.recorder.counts.frames > frames + 50)
      yield* Station.until("it is found", () => Station.live(station).length > 12)
      const told = station.lines.filter(({ level }) => level !== "Info").map(({ text }) => text)
      assert.deepStrictEqual(told, ["markets cannot be read, trying again: HTTP 500"])
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live("is not asked more often than is allowed, retries included", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 60 })
      const times: Array<number> = []
      exchange.server.http.on("request", () => times.push(performance.now()))
      yield* Station.inflict(exchange, { fault: "rest", status: 429, count: 5 })
      const settings = { eventsPerPageMax: 2, restRequestsPerSecondMax: 40, retryMillisMin: 1, retryMillisMax: 1 }
      const station = yield* Station.record(exchange, yield* Station.memory, { settings })
      yield* Station.untilAllLive(station)
      const spans = times.slice(8).map((time, index) => time - (times[index] ?? 0))
      // Eight requests take 200 ms by our pace; a busy machine may let the first of them arrive late.
      assert.isAtLeast(Math.min(...spans), 150)
    }).pipe(Effect.scoped)
  )
})
