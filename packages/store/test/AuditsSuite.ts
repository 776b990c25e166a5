/** What the memory of audits promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { type AuditRecord, Audits } from "@kalshibook/store/Audits"
import { Effect } from "effect"

/** 2026-11-25T10:00:00Z; each test has an hour of its own. */
const startMicros = 1_795_600_800_000_000
const hourMicros = 3_600_000_000

const passed = (marketTicker: string, tsAnsweredMicros: number): AuditRecord => ({
  marketTicker,
  tsRequestedMicros: tsAnsweredMicros - 40_000,
  tsAnsweredMicros,
  tsFromMicros: tsAnsweredMicros - 17_040_000,
  tsToMicros: tsAnsweredMicros + 2_000_000,
  epoch: 3,
  verdict: "passed",
  reason: null,
  offset: 12,
  ageMicros: 250_000,
  levelsCompared: 90,
  levelsDifferent: 0,
  answer: null
})

const failed = (marketTicker: string, tsAnsweredMicros: number): AuditRecord => ({
  ...passed(marketTicker, tsAnsweredMicros),
  verdict: "failed",
  ageMicros: null,
  levelsDifferent: 2,
  answer: { yes: [{ priceE4: 4_200, sizeE2: 2 ** 40 }], no: [] }
})

const undecided = (marketTicker: string, tsAnsweredMicros: number): AuditRecord => ({
  ...passed(marketTicker, tsAnsweredMicros),
  verdict: "undecided",
  reason: "partly_trusted",
  epoch: 0,
  offset: null,
  ageMicros: null,
  levelsCompared: 0
})

export const auditsSuite = (it: Vitest.MethodsNonLive<Audits>): void => {
  it.effect("gives back what was stored, newest first, with the evidence of failures", () =>
    Effect.gen(function* () {
      const audits = yield* Audits
      const at = startMicros
      const own = [passed("KXAUDIT-1", at), failed("KXAUDIT-1", at + 10), undecided("KXAUDIT-1", at + 20)]
      yield* audits.store([...own, passed("KXAUDIT-2", at)])
      assert.deepStrictEqual(yield* audits.latest("KXAUDIT-1", 10), own.toReversed())
      assert.deepStrictEqual(yield* audits.latest("KXAUDIT-1", 2), own.slice(1).toReversed())
      assert.deepStrictEqual(yield* audits.latest("KXAUDIT-NEVER", 10), [])
    })
  )

  it.effect("keeps an audit that is stored twice once, as it was first", () =>
    Effect.gen(function* () {
      const audits = yield* Audits
      const at = startMicros + hourMicros
      yield* audits.store([passed("KXTWICE", at)])
      yield* audits.store([failed("KXTWICE", at), passed("KXTWICE", at + 1)])
      const stored = [passed("KXTWICE", at + 1), passed("KXTWICE", at)]
      assert.deepStrictEqual(yield* audits.latest("KXTWICE", 10), stored)
      yield* audits.store([])
      assert.deepStrictEqual(yield* audits.rates(at, at + hourMicros), { passed: 2, failed: 0, undecided: 0 })
    })
  )

  it.effect("counts what was answered from one moment up to, and without, another", () =>
    Effect.gen(function* () {
      const audits = yield* Audits
      const at = startMicros + 2 * hourMicros
      yield* audits.store([
        passed("KXRATE-1", at - 1),
        passed("KXRATE-1", at),
        passed("KXRATE-2", at),
        failed("KXRATE-1", at + 5),
        undecided("KXRATE-1", at + 9),
        failed("KXRATE-1", at + 10)
      ])
      assert.deepStrictEqual(yield* audits.rates(at, at + 10), { passed: 2, failed: 1, undecided: 1 })
      assert.deepStrictEqual(yield* audits.rates(at + 20, at + 30), { passed: 0, failed: 0, undecided: 0 })
    })
  )
}
