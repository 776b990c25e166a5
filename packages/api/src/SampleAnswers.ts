/** One market's book at regular moments: a page of JSON, or all moments as one stream. */
import type { MeasureName } from "@kalshibook/core/BookMeasures"
import * as BookSamples from "@kalshibook/core/BookSamples"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import {
  depthCentsDefault,
  everyMicrosDefault,
  samplesDepthDefault,
  samplesDepthMax
} from "@kalshibook/core/contract/Limits"
import type { View } from "@kalshibook/core/contract/Parameters"
import * as SamplesAnswer from "@kalshibook/core/contract/SamplesAnswer"
import { sampleColumns } from "@kalshibook/core/export/TableColumns"
import { centE4, hourMicros } from "@kalshibook/core/Units"
import { fileText } from "@kalshibook/store/export/EngineFiles"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import type { History, MarketNotRecorded } from "@kalshibook/store/History"
import type { SamplesQuery } from "@kalshibook/store/HistorySamples"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Clock, Effect, Option, Stream } from "effect"
import { streamPageValues } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import type * as RowStreams from "./RowStreams.ts"

/** How an entry is written. */
const viewOf = ({ view }: AskedSamples) => (view === "summary" ? SamplesAnswer.summary : SamplesAnswer.view)

interface AskedSamples extends PageQuery {
  readonly from?: number
  readonly to?: number
  readonly every?: number
  readonly depth?: number
  readonly view?: View
  readonly derive?: ReadonlyArray<MeasureName>
  readonly depth_cents?: number
}

/** What is asked for, with what the caller left out. */
const questionOf = Effect.fnUntraced(function* (marketTicker: string, asked: AskedSamples) {
  const { depth = samplesDepthDefault, depth_cents: depthCents = depthCentsDefault } = asked
  if (depth < 1 || depth > samplesDepthMax) return yield* Failures.sampleDepth(samplesDepthMax)
  const { toMicros } = yield* rangeOf(asked)
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
  return {
    marketTicker,
    fromMicros: asked.from ?? Math.max(0, Math.min(toMicros, nowMicros) - hourMicros),
    toMicros,
    everyMicros: asked.every ?? everyMicrosDefault,
    depth,
    derive: { names: asked.derive ?? [], withinE4: depthCents * centE4 }
  } satisfies SamplesQuery
})

/** Fails when nothing was ever recorded of the market. */
const anyRecord = (history: History["Service"], marketTicker: string) =>
  history.records({ marketTicker, fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, afterOffset: 0, recordsMax: 1 })

export const page = Effect.fnUntraced(function* (history: History["Service"], ticker: string, asked: AskedSamples) {
  const question = yield* questionOf(ticker, asked)
  const { depth, everyMicros } = question
  const view = viewOf(asked)
  const { depth_cents, derive, every, from, to } = asked
  const page = yield* pageOf(Cursor.samples, { ticker, from, to, every, depth, derive, depth_cents }, asked)
  const fromMicros = Option.match(page.after, {
    onNone: () => question.fromMicros,
    onSome: (afterMicros) => afterMicros + everyMicros
  })
  const found: Array<SamplesAnswer.BookSample> = []
  const times: Array<number> = []
  yield* history.samples({ ...question, fromMicros }).pipe(
    Stream.takeWhile(() => found.length < page.entriesMax),
    Stream.runForEach((some) =>
      Effect.sync(() => {
        for (let index = 0; index < some.count && found.length < page.entriesMax; index++) {
          found.push(view(some, index))
          times.push(some.atMicros[index] as number)
        }
      })
    )
  )
  if (found.length === 0) yield* anyRecord(history, ticker)
  const { cursor } = page.cut(times, (micros) => micros)
  return {
    market_ticker: ticker,
    every_seconds: everyMicros / 1_000_000,
    depth,
    samples: found.slice(0, page.entriesMax - 1),
    cursor
  }
})

/** Samples from one up to another. */
interface Part {
  readonly samples: BookSamples.BookSamples
  readonly start: number
  readonly end: number
}

/** Books that are stale cost nothing: we lost what was asked for. */
const countNotStale = ({ end, samples, start }: Part): number => {
  let count = 0
  for (let index = start; index < end; index++) if (BookSamples.causeAt(samples, index) === undefined) count++
  return count
}

/** The same moments for a stream. */
export const source = Effect.fnUntraced(function* (history: History["Service"], ticker: string, asked: AskedSamples) {
  const question = yield* questionOf(ticker, asked)
  const view = viewOf(asked)
  const columns = sampleColumns(question.depth, question.derive.names)
  const samplesAtOnce = Math.floor(streamPageValues / columns.length)
  const partsOf = (samples: BookSamples.BookSamples): ReadonlyArray<Part> =>
    Array.from({ length: Math.ceil(samples.count / samplesAtOnce) }, (_, at) => ({
      samples,
      start: at * samplesAtOnce,
      end: Math.min((at + 1) * samplesAtOnce, samples.count)
    }))
  const parts = history.samples(question).pipe(
    Stream.flatMap((samples) => Stream.fromIterable(partsOf(samples), { chunkSize: 1 })),
    Stream.orElseIfEmpty(() => Stream.fromEffectDrain(anyRecord(history, ticker)))
  )
  return {
    columns,
    toColumns: ({ end, samples, start }) => RowColumns.ofSamples(ticker, samples, start, end),
    toJson: ({ end, samples, start }) => Array.from({ length: end - start }, (_, at) => view(samples, start + at)),
    rowsToPay: countNotStale,
    parts,
    name: `samples_${fileText(ticker)}`
  } satisfies RowStreams.RowSource<Part, MarketNotRecorded | LogError>
})
