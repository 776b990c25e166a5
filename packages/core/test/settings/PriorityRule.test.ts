import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as PriorityRule from "../../src/settings/PriorityRule.ts"

const market = {
  marketTicker: "KXBTC15M-1-T1",
  eventTicker: "KXBTC15M-1",
  seriesTicker: "KXBTC15M",
  category: "Climate and Weather"
}
const rankBy = (...terms: ReadonlyArray<string>) =>
  PriorityRule.rankOf(Result.getOrThrow(PriorityRule.parse(terms)), market)

describe("the priority rule", () => {
  it("ranks a market by the first term that it matches, and behind all when it matches none", () => {
    assert.strictEqual(rankBy("series:KXBTC15M"), 0)
    assert.strictEqual(rankBy("series:KX", "category:Climate and Weather"), 1)
    assert.strictEqual(rankBy("event:KXBTC15M-1", "series:KXBTC15M"), 0)
    assert.strictEqual(rankBy("series:KX", "market:KXBTC15M-1-T1"), 1)
    assert.strictEqual(rankBy("series:KX", "volume"), 1)
    assert.strictEqual(rankBy("series:KX", "category:Crypto"), 2)
    assert.strictEqual(rankBy(), 0)
  })

  it("is refused where a term means nothing, or can never matter", () => {
    for (const terms of [["KXBTC15M"], ["series:"], ["colour:red"], ["volume", "series:KX"]]) {
      assert.isTrue(Result.isFailure(PriorityRule.parse(terms)), terms.join())
    }
  })

  it("is written as it is read", () => {
    const terms = ["series:KXBTC15M", "category:Climate and Weather", "volume"]
    assert.strictEqual(PriorityRule.textOf(Result.getOrThrow(PriorityRule.parse(terms))), terms.join())
  })
})
