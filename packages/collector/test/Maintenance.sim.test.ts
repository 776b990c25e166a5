import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

/** The exchange's calendar is looked at often, and rest is short. */
const settings = {
  calendarMillis: 50,
  maintenanceRetryMillisMin: 300,
  maintenanceRetryMillisMax: 600,
  returnMillisMax: 200
}

const linesOf = ({ lines }: Station.Station, ...levels: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.flatMap(({ level, text }) => (levels.includes(level) ? [text] : []))

const problems = (station: Station.Station) => linesOf(station, "Error", "Warn", "Fatal")

describe("maintenance", () => {
  it.live(
    "that was announced: gaps say so, hardly anybody knocks, and when it is over all return within a moment",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ marketsOpen: 40 })
        const station = yield* Station.record(exchange, yield* Station.memory, {
          settings: { ...settings, marketsPerConnectionMax: 10 }
        })
        yield* Station.untilAllLive(station)
        const tickers = Station.live(station)
        let knocks = 0
        exchange.server.http.on("upgrade", () => knocks++)
        yield* Station.inflict(exchange, { fault: "maintenance", fromMillis: 1_000, untilMillis: 3_000 })
        yield* Station.until("it begins", () => station.recording.maintenance !== null)
        yield* Station.until("all connections are gone", () => Station.live(station).length === 0)
        yield* Station.until("it is over", () => station.recording.maintenance === null)
        // Four or five connections, each tried every 300 to 600 ms at the most.
        assert.isAtMost(knocks, 5 * 7)
        const overMicros = station.recording.clock.nowMicros()
        yield* Station.untilAllLive(station)
        assert.isBelow(station.recording.clock.nowMicros() - overMicros, 8_000_000)
        assert.deepStrictEqual(problems(station), [])
        const told = linesOf(station, "Info").filter((text) => /^the exchange.*maintenance/.test(text))
        assert.deepStrictEqual(told.length, 2, told.join("\n"))
        yield* Verdict.isTrue(station)
        const causes = yield* Verdict.gapCauses(station)
        for (const ticker of tickers) assert.strictEqual(causes[ticker]?.[0], "maintenance", ticker)
      }).pipe(Effect.scoped)
  )

  it.live("that its status alone tells of is believed, and books that stand still are not given up", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ pingMillis: 20 })
      const station = yield* Station.record(exchange, yield* Station.memory, {
        settings: { ...settings, dataSilenceMillisMax: 300 }
      })
      yield* Station.untilAllLive(station)
      yield* Station.inflict(exchange, { fault: "pause_trading" })
      yield* Station.inflict(exchange, { fault: "freeze", mode: "data" })
      yield* Station.until("it is known", () => station.recording.maintenance?.by === "status")
      const { nowMicros } = station.recording.clock
      const fromMicros = nowMicros()
      yield* Station.until("much longer than silence may last", () => nowMicros() > fromMicros + 900_000)
      assert.strictEqual(station.recording.recorder.epochLast, 1)
      yield* Station.inflict(exchange, { fault: "thaw" })
      yield* Station.inflict(exchange, { fault: "resume_trading" })
      yield* Station.until("it is over", () => station.recording.maintenance === null)
      yield* Verdict.isTrue(station)
      assert.strictEqual(station.recording.recorder.epochLast, 1)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      assert.deepStrictEqual(problems(station), [])
    }).pipe(Effect.scoped)
  )

  it.live("is not made up: a connection that is lost while the exchange is active is lost", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({}, settings)
      yield* Station.untilAllLive(station)
      const tickers = Station.live(station)
      yield* Station.inflict(station.exchange, { fault: "cut", code: 1001 })
      yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
      yield* Station.untilAllLive(station)
      assert.isNull(station.recording.maintenance)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "connection_lost"))
    }).pipe(Effect.scoped)
  )
})
