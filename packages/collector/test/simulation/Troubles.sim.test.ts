/** One trouble at a time, with the gaps that it must leave and no others: what the simulations have found once, by name. */
import type { GapCause } from "@kalshibook/core/BookRecord"
import { assert, describe, it } from "vitest"
import * as Report from "./Report.ts"
import * as Schedule from "./Schedule.ts"
import * as Simulation from "./Simulation.ts"

const second = 1_000_000

/** A schedule of one episode; the moments are seconds from its beginning. */
const scheduleOf = (
  troubles: ReadonlyArray<readonly [atSeconds: number, trouble: Schedule.Trouble]>,
  changes: Partial<Pick<Schedule.Schedule, "exchange" | "settings" | "tape">> = {}
): Schedule.Schedule => {
  const drawn = Schedule.make(1)
  const fromMicros = 2 * second
  return {
    ...drawn,
    exchange: {
      ...drawn.exchange,
      marketsOpen: 6,
      deltasPerSecond: 60,
      quickLifeSeconds: 86_400,
      lifecycleSpeed: 1,
      commandDelayMillisMax: 20,
      restBookCacheMillis: 0,
      ...changes.exchange
    },
    settings: {
      ...drawn.settings,
      marketsPerConnectionMax: 3,
      queueRecordsMax: 200_000,
      auditMillis: 1_000,
      ...changes.settings
    },
    tape: { syncMillisMax: 10, segmentBytesMax: 200_000, ...changes.tape },
    episodes: [
      {
        fromMicros,
        untilMicros: fromMicros + 5 * second,
        troubles: troubles.map(([atSeconds, trouble]) => ({ atMicros: fromMicros + atSeconds * second, trouble }))
      }
    ]
  }
}

/** Goes through it; no promise is broken. */
const evidenceOf = (schedule: Schedule.Schedule): Simulation.Outcome["evidence"] => {
  const outcome = Simulation.runSchedule(schedule)
  assert.deepStrictEqual(outcome.violations, [], Report.of(outcome))
  return outcome.evidence
}

/** Goes through it, and gives the causes of all gaps but those of the end. */
const causesOf = (schedule: Schedule.Schedule): ReadonlyArray<GapCause> => {
  const { derived, world } = evidenceOf(schedule)
  const causes = derived.records.flatMap(({ entry, value }) =>
    value.kind === "gap" && entry.tsMonotonicMicros < world.machine.stoppedAtMicros ? [value.cause] : []
  )
  return [...new Set(causes)].sort()
}

const kill: Schedule.Trouble = { what: "kill", moment: "now", afterMillis: 0, downMillis: 300 }
const databaseAway: Schedule.Trouble = { what: "database", mode: "away", millis: 4_000 }

const lostTrades: Schedule.Trouble = {
  what: "frame",
  action: { _tag: "drop" },
  type: "trade",
  after: 0,
  count: 3
}

/** On a busy machine. */
const testMillisMax = 120_000

describe("a collector in virtual time", { timeout: testMillisMax }, () => {
  it("has no gap when nothing goes wrong", () => {
    assert.deepStrictEqual(causesOf(scheduleOf([])), [])
  })

  for (const millis of [3_600_000, -3_600_000]) {
    it(`has no gap when its wall clock leaps by ${millis / 3_600_000} h, and finds new markets as before`, () => {
      const unannounced: Schedule.Trouble = { what: "unannounced_market" }
      const leap: Schedule.Trouble = { what: "wall_clock", millis }
      assert.deepStrictEqual(
        causesOf(
          scheduleOf([
            [1, leap],
            [1.5, unannounced]
          ])
        ),
        []
      )
    })
  }

  for (const millis of [3_600_000, 2_000, -3_600_000]) {
    it(`fills holes in the trades with all that they lack, though its wall clock leaps by ${millis / 1_000} s`, () => {
      const leap: Schedule.Trouble = { what: "wall_clock", millis }
      const schedule = scheduleOf(
        [
          [0.5, lostTrades],
          [1, leap],
          [1.1, lostTrades],
          [2, lostTrades],
          [3, { what: "cut", cuts: 1, everyMillis: 0 }],
          [4, lostTrades]
        ],
        { exchange: { deltasPerSecond: 400 }, settings: { tradeLagMillis: -9_900, tradeFillMillis: 200 } }
      )
      const { channelGaps } = evidenceOf(schedule).world.database.state
      const over = [...channelGaps.values()].filter(
        ({ channel, tsToMicros }) => channel === "trade" && tsToMicros !== null
      )
      assert.isAtLeast(over.length, 4)
      assert.isTrue(over.every(({ tsFilledMicros }) => tsFilledMicros !== null))
    })
  }

  it("is not led astray about prices by answers of REST that are older than the exchange's own word", () => {
    const refinements = Array.from({ length: 40 }, (_, at): [number, Schedule.Trouble] => [
      0.2 + at * 0.1,
      { what: "life", act: "refine_grid", market: (at % 12) / 12 }
    ])
    const schedule = scheduleOf(refinements, {
      exchange: { marketsOpen: 12, deltasPerSecond: 300 },
      settings: { reconcileMillis: 1, eventsPerPageMax: 100, restRequestsPerSecondMax: 10_000, restLagMillis: 100 }
    })
    assert.deepStrictEqual(causesOf(schedule), [])
  })

  it("believes any price of a market whose prices may have changed while nothing was heard", () => {
    const troubles: ReadonlyArray<readonly [number, Schedule.Trouble]> = [
      [1, { what: "refuse_handshakes", status: 503, millis: 500 }],
      [1, { what: "cut", cuts: 1, everyMillis: 0 }],
      ...Array.from({ length: 24 }, (_, at): [number, Schedule.Trouble] => [
        1.1 + at * 0.01,
        { what: "life", act: "refine_grid", market: (at % 12) / 12 }
      ])
    ]
    const schedule = scheduleOf(troubles, {
      exchange: { marketsOpen: 12, deltasPerSecond: 300 },
      settings: { reconcileMillis: 4_000, eventsPerPageMax: 1, restRequestsPerSecondMax: 10, restLagMillis: 100 }
    })
    assert.deepStrictEqual(causesOf(schedule), ["connection_lost"])
  })

  it("derives from the tape what a database that was away never got, also of a subscription that ended meanwhile", () => {
    const ended: Schedule.Trouble = { what: "subscription_error", code: 25 }
    const schedule = scheduleOf([
      [0.5, databaseAway],
      [1, ended],
      [2, kill]
    ])
    assert.deepStrictEqual(causesOf(schedule), ["channel_error", "recorder_stopped"])
  })

  it("takes up logs of markets that closed while their books were not known", () => {
    // The snapshots never come, changes do, and the market closes.
    const noSnapshots: Schedule.Trouble = {
      what: "frame",
      action: { _tag: "drop" },
      type: "orderbook_snapshot",
      after: 0,
      count: 200
    }
    const troubles: ReadonlyArray<readonly [number, Schedule.Trouble]> = [
      [0.5, noSnapshots],
      [0.6, { what: "cut", cuts: 1, everyMillis: 0 }],
      [1.5, { what: "close_early", market: 0, millis: 500 }],
      [4.9, kill]
    ]
    const causes = causesOf(scheduleOf(troubles, { settings: { closeGraceMillis: 200 } }))
    assert.includeMembers([...causes], ["connection_lost", "market_closed"])
  })

  it("goes on after the disk gave out, and stores the end when it is stopped", () => {
    assert.deepStrictEqual(causesOf(scheduleOf([[1, { what: "disk_full", millis: 500 }]])), ["storage"])
  })

  it("writes checkpoints that are larger than a segment, and everything else beside them", () => {
    assert.deepStrictEqual(causesOf(scheduleOf([[3, kill]], { tape: { segmentBytesMax: 1_000, syncMillisMax: 10 } })), [
      "recorder_stopped"
    ])
  })

  it("bounds its memory while the database is away, and stores all of it from the tape", () => {
    const settings = { queueRecordsMax: 20, catchUpRecordsMax: 10, catchUpEntriesLeft: 10 }
    assert.deepStrictEqual(causesOf(scheduleOf([[0.5, databaseAway]], { settings })), [])
  })
})
