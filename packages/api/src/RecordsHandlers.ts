/** Answers about the log of a market, page by page or as one stream. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { fileText } from "@kalshibook/store/export/EngineFiles"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { History, type MarketNotRecorded } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { streamPageEntries } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { answered } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"

interface Range {
  readonly fromMicros: number
  readonly toMicros: number
}

/** The rest of a range, from a record on: what lies before it is not read again. */
const behind = (range: Range, afterMicros: number): Range => ({
  fromMicros: Math.max(range.fromMicros, afterMicros),
  toMicros: range.toMicros
})

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
): RowStreams.RowSource<LogEntry, MarketNotRecorded | LogError> => ({
  columns: segmentColumns.records,
  toColumns: (entries) => RowColumns.ofRecords(entries.map(({ record }) => record)),
  toJson: ({ gapEndMicros, record }) => RecordView.view(record, gapEndMicros),
  page: (after) =>
    Effect.map(
      history.records({
        marketTicker,
        ...Option.match(after, {
          onNone: () => ({ ...range, afterOffset: 0 }),
          onSome: ({ record }) => ({ ...behind(range, record.tsReceivedMicros), afterOffset: record.offset })
        }),
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
      const [afterMicros, afterOffset] = Option.getOrElse(page.after, () => [0, 0] as const)
      const found = yield* history.records({
        marketTicker: ticker,
        ...behind(range, afterMicros),
        afterOffset,
        recordsMax: page.entriesMax
      })
      const { entries, cursor } = page.cut(found.records, (record) => [record.tsReceivedMicros, record.offset] as const)
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
          Effect.catchTags(Failures.logFailures)
        )
    })
  })
)
