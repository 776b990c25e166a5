/** Markets and connections: who is recorded when there is not room for all, where, and what the exchange bears. */
import { assert, describe, it } from "@effect/vitest"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Effect } from "effect"
import * as NotRecorded from "../src/NotRecorded.ts"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"
import * as Wiretap from "./Wiretap.ts"

/** The slots of the markets that are live. */
const places = ({ recording }: Station.Station): ReadonlyMap<MarketTicker, number> =>
  new Map([...recording.cells.values()].flatMap(({ slot, ticker }) => (slot === null ? [] : [[ticker, slot.number]])))

const marketsBySlot = ({ recording }: Station.Station): ReadonlyArray<number> =>
  recording.slots.all.map(({ tickers }) => tickers.size)

const seriesOf = (exchange: RunningExchange, ticker: MarketTicker): string =>
  exchange.exchange.markets.get(ticker)?.event.series.ticker ?? ""

const problems = ({ lines }: Station.Station): ReadonlyArray<string> =>
  lines.flatMap(({ level, text }) => (level === "Error" || level === "Fatal" ? [text] : []))

/** Which series has the most markets that trade. */
const largestSeries = (exchange: RunningExchange): string => {
  const counts = new Map<string, number>()
  for (const ticker of Station.active(exchange.exchange)) {
    const series = seriesOf(exchange, ticker)
    counts.set(series, (counts.get(series) ?? 0) + 1)
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? ""
}

describe("more markets than places", () => {
  it.live(
    "the first by rule are recorded, on as many connections as there may be; of the others it is known why not",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 40 })
        const series = largestSeries(exchange)
        const station = yield* Station.record(exchange, yield* Station.memory, {
          settings: { marketsPerConnectionMax: 6, connectionsMax: 2, priority: [{ by: "series", name: series }] }
        })
        yield* Station.until("as many as there are places", () => Station.live(station).length === 12)
        const trading = Station.active(exchange.exchange)
        yield* Station.until("all are looked at", () => station.recording.noRoom.size === trading.length - 12)
        yield* Station.until("they stay", () => Station.live(station).length === 12)
        const first = trading.filter((ticker) => seriesOf(exchange, ticker) === series)
        const recordedFirst = Station.live(station).filter((ticker) => first.includes(ticker))
        assert.strictEqual(recordedFirst.length, Math.min(12, first.length))
        assert.deepStrictEqual(marketsBySlot(station), [6, 6])
        const { counts, markets, places: capacity, priority } = NotRecorded.notRecorded(station.recording)
        assert.strictEqual(counts.no_room, trading.length - 12)
        assert.strictEqual(capacity, 12)
        assert.strictEqual(priority, `series:${series}`)
        const named = markets.filter(({ reason }) => reason === "no_room").map(({ ticker }) => ticker)
        assert.sameMembers([...named, ...Station.live(station)], [...trading])
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
  )

  it.live("one that is higher by rule displaces another, whose log says so and goes on when there is room again", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ quickLifeSeconds: 3, marketsOpen: 30 })
      const [quick = ""] = Station.active(exchange.exchange).filter((ticker) =>
        seriesOf(exchange, ticker).endsWith("15M")
      )
      const station = yield* Station.record(exchange, yield* Station.memory, {
        settings: {
          marketsPerConnectionMax: 8,
          connectionsMax: 1,
          openLeadMillis: 500,
          closeGraceMillis: 50,
          restLagMillis: 0,
          priority: [{ by: "series", name: seriesOf(exchange, quick) }, { by: "volume" }]
        }
      })
      const { recording } = station
      yield* Station.until("as many as there are places", () => Station.live(station).length === 8)
      const causes = () =>
        [...recording.ends.values()].flatMap(({ trust }) => (trust._tag === "stale" ? [trust.gap.cause] : []))
      yield* Station.until("one was displaced", () => causes().includes("unsubscribed"))
      // Quick markets come and go: a place that they leave is taken by one that waited.
      const [displaced = ""] = [...recording.ends].flatMap(([ticker, { trust }]) =>
        trust._tag === "stale" && trust.gap.cause === "unsubscribed" ? [ticker] : []
      )
      assert.isTrue(recording.noRoom.has(displaced) || recording.cells.has(displaced))
      yield* Station.until("it, or another that waited, is recorded", () => Station.live(station).length === 8)
      assert.isAtMost(Math.max(...marketsBySlot(station)), 8)
      assert.deepStrictEqual(problems(station), [])
      yield* Verdict.isTrue(station)
      assert.strictEqual((yield* Verdict.gapCauses(station))[displaced]?.[0], "unsubscribed")
    }).pipe(Effect.scoped)
  )

  it.live("who was recorded before a restart is recorded after it", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 30 })
      const stores = yield* Station.memory
      const settings = { marketsPerConnectionMax: 10, connectionsMax: 1 }
      const whole = () => Station.record(exchange, stores, { settings })
      const before = yield* Effect.scoped(
        Effect.gen(function* () {
          const station = yield* whole()
          yield* Station.until("all places are taken", () => Station.live(station).length === 10)
          yield* Station.until("all are looked at", () => station.recording.noRoom.size > 10)
          yield* Station.until("they stay", () => Station.live(station).length === 10)
          return Station.live(station)
        })
      )
      const station = yield* whole()
      yield* Station.until("all places are taken", () => Station.live(station).length === 10)
      yield* Station.until("all are looked at", () => station.recording.noRoom.size > 10)
      yield* Station.until("they stay", () => Station.live(station).length === 10)
      assert.deepStrictEqual(Station.live(station), before)
      assert.sameMembers([...station.recording.recorder.logs.keys()], [...before])
    }).pipe(Effect.scoped)
  )
})

describe("places", () => {
  it.live("a market keeps its own when every connection is lost, and every book is exact again", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ marketsOpen: 40 }, { marketsPerConnectionMax: 9 })
      yield* Station.untilAllLive(station)
      const before = places(station)
      assert.isAtLeast(station.recording.slots.all.length, 5)
      yield* Station.inflict(station.exchange, { fault: "cut" })
      yield* Station.until("all are gone", () => Station.live(station).length === 0)
      yield* Station.untilAllLive(station)
      assert.deepStrictEqual([...places(station)].sort(), [...before].sort())
      yield* Verdict.isTrue(station)
      const tickers = [...before.keys()].filter((ticker) => Station.live(station).includes(ticker))
      const causes = yield* Verdict.gapCauses(station)
      for (const ticker of tickers) assert.deepStrictEqual(causes[ticker], ["connection_lost"], ticker)
    }).pipe(Effect.scoped)
  )

  it.live("a connection without markets is let go of after a while, and made again when there are some", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 12 })
      const station = yield* Station.record(exchange, yield* Station.memory, {
        settings: { marketsPerConnectionMax: 6, slotIdleMillis: 100, closeGraceMillis: 0 }
      })
      yield* Station.untilAllLive(station)
      const slot = station.recording.slots.all[1]
      assert.isDefined(slot)
      const tickers = [...(slot?.tickers ?? [])]
      for (const marketTicker of tickers) {
        yield* Station.inflict(exchange, { fault: "change_close", marketTicker, millis: 0 })
      }
      yield* Station.until("the connection is gone", () => slot?.link === null)
      assert.strictEqual(slot?.tickers.size, 0)
      assert.deepStrictEqual(problems(station), [])
      const [first = ""] = tickers
      yield* Station.inflict(exchange, { fault: "change_close", marketTicker: first, millis: 3_600_000 })
      yield* Station.until("the market is recorded again", () => Station.live(station).includes(first))
      assert.strictEqual(slot.connections, 2)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )
})

describe("what the exchange bears", () => {
  it.live("fewer markets on a connection (error 26): the others go to other connections, and each log is one", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 50, marketsPerSessionMax: 17 })
      const station = yield* Station.record(exchange, yield* Station.memory, { settings: { chunkMarketsMax: 8 } })
      yield* Station.untilAllLive(station)
      assert.strictEqual(station.recording.slots.marketsPerConnectionMax, 17)
      assert.isAtMost(Math.max(...marketsBySlot(station)), 17)
      assert.deepStrictEqual(NotRecorded.notRecorded(station.recording).counts.refused, 0)
      const told = station.lines.filter(({ text }) => text.includes("bears 17 markets"))
      assert.lengthOf(told, 1)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("fewer connections (429): the first by rule are recorded on those, and all as soon as it bears more", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 30, connectionsMax: 2 })
      const station = yield* Station.record(exchange, yield* Station.memory, {
        settings: { marketsPerConnectionMax: 10, connectionRefusedMillisMax: 100, connectionRetryMillis: 1_000 }
      })
      const trading = Station.active(exchange.exchange)
      yield* Station.until("two connections are full", () => Station.live(station).length === 20)
      yield* Station.until("the others have no room", () => station.recording.noRoom.size === trading.length - 20)
      assert.strictEqual(NotRecorded.notRecorded(station.recording).places, 20)
      const limits = exchange.server.settings as { connectionsMax: number }
      limits.connectionsMax = 10
      yield* Station.untilAllLive(station)
      assert.strictEqual(station.recording.noRoom.size, 0)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live(
    "fewer commands a second (error 27): they are sent slower, and every market is recorded",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 60, commandsPerSecondMax: 8 })
        const heard = Wiretap.listen(exchange)
        const station = yield* Station.record(exchange, yield* Station.memory, {
          settings: { chunkMarketsMax: 3, chunkSettleMillisMax: 20 }
        })
        yield* Station.untilAllLive(station, 40)
        assert.isBelow(heard.length, 200)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("commands and connections", () => {
  it.live("no connection sends more commands in a second than it is set to", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 60 })
      const times: Array<number> = []
      Wiretap.listen(exchange, () => times.push(performance.now()))
      const station = yield* Station.record(exchange, yield* Station.memory, {
        settings: { chunkMarketsMax: 2, chunkMarketsMin: 2, commandsPerSecondMax: 20 }
      })
      yield* Station.untilAllLive(station)
      assert.isAtLeast(times.length, 25)
      // What waited on the way may arrive together: a tenth of leeway.
      for (const from of times) assert.isAtMost(times.filter((at) => at >= from && at < from + 900).length, 21)
    }).pipe(Effect.scoped)
  )

  it.live("many connections are opened one after the other", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ marketsOpen: 40 })
      const times: Array<number> = []
      exchange.server.http.on("upgrade", () => times.push(performance.now()))
      const station = yield* Station.record(exchange, yield* Station.memory, {
        settings: { marketsPerConnectionMax: 4, handshakesPerSecondMax: 20 }
      })
      yield* Station.untilAllLive(station)
      yield* Station.inflict(exchange, { fault: "cut" })
      yield* Station.until("all are made again", () => station.recording.recorder.epochLast >= 20)
      yield* Station.untilAllLive(station)
      assert.isAtLeast(times.length, 20)
      // What waited on the way may arrive together; without a limit it would be all twenty.
      for (const from of times) assert.isAtMost(times.filter((at) => at >= from && at < from + 400).length, 13)
    }).pipe(Effect.scoped)
  )
})
