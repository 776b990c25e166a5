/** Answers about books: any of them, and the log they are folded from. */
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as OrderbookAnswer from "@kalshibook/core/contract/OrderbookAnswer"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { History } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Failures from "./Failures.ts"
import { pageOf, rangeOf } from "./Paging.ts"
import { answered } from "./RequestMeta.ts"

export const BooksHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "books",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog
    return handlers.handleAll({
      at: ({ params: { ticker }, query }) => {
        const clock = query.clock ?? "received"
        const book = query.at === undefined ? history.bookNow(ticker) : history.bookAt(ticker, query.at, clock)
        return book.pipe(
          Effect.map((answer) => OrderbookAnswer.view(answer, query.depth ?? 0)),
          answered(OrderbookAnswer.Orderbook),
          Effect.catchTags({
            MarketNotRecorded: () => Failures.nothingRecorded(catalog, ticker),
            BeforeFirstRecord: Failures.beforeFirstRecord,
            InTheFuture: Failures.timeInFuture
          }),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        )
      }
    })
  })
)

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
          const afterOffset = Option.getOrElse(page.after, () => 0)
          const found = yield* history.records({
            marketTicker: ticker,
            ...range,
            afterOffset,
            recordsMax: page.entriesMax
          })
          const { entries, cursor } = page.cut(found.records, (record) => record.offset)
          const records = entries.map((record) => RecordView.view(record, found.gapEndsMicros.get(record.offset)))
          return { records, cursor }
        }).pipe(
          answered(RecordView.Records),
          Effect.catchTag("MarketNotRecorded", () => Failures.nothingRecorded(catalog, ticker)),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        )
    })
  })
)
