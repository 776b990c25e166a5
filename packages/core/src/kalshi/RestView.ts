/** Quotes, trades and books as Kalshi's REST shows them (OpenAPI 3.30.0, September 2026). Pure. */
import type { BookLevels, Level } from "../BookRecord.ts"
import type { TradeRecord } from "../TradeRecord.ts"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4 } from "../Units.ts"
import { timeText } from "./WireText.ts"

type Json = Readonly<Record<string, unknown>>

/** Best bids, and the asks that they imply; an empty side is a bid of 0 and an ask of a dollar. */
export const quotes = (bestYes: Level | undefined, bestNo: Level | undefined): Json => ({
  yes_bid_dollars: dollarsFromPriceE4(bestYes?.priceE4 ?? 0),
  yes_bid_size_fp: contractsFromSizeE2(bestYes?.sizeE2 ?? 0),
  yes_ask_dollars: dollarsFromPriceE4(dollarE4 - (bestNo?.priceE4 ?? 0)),
  yes_ask_size_fp: contractsFromSizeE2(bestNo?.sizeE2 ?? 0),
  no_bid_dollars: dollarsFromPriceE4(bestNo?.priceE4 ?? 0),
  no_ask_dollars: dollarsFromPriceE4(dollarE4 - (bestYes?.priceE4 ?? 0))
})

export type ShownTrade = Pick<
  TradeRecord,
  "tradeId" | "marketTicker" | "sizeE2" | "yesPriceE4" | "takerSide" | "tsExchangeMicros" | "isBlockTrade"
>

export const trade = (shown: ShownTrade): Json => ({
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

/** Both sides ascending, best last, the best `depth` levels of each (0: all); an empty side is `[]`, unlike on the websocket. */
export const orderbook = (shown: BookLevels, depth = 0): Json => ({
  yes_dollars: levelsView(shown.yes, depth),
  no_dollars: levelsView(shown.no, depth)
})
