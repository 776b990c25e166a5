/** The endpoints about what happened: the book at any moment, the log it is folded from, and the trades. */

import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import { Lifecycle } from "./LifecycleView.ts"
import { samplesDepthDefault, samplesDepthMax } from "./Limits.ts"
import { Orderbook } from "./OrderbookAnswer.ts"
import { Orderbooks } from "./OrderbooksAnswer.ts"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll, problemsOfHistory } from "./Problems.ts"
import {
  BadCursor,
  BeforeFirstRecord,
  MarketNotRecorded,
  NotAcceptable,
  TimeInFuture,
  UnknownEvent,
  UnknownMarket,
  UnknownSeries
} from "./ProblemsOfQuestions.ts"
import { Records } from "./RecordView.ts"
import { Samples } from "./SamplesAnswer.ts"
import { Trades } from "./TradeView.ts"

export const BooksGroup = HttpApiGroup.make("books")
  .add(
    HttpApiEndpoint.get("at", "/v1/markets/:ticker/orderbook", {
      params: { ticker: Parameter.MarketTickerPath },
      query: {
        at: Schema.optionalKey(Parameter.At),
        clock: Schema.optionalKey(Parameter.ClockName),
        depth: Schema.optionalKey(Parameter.Depth),
        view: Schema.optionalKey(Parameter.View),
        ...Parameter.charged
      },
      success: Orderbook,
      error: [...problemsOfAll, ...problemsOfHistory, TimeInFuture, UnknownMarket, MarketNotRecorded, BeforeFirstRecord]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getOrderbook",
        summary: "The order book at a moment",
        description: [
          "The full-depth book of a market at any past moment, or now, in Kalshi's own shape, with its proof.",
          "",
          "```",
          'curl -H "Authorization: Bearer $KALSHIBOOK_KEY" "http://localhost:4000/v1/markets/KXBTC15M-26NOV211415-15/orderbook?at=2026-11-21T14:03:00Z&depth=10"',
          "```",
          "",
          "- The book *at T* is every record whose time does not pass T, in log order: by the receive clock, or with `clock=exchange` by the exchange's.",
          "- `trust.state` says whether it may be believed. A `stale` book comes with the gap that made it so; its levels are the last good ones.",
          "- `provenance` says from which records it was rebuilt, so that you can do the same from `/deltas`.",
          "- `view=summary` is the same in a tenth of the bytes: the top of the book and whether it may be believed."
        ].join("\n")
      })
    ),
    HttpApiEndpoint.get("many", "/v1/orderbooks", {
      query: {
        tickers: Schema.optionalKey(Parameter.Tickers),
        event_ticker: Schema.optionalKey(Parameter.EventTicker),
        series_ticker: Schema.optionalKey(Parameter.SeriesTicker),
        event: Schema.optionalKey(Parameter.EventOfBooks),
        series: Schema.optionalKey(Parameter.SeriesOfBooks),
        at: Schema.optionalKey(Parameter.At),
        clock: Schema.optionalKey(Parameter.ClockName),
        depth: Schema.optionalKey(Parameter.Depth),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        ...Parameter.charged
      },
      success: Orderbooks,
      error: [...problemsOfAll, ...problemsOfHistory, BadCursor, TimeInFuture, UnknownEvent, UnknownSeries]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listOrderbooks",
        summary: "The order books of many markets at one moment",
        description: [
          "The books of some markets, of an event, of a series or of the whole exchange at any past moment, or now: each as the answer about it alone would have it.",
          "",
          "```",
          'curl -H "Authorization: Bearer $KALSHIBOOK_KEY" "http://localhost:4000/v1/orderbooks?event_ticker=KXBTC15M-26NOV211415&at=2026-11-21T14:03:00Z&depth=5"',
          "```",
          "",
          "- `tickers`, `event_ticker` and `series_ticker` (in short `event` and `series`) narrow the answer, together when several are given; without any it is the whole exchange.",
          "- Markets whose recording had ended with their close by then are left out, unless they are asked for by `tickers`.",
          "- All pages are of one moment, also without `at`."
        ].join("\n")
      })
    ),
    HttpApiEndpoint.get("samples", "/v1/markets/:ticker/orderbook/samples", {
      params: { ticker: Parameter.MarketTickerPath },
      query: {
        from: Schema.optionalKey(Parameter.SamplesFrom),
        to: Schema.optionalKey(Parameter.SamplesTo),
        every: Schema.optionalKey(Parameter.Every),
        depth: Schema.optionalKey(Parameter.Depth),
        view: Schema.optionalKey(Parameter.View),
        derive: Schema.optionalKey(Parameter.Derive),
        depth_cents: Schema.optionalKey(Parameter.DepthCents),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        format: Schema.optionalKey(Parameter.ListForm),
        ...Parameter.charged
      },
      success: Samples,
      error: [...problemsOfAll, ...problemsOfHistory, BadCursor, UnknownMarket, MarketNotRecorded, NotAcceptable]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listOrderbookSamples",
        summary: "The order book at regular moments",
        description: [
          "The best levels of a market's book at `from`, `from` + `every`, and so on before `to`, by the receive clock. Each sample is the book that `/orderbook?at=` answers for its moment.",
          "",
          "```",
          'curl -H "Authorization: Bearer $KALSHIBOOK_KEY" "http://localhost:4000/v1/markets/KXBTC15M-26NOV211415-15/orderbook/samples?from=2026-11-21T14:00:00Z&to=2026-11-21T14:15:00Z&every=1s&depth=5"',
          "```",
          "",
          `\`depth\` is ${samplesDepthDefault} without being given, and at most ${samplesDepthMax}.`,
          "",
          "`view=summary` has the best prices alone, in pages and in NDJSON.",
          "",
          "`derive=spread,mid,imbalance` adds measures of the whole book, however small `depth` is, null where a side that they need is empty or the book is not trusted.",
          "",
          "As CSV, Parquet or Arrow (`format`, or the header Accept) the whole range is one table with a row for each moment: `market_ticker`, `ts`, `record_offset`, `trust`, `gap_cause`, the measures, then `yes_price_1`, `yes_size_1`, `no_price_1`, `no_size_1` and so on to `depth`, 1 being the best (docs/data-format.md). As NDJSON, the entries of the pages. A stream that fails breaks off: it has no end. It is paid for as it is sent, and breaks off when the credits end."
        ].join("\n")
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Order books", description: "The books of markets at any moment." }))

export const RecordsGroup = HttpApiGroup.make("records")
  .add(
    HttpApiEndpoint.get("list", "/v1/markets/:ticker/deltas", {
      params: { ticker: Parameter.MarketTickerPath },
      query: {
        from: Schema.optionalKey(Parameter.From),
        to: Schema.optionalKey(Parameter.To),
        derive: Schema.optionalKey(Parameter.DeriveOfRecords),
        depth_cents: Schema.optionalKey(Parameter.DepthCents),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        format: Schema.optionalKey(Parameter.ListForm),
        ...Parameter.charged
      },
      success: Records,
      error: [...problemsOfAll, ...problemsOfHistory, BadCursor, UnknownMarket, MarketNotRecorded, NotAcceptable]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listDeltas",
        summary: "The log of a market",
        description: [
          "Every record of a market's log in [from, to) by the receive clock, in log order: snapshots, deltas, and the gaps between what is known.",
          "",
          "Fold them to get any book: a snapshot replaces the book, a delta is added to one level (a level at 0 is gone), after a gap the book is not known until the next snapshot.",
          "",
          "As NDJSON, CSV, Parquet or Arrow (`format`, or the header Accept) the whole range comes in one stream, packed with zstd or gzip where the client takes it. A stream that fails breaks off: it has no end. It is paid for as it is sent, and breaks off when the credits end.",
          "",
          "In a stream, `derive=size_after,yes_bid,yes_ask` adds columns (in NDJSON, an object `derived`): the size of the delta's level after it, and measures of the whole book right after the record, null where the book is not trusted.",
          "",
          "To begin in the middle, take `/orderbook?at=` of the same moment as `from`, and skip the records up to its `provenance.offset`."
        ].join("\n")
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Deltas", description: "The log that every book is folded from." }))

export const TradesGroup = HttpApiGroup.make("trades")
  .add(
    HttpApiEndpoint.get("list", "/v1/markets/:ticker/trades", {
      params: { ticker: Parameter.MarketTickerPath },
      query: {
        from: Schema.optionalKey(Parameter.TradesFrom),
        to: Schema.optionalKey(Parameter.TradesTo),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        format: Schema.optionalKey(Parameter.ListForm),
        ...Parameter.charged
      },
      success: Trades,
      error: [...problemsOfAll, ...problemsOfHistory, BadCursor, UnknownMarket, NotAcceptable]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listTrades",
        summary: "The trades of a market",
        description: [
          "Every trade in [from, to) by the exchange's clock, oldest first, with Kalshi's own fields.",
          "",
          "`gaps` are the holes of the channel of trades that touch the time of the page, with a second of grace on either side, since they are by the receive clock. One that is filled has its trades: they were read from the exchange's history, by id."
        ].join("\n")
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Trades", description: "What was traded." }))

const lifecycleQuery = {
  from: Schema.optionalKey(Parameter.From),
  to: Schema.optionalKey(Parameter.To),
  limit: Schema.optionalKey(Parameter.Limit),
  cursor: Schema.optionalKey(Parameter.CursorText),
  fields: Schema.optionalKey(Parameter.Fields),
  ...Parameter.charged
}

export const LifecycleGroup = HttpApiGroup.make("lifecycle")
  .add(
    HttpApiEndpoint.get("ofMarket", "/v1/markets/:ticker/lifecycle", {
      params: { ticker: Parameter.MarketTickerPath },
      query: lifecycleQuery,
      success: Lifecycle,
      error: [...problemsOfAll, BadCursor, UnknownMarket]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listMarketLifecycle",
        summary: "The lifecycle messages of a market",
        description:
          "What the exchange said of the market's life in [from, to) by the receive clock, as received, with the holes of the channel. Openings and closings by schedule have no message; messages about its whole event are in `/v1/lifecycle`."
      })
    ),
    HttpApiEndpoint.get("list", "/v1/lifecycle", {
      query: lifecycleQuery,
      success: Lifecycle,
      error: [...problemsOfAll, BadCursor]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listLifecycle",
        summary: "All lifecycle messages",
        description:
          "What the exchange said of the lives of all markets and events in [from, to) by the receive clock, in the order of receipt, with the holes of the channel."
      })
    )
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Lifecycle", description: "What the exchange said of markets and events." })
  )
