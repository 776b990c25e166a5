/** Answers about the log of a market, page by page. */
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { History } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Failures from "./Failures.ts"
import { pageOf, rangeOf } from "./Paging.ts"
import { answered } from "./RequestMeta.ts"

export const RecordsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "records",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog
    return handlers.handleAll({
      list: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const range = yield* rangeOf(query)
          const page = yield* pageOf(Cursor.records, { ticker, from: query.from, to: query.to }, query)
          const [afterMicros, afterOffset] = Option.getOrElse(page.after, () => [0, 0] as const)
          const found = yield* history.records({
            marketTicker: ticker,
            fromMicros: Math.max(range.fromMicros, afterMicros),
            toMicros: range.toMicros,
            afterOffset,
            recordsMax: page.entriesMax
          })
          const { entries, cursor } = page.cut(
            found.records,
            (record) => [record.tsReceivedMicros, record.offset] as const
          )
          const records = entries.map((record) => RecordView.view(record, found.gapEndsMicros.get(record.offset)))
          return { records, cursor }
        }).pipe(
          answered(RecordView.Records),
          Effect.catchTag("MarketNotRecorded", () => Failures.nothingRecorded(catalog, ticker)),
          Effect.catchTags(Failures.logFailures)
        )
    })
  })
)
