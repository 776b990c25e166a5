/**
 * The frames of channels `trade` and `ticker`: official AsyncAPI 2.0.0 (September-October 2026), and trades with integer cents as
 * until 2026-03-12. Gotcha: `ts` is whole seconds here, and a text in deltas.
 */
import { Result, Schema } from "effect"
import { kind } from "./FrameKind.ts"
import * as Field from "./WireField.ts"

const optional = Schema.optionalKey

const tradeMsg = Schema.Struct({
  trade_id: Field.Name,
  market_ticker: Field.Name,
  yes_price_dollars: optional(Field.LevelPrice),
  no_price_dollars: optional(Field.LevelPrice),
  count_fp: optional(Field.SizePositive),
  /** Deprecated, still sent in July 2026. */
  taker_side: optional(Field.SideName),
  taker_outcome_side: optional(Field.SideName),
  taker_book_side: optional(Schema.Literals(["bid", "ask"])),
  /** Since 2026-08-13. */
  is_block_trade: optional(Schema.Boolean),
  ts: optional(Field.TimeSeconds),
  ts_ms: optional(Field.TimeMillis),
  yes_price: optional(Field.LevelPriceCents),
  no_price: optional(Field.LevelPriceCents),
  count: optional(Field.SizePositiveWhole),
  market_id: optional(Schema.Unknown)
})

export const trade = kind({
  envelope: { sid: Field.Sid, seq: optional(Field.Count), msg: tradeMsg },
  known: { msg: Object.keys(tradeMsg.fields) },
  toMessage: ({ sid, seq, msg }) => {
    const yesPriceE4 = msg.yes_price_dollars ?? msg.yes_price
    if (yesPriceE4 === undefined) return Result.fail("neither msg.yes_price_dollars nor msg.yes_price")
    const sizeE2 = msg.count_fp ?? msg.count
    if (sizeE2 === undefined) return Result.fail("neither msg.count_fp nor msg.count")
    const takerSide = msg.taker_outcome_side ?? msg.taker_side
    if (takerSide === undefined) return Result.fail("neither msg.taker_outcome_side nor msg.taker_side")
    const tsExchangeMicros = msg.ts_ms ?? msg.ts
    if (tsExchangeMicros === undefined) return Result.fail("neither msg.ts_ms nor msg.ts")
    return Result.succeed({
      _tag: "trade",
      sid,
      seq: seq ?? null,
      tradeId: msg.trade_id,
      marketTicker: msg.market_ticker,
      yesPriceE4,
      sizeE2,
      takerSide,
      isBlockTrade: msg.is_block_trade ?? false,
      tsExchangeMicros
    })
  }
})

const tickerMsg = Schema.Struct({
  market_id: optional(Schema.String),
  market_ticker: Field.Name,
  price_dollars: Field.QuotePriceOrNone,
  yes_bid_dollars: Field.QuotePrice,
  yes_ask_dollars: Field.QuotePrice,
  volume_fp: Field.Size,
  open_interest_fp: Field.Size,
  yes_bid_size_fp: Field.Size,
  yes_ask_size_fp: Field.Size,
  last_trade_size_fp: Field.Size,
  dollar_volume: Field.Count,
  dollar_open_interest: Field.Count,
  ts: optional(Field.TimeSeconds),
  ts_ms: optional(Field.TimeMillis),
  time: optional(Field.TimeText)
})

export const ticker = kind({
  envelope: { sid: Field.Sid, msg: tickerMsg },
  known: { msg: Object.keys(tickerMsg.fields) },
  toMessage: ({ sid, msg }) => {
    const tsExchangeMicros = msg.time ?? msg.ts_ms ?? msg.ts
    if (tsExchangeMicros === undefined) return Result.fail("neither msg.time nor msg.ts_ms nor msg.ts")
    return Result.succeed({
      _tag: "ticker",
      sid,
      marketTicker: msg.market_ticker,
      marketId: msg.market_id ?? null,
      lastPriceE4: msg.price_dollars,
      yesBidE4: msg.yes_bid_dollars,
      yesAskE4: msg.yes_ask_dollars,
      yesBidSizeE2: msg.yes_bid_size_fp,
      yesAskSizeE2: msg.yes_ask_size_fp,
      lastTradeSizeE2: msg.last_trade_size_fp,
      volumeE2: msg.volume_fp,
      openInterestE2: msg.open_interest_fp,
      volumeDollars: msg.dollar_volume,
      openInterestDollars: msg.dollar_open_interest,
      tsExchangeMicros
    })
  }
})
