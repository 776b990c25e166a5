import { assert, describe, it } from "@effect/vitest"
import * as Choice from "../src/Choice.ts"

const choose = (choice: Partial<Choice.ChoiceSettings>): Choice.ChoiceSettings => ({
  categories: [],
  combos: [],
  marketTickers: [],
  seriesTickers: [],
  ...choice
})
const market = {
  marketTicker: "KXBTC15M-26MAY141815-15",
  eventTicker: "KXBTC15M-26MAY141815",
  seriesTicker: "KXBTC15M",
  category: "Crypto",
  collectionTicker: ""
}
const combo = {
  marketTicker: "KXMVESPORTS-26NOV22-AB",
  eventTicker: "KXMVESPORTS-26NOV22",
  seriesTicker: "KXMVESPORTS",
  category: "Sports",
  collectionTicker: "KXMVESPORTS"
}
const categoryOf = (series: string) => (series === "KXBTC15M" ? "Crypto" : undefined)

describe("the choice of markets", () => {
  it("without one is everything but combos", () => {
    assert.isTrue(Choice.isChosen(choose({}), market))
    assert.isFalse(Choice.isChosen(choose({}), combo))
  })

  for (const [what, choice, isChosen] of [
    ["its series", { seriesTickers: ["KXBTC15M"] }, true],
    ["another series", { seriesTickers: ["KXBTC"] }, false],
    ["its category", { categories: ["Crypto"] }, true],
    ["another category", { categories: ["Sports"] }, false],
    ["its ticker", { marketTickers: [market.marketTicker] }, true],
    ["its ticker among others of all kinds", { marketTickers: [market.marketTicker], categories: ["Sports"] }, true]
  ] as const) {
    it(`a market ${isChosen ? "belongs" : "does not belong"} to a choice of ${what}`, () => {
      assert.strictEqual(Choice.isChosen(choose(choice), market), isChosen)
      assert.strictEqual(Choice.mayBeChosen(choose(choice), market.marketTicker, categoryOf), isChosen)
    })
  }

  it("a market whose category is not known yet may belong to a choice of categories; a combo never does", () => {
    const sports = choose({ categories: ["Sports"] })
    assert.isTrue(Choice.mayBeChosen(sports, "KXNEW-26NOV22", categoryOf))
    assert.isFalse(Choice.mayBeChosen(sports, combo.marketTicker, categoryOf))
  })

  it("by name can be read without a look at everything, by category it cannot", () => {
    assert.isTrue(Choice.isNamed(choose({ seriesTickers: ["KXBTC15M"], marketTickers: ["A"] })))
    assert.isFalse(Choice.isNamed(choose({ seriesTickers: ["KXBTC15M"], categories: ["Sports"] })))
    assert.isFalse(Choice.isNamed(choose({})))
  })

  it("combos are recorded by the name of their event or collection, by their own, or all of them, and never without being asked for", () => {
    for (const [choice, isChosen] of [
      [{ combos: ["all"] }, true],
      [{ combos: [combo.eventTicker] }, true],
      [{ combos: [combo.collectionTicker], seriesTickers: ["KXBTC15M"] }, true],
      [{ combos: ["KXMVEOTHER"] }, false],
      [{ marketTickers: [combo.marketTicker] }, true],
      [{ categories: ["Sports"] }, false],
      [{ seriesTickers: [combo.seriesTicker] }, false]
    ] as const) {
      assert.strictEqual(Choice.isChosen(choose(choice), combo), isChosen, JSON.stringify(choice))
      if (isChosen) assert.isTrue(Choice.mayBeChosen(choose(choice), combo.marketTicker, categoryOf))
    }
    assert.isFalse(Choice.mayBeChosen(choose({}), combo.marketTicker, categoryOf))
  })
})
