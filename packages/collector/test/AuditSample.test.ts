import { assert, describe, it } from "vitest"
import * as AuditSample from "../src/AuditSample.ts"

const markets = Array.from({ length: 40 }, (_, index) => `KX-${index}`)

/** Rotates the list, so that each round has another order, as a shuffle would. */
const turned = (round: number) => [...markets.slice(round * 7), ...markets.slice(0, round * 7)].slice(0, markets.length)

describe("the sample of an audit", () => {
  it("has each market once, and no more than are asked for", () => {
    const sample = AuditSample.make()
    for (const marketsMax of [0, 1, 7, 40, 100]) {
      const chosen = AuditSample.choose(sample, markets, marketsMax)
      assert.lengthOf(chosen, Math.min(marketsMax, markets.length))
      assert.strictEqual(new Set(chosen).size, chosen.length)
    }
  })

  it("leaves out no market for longer than its turn takes, whatever chance does", () => {
    const sample = AuditSample.make()
    const seen = new Set<string>()
    // Chance always picks the same five; five more have their turn each time.
    for (let round = 0; round < markets.length / 5; round++) {
      for (const ticker of AuditSample.choose(sample, markets, 10)) {
        seen.add(ticker)
        AuditSample.note(sample, ticker, "passed", round + 1)
      }
    }
    assert.strictEqual(seen.size, markets.length)
  })

  it("takes a market that failed again until it passes, once it can be audited", () => {
    const sample = AuditSample.make()
    for (const ticker of markets) AuditSample.note(sample, ticker, "passed", 1)
    AuditSample.note(sample, "KX-33", "failed", 2)
    assert.notInclude(AuditSample.choose(sample, ["KX-1", "KX-2"], 2), "KX-33")
    assert.include(AuditSample.choose(sample, markets, 2), "KX-33")
    AuditSample.note(sample, "KX-33", "undecided", 3)
    assert.include(AuditSample.choose(sample, markets, 2), "KX-33")
    AuditSample.note(sample, "KX-33", "passed", 4)
    assert.notInclude(AuditSample.choose(sample, markets, 2), "KX-33")
  })

  it("goes on with the others when many fail", () => {
    const sample = AuditSample.make()
    for (const ticker of markets.slice(0, 30)) AuditSample.note(sample, ticker, "failed", 1)
    const chosen = new Set([1, 2, 3].flatMap((round) => AuditSample.choose(sample, turned(round), 10)))
    assert.isAtLeast(markets.slice(30).filter((ticker) => chosen.has(ticker)).length, 2)
  })

  it("forgets markets that are not there any more", () => {
    const sample = AuditSample.make()
    for (const ticker of markets) AuditSample.note(sample, ticker, "passed", 1)
    AuditSample.choose(sample, markets.slice(0, 3), 10)
    assert.strictEqual(sample.audited.size, 3)
  })
})
