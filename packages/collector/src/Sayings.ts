/**
 * What lifecycle messages said of markets lately, for as long as an answer of REST may be older than they are. State and rules
 * alone.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { LifecycleNews } from "@kalshibook/core/kalshi/LifecycleNews"
import type { MarketPlan } from "./MarketPlan.ts"

interface Saying {
  readonly tsMicros: number
  /** When the market closes, Unix microseconds; `null`: it is over. */
  readonly closeMicros: number | null
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
  if (news._tag === "close_moved") byTicker.set(ticker, { tsMicros, closeMicros: news.closeMicros })
  else if (news._tag === "ended") byTicker.set(ticker, { tsMicros, closeMicros: null })
  else if (news._tag === "activated" && byTicker.get(ticker)?.closeMicros === null) byTicker.delete(ticker)
  if (byTicker.size <= sayings.sweptAt) return
  for (const [each, saying] of byTicker) if (saying.tsMicros < tsMicros - ageMicrosMax) byTicker.delete(each)
  // Not again before there are twice as many: a burst costs no more than its size.
  sayings.sweptAt = Math.max(sweptAtMin, 2 * byTicker.size)
}

const secondMicros = 1_000_000
const second = (micros: number): number => Math.floor(micros / secondMicros)

/** The plan as it is by what was said later; `undefined` when the market is over by that. */
export const correct = ({ byTicker }: Sayings, plan: MarketPlan): MarketPlan | undefined => {
  const saying = byTicker.get(plan.ticker)
  if (saying === undefined || saying.tsMicros < plan.tsObservedMicros) return plan
  const { closeMicros } = saying
  if (closeMicros === null) return undefined
  // Messages tell whole seconds: within one, REST knows better.
  return second(plan.closeMicros) === second(closeMicros) ? plan : { ...plan, closeMicros }
}
