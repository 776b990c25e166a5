/** Answers about the log of a market, page by page or as one stream. */
import type { RecordMeasureName } from "@kalshibook/core/BookMeasures"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import * as DerivedView from "@kalshibook/core/contract/DerivedView"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { depthCentsDefault } from "@kalshibook/core/contract/Limits"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { centE4 } from "@kalshibook/core/Units"
import { fileText } from "@kalshibook/store/export/EngineFiles"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { History, type MarketNotRecorded } from "@kalshibook/store/History"
import type { DerivedRecord } from "@kalshibook/store/HistoryDerived"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { streamPageEntries } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"
import { noteOpenEnd, whenSealed } from "./SealedAnswers.ts"

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

interface LogQuery extends PageQuery, AskedRange {
  readonly format?: RowStreams.Form
  readonly derive?: ReadonlyArray<RecordMeasureName>
  readonly depth_cents?: number
}

/** A market's log, for a stream. */
const logSource = (
  history: History["Service"],
  marketTicker: string,
  range: Range,
  { depth_cents: depthCents = depthCentsDefault, derive: names = [] }: LogQuery
): RowStreams.RowSource<ReadonlyArray<DerivedRecord>, MarketNotRecorded | LogError> => ({
  columns: RowColumns.derivedColumns(names),
  toColumns: (entries) => RowColumns.ofDerived(entries, names),
  toJson: (entries) =>
    entries.map(({ derived, gapEndMicros, record }) => ({
      ...RecordView.view(record, gapEndMicros),
      ...(names.length === 0 ? {} : { derived: DerivedView.view(names, (place) => derived[place]) })
    })),
  rowsToPay: (entries) => entries.length,
  parts:
    names.length === 0
      ? RowStreams.paged(streamPageEntries, (after: Option.Option<DerivedRecord>) =>
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
              records.map((record) => ({ record, gapEndMicros: gapEndsMicros.get(record.offset), derived: [] }))
          )
        )
      : history.recordsDerived({
          marketTicker,
          ...range,
          derive: { names, withinE4: depthCents * centE4 },
          recordsPerPage: streamPageEntries
        }),
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
      yield* noteOpenEnd(entries.some(({ kind, offset }) => kind === "gap" && !found.gapEndsMicros.has(offset)))
      const records = entries.map((record) => RecordView.view(record, found.gapEndsMicros.get(record.offset)))
      return { records, cursor }
    })

    return handlers.handleAll({
      list: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const form = yield* RowStreams.formOf(query)
          const range = yield* rangeOf(query)
          if (form !== "json") return yield* RowStreams.answer(logSource(history, ticker, range, query), form)
          if (query.derive !== undefined) return yield* Failures.deriveOfPage()
          const digest = history.sealedDigest(range.toMicros)
          return yield* answered(
            RecordView.Records,
            only(RecordView.Records, "records", query.fields)
          )(pageOfLog(ticker, range, query)).pipe(whenSealed({ digest }))
        }).pipe(
          Effect.catchTag("MarketNotRecorded", () => Failures.nothingRecorded(catalog, ticker)),
          Effect.catchTags(Failures.logFailures)
        )
    })
  })
)
