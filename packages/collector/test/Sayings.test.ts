import { assert, describe, it } from "@effect/vitest"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Sayings from "../src/Sayings.ts"

const second = 1_000_000
const plan = (closeMicros: number, tsObservedMicros: number) => ({
  ticker: "A",
  openMicros: 0,
  closeMicros,
  phase: "open" as const,
  grid: PriceGrid.any,
  weight: { rank: 0, volumeE2: 0 },
  tsObservedMicros
})

const said = (...news: ReadonlyArray<Parameters<typeof Sayings.note>[2]>) => {
  const sayings = Sayings.make(30_000)
  for (const [index, each] of news.entries()) Sayings.note(sayings, "A", each, (100 + index) * second)
  return sayings
}

describe("of a message and an answer of REST", () => {
  const moved = { _tag: "close_moved", closeMicros: 500 * second } as const
  const ended = { _tag: "ended" } as const

  it("the later one says when the market closes", () => {
    assert.strictEqual(Sayings.correct(said(moved), plan(900 * second, 99 * second))?.closeMicros, 500 * second)
    assert.strictEqual(Sayings.correct(said(moved), plan(900 * second, 101 * second))?.closeMicros, 900 * second)
  })

  it("the later one says which prices it allows, whatever else was said", () => {
    const grid = { bands: [{ startE4: 0, endE4: 10_000, stepE4: 10 }] }
    const repriced = { _tag: "repriced", grid } as const
    for (const sayings of [
      said(repriced),
      said(repriced, moved),
      said(moved, repriced),
      said(ended, { _tag: "activated" }, repriced)
    ]) {
      assert.strictEqual(Sayings.correct(sayings, plan(900 * second, 99 * second))?.grid, grid)
      assert.strictEqual(Sayings.correct(sayings, plan(900 * second, 103 * second))?.grid, PriceGrid.any)
    }
    assert.strictEqual(
      Sayings.correct(said({ _tag: "repriced", grid: null }), { ...plan(0, 0), grid })?.grid,
      PriceGrid.any
    )
  })

  it("within the second that the message tells, REST knows better", () => {
    assert.strictEqual(Sayings.correct(said(moved), plan(500 * second + 7, 0))?.closeMicros, 500 * second + 7)
  })

  it("an older answer does not bring a market back that is over, until it is said to trade again", () => {
    assert.isUndefined(Sayings.correct(said(ended), plan(900 * second, 0)))
    assert.isDefined(Sayings.correct(said(ended), plan(900 * second, 101 * second)))
    assert.isDefined(Sayings.correct(said(ended, { _tag: "activated" }), plan(900 * second, 0)))
  })

  it("what is older than any answer is forgotten", () => {
    const sayings = said(moved)
    for (let number = 0; number < 2_000; number++) Sayings.note(sayings, `B${number}`, ended, 200 * second)
    assert.isFalse(sayings.byTicker.has("A"))
    assert.strictEqual(sayings.byTicker.size, 2_000)
  })
})
