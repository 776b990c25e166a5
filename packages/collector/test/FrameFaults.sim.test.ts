import { assert, describe, it } from "@effect/vitest"
import type { Fault } from "@kalshibook/simulator/fault/Fault"
import { Effect } from "effect"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

type FrameFault = Extract<Fault, { readonly fault: "frame" }>

/** Everything recorded, then this fault, and everything recorded again. */
const strike = Effect.fnUntraced(function* (fault: Omit<FrameFault, "fault">) {
  const station = yield* Station.start()
  yield* Station.untilAllLive(station)
  const tickers = Station.live(station)
  const hits = station.exchange.faults.frameHits()
  yield* Station.inflict(station.exchange, { fault: "frame", ...fault })
  yield* Station.until("the fault hits", () => station.exchange.faults.frameHits() === hits + (fault.count ?? 1))
  const { frames } = station.recording.recorder.counts
  yield* Station.until("frames follow", () => station.recording.recorder.counts.frames > frames + 30)
  yield* Station.untilAllLive(station)
  return { station, tickers, counts: station.recording.recorder.counts }
})

const delta = { type: "orderbook_delta" }

describe("frames that go astray", () => {
  it.live("a lost change distrusts every book of the subscription, and each is exact again from its own snapshot", () =>
    Effect.gen(function* () {
      const { counts, station, tickers } = yield* strike({ ...delta, action: { _tag: "drop" } })
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "sequence_hole"))
      assert.strictEqual(counts.framesLost, 1)
    }).pipe(Effect.scoped)
  )

  it.live("lost changes, one after the other, end in exact books", () =>
    Effect.gen(function* () {
      const fault = { ...delta, action: { _tag: "drop" }, count: 20, probability: 0.1 } as const
      const { station } = yield* strike(fault)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live("a change that comes twice is applied once, and nobody need know", () =>
    Effect.gen(function* () {
      const { counts, station } = yield* strike({ ...delta, action: { _tag: "duplicate" }, count: 5 })
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      assert.strictEqual(counts.framesRepeated, 5)
    }).pipe(Effect.scoped)
  )

  it.live("a change that comes late is not applied: its hole was healed by snapshots", () =>
    Effect.gen(function* () {
      const { counts, station, tickers } = yield* strike({ ...delta, action: { _tag: "delay", millis: 60 } })
      yield* Station.until("it comes", () => counts.framesRepeated === 1)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "sequence_hole"))
    }).pipe(Effect.scoped)
  )

  it.live("two changes that trade places are a hole, and the books are exact again", () =>
    Effect.gen(function* () {
      const { station, tickers } = yield* strike({ ...delta, action: { _tag: "reorder" } })
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "sequence_hole"))
    }).pipe(Effect.scoped)
  )

  for (const how of ["truncate", "field"] as const) {
    it.live(`a change that cannot be read (${how}) distrusts the books of its subscription`, () =>
      Effect.gen(function* () {
        const { counts, station, tickers } = yield* strike({ ...delta, action: { _tag: "corrupt", how } })
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "undecodable"))
        assert.strictEqual(counts.framesUndecodable, 1)
      }).pipe(Effect.scoped)
    )
  }

  it.live("a lost trade or lifecycle message leaves every book trusted", () =>
    Effect.gen(function* () {
      const { counts, station } = yield* strike({ channel: "trade", action: { _tag: "drop" } })
      yield* Station.until("the hole is seen", () => counts.sequenceGaps > 0)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("a stray change of a market that is not subscribed harms nobody, and leaves no log behind", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const [stray = "", ...others] = Station.active(exchange.exchange)
      const settings = { marketTickers: others }
      const station = yield* Station.record(exchange, yield* Station.memory, { settings })
      yield* Station.until("the others are live", () => Station.live(station).length === others.length)
      yield* Station.inflict(exchange, { fault: "stray_frame", marketTicker: stray })
      const { counts, logs } = station.recording.recorder
      yield* Station.until("it has come", () => counts.framesStray > 0)
      assert.isFalse(logs.has(stray))
      assert.deepStrictEqual(Station.live(station), others)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )
})

describe("an acknowledgement that is lost", () => {
  it.live("delays its markets alone, and they are recorded", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      // The first command is answered with `subscribed`; the `ok` of the next is lost.
      yield* Station.inflict(exchange, {
        fault: "frame",
        action: { _tag: "drop" },
        type: "ok",
        channel: "orderbook_delta"
      })
      const station = yield* Station.record(exchange, yield* Station.memory, { settings: { chunkMarketsMax: 4 } })
      yield* Station.untilAllLive(station)
      assert.strictEqual(exchange.faults.frameHits(), 1)
      yield* Verdict.isTrue(station)
    }).pipe(Effect.scoped)
  )

  it.live("of a market that is added is a hole for the others", () =>
    Effect.gen(function* () {
      const station = yield* Station.start()
      yield* Station.untilAllLive(station)
      const before = Station.live(station)
      const { exchange } = station
      yield* Station.inflict(exchange, {
        fault: "frame",
        action: { _tag: "drop" },
        type: "ok",
        channel: "orderbook_delta"
      })
      yield* Station.inflict(exchange, { fault: "unannounced_market" })
      const added = Station.active(exchange.exchange).filter((ticker) => !before.includes(ticker))
      for (const marketTicker of added) yield* Station.inflict(exchange, { fault: "stray_frame", marketTicker })
      yield* Station.until("the fault hits", () => exchange.faults.frameHits() === 1)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      const causes = yield* Verdict.gapCauses(station)
      for (const ticker of before) assert.deepStrictEqual(causes[ticker], ["sequence_hole"])
    }).pipe(Effect.scoped)
  )
})
