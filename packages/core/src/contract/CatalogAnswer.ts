/**
 * Markets, events and series as JSON: Kalshi's own objects with Kalshi's own field names, less what trading changes, and
 * two fields of ours that say when we saw them so (Kalshi Trade API v2, 2026-11).
 *
 * Only the tickers are checked: the exchange adds and drops fields, and an answer must not fail because of it.
 */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { answerFields, Cursor, Instant, MarketTicker } from "./Scalars.ts"

const ours = {
  ts_observed: Instant.annotate({ description: "When KalshiBook saw this version of the object first." }),
  version: Schema.Int.annotate({
    description: "Which version of the object this is: 1, 2, 3 ... in the order in which KalshiBook saw them.",
    examples: [2]
  })
}

const asOf = {
  as_of: Schema.NullOr(Instant).annotate({
    description: "The moment whose knowledge this is, as it was asked for; null: what is known now.",
    examples: [null]
  })
}

const anyOtherField = Schema.Record(Schema.String, Schema.Unknown)

const MarketAnswer = Schema.StructWithRest(Schema.Struct({ ticker: MarketTicker, ...ours }), [anyOtherField]).annotate({
  identifier: "Market",
  description: "A market as Kalshi describes it, without quotes and volumes. All of Kalshi's fields are passed on."
})

const EventAnswer = Schema.StructWithRest(
  Schema.Struct({ event_ticker: Schema.String.annotate({ examples: ["KXBTC15M-26NOV211415"] }), ...ours }),
  [anyOtherField]
).annotate({
  identifier: "Event",
  description: "An event as Kalshi describes it. All of Kalshi's fields are passed on."
})

const SeriesAnswer = Schema.StructWithRest(
  Schema.Struct({ ticker: Schema.String.annotate({ examples: ["KXBTC15M"] }), ...ours }),
  [anyOtherField]
).annotate({
  identifier: "Series",
  description: "A series as Kalshi describes it. All of Kalshi's fields are passed on."
})

export const Markets = Schema.Struct({
  markets: Schema.Array(MarketAnswer).annotate({ description: "Ascending by ticker; with `q` by rank, then ticker." }),
  cursor: Cursor,
  ...asOf,
  ...answerFields
}).annotate({ identifier: "Markets", description: "A page of markets." })

export const MarketOne = Schema.Struct({ market: MarketAnswer, ...asOf, ...answerFields }).annotate({
  identifier: "MarketAnswer",
  description: "One market."
})

export const Events = Schema.Struct({
  events: Schema.Array(EventAnswer).annotate({ description: "Ascending by ticker." }),
  cursor: Cursor,
  ...asOf,
  ...answerFields
}).annotate({ identifier: "Events", description: "A page of events." })

export const EventOne = Schema.Struct({
  event: EventAnswer,
  markets: Schema.Array(MarketAnswer).annotate({ description: "The event's markets, ascending by ticker." }),
  markets_cursor: Cursor.annotate({
    description:
      'Where the rest of the markets begins: pass it as `cursor` to /v1/markets?event_ticker=... "" when all are here.'
  }),
  ...asOf,
  ...answerFields
}).annotate({ identifier: "EventAnswer", description: "One event and its markets." })

export const SeriesPage = Schema.Struct({
  series: Schema.Array(SeriesAnswer).annotate({ description: "Ascending by ticker." }),
  cursor: Cursor,
  ...asOf,
  ...answerFields
}).annotate({ identifier: "SeriesPage", description: "A page of series." })

export const SeriesOne = Schema.Struct({ series: SeriesAnswer, ...asOf, ...answerFields }).annotate({
  identifier: "SeriesAnswer",
  description: "One series."
})

/** An object of the catalogue: Kalshi's body, which version it is, and when that was seen first (Unix microseconds). */
export interface Observed {
  readonly ticker: string
  readonly body: Readonly<Record<string, unknown>>
  readonly tsObservedMicros: number
  readonly version: number
}

/** The field of an answer that says of when it is; `undefined` for now. */
export const asOfView = (asOfMicros: number | undefined) => ({
  as_of: asOfMicros === undefined ? null : isoFromMicros(asOfMicros)
})

/** The body as it came, with its ticker (also where the body lacks it), `ts_observed` and `version`. */
export const marketView = (entry: Observed): typeof MarketAnswer.Type => ({
  ...entry.body,
  ticker: entry.ticker,
  ts_observed: isoFromMicros(entry.tsObservedMicros),
  version: entry.version
})

export const eventView = (entry: Observed): typeof EventAnswer.Type => ({
  ...entry.body,
  event_ticker: entry.ticker,
  ts_observed: isoFromMicros(entry.tsObservedMicros),
  version: entry.version
})

export const seriesView = (entry: Observed): typeof SeriesAnswer.Type => ({
  ...entry.body,
  ticker: entry.ticker,
  ts_observed: isoFromMicros(entry.tsObservedMicros),
  version: entry.version
})
