import { assert, describe, it } from "@effect/vitest"
import * as HeldRefusals from "@kalshibook/api/HeldRefusals"

const holds = (held: HeldRefusals.HeldRefusals, key: string, atMillis: ReadonlyArray<number>) =>
  atMillis.map((millis) => held.holdMillis(key, 1_000_000 + millis))
const times = (count: number, everyMillis: number) => Array.from({ length: count }, (_, at) => at * everyMillis)

describe("a refusal", () => {
  it("is told at once, as long as there are ten a second", () => {
    assert.deepStrictEqual(new Set(holds(HeldRefusals.make(), "a", times(100, 100))), new Set([0]))
    assert.deepStrictEqual(holds(HeldRefusals.make(), "a", times(10, 0)), times(10, 0))
  })

  it("beyond is told later and later, and never by more than a second", () => {
    const held = HeldRefusals.make()
    const all = holds(held, "a", times(40, 0))
    assert.deepStrictEqual(all.slice(9, 19), times(10, 100))
    const beyond = all.slice(19)
    assert.isTrue(beyond.every((millis) => millis >= 500 && millis <= 1_000))
    assert.isAtLeast(new Set(beyond.map((millis) => Math.floor(millis / 50))).size, 9, "spread")
    // Two seconds later all is forgotten.
    assert.deepStrictEqual(holds(held, "a", [2_001]), [0])
  })

  it("slows nobody else down", () => {
    const held = HeldRefusals.make()
    holds(held, "a", times(1_000, 0))
    assert.deepStrictEqual(holds(held, "b", [0]), [0])
  })

  it("comes ten times a second to somebody who waits for his answers on a few connections", () => {
    const held = HeldRefusals.make()
    const next = [0, 0, 0]
    let refused = 0
    for (let millis = 0; millis < 60_000; millis++) {
      for (const [connection, atMillis] of next.entries()) {
        if (atMillis > millis) continue
        refused++
        next[connection] = millis + 1 + held.holdMillis("a", millis)
      }
    }
    assert.isAtMost(refused, 60 * 10 + 20)
  })
})
