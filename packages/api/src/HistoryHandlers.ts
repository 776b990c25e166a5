/** Answers about books: any of them, and the log they are folded from. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as OrderbookAnswer from "@kalshibook/core/contract/OrderbookAnswer"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { fileText } from "@kalshibook/store/export/EngineFiles"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { History, type MarketNotRecorded } from "@kalshibook/store/History"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { streamPageEntries } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { answered } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"

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

interface Range {
  readonly fromMicros: number
  readonly toMicros: number
}

interface AskedRange {
  readonly from?: number
  readonly to?: number
}

/** A record with the end of its gap, where it is one that has ended. */
interface LogEntry {
  readonly record: BookRecord
  readonly gapEndMicros: number | undefined
}

/** A market's log, for a stream. */
const logSource = (
  history: History["Service"],
  marketTicker: string,
  range: Range
): RowStreams.RowSource<LogEntry, MarketNotRecorded | HotTierError> => ({
  columns: segmentColumns.records,
  toColumns: (entries) => RowColumns.ofRecords(entries.map(({ record }) => record)),
  toJson: ({ gapEndMicros, record }) => RecordView.view(record, gapEndMicros),
  page: (after) =>
    Effect.map(
      history.records({
        marketTicker,
        ...range,
        afterOffset: Option.match(after, { onNone: () => 0, onSome: ({ record }) => record.offset }),
        recordsMax: streamPageEntries
      }),
      ({ gapEndsMicros, records }) =>
        records.map((record) => ({ record, gapEndMicros: gapEndsMicros.get(record.offset) }))
    ),
  entriesPerPage: streamPageEntries,
  name: `deltas_${fileText(marketTicker)}`
})

export const RecordsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "records",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog

    const pageOfLog = Effect.fnUntraced(function* (ticker: string, range: Range, query: PageQuery & AskedRange) {
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
    })

    return handlers.handleAll({
      list: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const form = yield* RowStreams.formOf(query)
          const range = yield* rangeOf(query)
          if (form !== "json") return yield* RowStreams.answer(logSource(history, ticker, range), form)
          return yield* answered(RecordView.Records)(pageOfLog(ticker, range, query))
        }).pipe(
          Effect.catchTag("MarketNotRecorded", () => Failures.nothingRecorded(catalog, ticker)),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        )
    })
  })
)
