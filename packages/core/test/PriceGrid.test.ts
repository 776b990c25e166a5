import * as PriceGrid from "@kalshibook/core/PriceGrid"
import { dollarE4 } from "@kalshibook/core/Units"
import * as Option from "effect/Option"
import { assert, describe, it } from "vitest"

const gridOf = (label: string): PriceGrid.PriceGrid => Option.getOrThrow(PriceGrid.gridOf(label))
const range = (start: string, end: string, step: string) => ({ start, end, step })

describe("PriceGrid", () => {
  it("has as many prices as each published structure allows", () => {
    const counts = Object.fromEntries(PriceGrid.labels.map((label) => [label, PriceGrid.prices(gridOf(label)).length]))
    assert.deepStrictEqual(counts, {
      linear_cent: 99,
      deci_cent: 999,
      tapered_deci_cent: 279,
      center_whole_edge_half_cent: 119,
      center_whole_edge_quint_cent: 179,
      center_half_edge_half_cent: 199,
      center_half_edge_quint_cent: 259,
      center_half_edge_deci_cent: 359,
      center_quint_edge_quint_cent: 499,
      center_quint_edge_deci_cent: 599,
      center_deci_edge_centi_cent: 1179,
      center_centi_edge_centi_cent: 9999
    })
  })

  it("serves yes and no prices alike: every published structure is its own mirror image", () => {
    for (const label of PriceGrid.labels) {
      const grid = gridOf(label)
      for (const priceE4 of PriceGrid.prices(grid)) assert.isTrue(PriceGrid.isOnGrid(grid, dollarE4 - priceE4))
    }
  })

  it("has every price of the exchange where nothing is known of the market", () => {
    assert.lengthOf(PriceGrid.prices(PriceGrid.any), 9_999)
  })

  it("has no price at or beyond the ends, nor one that is no whole number", () => {
    for (const price of [0, dollarE4, -100, dollarE4 + 1, 0.5, Number.NaN]) {
      assert.isFalse(PriceGrid.isOnGrid(PriceGrid.any, price), String(price))
    }
  })

  it("changes its step exactly where the bands meet", () => {
    const grid = gridOf("tapered_deci_cent")
    const edges = [990, 999, 1000, 1010, 1100, 8990, 9000, 9010, 9990].filter((price) =>
      PriceGrid.isOnGrid(grid, price)
    )
    assert.deepStrictEqual(edges, [990, 1000, 1100, 9000, 9010, 9990])
  })

  it("reads the exchange's ranges in any order, and writes them back", () => {
    const ranges = [
      range("0.1000", "0.9000", "0.0100"),
      range("0.0000", "0.1000", "0.0010"),
      range("0.9000", "1.0000", "0.0010")
    ]
    const grid = Option.getOrThrow(PriceGrid.fromRanges(ranges))
    assert.deepStrictEqual(grid, gridOf("tapered_deci_cent"))
    assert.deepStrictEqual(Option.getOrThrow(PriceGrid.fromRanges(PriceGrid.toRanges(grid))), grid)
  })

  it("counts the steps of a band from the band's own start", () => {
    const grid = Option.getOrThrow(PriceGrid.fromRanges([range("0.01", "0.99", "0.02")]))
    assert.deepStrictEqual(PriceGrid.prices(grid).slice(0, 3), [100, 300, 500])
  })

  it("refuses ranges that make no grid, and does not guess structures without published ticks", () => {
    const bad = [
      [],
      [range("0", "1", "0")],
      [range("0.5", "0.5", "0.01")],
      [range("0.9", "0.1", "0.01")],
      [range("0", "1.01", "0.01")],
      [range("-0.1", "1", "0.01")],
      [range("0", "1", "0.00001")],
      [range("0", "1", "a cent")],
      Array.from({ length: PriceGrid.bandsMax + 1 }, () => range("0", "1", "0.01"))
    ]
    for (const ranges of bad) assert.isTrue(Option.isNone(PriceGrid.fromRanges(ranges)), JSON.stringify(ranges[0]))
    for (const label of ["banded_centi_cent", "", "constructor"]) assert.isTrue(Option.isNone(PriceGrid.gridOf(label)))
  })
})
