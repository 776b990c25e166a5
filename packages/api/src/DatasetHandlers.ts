/** Answers about what is sealed. */
import { dateText, spanEndMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as DownloadAnswer from "@kalshibook/core/contract/DownloadAnswer"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { coverageDaysMax } from "@kalshibook/core/contract/Limits"
import { hourMicros, isoFromMicros } from "@kalshibook/core/Units"
import { Coverage, type CoverageHour } from "@kalshibook/store/Coverage"
import type { Segment } from "@kalshibook/store/cold/Segments"
import { type DatasetDay, Datasets, type SealedSpan } from "@kalshibook/store/downloads/Datasets"
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as DownloadFailures from "./DownloadFailures.ts"
import * as Failures from "./Failures.ts"
import { answered } from "./RequestMeta.ts"

const dayMicros = 24 * hourMicros

/** Whole days, at most a month: the one that is asked for, or the latest. */
const daysOf = Effect.fnUntraced(function* (query: { readonly from?: number; readonly to?: number }) {
  const toMicros = query.to ?? (yield* Clock.currentTimeMillis) * 1_000 + 1
  const from = query.from ?? Math.max(0, toMicros - (coverageDaysMax - 1) * dayMicros)
  if (from > toMicros) return yield* Failures.rangeReversed(from, toMicros)
  const fromMicros = from - (from % dayMicros)
  if (toMicros - fromMicros > coverageDaysMax * dayMicros) {
    return yield* Failures.rangeTooLong(fromMicros, coverageDaysMax)
  }
  return { fromMicros, toMicros: Math.ceil(toMicros / dayMicros) * dayMicros }
})

/** Known of open time, in parts of a billion, rounded down; `null` where nothing was open. */
const trustedRatio = (hours: ReadonlyArray<CoverageHour>): number | null => {
  const open = hours.reduce((sum, hour) => sum + BigInt(hour.openMicros), 0n)
  const trusted = hours.reduce((sum, hour) => sum + BigInt(hour.trustedMicros), 0n)
  return open === 0n ? null : Number((trusted * 1_000_000_000n) / open) / 1_000_000_000
}

const within = (hours: ReadonlyArray<CoverageHour>, from: number, to: number) =>
  hours.filter((hour) => hour.hourMicros >= from && hour.hourMicros < to)

/** What is sealed of a day: its files for bulk use where there are any, else its hours. */
const dayView = ({ day, dayMicros: from, hours }: DatasetDay, coverage: ReadonlyArray<CoverageHour>) => {
  const counted = hours.length > 0 ? hours : day === undefined ? [] : [day]
  const sum = (of: (segment: Segment) => number) => counted.reduce((total, segment) => total + of(segment), 0)
  const all = [...hours, ...(day === undefined ? [] : [day])]
  return {
    date: dateText(from),
    hours_sealed: hours.length,
    day_revision: day?.revision ?? null,
    rows: sum((segment) => segment.rows),
    bytes: sum((segment) => segment.bytes),
    records: sum((segment) => segment.records),
    trusted_ratio: trustedRatio(within(coverage, from, from + dayMicros)),
    ts_sealed: isoFromMicros(Math.max(0, ...all.map(({ tsSealedMicros }) => tsSealedMicros)))
  }
}

const spanView = ({ manifest, segment }: SealedSpan, coverage: ReadonlyArray<CoverageHour>) => {
  const { span } = segment
  return {
    span: span._tag,
    from: isoFromMicros(span.fromMicros),
    to: isoFromMicros(spanEndMicros(span)),
    revision: segment.revision,
    reason: segment.reason,
    markets: segment.markets,
    rows: segment.rows,
    bytes: segment.bytes,
    records: segment.records,
    trusted_ratio: trustedRatio(within(coverage, span.fromMicros, spanEndMicros(span))),
    ts_sealed: isoFromMicros(segment.tsSealedMicros),
    files: manifest.files.map(({ bytes, key, kind, part, rows, sha256 }) => ({ kind, part, key, rows, bytes, sha256 }))
  }
}

export const DatasetsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "datasets",
  Effect.fn(function* (handlers) {
    const datasets = yield* Datasets
    const coverage = yield* Coverage
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          const range = yield* daysOf(query)
          const days = yield* datasets.list(range.fromMicros, range.toMicros)
          if (days.length === 0) return { datasets: [] }
          const { hours } = yield* coverage.exchange(range)
          return { datasets: days.map((day) => dayView(day, hours)) }
        }).pipe(answered(DownloadAnswer.Datasets), Effect.catchTag("HotTierError", Failures.storeFailed)),
      ofDate: ({ params: { date } }) =>
        Effect.gen(function* () {
          const spans = yield* datasets.ofDay(date)
          if (spans.length === 0) return yield* DownloadFailures.notSealed(`Nothing of ${dateText(date)} is sealed.`)
          const { hours } = yield* coverage.exchange({ fromMicros: date, toMicros: date + dayMicros })
          return { date: dateText(date), spans: spans.map((span) => spanView(span, hours)) }
        }).pipe(
          answered(DownloadAnswer.Dataset),
          Effect.catchTag("HotTierError", Failures.storeFailed),
          Effect.catchTag("DownloadError", DownloadFailures.storageFailed)
        )
    })
  })
)
