/** A market's summary as the `ticker` channel shows it. */
import * as Book from "@kalshibook/core/Book"
import { noUnknownFields, type Ticker } from "@kalshibook/core/kalshi/ServerMessage"
import { contractE2, dollarE4 } from "@kalshibook/core/Units"
import { clockMicros, type Exchange } from "../exchange/Exchange.ts"
import type { SimMarket } from "../exchange/MarketModel.ts"

/** Everything of the summary but its time, as a text to compare. */
export const summaryOf = (market: SimMarket): string => {
  const yes = Book.best(market.book, "yes")
  const no = Book.best(market.book, "no")
  return [
    yes?.priceE4,
    yes?.sizeE2,
    no?.priceE4,
    no?.sizeE2,
    market.lastPriceE4,
    market.lastTradeSizeE2,
    market.volumeE2
  ].join()
}

/** Whole dollars of contracts that pay a dollar each, as the exchange rounds them. */
const dollarsOf = (sizeE2: number): number => Math.floor(sizeE2 / contractE2)

export const of = (exchange: Exchange, market: SimMarket): Ticker => {
  const yes = Book.best(market.book, "yes")
  const no = Book.best(market.book, "no")
  return {
    _tag: "ticker",
    sid: 0,
    marketTicker: market.ticker,
    marketId: market.marketId,
    lastPriceE4: market.lastPriceE4,
    yesBidE4: yes?.priceE4 ?? 0,
    yesAskE4: dollarE4 - (no?.priceE4 ?? 0),
    yesBidSizeE2: yes?.sizeE2 ?? 0,
    yesAskSizeE2: no?.sizeE2 ?? 0,
    lastTradeSizeE2: market.lastTradeSizeE2,
    volumeE2: market.volumeE2,
    openInterestE2: market.openInterestE2,
    volumeDollars: dollarsOf(market.volumeE2),
    openInterestDollars: dollarsOf(market.openInterestE2),
    tsExchangeMicros: clockMicros(exchange),
    tsSentMicros: null,
    unknownFields: noUnknownFields
  }
}
