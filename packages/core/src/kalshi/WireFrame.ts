/**
 * One Schema per type of frame that the exchange sends, and the message it becomes.
 *
 * Fields: official AsyncAPI "Kalshi Market Data WebSocket API 2.0.0" (September-October 2026); integer-cent twins: frames and
 * changelog until their removal on 2026-03-12. Unknown fields never refuse a frame; `Wire` names them.
 */
import { Result, Schema } from "effect"
import { noUnknownFields, type ServerMessage } from "./ServerMessage.ts"
import * as Field from "./WireField.ts"

/** A frame's fields were well formed but do not make a message. Says why. */
type Refused = string

/** How one type of frame is read. */
export interface FrameKind {
  /** Returns the message, or what is wrong with the frame. `json` is a parsed object with a known `type`. */
  readonly decode: (json: unknown) => Result.Result<ServerMessage, string>
  /** Names that may stand at the top and inside `msg`. */
  readonly knownTop: ReadonlySet<string>
  readonly knownMsg: ReadonlySet<string>
}

interface FrameSchema extends Schema.Constraint {
  readonly DecodingServices: never
  readonly fields: Readonly<Record<string, unknown>>
}

const kind = <S extends FrameSchema>(
  schema: S,
  msgFields: Readonly<Record<string, unknown>>,
  toMessage: (frame: S["Type"]) => Result.Result<ServerMessage, Refused>
): FrameKind => {
  const read = Schema.decodeUnknownResult(schema as Schema.ConstraintDecoder<S["Type"]>)
  return {
    decode: (json) => {
      const frame = read(json)
      return Result.isFailure(frame) ? Result.fail(frame.failure.message) : toMessage(frame.success)
    },
    knownTop: new Set(["type", ...Object.keys(schema.fields)]),
    knownMsg: new Set(Object.keys(msgFields))
  }
}

const unknownFields = noUnknownFields
const optional = Schema.optionalKey

// ---- order book ----

const snapshotMsg = Schema.Struct({
  market_ticker: Field.Ticker,
  market_id: optional(Schema.String),
  yes_dollars_fp: optional(Field.Levels),
  no_dollars_fp: optional(Field.Levels),
  yes_dollars: optional(Field.LevelsDollarsWhole),
  no_dollars: optional(Field.LevelsDollarsWhole),
  yes: optional(Field.LevelsCents),
  no: optional(Field.LevelsCents)
})

const snapshot = kind(
  Schema.Struct({ sid: Field.Count, seq: Field.Count, id: optional(Field.Count), msg: snapshotMsg }),
  snapshotMsg.fields,
  ({ sid, seq, id, msg }) =>
    Result.succeed({
      _tag: "orderbook_snapshot",
      sid,
      seq,
      id: idOrNone(id),
      marketTicker: msg.market_ticker,
      marketId: msg.market_id ?? null,
      levels: {
        yes: msg.yes_dollars_fp ?? msg.yes_dollars ?? msg.yes ?? [],
        no: msg.no_dollars_fp ?? msg.no_dollars ?? msg.no ?? []
      },
      unknownFields
    })
)

const deltaMsg = Schema.Struct({
  market_ticker: Field.Ticker,
  market_id: optional(Schema.String),
  price_dollars: optional(Field.LevelPrice),
  price: optional(Field.LevelPriceCents),
  delta_fp: optional(Field.SizeChange),
  delta: optional(Field.SizeChangeWhole),
  side: Field.SideName,
  ts: optional(Field.TimeText),
  ts_ms: optional(Field.TimeMillis),
  client_order_id: optional(Schema.Unknown),
  subaccount: optional(Schema.Unknown),
  last_update_reason: optional(Schema.Unknown)
})

const delta = kind(
  Schema.Struct({ sid: Field.Count, seq: Field.Count, msg: deltaMsg }),
  deltaMsg.fields,
  ({ sid, seq, msg }) => {
    const priceE4 = msg.price_dollars ?? msg.price
    if (priceE4 === undefined) return Result.fail("neither msg.price_dollars nor msg.price")
    const deltaE2 = msg.delta_fp ?? msg.delta
    if (deltaE2 === undefined) return Result.fail("neither msg.delta_fp nor msg.delta")
    return Result.succeed({
      _tag: "orderbook_delta",
      sid,
      seq,
      marketTicker: msg.market_ticker,
      marketId: msg.market_id ?? null,
      side: msg.side,
      priceE4,
      deltaE2,
      tsExchangeMicros: msg.ts ?? msg.ts_ms ?? null,
      unknownFields
    })
  }
)

// ---- trade, ticker ----

const tradeMsg = Schema.Struct({
  trade_id: Schema.NonEmptyString,
  market_ticker: Field.Ticker,
  market_id: optional(Schema.Unknown),
  yes_price_dollars: optional(Field.LevelPrice),
  no_price_dollars: optional(Field.LevelPrice),
  yes_price: optional(Field.LevelPriceCents),
  no_price: optional(Field.LevelPriceCents),
  count_fp: optional(Field.SizePositive),
  count: optional(Field.SizeChangeWhole),
  taker_side: optional(Field.SideName),
  taker_outcome_side: optional(Field.SideName),
  taker_book_side: optional(Schema.Literals(["bid", "ask"])),
  is_block_trade: optional(Schema.Boolean),
  ts: optional(Field.TimeSeconds),
  ts_ms: optional(Field.TimeMillis)
})

const trade = kind(
  Schema.Struct({ sid: Field.Count, seq: optional(Field.Count), msg: tradeMsg }),
  tradeMsg.fields,
  ({ sid, seq, msg }) => {
    const yesPriceE4 = msg.yes_price_dollars ?? msg.yes_price
    if (yesPriceE4 === undefined) return Result.fail("neither msg.yes_price_dollars nor msg.yes_price")
    const sizeE2 = msg.count_fp ?? msg.count
    if (sizeE2 === undefined || sizeE2 < 1) return Result.fail("neither msg.count_fp nor msg.count above 0")
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
      tsExchangeMicros,
      unknownFields
    })
  }
)

const tickerMsg = Schema.Struct({
  market_id: optional(Schema.String),
  market_ticker: Field.Ticker,
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

const ticker = kind(Schema.Struct({ sid: Field.Count, msg: tickerMsg }), tickerMsg.fields, ({ sid, msg }) => {
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
    tsExchangeMicros,
    unknownFields
  })
})

// ---- lifecycle ----

/** Every field that some `event_type` has; the body is kept whole, so they are only named here. */
const lifecycleFields = Schema.Struct({
  market_ticker: Field.Ticker,
  event_type: Schema.NonEmptyString
})
const lifecycleKnown = Object.fromEntries(
  [
    ...["market_ticker", "event_type", "exchange_index", "open_ts", "close_ts", "additional_metadata"],
    ...["price_level_structure", "price_ranges", "is_deactivated", "determination_ts", "result", "settlement_value"],
    ...["settled_ts", "strike_type", "floor_strike", "cap_strike", "custom_strike", "yes_sub_title"],
    ...["fractional_trading_enabled"]
  ].map((name) => [name, true])
)

const bodied = (json: unknown): Readonly<Record<string, unknown>> => json as Readonly<Record<string, unknown>>

const marketLifecycle = (_tag: "market_lifecycle_v2" | "multivariate_market_lifecycle") =>
  kind(
    Schema.Struct({ sid: Field.Count, seq: optional(Field.Count), msg: Field.Body }),
    lifecycleKnown,
    ({ sid, seq, msg }) => {
      const head = Schema.decodeUnknownResult(lifecycleFields)(msg)
      if (Result.isFailure(head)) return Result.fail(head.failure.message)
      return Result.succeed({
        _tag,
        sid,
        seq: seq ?? null,
        marketTicker: head.success.market_ticker,
        eventType: head.success.event_type,
        body: bodied(msg),
        unknownFields
      })
    }
  )

const eventMsg = Schema.Struct({
  event_ticker: Field.Ticker
})
const eventKnown = Object.fromEntries(
  [
    ...[
      "event_ticker",
      "exchange_index",
      "title",
      "subtitle",
      "collateral_return_type",
      "series_ticker",
      "strike_date"
    ],
    ...["strike_period", "fee_type_override", "fee_multiplier_override"]
  ].map((name) => [name, true])
)

const eventMessage = (_tag: "event_lifecycle" | "event_fee_update") =>
  kind(
    Schema.Struct({ sid: Field.Count, seq: optional(Field.Count), msg: Field.Body }),
    eventKnown,
    ({ sid, seq, msg }) => {
      const head = Schema.decodeUnknownResult(eventMsg)(msg)
      if (Result.isFailure(head)) return Result.fail(head.failure.message)
      return Result.succeed({
        _tag,
        sid,
        seq: seq ?? null,
        eventTicker: head.success.event_ticker,
        body: bodied(msg),
        unknownFields
      })
    }
  )

// ---- replies ----

const subscribedMsg = Schema.Struct({ channel: Schema.NonEmptyString, sid: Field.Count })

const subscribed = kind(
  Schema.Struct({ id: optional(Field.Count), msg: subscribedMsg }),
  subscribedMsg.fields,
  ({ id, msg }) =>
    Result.succeed({ _tag: "subscribed", id: idOrNone(id), channel: msg.channel, sid: msg.sid, unknownFields })
)

const okMsg = Schema.Struct({
  market_tickers: optional(Schema.NullOr(Field.TickerList)),
  market_ids: optional(Schema.NullOr(Field.TickerList))
})

const ok = kind(
  Schema.Struct({
    id: optional(Field.Count),
    sid: optional(Field.Count),
    seq: optional(Field.Count),
    msg: optional(Schema.Union([Schema.Array(subscribedMsg), okMsg]))
  }),
  okMsg.fields,
  ({ id, sid, seq, msg }) => {
    const isList = Array.isArray(msg)
    const lists = msg === undefined || isList ? undefined : (msg as typeof okMsg.Type)
    return Result.succeed({
      _tag: "ok",
      id: idOrNone(id),
      sid: sid ?? null,
      seq: seq ?? null,
      marketTickers: lists?.market_tickers ?? null,
      marketIds: lists?.market_ids ?? null,
      subscriptions: isList ? (msg as ReadonlyArray<typeof subscribedMsg.Type>) : null,
      unknownFields
    })
  }
)

const unsubscribed = kind(
  Schema.Struct({ id: optional(Field.Count), sid: Field.Count, seq: optional(Field.Count) }),
  {},
  ({ id, sid, seq }) => Result.succeed({ _tag: "unsubscribed", id: idOrNone(id), sid, seq: seq ?? null, unknownFields })
)

const errorMsg = Schema.Struct({
  code: Field.Count,
  msg: Schema.String,
  market_ticker: optional(Field.Ticker),
  market_tickers: optional(Field.TickerList)
})

const error = kind(
  Schema.Struct({ id: optional(Field.Count), sid: optional(Field.Count), seq: optional(Field.Count), msg: errorMsg }),
  errorMsg.fields,
  ({ id, sid, seq, msg }) =>
    Result.succeed({
      _tag: "error",
      id: idOrNone(id),
      code: msg.code,
      message: msg.msg,
      sid: sid ?? null,
      seq: seq ?? null,
      marketTickers: msg.market_tickers ?? (msg.market_ticker === undefined ? null : [msg.market_ticker]),
      unknownFields
    })
)

const idOrNone = (id: number | undefined): number | null => (id === undefined || id === 0 ? null : id)

export const frameKinds: ReadonlyMap<string, FrameKind> = new Map<string, FrameKind>([
  ["orderbook_snapshot", snapshot],
  ["orderbook_delta", delta],
  ["trade", trade],
  ["ticker", ticker],
  ["market_lifecycle_v2", marketLifecycle("market_lifecycle_v2")],
  ["multivariate_market_lifecycle", marketLifecycle("multivariate_market_lifecycle")],
  ["event_lifecycle", eventMessage("event_lifecycle")],
  ["event_fee_update", eventMessage("event_fee_update")],
  ["subscribed", subscribed],
  ["ok", ok],
  ["unsubscribed", unsubscribed],
  ["error", error]
])
