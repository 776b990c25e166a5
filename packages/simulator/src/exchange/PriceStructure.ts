/**
 * The price grids of the simulated exchange: which prices orders may have, and steps between them.
 *
 * Labels and bands: Kalshi's price level structures as of August 2026; `price_ranges` is what a client must believe.
 */
import { dollarE4, dollarsFromPriceE4 } from "@kalshibook/core/Units"

/** One band of a grid, as REST and the lifecycle channel show it: dollars as text. */
export interface PriceRange {
  readonly start: string
  readonly end: string
  readonly step: string
}

export interface PriceStructure {
  readonly label: PriceStructureLabel
  readonly ranges: ReadonlyArray<PriceRange>
  /** Every price of the grid in 1/10,000 dollar, ascending. */
  readonly pricesE4: Uint16Array
  /** For each price 0..10,000: the index in `pricesE4` of the highest price that does not pass it, -1 for none. */
  readonly indexAtOrBelow: Int16Array
}

/** Bands as [start, end, step] in 1/10,000 dollar. */
const bands = {
  linear_cent: [[0, 10_000, 100]],
  deci_cent: [[0, 10_000, 10]],
  tapered_deci_cent: [
    [0, 1_000, 10],
    [1_000, 9_000, 100],
    [9_000, 10_000, 10]
  ],
  center_whole_edge_half_cent: [
    [0, 1_000, 50],
    [1_000, 9_000, 100],
    [9_000, 10_000, 50]
  ],
  center_half_edge_deci_cent: [
    [0, 1_000, 10],
    [1_000, 9_000, 50],
    [9_000, 10_000, 10]
  ],
  center_deci_edge_centi_cent: [
    [0, 100, 1],
    [100, 9_900, 10],
    [9_900, 10_000, 1]
  ],
  banded_centi_cent: [[0, 10_000, 1]]
} as const

export type PriceStructureLabel = keyof typeof bands

const build = (label: PriceStructureLabel): PriceStructure => {
  const prices = new Set<number>()
  for (const [start, end, step] of bands[label]) {
    for (let price: number = start; price <= end; price += step) prices.add(price)
  }
  prices.delete(0)
  prices.delete(dollarE4)
  const pricesE4 = Uint16Array.from([...prices].sort((one, other) => one - other))
  const indexAtOrBelow = new Int16Array(dollarE4 + 1).fill(-1)
  let index = -1
  for (let price = 0; price <= dollarE4; price++) {
    if (pricesE4[index + 1] === price) index++
    indexAtOrBelow[price] = index
  }
  const ranges = bands[label].map(([start, end, step]) => ({
    start: dollarsFromPriceE4(start),
    end: dollarsFromPriceE4(end),
    step: dollarsFromPriceE4(step)
  }))
  return { label, ranges, pricesE4, indexAtOrBelow }
}

const structures = new Map<PriceStructureLabel, PriceStructure>()

/** The grid of a label; built once. */
export const of = (label: PriceStructureLabel): PriceStructure => {
  const known = structures.get(label)
  if (known !== undefined) return known
  const structure = build(label)
  structures.set(label, structure)
  return structure
}

/** The grid with the fewest prices that has all of these. */
export const coarsestWith = (pricesE4: Iterable<number>): PriceStructure => {
  const wanted = [...pricesE4]
  const labels = Object.keys(bands) as ReadonlyArray<PriceStructureLabel>
  const fitting = labels
    .map(of)
    .filter(({ indexAtOrBelow, pricesE4 }) => wanted.every((price) => pricesE4[indexAtOrBelow[price] ?? -1] === price))
    .sort((one, other) => one.pricesE4.length - other.pricesE4.length)
  return fitting[0] ?? of("banded_centi_cent")
}
