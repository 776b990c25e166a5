import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Pace from "../src/Pace.ts"

/** How many get their turn in each second. */
const turnsPerSecond = Effect.fnUntraced(function* (pace: Pace.Pace, seconds: number) {
  let turns = 0
  yield* Effect.forkChild(
    Effect.forever(
      Effect.andThen(
        pace.turn,
        Effect.sync(() => turns++)
      )
    )
  )
  const counted: Array<number> = []
  for (let second = 0; second < seconds; second++) {
    const before = turns
    yield* TestClock.adjust(Duration.seconds(1))
    counted.push(turns - before)
  }
  return counted
})

describe("a pace", () => {
  it.effect("gives no more turns in a second than it may, and no fewer", () =>
    Effect.gen(function* () {
      const [first = 0, ...others] = yield* turnsPerSecond(Pace.make(20), 4)
      // The very first comes at once.
      assert.isAtMost(first, 21)
      assert.deepStrictEqual(others, [20, 20, 20])
    })
  )

  it.effect("is slower once it was told to be, and comes back to what it was", () =>
    Effect.gen(function* () {
      const pace = Pace.make(50)
      yield* pace.turn
      for (let time = 0; time < 3; time++) pace.slowDown()
      const counted = yield* turnsPerSecond(pace, 5)
      assert.isBelow(counted[0] ?? 0, 30)
      assert.strictEqual(counted.at(-1), 50)
    })
  )

  it.effect("is never slower than one turn a second, however often it was told", () =>
    Effect.gen(function* () {
      const pace = Pace.make(10)
      for (let time = 0; time < 50; time++) pace.slowDown()
      const [first = 0] = yield* turnsPerSecond(pace, 2)
      assert.isAtLeast(first, 1)
    })
  )
})
