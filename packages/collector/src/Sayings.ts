/**
 * What lifecycle messages said of markets lately, for as long as an answer of REST may be older than they are. State and rules
 * alone.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { LifecycleNews } from "@kalshibook/core/kalshi/LifecycleNews"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import type { MarketPlan } from "./MarketPlan.ts"

interface Saying {
  /** When a message last told something of the market. */
  tsMicros: number
  /** When the market closes, Unix microseconds; `null`: it is over. */
  close?: Said<number | null>
  /** The prices that it allows. */
  grid?: Said<PriceGrid.PriceGrid>
}

interface Said<A> {
  readonly tsMicros: number
  readonly what: A
}

export interface Sayings {
  readonly byTicker: Map<MarketTicker, Saying>
  /** Older ones count no more, microseconds. */
  readonly ageMicrosMax: number
  /** When there are more, the old ones are thrown away. */
  sweptAt: number
}

/** Answers that are asked for when a saying is this old are later than it. */
export const make = (restLagMillis: number): Sayings => ({
  byTicker: new Map(),
  ageMicrosMax: restLagMillis * 1000,
  sweptAt: sweptAtMin
})

const sweptAtMin = 1_000

export const note = (sayings: Sayings, ticker: MarketTicker, news: LifecycleNews, tsMicros: number): void => {
  const { ageMicrosMax, byTicker } = sayings
  const saying = byTicker.get(ticker) ?? { tsMicros }
  switch (news._tag) {
    case "close_moved":
      saying.close = { tsMicros, what: news.closeMicros }
      break
    case "ended":
      saying.close = { tsMicros, what: null }
      break
    case "repriced":
      saying.grid = { tsMicros, what: news.grid ?? PriceGrid.any }
      break
    case "activated":
      if (saying.close?.what === null) delete saying.close
      return
    default:
      return
  }
  saying.tsMicros = tsMicros
  byTicker.set(ticker, saying)
  if (byTicker.size <= sayings.sweptAt) return
  for (const [each, { tsMicros: saidMicros }] of byTicker)
    if (saidMicros < tsMicros - ageMicrosMax) byTicker.delete(each)
  // Not again before there are twice as many: a burst costs no more than its size.
  sayings.sweptAt = Math.max(sweptAtMin, 2 * byTicker.size)
}

const secondMicros = 1_000_000
const second = (micros: number): number => Math.floor(micros / secondMicros)

/** The plan as it is by what was said later; `undefined` when the market is over by that. */
export const correct = ({ byTicker }: Sayings, plan: MarketPlan): MarketPlan | undefined => {
  const saying = byTicker.get(plan.ticker)
  const close = later(saying?.close, plan)
  if (close === null) return undefined
  // Messages tell whole seconds: within one, REST knows better.
  const isMoved = close !== undefined && second(plan.closeMicros) !== second(close)
  const grid = later(saying?.grid, plan) ?? plan.grid
  return { ...plan, grid, closeMicros: isMoved ? close : plan.closeMicros }
}

/** What was said, if that was not before the plan was observed. */
const later = <A>(said: Said<A> | undefined, { tsObservedMicros }: MarketPlan): A | undefined =>
  said === undefined || said.tsMicros < tsObservedMicros ? undefined : said.what
