import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { backoff } from "../src/Backoff.ts"

const delays = Effect.fnUntraced(function* (count: number) {
  const step = yield* Schedule.toStep(backoff(250, 30_000))
  const found: Array<number> = []
  for (let attempt = 0; attempt < count; attempt++) {
    const [, delay] = yield* step(attempt, undefined)
    found.push(Duration.toMillis(delay))
  }
  return found
})

describe("backoff", () => {
  it.effect("doubles from the first delay to the last, and stays there for ever", () =>
    Effect.gen(function* () {
      const found = yield* delays(2_000)
      for (const [attempt, millis] of found.entries()) {
        const expected = Math.min(250 * 2 ** attempt, 30_000)
        assert.isAtLeast(millis, 0.79 * expected, `attempt ${attempt}`)
        assert.isAtMost(millis, 1.21 * expected, `attempt ${attempt}`)
      }
    })
  )

  it.effect("differs between those who wait, so that they do not return at once", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* delays(10), yield* delays(10)]
      assert.notDeepEqual(one, other)
    })
  )
})
