/**
 * What the invented traders do to one book: quote around a drifting fair value, cancel, amend and trade.
 *
 * Every function leaves the book uncrossed after each single change, as the real exchange does.
 */
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, Level, Side } from "@kalshibook/core/BookRecord"
import * as Ladder from "@kalshibook/core/Ladder"
import { contractE2, dollarE4 } from "@kalshibook/core/Units"
import * as Exchange from "./Exchange.ts"
import type { SimMarket } from "./MarketModel.ts"
import type { PriceStructure } from "./PriceStructure.ts"
import * as Prng from "./Prng.ts"

/** Share of engine events that are trades, and that move an order to another price; the rest touches one level. */
const tradeShare = 0.12
const amendShare = 0.18
/** How far fair value wanders with each trade, 1/10,000 dollar (standard deviation). */
const driftE4 = 35
/** Fair value stays this far from 0 and from a dollar. */
const fairMarginE4 = 60
/** Orders with hundredths of a contract, as a share of all. */
const fractionalShare = 0.15
/** How often a touched level shrinks rather than grows, and how often it then vanishes whole. */
const shrinkShare = 0.48
const vanishShare = 0.6
const roundContracts = [1, 2, 5, 10, 20, 25, 50, 75, 100, 100, 150, 200, 250, 300, 500, 750, 1_000, 1_500, 2_500, 5_000]

const other = (side: Side): Side => (side === "yes" ? "no" : "yes")

/** Fair value as a price of the side, 1/10,000 dollar. */
const fairOf = (market: Pick<SimMarket, "fairE4">, side: Side): number =>
  side === "yes" ? market.fairE4 : dollarE4 - market.fairE4

const orderSizeE2 = (prng: Prng.Prng): number => {
  const contracts = Prng.pick(prng, roundContracts)
  return Prng.chance(prng, fractionalShare)
    ? Prng.between(prng, 1, contracts * contractE2 + contractE2)
    : contracts * contractE2
}

/** Highest index of the grid at which an order of this side would not meet the other side's best. */
const highestIndex = (market: SimMarket, side: Side): number =>
  market.structure.indexAtOrBelow[dollarE4 - 1 - Ladder.bestPriceE4(Book.ladder(market.book, other(side)))] as number

/** The price at an index of the market's grid. */
const priceAt = (structure: PriceStructure, index: number): number => structure.pricesE4[index] as number

const sizeAt = (market: SimMarket, side: Side, priceE4: number): number => Book.sizeE2(market.book, side, priceE4)

/** The index around which a side quotes: at or one step below fair value. -1 when the grid has no room. */
const quoteIndex = (market: SimMarket, side: Side): number =>
  Math.min(highestIndex(market, side), (market.structure.indexAtOrBelow[fairOf(market, side)] as number) - 1)

/** A book for a market that has been trading for a while. */
export const seasonedLevels = (
  prng: Prng.Prng,
  market: Pick<SimMarket, "fairE4" | "structure" | "levelsWanted">
): BookLevels => {
  const ladder = (side: Side): ReadonlyArray<Level> => {
    const levels: Array<Level> = []
    let index = (market.structure.indexAtOrBelow[fairOf(market, side)] as number) - 1 - Prng.below(prng, 2)
    while (index >= 0 && levels.length < market.levelsWanted) {
      const priceE4 = priceAt(market.structure, index)
      // The lottery tickets: cheap prices carry sizes up to a million contracts.
      const many = priceE4 <= 200 ? Prng.between(prng, 10, 400) : 1
      levels.push({ priceE4, sizeE2: orderSizeE2(prng) * many })
      index -= Prng.chance(prng, 0.75) ? 1 : Prng.between(prng, 2, 4)
    }
    return levels.reverse()
  }
  return { yes: ladder("yes"), no: ladder("no") }
}

/** The first quotes of a market that has just opened, or whose orders were all cancelled; each order is its own event. */
export const openingQuotes = (exchange: Exchange.Exchange, market: SimMarket): void => {
  const levels = seasonedLevels(exchange.prng, market)
  for (const side of ["yes", "no"] as const) {
    for (const level of levels[side]) {
      if ((market.structure.indexAtOrBelow[level.priceE4] as number) > highestIndex(market, side)) continue
      Exchange.beginEvent(exchange)
      Exchange.changeLevel(exchange, market, side, level.priceE4, level.sizeE2)
    }
  }
}

/** Cancels every resting order; each level is its own event. */
export const cancelAll = (exchange: Exchange.Exchange, market: SimMarket): void => {
  const levels = Book.levels(market.book)
  for (const side of ["yes", "no"] as const) {
    for (const level of levels[side]) {
      Exchange.beginEvent(exchange)
      Exchange.changeLevel(exchange, market, side, level.priceE4, -level.sizeE2)
    }
  }
}

/** One engine event on an active market. */
export const act = (exchange: Exchange.Exchange, market: SimMarket): void => {
  const dice = Prng.fraction(exchange.prng)
  const side: Side = Prng.chance(exchange.prng, 0.5) ? "yes" : "no"
  if (dice < tradeShare && trade(exchange, market)) return
  if (dice < tradeShare + amendShare && amend(exchange, market, side)) return
  touch(exchange, market, side)
}

/** A level near the quotes grows, shrinks or vanishes; stale quotes above fair value go first. */
const touch = (exchange: Exchange.Exchange, market: SimMarket, side: Side): void => {
  const { prng } = exchange
  const best = Ladder.bestPriceE4(Book.ladder(market.book, side))
  const reach = Math.max(2, market.levelsWanted / 2.5)
  const wanted = Math.max(0, quoteIndex(market, side) - Math.floor(Prng.exponential(prng, reach)))
  const index = Math.min(highestIndex(market, side), wanted)
  if (index < 0) {
    cancelBest(exchange, market, other(side))
  } else if (best > fairOf(market, side) && Prng.chance(prng, 0.7)) {
    cancelBest(exchange, market, side)
  } else {
    const priceE4 = priceAt(market.structure, index)
    const sizeE2 = sizeAt(market, side, priceE4)
    const shrinks = sizeE2 > 0 && Prng.chance(prng, shrinkShare)
    const goneE2 = Prng.chance(prng, vanishShare) ? sizeE2 : Prng.between(prng, 1, Math.max(1, sizeE2))
    Exchange.beginEvent(exchange)
    Exchange.changeLevel(exchange, market, side, priceE4, shrinks ? -goneE2 : orderSizeE2(prng))
  }
}

const cancelBest = (exchange: Exchange.Exchange, market: SimMarket, side: Side): void => {
  const best = Book.best(market.book, side)
  if (best === undefined) return
  Exchange.beginEvent(exchange)
  Exchange.changeLevel(exchange, market, side, best.priceE4, -best.sizeE2)
}

/** How many prices an amend looks at for an order to move. */
const amendLooksMax = 6

/** An order moves to another price: two changes with one stamp, in either order. `false` when there is no order to move. */
const amend = (exchange: Exchange.Exchange, market: SimMarket, side: Side): boolean => {
  const { prng } = exchange
  const highest = highestIndex(market, side)
  const best = Ladder.bestPriceE4(Book.ladder(market.book, side))
  if (best === 0 || highest < 0) return false
  const bestIndex = market.structure.indexAtOrBelow[best] as number
  for (let looks = 0; looks < amendLooksMax; looks++) {
    const fromIndex = bestIndex - looks
    if (fromIndex < 0) return false
    const fromE4 = priceAt(market.structure, fromIndex)
    const sizeE2 = sizeAt(market, side, fromE4)
    if (sizeE2 === 0 || Prng.chance(prng, 0.4)) continue
    const toIndex = Math.min(highest, Math.max(0, fromIndex + Prng.pick(prng, [-3, -2, -1, 1, 2])))
    if (toIndex === fromIndex) continue
    const movedE2 = Prng.chance(prng, 0.5) ? sizeE2 : Prng.between(prng, 1, sizeE2)
    const placedE2 = Prng.chance(prng, 0.8) ? movedE2 : orderSizeE2(prng)
    Exchange.beginEvent(exchange)
    const changes = [
      [fromE4, -movedE2],
      [priceAt(market.structure, toIndex), placedE2]
    ] as const
    for (const [priceE4, deltaE2] of Prng.chance(prng, 0.7) ? changes : changes.toReversed()) {
      Exchange.changeLevel(exchange, market, side, priceE4, deltaE2)
    }
    return true
  }
  return false
}

/** A taker meets one to three resting orders of the best price: changes with one stamp, and a trade for each. */
const trade = (exchange: Exchange.Exchange, market: SimMarket): boolean => {
  const { prng } = exchange
  const takerSide = takerOf(exchange, market)
  const makerSide = other(takerSide)
  const best = Book.best(market.book, makerSide)
  if (best === undefined) return false
  Exchange.beginEvent(exchange)
  const makers = Prng.pick(prng, [1, 1, 1, 1, 2, 3])
  let leftE2 = best.sizeE2
  for (let maker = 0; maker < makers && leftE2 > 0; maker++) {
    const takenE2 = Prng.chance(prng, 0.3) ? leftE2 : Math.min(leftE2, orderSizeE2(prng))
    leftE2 -= takenE2
    Exchange.changeLevel(exchange, market, makerSide, best.priceE4, -takenE2)
    Exchange.recordTrade(exchange, market, {
      yesPriceE4: makerSide === "yes" ? best.priceE4 : dollarE4 - best.priceE4,
      sizeE2: takenE2,
      takerSide,
      isBlockTrade: false
    })
  }
  const drifted = market.fairE4 + Math.round(Prng.bell(prng) * driftE4)
  market.fairE4 = Math.min(dollarE4 - fairMarginE4, Math.max(fairMarginE4, drifted))
  return true
}

/** Contracts of a block trade, at least and at most. */
const blockContracts = [5_000, 50_000] as const

/** A trade that two parties agreed on: at fair value, past the book. */
export const blockTrade = (exchange: Exchange.Exchange, market: SimMarket): void => {
  const { fairE4, structure } = market
  Exchange.beginEvent(exchange)
  Exchange.recordTrade(exchange, market, {
    yesPriceE4: structure.pricesE4[structure.indexAtOrBelow[fairE4] ?? 0] ?? fairE4,
    sizeE2: Prng.between(exchange.prng, ...blockContracts) * contractE2,
    takerSide: Prng.chance(exchange.prng, 0.5) ? "yes" : "no",
    isBlockTrade: true
  })
}

/** The side a taker buys: the one that quotes let go below fair value, else either. */
const takerOf = (exchange: Exchange.Exchange, market: SimMarket): Side => {
  const yesBidE4 = Ladder.bestPriceE4(market.book.yes)
  const noBidE4 = Ladder.bestPriceE4(market.book.no)
  if (noBidE4 > 0 && dollarE4 - noBidE4 < market.fairE4) return "yes"
  if (yesBidE4 > market.fairE4) return "no"
  return Prng.chance(exchange.prng, 0.5) ? "yes" : "no"
}
