/**
 * The main job on a generated exchange: random markets at random moments, by both clocks, asked by REST and compared level by
 * level with the exchange's own truth. None may be wrong; where something was lost the answer must say so.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Orderbook } from "@kalshibook/core/contract/OrderbookAnswer"
import { view as writeBook } from "@kalshibook/core/contract/OrderbookFp"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { Fault } from "@kalshibook/simulator/fault/Fault"
import { Effect, Random, Result } from "effect"
import * as System from "./System.ts"

/** To each of the two worlds. */
const questionsMax = Number(process.env.KALSHIBOOK_TEST_QUESTIONS ?? 5_000)
/** Requests at a time; more would only queue. */
const concurrency = 8

interface Asked {
  readonly trusted: number
  readonly stale: number
  readonly notYet: number
}

/** What every market's log covers, and which frame of the subscription had come by each moment. */
const received = Effect.fnUntraced(function* (system: System.RunningSystem) {
  const { sql } = system
  const markets = yield* sql<{ ticker: string; first: number; last: number }>`
    select ticker, min(ts_received_micros) as first, max(ts_received_micros) as last
    from records join markets using (market_id) group by ticker`
  const frames = yield* sql<{ micros: number; epoch: number; sid: number; seq: number }>`
    select ts_received_micros as micros, epoch, sid, max(seq) as seq
    from records where kind <> 'gap' group by 1, 2, 3 order by 1`
  const [mark] = yield* sql<{ micros: number }>`select ts_received_micros as micros from watermark`
  return { markets, frames, watermarkMicros: mark?.micros ?? 0 }
})

/** The last frame received at or before a moment. */
const frameAt = <Frame extends { readonly micros: number }>(
  frames: ReadonlyArray<Frame>,
  micros: number
): Frame | undefined => {
  let low = 0
  let high = frames.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((frames[middle]?.micros ?? 0) <= micros) low = middle + 1
    else high = middle
  }
  return frames[low - 1]
}

/** Stops the exchange and the recording, so that what is asked about stands still. */
const standStill = Effect.fnUntraced(function* (system: System.RunningSystem) {
  yield* system.stop
  yield* inflict(system, { fault: "pause_trading" })
})

/** Asks `questions` random questions. Every trusted answer must be the truth; the counts say how many were not trusted. */
const interrogate = Effect.fnUntraced(function* (system: System.RunningSystem, questions: number) {
  const { markets, frames, watermarkMicros } = yield* received(system)
  const connections = [...new Set(frames.map(({ epoch }) => epoch))]
  const counts = { trusted: 0, stale: 0, notYet: 0 }
  const from = Math.min(...markets.map(({ first }) => first))

  const ask = Effect.gen(function* () {
    const market = markets[yield* Random.nextIntBetween(0, markets.length - 1)]
    if (market === undefined) return
    const clock = (yield* Random.nextBoolean) ? "received" : "exchange"
    const atMicros = yield* Random.nextIntBetween(from, watermarkMicros)
    const path = `/v1/markets/${market.ticker}/orderbook?clock=${clock}&at=${isoFromMicros(atMicros)}`
    const { body, status } = yield* system.get<Orderbook & { readonly code?: string }>(path)
    if (status === 404 && body.code === "before_first_record") {
      if (clock === "received") assert.isBelow(atMicros, market.first, path)
      counts.notYet++
      return
    }
    assert.strictEqual(status, 200, `${path}: ${JSON.stringify(body)}`)
    if (body.trust.state !== "trusted") {
      assert.strictEqual(body.trust.state, "stale", path)
      if (clock === "received") assert.isAtMost(Date.parse(body.trust.gap?.from ?? ""), atMicros / 1000, path)
      counts.stale++
      return
    }
    const frame = frameAt(frames, atMicros)
    assert.isDefined(frame)
    const moment =
      clock === "exchange"
        ? { tsMicros: atMicros }
        : { connection: connections.indexOf(frame?.epoch ?? 0) + 1, sid: frame?.sid ?? 0, seq: frame?.seq ?? 0 }
    const truth = system.exchange.truth.bookAt(market.ticker, moment)
    if (truth._tag !== "book") return yield* Effect.die(`${path}: the exchange answers ${truth._tag}`)
    assert.deepStrictEqual(body.orderbook_fp, writeBook(truth.levels), path)
    counts.trusted++
  })
  yield* Effect.forEach(Array.from({ length: questions }), () => ask, { concurrency, discard: true })
  return counts satisfies Asked
})

const inflict = (system: System.RunningSystem, fault: Fault): Effect.Effect<void> =>
  Effect.sync(() => {
    const report = system.exchange.faults.inflict(fault)
    assert.isTrue(Result.isSuccess(report), JSON.stringify({ fault, report }))
  })

/** Everything that can happen to frames and connections, a few of each. */
const faults: ReadonlyArray<Fault> = [
  { fault: "frame", action: { _tag: "drop" }, type: "orderbook_delta", count: 3 },
  { fault: "frame", action: { _tag: "duplicate" }, type: "orderbook_delta", count: 20 },
  { fault: "frame", action: { _tag: "reorder" }, type: "orderbook_delta", count: 2 },
  { fault: "frame", action: { _tag: "delay", millis: 40 }, type: "orderbook_delta", count: 1 },
  { fault: "frame", action: { _tag: "corrupt", how: "field" }, type: "orderbook_delta", count: 1 },
  { fault: "frame", action: { _tag: "corrupt", how: "truncate" }, type: "orderbook_delta", count: 1 },
  { fault: "frame", action: { _tag: "drop" }, type: "orderbook_snapshot", count: 2 },
  { fault: "subscription_error", code: 25 },
  { fault: "cut" },
  { fault: "cut", code: 1011 },
  { fault: "freeze", mode: "data" }
]

const settle = (system: System.RunningSystem): Effect.Effect<void> =>
  System.until(
    system.collector,
    ({ marketsByState, state }) => state === "recording" && marketsByState.waiting === 0 && marketsByState.live > 20
  ).pipe(Effect.timeout(60_000), Effect.orDie)

describe("a generated exchange", () => {
  it.live(
    `answers ${questionsMax} random questions about an undisturbed exchange with its truth, and never says stale of an open market`,
    () =>
      Effect.gen(function* () {
        const system = yield* System.start({ marketsOpen: 40, deltasPerSecond: 1_500, seed: 7 })
        yield* settle(system)
        yield* System.until(system.collector, (status) => status.recordsCommitted > 8_000)
        yield* standStill(system)
        const counts = yield* interrogate(system, questionsMax)
        assert.isAbove(counts.trusted, questionsMax * 0.7, JSON.stringify(counts))
        const [gaps] = yield* system.sql<{ count: number }>`
          select count(*)::int as count from records where kind = 'gap' and gap_cause not in ('market_closed', 'recorder_stopped')`
        assert.strictEqual(gaps?.count, 0)
      }).pipe(Effect.scoped),
    300_000
  )

  it.live(
    `answers ${questionsMax} random questions about a disturbed exchange with its truth or with the gap, and recovers from every fault`,
    () =>
      Effect.gen(function* () {
        const system = yield* System.start(
          { marketsOpen: 40, deltasPerSecond: 1_500, seed: 8, quickLifeSeconds: 20, pingMillis: 500 },
          {
            pingSilenceMillisMax: 5_000,
            dataSilenceMillisMax: 1_000,
            snapshotMillisMax: 1_000,
            replyMillisMax: 1_000,
            closeGraceMillis: 1_000
          }
        )
        yield* settle(system)
        for (const fault of faults) {
          const { epoch } = yield* system.collector.status
          yield* inflict(system, fault)
          // A frozen connection is found out by the watchdog; everything else shows at once.
          if (fault.fault === "freeze") yield* System.until(system.collector, (status) => status.epoch > epoch)
          else yield* Effect.sleep(200)
          yield* settle(system)
        }
        const { marketsByState } = yield* system.collector.status
        assert.isAbove(marketsByState.live, 20)
        yield* standStill(system)
        const counts = yield* interrogate(system, questionsMax)
        assert.isAbove(counts.stale, 0)
        // How long each fault is felt depends on how busy the machine is.
        assert.isAbove(counts.trusted, questionsMax * 0.02, JSON.stringify(counts))
        const causes = yield* system.sql<{ cause: string }>`
          select distinct gap_cause as cause from records where kind = 'gap' order by 1`
        const expected = [
          "channel_error",
          "connection_lost",
          "recorder_stopped",
          "sequence_hole",
          "silence",
          "undecodable"
        ]
        assert.includeMembers(
          causes.map(({ cause }) => cause),
          expected
        )
      }).pipe(Effect.scoped),
    300_000
  )
})
