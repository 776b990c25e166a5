import { assert, describe, it } from "@effect/vitest"
import * as ReceiveClock from "../src/ReceiveClock.ts"

/** A machine whose clocks the test turns by hand; microseconds. */
const machine = (wallMicros: number) => {
  const state = { wallMicros, monotonicMicros: 5_000_000 }
  const clock = ReceiveClock.make(
    () => state.wallMicros,
    () => state.monotonicMicros
  )
  const pass = (micros: number): void => {
    state.wallMicros += micros
    state.monotonicMicros += micros
  }
  return { clock, pass, state }
}

const start = 1_800_000_000_000_000

describe("ReceiveClock", () => {
  it("tells the wall clock's time", () => {
    const { clock, pass } = machine(start)
    assert.strictEqual(clock.nowMicros(), start)
    pass(1_500)
    assert.strictEqual(clock.nowMicros(), start + 1_500)
  })

  it("goes on, a tenth slower, when the wall clock is set back, until they agree again", () => {
    const { clock, pass, state } = machine(start)
    pass(10_000_000)
    let last = clock.nowMicros()
    state.wallMicros -= 60_000_000
    for (let second = 0; second < 700; second++) {
      pass(1_000_000)
      const now = clock.nowMicros()
      assert.isAtLeast(now - last, 900_000)
      last = now
    }
    assert.strictEqual(last, state.wallMicros)
  })

  it("follows a wall clock that was set forward within two seconds", () => {
    const { clock, pass, state } = machine(start)
    state.wallMicros += 3_600_000_000
    pass(2_000_000)
    assert.strictEqual(clock.nowMicros(), start + 3_602_000_000)
  })

  it("stamps everything after a mark later than the mark, even within one microsecond", () => {
    const { clock } = machine(start)
    const stamped = clock.nowMicros()
    const mark = clock.mark()
    assert.isAtLeast(mark, stamped)
    assert.isAbove(clock.nowMicros(), mark)
  })

  it("starts after the last time of an earlier process and goes on from there", () => {
    const { clock, pass } = machine(start)
    clock.notBefore(start + 7_000_000)
    const first = clock.nowMicros()
    assert.isAbove(first, start + 7_000_000)
    pass(500)
    assert.isAbove(clock.nowMicros(), first)
  })

  it("starts after the last time of an earlier process also when the wall clock was set back meanwhile, and the start takes long", () => {
    const { clock, pass } = machine(start)
    clock.notBefore(start + 3_600_000_000)
    pass(2_000_000)
    assert.isAbove(clock.nowMicros(), start + 3_600_000_000)
  })
})
