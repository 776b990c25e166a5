/** The endpoint of candles. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import { CandlesPage } from "./CandlesAnswer.ts"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll, problemsOfHistory } from "./Problems.ts"
import { BadCursor, NotAcceptable, UnknownMarket } from "./ProblemsOfQuestions.ts"

export const CandlesGroup = HttpApiGroup.make("candles")
  .add(
    HttpApiEndpoint.get("list", "/v1/markets/:ticker/candles", {
      params: { ticker: Parameter.MarketTickerPath },
      query: {
        interval: Parameter.Interval,
        from: Schema.optionalKey(Parameter.CandlesFrom),
        to: Schema.optionalKey(Parameter.CandlesTo),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        format: Schema.optionalKey(Parameter.ListForm),
        ...Parameter.charged
      },
      success: CandlesPage,
      error: [...problemsOfAll, ...problemsOfHistory, BadCursor, UnknownMarket, NotAcceptable]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listCandles",
        summary: "The candles of a market",
        description: [
          "What was traded and quoted in each bucket of `interval`: first, highest, lowest and last price of the trades, and of the best yes bid and implied yes ask.",
          "",
          "```",
          'curl -H "X-API-Key: $KALSHIBOOK_KEY" "http://localhost:4000/v1/markets/KXBTC15M-26NOV211415-15/candles?interval=1m&from=2026-11-21T14:00:00Z&to=2026-11-21T14:15:00Z"',
          "```",
          "",
          "- Quotes are those of the book as a function of time, by the receive clock, so a bucket without a change has those that it began with (`book_records` is 0). Trades are by the exchange's clock; a bucket without any has no `price`.",
          "- Every bucket is there from that of the first record or trade of the range on, until recording ended with the market; empty ones say so.",
          "- `trust`, `book_trusted_micros` and `gap_causes` say how much of the book is known, `are_trades_whole` whether trades may be missing. Buckets that are `stale` cost nothing.",
          "- Longer candles are exactly those of their parts merged.",
          "",
          "As CSV, Parquet or Arrow (`format`, or the header Accept) the whole range is one table, a row for each bucket (docs/data-format.md); as NDJSON, the entries of the pages. It is paid for as it is sent, and breaks off when the credits end."
        ].join("\n")
      })
    )
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Candles", description: "What was traded and quoted, bucket by bucket." })
  )
