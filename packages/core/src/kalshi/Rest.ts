/**
 * What the exchange's REST API answers, as far as we read it: official OpenAPI 3.30.0 (npm `kalshi-typescript` 3.30.0,
 * September 2026).
 *
 * Lenient on purpose: only the fields that something here depends on are required and checked; all others are kept as they
 * came, so that metadata passes through whole.
 */
import * as Schema from "effect/Schema"

const rest = [Schema.Record(Schema.String, Schema.Unknown)] as const

/** One band of a market's price grid, in dollars as text. See `PriceGrid.fromRanges`. */
export const PriceRange = Schema.Struct({ start: Schema.String, end: Schema.String, step: Schema.String })

/** A market. The exchange's REST knows no `market_id`; the UUID appears only on the websocket. */
export const Market = Schema.StructWithRest(
  Schema.Struct({
    ticker: Schema.String,
    event_ticker: Schema.String,
    /** See `marketStatuses`. */
    status: Schema.String,
    /** RFC 3339. */
    open_time: Schema.optional(Schema.String),
    close_time: Schema.optional(Schema.String),
    price_level_structure: Schema.optional(Schema.String),
    price_ranges: Schema.optional(Schema.NullOr(Schema.Array(PriceRange)))
  }),
  rest
)
export type Market = typeof Market.Type

/** An event; with its markets where they were asked for. */
export const Event = Schema.StructWithRest(
  Schema.Struct({
    event_ticker: Schema.String,
    series_ticker: Schema.String,
    markets: Schema.optional(Schema.NullOr(Schema.Array(Market)))
  }),
  rest
)
export type Event = typeof Event.Type

export const Series = Schema.StructWithRest(
  Schema.Struct({ ticker: Schema.String, category: Schema.optional(Schema.String) }),
  rest
)
export type Series = typeof Series.Type

/** Absent or empty: the end of the list. */
const cursor = Schema.optional(Schema.NullOr(Schema.String))

export const EventsReply = Schema.Struct({ events: Schema.Array(Event), cursor })
export type EventsReply = typeof EventsReply.Type
export const EventReply = Schema.Struct({ event: Event, markets: Schema.optional(Schema.NullOr(Schema.Array(Market))) })
export type EventReply = typeof EventReply.Type
export const MarketsReply = Schema.Struct({ markets: Schema.Array(Market), cursor })
export const SeriesListReply = Schema.Struct({ series: Schema.Array(Series) })
export const SeriesReply = Schema.Struct({ series: Series })

/** States of a market in answers (official page "Market lifecycle"). The words of the `status` filter are others. */
export const marketStatuses = [
  "initialized",
  "active",
  "inactive",
  "closed",
  "determined",
  "disputed",
  "amended",
  "finalized"
] as const

/** The fields of a market that trading changes, all others describe it. */
export const marketTradingFields: ReadonlySet<string> = new Set([
  "yes_bid_dollars",
  "yes_bid_size_fp",
  "yes_ask_dollars",
  "yes_ask_size_fp",
  "no_bid_dollars",
  "no_ask_dollars",
  "last_price_dollars",
  "volume_fp",
  "volume_24h_fp",
  "open_interest_fp",
  "liquidity_dollars",
  "previous_yes_bid_dollars",
  "previous_yes_ask_dollars",
  "previous_price_dollars"
])

/** The same of a series. */
export const seriesTradingFields: ReadonlySet<string> = new Set(["volume_fp"])

/** What an event has beside its own description: its markets, where they were asked for. */
export const eventNestedFields: ReadonlySet<string> = new Set(["markets"])

/** The object without these fields: what describes it, and changes only when it does. */
export const without = (
  body: Readonly<Record<string, unknown>>,
  fields: ReadonlySet<string>
): Readonly<Record<string, unknown>> => Object.fromEntries(Object.entries(body).filter(([name]) => !fields.has(name)))
