/**
 * A trade as JSON: Kalshi's own REST fields, and beside them where and when we received it
 * (Kalshi Trade API v2, GET /markets/trades, 2026-11).
 */
import * as Schema from "effect/Schema"
import type { TradeRecord } from "../TradeRecord.ts"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4, isoFromMicros } from "../Units.ts"
import { gapsLeftOut, TradeGap } from "./ChannelGapView.ts"
import {
  answerFields,
  Contracts,
  Cursor,
  Dollars,
  Epoch,
  Instant,
  MarketTicker,
  Seq,
  Sid,
  Side,
  TsReceived
} from "./Scalars.ts"

export const TradeAnswer = Schema.Struct({
  trade_id: Schema.String.annotate({
    description: "Kalshi's id of the trade; unique.",
    examples: ["e5b1d6c4-1f0a-b8c2-93d4-0a7f5b2c6e11"]
  }),
  ticker: MarketTicker,
  count_fp: Contracts.annotate({ description: "Contracts traded.", examples: ["12.00"] }),
  yes_price_dollars: Dollars,
  no_price_dollars: Dollars.annotate({ description: "One dollar less the yes price.", examples: ["0.6600"] }),
  taker_outcome_side: Side.annotate({ description: "The side that the taker bought." }),
  taker_book_side: Schema.Literals(["bid", "ask"]).annotate({
    description: "The same on the yes book: `bid` when the taker bought yes, `ask` when the taker bought no."
  }),
  is_block_trade: Schema.Boolean.annotate({ description: "Whether it was agreed off the book." }),
  created_time: Instant.annotate({ description: "The exchange's time of the trade." }),
  ts_exchange: Instant.annotate({
    description: "The same moment as `created_time`, under the name it has in records."
  }),
  ts_received: TsReceived.annotate({ description: "Our time of receipt." }),
  epoch: Epoch.annotate({ description: "The connection that carried it; 0 when it came by REST." }),
  sid: Sid,
  seq: Seq
}).annotate({ identifier: "Trade", description: "One trade of a market." })
export type TradeAnswer = typeof TradeAnswer.Type

export const Trades = Schema.Struct({
  trades: Schema.Array(TradeAnswer).annotate({ description: "Ascending by exchange time, then id." }),
  gaps: Schema.Array(TradeGap).annotate({
    description: "Where trades of this page's time may be missing: the holes of the channel that touch it."
  }),
  gaps_left_out: gapsLeftOut,
  cursor: Cursor,
  ...answerFields
}).annotate({
  identifier: "Trades",
  description: "A page of a market's trades, with the holes between them."
})

export const view = (trade: TradeRecord): TradeAnswer => ({
  trade_id: trade.tradeId,
  ticker: trade.marketTicker,
  count_fp: contractsFromSizeE2(trade.sizeE2),
  yes_price_dollars: dollarsFromPriceE4(trade.yesPriceE4),
  no_price_dollars: dollarsFromPriceE4(dollarE4 - trade.yesPriceE4),
  taker_outcome_side: trade.takerSide,
  taker_book_side: trade.takerSide === "yes" ? "bid" : "ask",
  is_block_trade: trade.isBlockTrade,
  created_time: isoFromMicros(trade.tsExchangeMicros),
  ts_exchange: isoFromMicros(trade.tsExchangeMicros),
  ts_received: isoFromMicros(trade.tsReceivedMicros),
  epoch: trade.epoch,
  sid: trade.sid,
  seq: trade.seq
})
