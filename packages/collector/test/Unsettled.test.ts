import { assert, describe, it } from "@effect/vitest"
import * as Unsettled from "../src/Unsettled.ts"

const second = 1_000_000

describe("markets that are not paid yet", () => {
  it("are read again after a while, until they are", () => {
    const unsettled = Unsettled.make(10_000)
    Unsettled.note(unsettled, "A", "closed", 0)
    Unsettled.note(unsettled, "B", "determined", 5 * second)
    assert.deepStrictEqual(Unsettled.due(unsettled, 9 * second), [])
    assert.deepStrictEqual(Unsettled.due(unsettled, 10 * second), ["A"])
    Unsettled.note(unsettled, "A", "finalized", 10 * second)
    assert.deepStrictEqual(Unsettled.due(unsettled, 99 * second), ["B"])
  })

  it("of an earlier run are read at once, unless they were since", () => {
    const unsettled = Unsettled.make(10_000)
    Unsettled.note(unsettled, "A", "closed", 5 * second)
    for (const ticker of ["A", "B"]) Unsettled.recall(unsettled, ticker)
    assert.deepStrictEqual(Unsettled.due(unsettled, 10 * second), ["B"])
  })

  it("are given up when the exchange does not know them any more, again and again", () => {
    const unsettled = Unsettled.make(0)
    Unsettled.note(unsettled, "A", "closed", 0)
    for (let time = 0; time < 4; time++) Unsettled.missed(unsettled, "A")
    assert.deepStrictEqual(Unsettled.due(unsettled, 0), ["A"])
    Unsettled.missed(unsettled, "A")
    assert.deepStrictEqual(Unsettled.due(unsettled, 0), [])
  })
})
