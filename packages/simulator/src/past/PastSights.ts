/** What a recorder of made-up days sees of series, events and markets: their objects as REST shows them, at the time of looking. */
import * as Rest from "@kalshibook/core/kalshi/Rest"
import type { SimEvent, SimMarket } from "../exchange/MarketModel.ts"
import * as RestObjects from "../rest/RestObjects.ts"

/** A body without what trading changes, as the catalogue keeps it. */
export interface PastSight {
  readonly ticker: string
  readonly body: Readonly<Record<string, unknown>>
  readonly tsObservedMicros: number
}

export interface PastSights {
  series: Array<PastSight>
  events: Array<PastSight>
  markets: Array<PastSight>
  /** Series that were seen: they do not change. */
  readonly seriesSeen: Set<string>
  /** How events and markets looked last, as text: what looks the same is not told again. */
  readonly looks: Map<string, string>
}

export const make = (): PastSights => ({ series: [], events: [], markets: [], seriesSeen: new Set(), looks: new Map() })

const isNew = ({ looks }: PastSights, ticker: string, body: Readonly<Record<string, unknown>>): boolean => {
  const look = JSON.stringify(body)
  if (looks.get(ticker) === look) return false
  looks.set(ticker, look)
  return true
}

/** Looks at an event, and at its series when it is the first of it. */
export const seeEvent = (sights: PastSights, event: SimEvent, tsObservedMicros: number): void => {
  const { series } = event
  if (!sights.seriesSeen.has(series.ticker)) {
    sights.seriesSeen.add(series.ticker)
    const body = Rest.without({ ...RestObjects.series(series) }, Rest.seriesTradingFields)
    sights.series.push({ ticker: series.ticker, body, tsObservedMicros })
  }
  const body = Rest.without({ ...RestObjects.event(event) }, Rest.eventTradingFields)
  if (isNew(sights, event.ticker, body)) sights.events.push({ ticker: event.ticker, body, tsObservedMicros })
}

export const seeMarket = (sights: PastSights, market: SimMarket, tsObservedMicros: number): void => {
  const body = Rest.without({ ...RestObjects.market(market) }, Rest.marketTradingFields)
  if (isNew(sights, market.ticker, body)) sights.markets.push({ ticker: market.ticker, body, tsObservedMicros })
}

/** The exchange does not show it any more. */
export const forget = ({ looks }: PastSights, ticker: string): void => void looks.delete(ticker)

/** Takes what was seen since the last time. */
export const drain = (sights: PastSights): Pick<PastSights, "series" | "events" | "markets"> => {
  const { events, markets, series } = sights
  sights.series = []
  sights.events = []
  sights.markets = []
  return { series, events, markets }
}
