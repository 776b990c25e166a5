import { assert, describe, it } from "@effect/vitest"
import * as ReplayPace from "@kalshibook/core/ReplayPace"
import fc from "fast-check"
import "./PropertyRuns.ts"

/** 2026-11-21T14:00:00Z. */
const moment = 1_795_269_600_000_000

describe("ReplayPace", () => {
  it("lets a tenth, once or a thousand times as much past go by as time passes", () => {
    for (const speed of [0.1, 1, 60, 1_000]) {
      const pace = ReplayPace.start(moment, speed, 5_000)
      assert.strictEqual(ReplayPace.momentAt(pace, 5_000 + 1_000_000), moment + speed * 1_000_000)
      assert.strictEqual(ReplayPace.waitMicros(pace, moment + speed * 2_000_000, 5_000 + 1_000_000), 1_000_000)
    }
  })

  it("stands still while it is paused, and goes on from there", () => {
    const paused = ReplayPace.pause(ReplayPace.start(moment, 10, 0), 1_000)
    assert.strictEqual(ReplayPace.momentAt(paused, 99_000_000), moment + 10_000)
    assert.strictEqual(ReplayPace.waitMicros(paused, moment, 99_000_000), Number.POSITIVE_INFINITY)
    const resumed = ReplayPace.resume(paused, 99_000_000)
    assert.strictEqual(ReplayPace.momentAt(resumed, 99_000_100), moment + 11_000)
  })

  it("goes on from another moment after a seek, forward or back, and stays paused if it was", () => {
    const sought = ReplayPace.seek(ReplayPace.start(moment, 1, 0), moment - 3_000, 50)
    assert.strictEqual(ReplayPace.momentAt(sought, 60), moment - 2_990)
    const pausedThen = ReplayPace.seek(ReplayPace.pause(sought, 60), moment + 7, 80)
    assert.strictEqual(ReplayPace.momentAt(pausedThen, 1_000_000), moment + 7)
  })

  it("has everything due at once when it is as fast as read, at the moment of what was told last", () => {
    const pace = ReplayPace.start(moment, ReplayPace.asFastAsRead, 0)
    assert.strictEqual(ReplayPace.waitMicros(pace, moment + 1e12, 0), 0)
    assert.strictEqual(ReplayPace.momentAt(pace, 1e9), moment)
    const told = ReplayPace.toldUntil(pace, moment + 500)
    assert.strictEqual(ReplayPace.momentAt(told, 2e9), moment + 500)
    assert.strictEqual(ReplayPace.momentAt(ReplayPace.toldUntil(told, moment), 2e9), moment + 500)
    assert.strictEqual(ReplayPace.momentAt(ReplayPace.withSpeed(told, 2, 2e9), 2e9 + 10), moment + 520)
  })

  it("has what a wait was told for due when the wait is over, and not a microsecond of waiting before", () => {
    fc.assert(
      fc.property(
        fc.double({ min: ReplayPace.speedMin, max: ReplayPace.speedMax, noNaN: true }),
        fc.integer({ min: 0, max: 10_000_000_000 }),
        fc.integer({ min: 0, max: 1_000_000_000 }),
        (speed, ahead, nowMicros) => {
          const pace = ReplayPace.start(moment, speed, 0)
          const wait = ReplayPace.waitMicros(pace, moment + ahead, nowMicros)
          // A microsecond of the past may be lost to rounding.
          assert.isAtLeast(ReplayPace.momentAt(pace, nowMicros + wait), moment + ahead - 1)
          if (wait > 1) assert.isBelow(ReplayPace.momentAt(pace, nowMicros + wait - 2), moment + ahead)
        }
      )
    )
  })

  it("refuses speeds below a tenth and above a thousand", () => {
    assert.isTrue([0.1, 1, 1_000, ReplayPace.asFastAsRead].every(ReplayPace.isSpeed))
    assert.isFalse([0, 0.09, 1_001, -1, Number.NaN].some(ReplayPace.isSpeed))
  })
})
