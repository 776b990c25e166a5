/**
 * The objects of Kalshi's REST API, as they come: snake_case names, decimal texts, unknown fields kept.
 *
 * Only what names an object must be there; the rest is optional, because old, nested and future objects lack or add fields and a
 * catalog must not lose a market over one. Source: OpenAPI 3.30.0 as in the official npm `kalshi-typescript` 3.30.0 (September 2026),
 * with what developers reported of October 2026.
 */
import { Schema } from "effect"
import type { BookLevels } from "../BookRecord.ts"
import * as Field from "./WireField.ts"

/** A struct that keeps the fields it does not know. */
const open = <const Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.StructWithRest(Schema.Struct(fields), [Schema.Record(Schema.String, Schema.Unknown)])

const text = Schema.optionalKey(Schema.String)
const textOrNull = Schema.optionalKey(Schema.NullOr(Schema.String))
const number = Schema.optionalKey(Schema.Number)
const numberOrNull = Schema.optionalKey(Schema.NullOr(Schema.Number))
const flag = Schema.optionalKey(Schema.Boolean)

/** One band of `price_ranges`, in dollars as text. `PriceGrid.fromRanges` reads them. */
const PriceRange = Schema.Struct({ start: Schema.String, end: Schema.String, step: Schema.String })

/** One market. Times are RFC 3339, prices dollars and sizes contracts as text. REST gives no market id: only the websocket does. */
export const Market = open({
  ticker: Schema.NonEmptyString,
  event_ticker: Schema.NonEmptyString,
  /** A word of `MarketStatus`, or a new one. */
  status: Schema.String,
  market_type: text,
  title: text,
  yes_sub_title: text,
  no_sub_title: text,
  created_time: text,
  /** Last change that was not trading. */
  updated_time: text,
  open_time: text,
  /** May move, also to earlier. */
  close_time: text,
  expected_expiration_time: textOrNull,
  latest_expiration_time: text,
  settlement_timer_seconds: number,
  settlement_ts: textOrNull,
  occurrence_datetime: textOrNull,
  can_close_early: flag,
  /** `yes`, `no`, `scalar`, or empty before it is known. */
  result: text,
  settlement_value_dollars: text,
  expiration_value: text,
  rules_primary: text,
  rules_secondary: text,
  strike_type: text,
  floor_strike: numberOrNull,
  cap_strike: numberOrNull,
  price_level_structure: text,
  price_ranges: Schema.optionalKey(Schema.Array(PriceRange)),
  mve_collection_ticker: text,
  exchange_index: number
})
export type Market = typeof Market.Type

/** One event: the markets on one question. */
export const Event = open({
  event_ticker: Schema.NonEmptyString,
  series_ticker: Schema.NonEmptyString,
  title: text,
  sub_title: text,
  /** Deprecated in favour of the series' own. */
  category: text,
  mutually_exclusive: flag,
  collateral_return_type: text,
  strike_date: textOrNull,
  strike_period: textOrNull,
  last_updated_ts: text,
  /** With `with_nested_markets`, except on settled events. */
  markets: Schema.optionalKey(Schema.Array(Market)),
  exchange_index: number
})
export type Event = typeof Event.Type

/** One series: a template of events that come again. */
export const Series = open({
  ticker: Schema.NonEmptyString,
  title: text,
  category: text,
  frequency: text,
  tags: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.String))),
  fee_type: text,
  fee_multiplier: number,
  contract_url: text,
  last_updated_ts: text,
  exchange_index: number
})
export type Series = typeof Series.Type

/** One trade. */
export const Trade = open({
  trade_id: Schema.NonEmptyString,
  ticker: Schema.NonEmptyString,
  count_fp: Schema.String,
  yes_price_dollars: Schema.String,
  no_price_dollars: text,
  /** Deprecated in favour of `taker_outcome_side`. */
  taker_side: Schema.optionalKey(Field.SideName),
  taker_outcome_side: Schema.optionalKey(Field.SideName),
  taker_book_side: text,
  created_time: Schema.String,
  is_block_trade: flag
})
export type Trade = typeof Trade.Type

// ---- replies; an empty or absent cursor ends a list ----

export const MarketsReply = Schema.Struct({ markets: Schema.Array(Market), cursor: text })
export type MarketsReply = typeof MarketsReply.Type

export const MarketReply = Schema.Struct({ market: Market })
export type MarketReply = typeof MarketReply.Type

export const EventsReply = Schema.Struct({ events: Schema.Array(Event), cursor: text })
export type EventsReply = typeof EventsReply.Type

/** `markets` stands beside the event unless they were asked for inside it. */
export const EventReply = Schema.Struct({ event: Event, markets: Schema.optionalKey(Schema.Array(Market)) })
export type EventReply = typeof EventReply.Type

/** Not paged. */
export const SeriesListReply = Schema.Struct({ series: Schema.Array(Series) })
export type SeriesListReply = typeof SeriesListReply.Type

export const SeriesReply = Schema.Struct({ series: Series })
export type SeriesReply = typeof SeriesReply.Type

export const TradesReply = Schema.Struct({ trades: Schema.Array(Trade), cursor: text })
export type TradesReply = typeof TradesReply.Type

/** A book by REST: both sides are there, empty ones as `[]`. It has no sequence number and comes from a cache. */
export const Orderbook = Schema.Struct({
  yes_dollars: Schema.optionalKey(Field.Levels),
  no_dollars: Schema.optionalKey(Field.Levels)
})
export type Orderbook = typeof Orderbook.Type

/** Returns the levels of a decoded book, each side ascending by price. */
export const bookLevels = (orderbook: Orderbook): BookLevels => ({
  yes: orderbook.yes_dollars ?? [],
  no: orderbook.no_dollars ?? []
})

export const OrderbookReply = Schema.Struct({ orderbook_fp: Orderbook })
export type OrderbookReply = typeof OrderbookReply.Type

export const OrderbooksReply = Schema.Struct({
  orderbooks: Schema.Array(Schema.Struct({ ticker: Schema.NonEmptyString, orderbook_fp: Orderbook }))
})
export type OrderbooksReply = typeof OrderbooksReply.Type

/** Whether the exchange, and trading on it, are up; as a whole and by shard. */
export const ExchangeStatus = open({
  exchange_active: Schema.Boolean,
  trading_active: Schema.Boolean,
  exchange_estimated_resume_time: textOrNull,
  exchange_index_statuses: Schema.optionalKey(
    Schema.Array(
      open({ exchange_index: Schema.Number, exchange_active: Schema.Boolean, trading_active: Schema.Boolean })
    )
  )
})
export type ExchangeStatus = typeof ExchangeStatus.Type

const DayHours = Schema.Array(Schema.Struct({ open_time: Schema.String, close_time: Schema.String }))

/** Hours of trading in New York time (`08:00`), by weekday, and windows of maintenance. */
export const ExchangeSchedule = open({
  standard_hours: Schema.Array(
    open({
      start_time: text,
      end_time: text,
      monday: DayHours,
      tuesday: DayHours,
      wednesday: DayHours,
      thursday: DayHours,
      friday: DayHours,
      saturday: DayHours,
      sunday: DayHours
    })
  ),
  maintenance_windows: Schema.Array(open({ start_datetime: Schema.String, end_datetime: Schema.String }))
})
export type ExchangeSchedule = typeof ExchangeSchedule.Type

export const ExchangeScheduleReply = Schema.Struct({ schedule: ExchangeSchedule })
export type ExchangeScheduleReply = typeof ExchangeScheduleReply.Type

/** Up to when the live endpoints do not know the past any more (official pages of 2026; some months back). RFC 3339. */
export const HistoricalCutoff = open({ trades_created_ts: Schema.String })
export type HistoricalCutoff = typeof HistoricalCutoff.Type

// ---- what describes an object, and what only trading changes ----

/** Fields of a market that trading changes, removed ones of older objects included (OpenAPI until 3.30.0, changelog of 2026). */
export const marketTradingFields: ReadonlySet<string> = new Set([
  ...["yes_bid_dollars", "yes_bid_size_fp", "yes_ask_dollars", "yes_ask_size_fp", "no_bid_dollars", "no_ask_dollars"],
  ...["last_price_dollars", "previous_yes_bid_dollars", "previous_yes_ask_dollars", "previous_price_dollars"],
  ...["volume_fp", "volume_24h_fp", "open_interest_fp", "liquidity_dollars"],
  // whole cents and contracts, until 2026-03-12
  ...["yes_bid", "yes_ask", "no_bid", "no_ask", "last_price", "previous_yes_bid", "previous_yes_ask", "previous_price"],
  ...["volume", "volume_24h", "open_interest", "liquidity"]
])

/** The same of an event: its markets are objects of their own, and `last_updated_ts` follows them. */
export const eventTradingFields: ReadonlySet<string> = new Set(["markets", "last_updated_ts"])

/** The same of a series. */
export const seriesTradingFields: ReadonlySet<string> = new Set(["volume_fp", "volume", "last_updated_ts"])

/** Returns the object without these fields, the others in their order. A catalog keeps what is left as the object's description. */
export const without = (object: Field.JsonObject, fields: ReadonlySet<string>): Field.JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !fields.has(name)))
