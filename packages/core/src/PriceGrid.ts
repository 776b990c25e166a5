/**
 * The prices at which a market may have levels: bands of equal steps, as the exchange describes them in `price_ranges`.
 *
 * The label (`price_level_structure`) is only a name: where both are known the ranges are the truth (official pages on sub-penny
 * pricing and changelog, 2026-07-02 to 2026-08-27). Every structure published so far is its own mirror image, so one grid serves
 * yes prices and no prices alike.
 */
import * as Option from "effect/Option"
import { dollarE4, dollarsFromPriceE4, priceE4FromDollars, priceE4Max, priceE4Min } from "./Units.ts"

/** Prices from `startE4` to `endE4`, both included, each `stepE4` above the one before. Unit 1/10,000 dollar. */
export interface PriceBand {
  readonly startE4: number
  readonly endE4: number
  readonly stepE4: number
}

/** Bands in ascending order; neighbours share their boundary. */
export interface PriceGrid {
  readonly bands: ReadonlyArray<PriceBand>
}

/** One entry of the exchange's `price_ranges`, in dollars as text: `{ start: "0.0000", end: "1.0000", step: "0.0100" }`. */
export interface PriceRange {
  readonly start: string
  readonly end: string
  readonly step: string
}

/** No market has had more than a handful of bands; more are refused, so that `isOnGrid` stays cheap. */
export const bandsMax = 64

/** The finest grid the exchange can express: every 1/10,000 dollar. For markets whose grid is not known. */
export const any: PriceGrid = { bands: [{ startE4: 0, endE4: dollarE4, stepE4: 1 }] }

/** Whether a level may stand at this price, a whole number of 1/10,000 dollar. O(bands). */
export const isOnGrid = (grid: PriceGrid, priceE4: number): boolean => {
  if (!(priceE4 >= priceE4Min && priceE4 <= priceE4Max)) return false
  const { bands } = grid
  for (let index = 0; index < bands.length; index++) {
    const band = bands[index] as PriceBand
    if (priceE4 >= band.startE4 && priceE4 <= band.endE4 && (priceE4 - band.startE4) % band.stepE4 === 0) return true
  }
  return false
}

/** Whether both are the same bands. */
export const isSame = (one: PriceGrid, other: PriceGrid): boolean =>
  one === other ||
  (one.bands.length === other.bands.length &&
    one.bands.every((band, index) => {
      const { endE4, startE4, stepE4 } = other.bands[index] as PriceBand
      return band.startE4 === startE4 && band.endE4 === endE4 && band.stepE4 === stepE4
    }))

/** Every price of the grid, ascending. O(10,000). */
export const prices = (grid: PriceGrid): ReadonlyArray<number> => {
  const result: Array<number> = []
  for (let priceE4 = priceE4Min; priceE4 <= priceE4Max; priceE4++) if (isOnGrid(grid, priceE4)) result.push(priceE4)
  return result
}

/**
 * The grid of these ranges. `None` when there are none or more than `bandsMax`, a text is not dollars, a band is empty or
 * backward, or its step is not above 0.
 */
export const fromRanges = (ranges: ReadonlyArray<PriceRange>): Option.Option<PriceGrid> => {
  if (ranges.length === 0 || ranges.length > bandsMax) return Option.none()
  const bands: Array<PriceBand> = []
  for (const range of ranges) {
    const startE4 = Option.getOrElse(priceE4FromDollars(range.start), () => -1)
    const endE4 = Option.getOrElse(priceE4FromDollars(range.end), () => -1)
    const stepE4 = Option.getOrElse(priceE4FromDollars(range.step), () => -1)
    if (startE4 < 0 || endE4 <= startE4 || endE4 > dollarE4 || stepE4 < 1) return Option.none()
    bands.push({ startE4, endE4, stepE4 })
  }
  bands.sort((left, right) => left.startE4 - right.startE4)
  return Option.some({ bands })
}

const uniform = (stepE4: number): PriceGrid => ({ bands: [{ startE4: 0, endE4: dollarE4, stepE4 }] })

const banded = (edgeE4: number, edgeStepE4: number, centerStepE4: number): PriceGrid => ({
  bands: [
    { startE4: 0, endE4: edgeE4, stepE4: edgeStepE4 },
    { startE4: edgeE4, endE4: dollarE4 - edgeE4, stepE4: centerStepE4 },
    { startE4: dollarE4 - edgeE4, endE4: dollarE4, stepE4: edgeStepE4 }
  ]
})

const whole = 100
const half = 50
const quint = 20
const deci = 10
const centi = 1

/** The edge bands of all structures but the centi-cent one: below 10 and above 90 cents. */
const edgeE4 = 1_000
/** The edge bands of `center_deci_edge_centi_cent`: below 1 and above 99 cents. */
const edgeNarrowE4 = 100

/** The structures whose ticks the exchange has published. */
const gridsByLabel: ReadonlyMap<string, PriceGrid> = new Map([
  ["linear_cent", uniform(whole)],
  ["deci_cent", uniform(deci)],
  ["tapered_deci_cent", banded(edgeE4, deci, whole)],
  ["center_whole_edge_half_cent", banded(edgeE4, half, whole)],
  ["center_whole_edge_quint_cent", banded(edgeE4, quint, whole)],
  ["center_half_edge_half_cent", banded(edgeE4, half, half)],
  ["center_half_edge_quint_cent", banded(edgeE4, quint, half)],
  ["center_half_edge_deci_cent", banded(edgeE4, deci, half)],
  ["center_quint_edge_quint_cent", banded(edgeE4, quint, quint)],
  ["center_quint_edge_deci_cent", banded(edgeE4, deci, quint)],
  ["center_deci_edge_centi_cent", banded(edgeNarrowE4, centi, deci)],
  ["center_centi_edge_centi_cent", uniform(centi)]
])

/** The labels that `gridOf` knows. */
export const labels: ReadonlyArray<string> = [...gridsByLabel.keys()]

/**
 * The grid of a `price_level_structure` label. `None` for labels whose ticks are not published (`banded_centi_cent`, `""`, new ones):
 * use the market's `price_ranges`, or `any`.
 */
export const gridOf = (label: string): Option.Option<PriceGrid> => Option.fromUndefinedOr(gridsByLabel.get(label))

/** A grid as the exchange writes it, for `fromRanges`. */
export const toRanges = (grid: PriceGrid): ReadonlyArray<PriceRange> =>
  grid.bands.map((band) => ({
    start: dollarsFromPriceE4(band.startE4),
    end: dollarsFromPriceE4(band.endE4),
    step: dollarsFromPriceE4(band.stepE4)
  }))
