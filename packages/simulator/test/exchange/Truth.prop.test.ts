import * as Book from "@kalshibook/core/Book"
import { emptyLevels } from "@kalshibook/core/BookRecord"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { defaultSettings } from "../../src/exchange/ExchangeSettings.ts"
import * as Simulation from "../../src/exchange/Simulation.ts"
import * as Truth from "../../src/exchange/Truth.ts"

const simulate = (seed: number, truthChangesMax: number, steps: number) => {
  const simulation = Simulation.make({
    ...defaultSettings,
    seed,
    marketsOpen: 5,
    quickLifeSeconds: 20,
    truthChangesMax,
    startMicros: 1_795_000_000_000_000
  })
  const { exchange } = simulation
  const first = new Map([...exchange.markets.values()].map((market) => [market.ticker, Book.levels(market.book)]))
  const changes: Array<Truth.LevelChange & { readonly ticker: string }> = []
  exchange.listeners.add({
    levelChanged: (market, change) => changes.push({ ...change, ticker: market.ticker }),
    bookReplaced: () => {},
    traded: () => {},
    noticed: () => {},
    marketForgotten: () => {}
  })
  Simulation.step(simulation, steps)
  return { exchange, changes, first }
}

/** The book by the plain definition: all changes up to the moment, one after another. */
const folded = (
  { changes, first }: ReturnType<typeof simulate>,
  ticker: string,
  accepts: (change: Truth.LevelChange) => boolean
) => {
  const book = Book.fromLevels(first.get(ticker) ?? emptyLevels)
  for (const change of changes) {
    if (change.ticker === ticker && accepts(change)) Book.apply(book, change.side, change.priceE4, change.deltaE2)
  }
  return Book.levels(book)
}

describe("Truth", () => {
  it("gives the book at any time and at any change as the fold of all changes until then", () => {
    const run = simulate(1, 1_000_000, 8_000)
    const tickers = [...run.exchange.markets.keys()]
    fc.assert(
      fc.property(fc.constantFrom(...tickers), fc.nat(run.changes.length - 1), (ticker, index) => {
        const change = run.changes[index] as Truth.LevelChange
        const byNumber = Truth.bookAt(run.exchange.truth, ticker, { changeNumber: change.changeNumber })
        const byTime = Truth.bookAt(run.exchange.truth, ticker, { tsMicros: change.tsMicros })
        assert.deepStrictEqual(
          byNumber._tag === "book" ? byNumber.levels : byNumber,
          folded(run, ticker, (one) => one.changeNumber <= change.changeNumber)
        )
        assert.deepStrictEqual(
          byTime._tag === "book" ? byTime.levels : byTime,
          folded(run, ticker, (one) => one.tsMicros <= change.tsMicros)
        )
      }),
      { numRuns: 60, seed: 1 }
    )
  })

  it("stays within its limit and answers forgotten, never a wrong book, for what it dropped", () => {
    const run = simulate(2, 10_000, 30_000)
    const { truth } = run.exchange
    assert.isAtMost(truth.changes, 10_000 + 5 * 1024)
    assert.strictEqual(truth.changes + truth.changesForgotten, run.exchange.changeNumber)
    let forgotten = 0
    for (let index = 0; index < run.changes.length; index += 501) {
      const { changeNumber, ticker } = run.changes[index] as (typeof run.changes)[number]
      const answer = Truth.bookAt(truth, ticker, { changeNumber })
      if (answer._tag === "forgotten") {
        forgotten++
        assert.isBelow(changeNumber, answer.knownAfterNumber)
      } else {
        const levels = answer._tag === "book" ? answer.levels : answer
        assert.deepStrictEqual(
          levels,
          folded(run, ticker, (one) => one.changeNumber <= changeNumber)
        )
      }
    }
    assert.isAbove(forgotten, 10)
    assert.deepStrictEqual(Truth.bookAt(truth, "KXNONE", { changeNumber: 1 }), { _tag: "unknown_market" })
  })
})
