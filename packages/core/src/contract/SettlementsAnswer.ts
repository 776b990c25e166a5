/** How markets ended, as JSON: Kalshi's own fields of the market that say so, and when they were seen (Kalshi Trade API v2, 2026-11). */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { answerFields, Cursor, Dollars, Instant, MarketTicker } from "./Scalars.ts"

const NullableText = Schema.NullOr(Schema.String)

export const Settlement = Schema.Struct({
  ticker: MarketTicker,
  event_ticker: NullableText.annotate({ description: "Its event.", examples: ["KXBTC15M-26NOV211415"] }),
  series_ticker: NullableText.annotate({
    description: "Its series; null while it is not known.",
    examples: ["KXBTC15M"]
  }),
  market_type: NullableText.annotate({ description: "`binary` or `scalar`.", examples: ["binary"] }),
  result: NullableText.annotate({ description: "`yes`, `no` or `scalar`, as Kalshi says it.", examples: ["no"] }),
  settlement_value_dollars: Schema.NullOr(Dollars).annotate({
    description: "What a yes contract was worth in the end; null where Kalshi did not say.",
    examples: ["0.0000"]
  }),
  expiration_value: NullableText.annotate({
    description: "What decided it, in Kalshi's words; null where Kalshi did not say.",
    examples: ["91188.02"]
  }),
  open_time: NullableText.annotate({ description: "When trading began, as Kalshi writes it." }),
  close_time: NullableText.annotate({ description: "When trading ended, as Kalshi writes it." }),
  ts_settled: Schema.NullOr(Instant).annotate({
    description: "The exchange's time of settlement; null where it gave none. Never invented."
  }),
  ts_result_observed: Instant.annotate({ description: "When KalshiBook first saw this result." }),
  ts_observed: Instant.annotate({ description: "When KalshiBook first saw that the market is settled." }),
  version: Schema.Int.annotate({ description: "Which version of the market this is.", examples: [7] })
}).annotate({ identifier: "Settlement", description: "How a market ended." })
export type Settlement = typeof Settlement.Type

export const Settlements = Schema.Struct({
  settlements: Schema.Array(Settlement).annotate({
    description: "Ascending by time of settlement (where there is none: by `ts_observed`), then ticker."
  }),
  cursor: Cursor,
  ...answerFields
}).annotate({ identifier: "Settlements", description: "A page of settled markets." })

interface Settled {
  readonly ticker: string
  readonly seriesTicker: string | null
  readonly body: Readonly<Record<string, unknown>>
  readonly version: number
  readonly tsSettledMicros: number | null
  readonly tsObservedMicros: number
  readonly tsResultObservedMicros: number
}

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null)

export const view = (settled: Settled): Settlement => {
  const { body } = settled
  return {
    ticker: settled.ticker,
    event_ticker: textOf(body["event_ticker"]),
    series_ticker: settled.seriesTicker,
    market_type: textOf(body["market_type"]),
    result: textOf(body["result"]),
    settlement_value_dollars: textOf(body["settlement_value_dollars"]),
    expiration_value: textOf(body["expiration_value"]),
    open_time: textOf(body["open_time"]),
    close_time: textOf(body["close_time"]),
    ts_settled: settled.tsSettledMicros === null ? null : isoFromMicros(settled.tsSettledMicros),
    ts_result_observed: isoFromMicros(settled.tsResultObservedMicros),
    ts_observed: isoFromMicros(settled.tsObservedMicros),
    version: settled.version
  }
}
