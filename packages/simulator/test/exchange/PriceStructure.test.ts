import { assert, describe, it } from "vitest"
import * as PriceStructure from "../../src/exchange/PriceStructure.ts"

describe("PriceStructure", () => {
  it("has the prices of Kalshi's bands, strictly between nothing and a dollar", () => {
    assert.lengthOf(PriceStructure.of("linear_cent").pricesE4, 99)
    assert.lengthOf(PriceStructure.of("deci_cent").pricesE4, 999)
    // 0.1 cent up to 10 cents and from 90 cents on, whole cents between.
    assert.lengthOf(PriceStructure.of("tapered_deci_cent").pricesE4, 99 + 1 + 79 + 1 + 99)
    assert.lengthOf(PriceStructure.of("banded_centi_cent").pricesE4, 9_999)
  })

  it("finds the price at or below any amount", () => {
    const { indexAtOrBelow, pricesE4 } = PriceStructure.of("tapered_deci_cent")
    const wrong = Array.from(indexAtOrBelow, (index, price) => ({ index, price })).filter(
      ({ index, price }) => index !== pricesE4.findLastIndex((one) => one <= price)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("finds the coarsest grid for the prices that were seen", () => {
    assert.strictEqual(PriceStructure.coarsestWith([100, 5_600, 9_900]).label, "linear_cent")
    assert.strictEqual(PriceStructure.coarsestWith([10, 5_600]).label, "tapered_deci_cent")
    assert.strictEqual(PriceStructure.coarsestWith([5_610]).label, "deci_cent")
    assert.strictEqual(PriceStructure.coarsestWith([5_611]).label, "banded_centi_cent")
  })
})
