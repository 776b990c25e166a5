/**
 * The answers that agents get: those of the API, less what a program that reads with words does not need. Made of the same schemas, so
 * decoding an answer of the API with one of these is what makes it short.
 */
import * as Schema from "effect/Schema"
import { MarketCoverage } from "./CoverageAnswer.ts"
import { Download } from "./DownloadAnswer.ts"
import { Orderbook } from "./OrderbookAnswer.ts"
import { Samples } from "./SamplesAnswer.ts"
import { answerFields, Cursor, Instant, MarketTicker } from "./Scalars.ts"
import { TradeAnswer, Trades } from "./TradeView.ts"
import { Usage } from "./UsageAnswer.ts"

/** What it cost, and what is left: of the answer and of its headers. */
const usage = {
  usage: Schema.Struct({
    ...answerFields.usage.fields,
    credits_remaining: Schema.optionalKey(Schema.NullOr(Schema.Int)).annotate({
      description: "Credits that are left; null where there is no end. Absent without a key."
    })
  })
}

/** A field of Kalshi's: passed on as it is. */
const kalshis = (description: string) => Schema.optionalKey(Schema.Unknown.annotate({ description }))

export const FoundMarkets = Schema.Struct({
  markets: Schema.Array(
    Schema.Struct({
      ticker: MarketTicker,
      title: kalshis("The question."),
      yes_sub_title: kalshis("What a yes stands for."),
      status: kalshis("`active` is open for trading."),
      open_time: kalshis("When trading begins."),
      close_time: kalshis("When trading ends."),
      result: kalshis("Empty while it is not determined.")
    })
  ),
  cursor: Cursor,
  ...usage
})

const { request_id, response_time, usage: _, ...book } = Orderbook.fields
export const Book = Schema.Struct({ ...book, ...usage })

const { market_ticker, every_seconds, samples } = Samples.fields
export const BookSamples = Schema.Struct({ market_ticker, every_seconds, samples, cursor: Cursor, ...usage })

const { count_fp, created_time, taker_outcome_side, yes_price_dollars } = TradeAnswer.fields
const { cause, filled_at, from, to } = Trades.fields.gaps.value.fields
export const MarketTrades = Schema.Struct({
  trades: Schema.Array(Schema.Struct({ created_time, yes_price_dollars, count_fp, taker_outcome_side })),
  gaps: Schema.Array(Schema.Struct({ cause, from, to, filled_at })).annotate({
    description: "Holes of the channel that touch the page; one with `filled_at` has its trades."
  }),
  cursor: Cursor,
  ...usage
})

const { lost, open_seconds, records, trusted_ratio, trusted_seconds } = MarketCoverage.fields.totals.fields
const summed = (of: string) => Schema.optionalKey(Schema.Finite).annotate({ description: `${of}, of all markets.` })
export const Coverage = Schema.Struct({
  market_ticker: Schema.optionalKey(MarketTicker).annotate({ description: "Absent for the whole exchange." }),
  from: Instant,
  to: Instant,
  counted_until: Instant,
  totals: Schema.Struct({
    trusted_ratio,
    open_seconds: Schema.optionalKey(open_seconds),
    trusted_seconds: Schema.optionalKey(trusted_seconds),
    open_market_seconds: summed("Open time"),
    trusted_market_seconds: summed("Known open time"),
    records,
    lost
  }),
  ...usage
})

export const CostEstimate = Schema.Struct({
  tool: Schema.String,
  credits_max: Schema.Int.annotate({ description: "What the call costs at most." }),
  rows_max: Schema.Int,
  bytes_max: Schema.Int.annotate({ description: "Of the API's own answer or of the files; tools answer less." }),
  is_exact: Schema.Boolean.annotate({ description: "Whether it is what the call will cost, not a bound." }),
  ...usage
})

/** Files that are told at most: the others are behind `GET /v1/downloads/{id}`. */
export const partsMax = 20

const { bytes, expires_at, file_name, kind, rows, sha256, url } = Download.fields.parts.value.fields
const { format, id, kept_until, progress, quote, reason, state } = Download.fields
export const DownloadState = Schema.Struct({
  id,
  state,
  reason,
  format,
  from: Instant,
  to: Instant,
  quote,
  progress,
  parts: Schema.Array(Schema.Struct({ file_name, kind, rows, bytes, url, expires_at, sha256 })),
  parts_left_out: Schema.Int.annotate({
    description: `Files beyond the first ${partsMax}: see GET /v1/downloads/{id}.`
  }),
  kept_until,
  ...usage
})

const { credits_remaining, credits_used, month_credits_cap, month_credits_used, tier } = Usage.fields
export const UsageSummary = Schema.Struct({
  tier,
  from: Instant,
  to: Instant,
  credits_used,
  month_credits_used,
  month_credits_cap,
  credits_remaining,
  operations: Schema.Array(
    Schema.Struct({ operation: Schema.String, calls: Schema.Int, credits: Schema.Int, rows: Schema.Int })
  ).annotate({ description: "In [from, to), over all days and keys." }),
  ...usage
})
