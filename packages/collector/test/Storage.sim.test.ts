import { assert, describe, it } from "@effect/vitest"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import { type HotBatch, HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Exit, Option } from "effect"
import type { CollectorSettings } from "../src/CollectorSettings.ts"
import { entriesWaiting, recordsWaiting } from "../src/Recording.ts"
import * as Station from "./Station.ts"
import * as UnreliableTier from "./UnreliableTier.ts"
import * as Verdict from "./Verdict.ts"

/** It waits for others again and again, each of which may take seconds on a busy machine. */
const busyMillisMax = 90_000

const unreliable = Effect.gen(function* () {
  const stores = yield* Station.memory
  const tier = UnreliableTier.make(Context.get(stores, HotTier))
  return { tier, stores: Context.add(stores, HotTier, tier.service) }
})

const start = Effect.fnUntraced(function* (settings: Partial<CollectorSettings> = {}, deltasPerSecond = 2_000) {
  const exchange = yield* Station.startExchange({ deltasPerSecond })
  const { stores, tier } = yield* unreliable
  const station = yield* Station.record(exchange, stores, { settings: { lastCommitMillisMax: 200, ...settings } })
  yield* Station.untilAllLive(station)
  return { station, tier, exchange }
})

const problems = ({ lines }: Station.Station): ReadonlyArray<string> =>
  lines.flatMap(({ level, text }) => (level === "Error" || level === "Warn" ? [text] : []))

/**
 * Each watermark covers all that was stored with it (while catching up, save the last microsecond), and nothing that came later;
 * only gaps reach back.
 */
const watermarksAreTrue = (batches: ReadonlyArray<HotBatch>): void => {
  let before = 0
  for (const { records, watermark } of batches) {
    assert.isAtLeast(watermark.tsReceivedMicros, before)
    for (const record of records) {
      assert.isAtMost(record.tsReceivedMicros, watermark.tsReceivedMicros + 1)
      if (record.kind !== "gap") assert.isAbove(record.tsReceivedMicros, before)
    }
    before = watermark.tsReceivedMicros
  }
}

describe("a store that goes away", () => {
  it.live("for a while: nothing is lost, the order is kept, one line says so and one that it is over", () =>
    Effect.gen(function* () {
      const { station, tier } = yield* start()
      tier.mode = "away"
      yield* Station.until("some attempts", () => tier.failures >= 4 && recordsWaiting(station.recording) > 0)
      const { storeProblem } = yield* station.collector.status
      assert.strictEqual(storeProblem, "append: connection refused")
      assert.isAbove((yield* station.collector.status).recordsWaiting, 0)
      tier.mode = "up"
      yield* Station.until("it is over", () => station.recording.storeProblem === null)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
      // A busy machine may be late for others.
      const told = problems(station).filter((text) => text.includes("database"))
      assert.deepStrictEqual(told, ["the database does not take records, trying again: append: connection refused"])
      watermarksAreTrue(tier.batches)
    }).pipe(Effect.scoped)
  )

  it.live("and stores without saying so: what is sent twice is stored once", () =>
    Effect.gen(function* () {
      const { station, tier } = yield* start()
      tier.mode = "forgets"
      yield* Station.until("some attempts", () => tier.failures >= 3)
      tier.mode = "up"
      yield* Station.until("it is over", () => station.recording.storeProblem === null)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live(
    "for long: memory is bounded, recording goes on, and what memory could not hold is stored from the tape",
    () =>
      Effect.gen(function* () {
        const queueRecordsMax = 400
        const { station, tier } = yield* start({ queueRecordsMax, catchUpRecordsMax: 120, catchUpEntriesLeft: 200 })
        const { recording } = station
        tier.mode = "away"
        yield* Station.until("memory is full", () => recording.isSpilled)
        const { frames } = recording.recorder.counts
        const waiting = entriesWaiting(recording)
        yield* Station.until("recording goes on", () => recording.recorder.counts.frames > frames + 5 * queueRecordsMax)
        assert.isAtMost(waiting, queueRecordsMax)
        assert.isAtMost(entriesWaiting(recording), waiting)
        tier.mode = "up"
        yield* Station.until("memory is enough again", () => !recording.isSpilled && recording.pending === null)
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
        watermarksAreTrue(tier.batches)
      }).pipe(Effect.scoped),
    busyMillisMax
  )

  it.live("while the connection is lost, too: the gap is stored when it is back", () =>
    Effect.gen(function* () {
      const { exchange, station, tier } = yield* start()
      const tickers = Station.live(station)
      tier.mode = "away"
      yield* Station.inflict(exchange, { fault: "cut" })
      yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
      yield* Station.untilAllLive(station)
      tier.mode = "up"
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "connection_lost"))
    }).pipe(Effect.scoped)
  )

  it.live("and refuses for good: the collector ends, and says why", () =>
    Effect.gen(function* () {
      const { station, tier } = yield* start()
      tier.mode = "refuses"
      const exit = yield* Effect.exit(station.collector.failed)
      assert.include(Exit.isFailure(exit) ? String(exit.cause) : "", "no such column")
      assert.strictEqual(tier.failures, 1, "it was not tried again")
    }).pipe(Effect.scoped)
  )
})

describe("a rule that is broken within a frame", () => {
  it.live("ends the collector rather than the books' truth", () =>
    Effect.gen(function* () {
      const { station } = yield* start()
      const { connections } = station.recording.recorder
      let isBroken = false
      Object.defineProperty(station.recording.recorder, "connections", {
        get: () => {
          if (isBroken) return connections
          isBroken = true
          throw new Error("the rule that is broken")
        }
      })
      const exit = yield* Effect.exit(station.collector.failed)
      assert.include(Exit.isFailure(exit) ? String(exit.cause) : "", "the rule that is broken")
      assert.deepStrictEqual(Station.live(station), [])
    }).pipe(Effect.scoped)
  )
})

describe("a collector that is stopped and started again", () => {
  /** Two runs over one exchange and store; `stop` is done just before the first is stopped. */
  const twice = Effect.fnUntraced(function* (
    stop: (tier: UnreliableTier.UnreliableTier, exchange: RunningExchange) => Effect.Effect<void>
  ) {
    const exchange = yield* Station.startExchange({ deltasPerSecond: 1_000 })
    const { stores, tier } = yield* unreliable
    const settings = { lastCommitMillisMax: 200 }
    let stoppedInMillis = 0
    const first = Effect.gen(function* () {
      const station = yield* Station.record(exchange, stores, { settings })
      yield* Station.untilAllLive(station)
      yield* Verdict.untilStored(station)
      const tickers = Station.live(station)
      yield* stop(tier, exchange)
      stoppedInMillis = performance.now()
      return { station, tickers }
    })
    const { station: before, tickers } = yield* Effect.scoped(first)
    stoppedInMillis = performance.now() - stoppedInMillis
    tier.mode = "up"
    const watermark = Option.getOrThrow(yield* Effect.orDie(tier.service.watermark))
    const station = yield* Station.record(exchange, stores, { settings })
    yield* Station.untilAllLive(station)
    return { before, station, tickers, watermark, stoppedInMillis }
  })

  it.live("goes on at the offsets where it ended; what was not seen is a gap that says so", () =>
    Effect.gen(function* () {
      const { before, station, tickers } = yield* twice(() => Effect.void)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "recorder_stopped"))
      assert.strictEqual(station.recording.recorder.epochLast, 2)
      assert.isAbove(station.recording.clock.nowMicros(), before.recording.clock.nowMicros() - 1_000_000)
    }).pipe(Effect.scoped)
  )

  it.live("with the store away: it ends within moments, and the next stores what it had received from the tape", () =>
    Effect.gen(function* () {
      const { before, station, stoppedInMillis, tickers, watermark } = yield* twice((tier) => {
        tier.mode = "away"
        return Effect.sleep(100)
      })
      assert.isBelow(stoppedInMillis, 5_000)
      assert.include(problems(before).at(-1), "the next start stores it from the tape")
      yield* Verdict.isTrue(station)
      const gaps = yield* Verdict.gaps(station)
      assert.sameMembers([...gaps.keys()], [...tickers])
      for (const [gap, ...more] of gaps.values()) {
        assert.strictEqual(gap?.cause, "recorder_stopped")
        assert.deepStrictEqual(more, [])
      }
      const { tsOpenedMicros = 0 } = station.recording.recorder.connections.get(2)?.record ?? {}
      const isDerived = ({ kind, tsReceivedMicros }: BookRecord): boolean =>
        kind === "delta" && tsReceivedMicros > watermark.tsReceivedMicros && tsReceivedMicros < tsOpenedMicros
      const logs = yield* Effect.forEach(tickers, (ticker) => Verdict.logOf(station, ticker))
      assert.isTrue(logs.flat().some(isDerived))
    }).pipe(Effect.scoped)
  )

  it.live("with a store that hangs: it ends all the same", () =>
    Effect.gen(function* () {
      const { station, stoppedInMillis, tickers } = yield* twice((tier) =>
        Effect.sync(() => {
          tier.mode = "hangs"
        })
      )
      assert.isBelow(stoppedInMillis, 5_000)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "recorder_stopped"))
    }).pipe(Effect.scoped)
  )

  it.live(
    "with a commit under way, which lands while the next one looks at what is stored: it goes on from the tape",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange({ deltasPerSecond: 1_000 })
        const { stores, tier } = yield* unreliable
        const settings = { lastCommitMillisMax: 200 }
        const tickers = yield* Effect.scoped(
          Effect.gen(function* () {
            const station = yield* Station.record(exchange, stores, { settings })
            yield* Station.untilAllLive(station)
            yield* Verdict.untilStored(station)
            tier.hangsWhen = ({ records }) => records.length > 0
            yield* Station.until("a commit", () => tier.hanging.length > 0)
            return Station.live(station)
          })
        )
        tier.hangsWhen = () => false
        let looks = 0
        // The first look only says which tape is opened.
        const land = Effect.suspend(() =>
          Effect.forEach(++looks < 2 ? [] : tier.hanging.splice(0), tier.service.append, { discard: true })
        )
        const { heads, state, watermark } = tier.service
        const service = HotTier.of({
          ...tier.service,
          heads: Effect.tap(heads, land),
          state: Effect.tap(state, land),
          watermark: Effect.tap(watermark, land)
        })
        const station = yield* Station.record(exchange, Context.add(stores, HotTier, service), { settings })
        yield* Station.untilAllLive(station)
        assert.notInclude(problems(station).join(), "does not agree")
        yield* Verdict.isTrue(station)
        assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "recorder_stopped"))
      }).pipe(Effect.scoped)
  )

  it.live("as it had almost caught up from the tape: it stores what was left before what came since", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 5_000 })
      const { stores, tier } = yield* unreliable
      const settings = { queueRecordsMax: 1_000, catchUpRecordsMax: 300, catchUpEntriesLeft: 5_000 }
      const station = yield* Effect.scoped(
        Effect.gen(function* () {
          const station = yield* Station.record(exchange, stores, { settings })
          const { recording } = station
          yield* Station.untilAllLive(station)
          tier.mode = "away"
          yield* Station.until("memory is full", () => recording.isSpilled)
          let isHanging = false
          tier.hangsWhen = () => {
            isHanging = !recording.isSpilled
            return isHanging
          }
          tier.mode = "up"
          yield* Station.until("the end of catching up", () => isHanging)
          yield* Station.until("something since", () => entriesWaiting(recording) > 0)
          tier.hangsWhen = () => false
          return station
        })
      )
      assert.notInclude(problems(station).join(), "stopped before everything was stored")
      const { logs } = station.recording.recorder
      const heads = yield* Effect.orDie(tier.service.heads)
      const stored = new Map(heads.map(({ marketTicker, offset }) => [marketTicker, offset]))
      for (const { marketTicker, offset } of logs.values()) {
        assert.strictEqual(stored.get(marketTicker) ?? 0, offset, marketTicker)
      }
    }).pipe(Effect.scoped)
  )

  it.live("before it ever reached the exchange: it ends at once, without a word in any log", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange()
      const stores = yield* Station.memory
      // Nobody answers there: the handshake hangs.
      yield* Station.inflict(exchange, { fault: "refuse_handshakes", status: 503, millis: 60_000 })
      const began = performance.now()
      yield* Effect.scoped(Station.record(exchange, stores))
      assert.isBelow(performance.now() - began, 5_000)
      assert.deepStrictEqual(yield* Effect.orDie(Context.get(stores, HotTier).heads), [])
    }).pipe(Effect.scoped)
  )
})
