/**
 * Markets, events, series, trades and books as Kalshi's REST shows them, made of what is recorded.
 *
 * A market is the exchange's own object as it was last seen at the moment, less what trading changes; quotes are those of the recorded book.
 * What we do not know (volumes, open interest, last prices) is not there. Its `status` follows the times of opening and closing, which come
 * without a message.
 */
import type { BookLevels, Level } from "@kalshibook/core/BookRecord"
import { timeText } from "@kalshibook/core/kalshi/WireText"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4, microsFromIso } from "@kalshibook/core/Units"
import type { CatalogBody } from "@kalshibook/store/MarketCatalog"
import { Option } from "effect"

type Json = Readonly<Record<string, unknown>>

const microsOf = (value: unknown): number | undefined =>
  typeof value === "string" ? Option.getOrUndefined(microsFromIso(value)) : undefined

/** The state at the moment: as it was seen, and past its opening or closing if those have come since. */
export const statusAt = (body: CatalogBody, atMicros: number): string => {
  const seen = typeof body["status"] === "string" ? body["status"] : "active"
  const opens = microsOf(body["open_time"]) ?? 0
  const closes = microsOf(body["close_time"]) ?? Number.POSITIVE_INFINITY
  const isTradable = seen === "initialized" || seen === "active" || seen === "inactive"
  if (isTradable && atMicros >= closes) return "closed"
  return seen === "initialized" && atMicros >= opens ? "active" : seen
}

/** A time of the object, Unix microseconds. */
export const timeOf = (body: CatalogBody, name: string): number | undefined => microsOf(body[name])

/** Best bids, and the asks that they imply; an empty side is a bid of 0 and an ask of a dollar. */
const quotesOf = ({ no, yes }: BookLevels): Json => {
  const [bestYes, bestNo] = [yes.at(-1), no.at(-1)]
  return {
    yes_bid_dollars: dollarsFromPriceE4(bestYes?.priceE4 ?? 0),
    yes_bid_size_fp: contractsFromSizeE2(bestYes?.sizeE2 ?? 0),
    yes_ask_dollars: dollarsFromPriceE4(dollarE4 - (bestNo?.priceE4 ?? 0)),
    yes_ask_size_fp: contractsFromSizeE2(bestNo?.sizeE2 ?? 0),
    no_bid_dollars: dollarsFromPriceE4(bestNo?.priceE4 ?? 0),
    no_ask_dollars: dollarsFromPriceE4(dollarE4 - (bestYes?.priceE4 ?? 0))
  }
}

/** `levels` is `undefined` where the book is not known: then there are no quotes. */
export const market = (body: CatalogBody, atMicros: number, levels: BookLevels | undefined): Json => ({
  ...body,
  status: statusAt(body, atMicros),
  ...(levels === undefined ? {} : quotesOf(levels))
})

export const trade = (shown: TradeRecord): Json => ({
  trade_id: shown.tradeId,
  ticker: shown.marketTicker,
  count_fp: contractsFromSizeE2(shown.sizeE2),
  yes_price_dollars: dollarsFromPriceE4(shown.yesPriceE4),
  no_price_dollars: dollarsFromPriceE4(dollarE4 - shown.yesPriceE4),
  taker_side: shown.takerSide,
  taker_outcome_side: shown.takerSide,
  taker_book_side: shown.takerSide === "yes" ? "bid" : "ask",
  created_time: timeText(shown.tsExchangeMicros),
  is_block_trade: shown.isBlockTrade
})

const levelsView = (shown: ReadonlyArray<Level>, depth: number): ReadonlyArray<readonly [string, string]> =>
  (depth === 0 ? shown : shown.slice(-depth)).map(
    (level) => [dollarsFromPriceE4(level.priceE4), contractsFromSizeE2(level.sizeE2)] as const
  )

/** Both sides ascending, best last, the best `depth` levels of each (0: all); an empty side is `[]`. */
export const orderbook = (shown: BookLevels, depth: number): Json => ({
  yes_dollars: levelsView(shown.yes, depth),
  no_dollars: levelsView(shown.no, depth)
})
