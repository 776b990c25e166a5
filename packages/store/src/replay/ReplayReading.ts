/**
 * How a replay reads: span after span of time, each a set of lanes that are merged.
 *
 * 1. An hour that is sealed, and of which nothing was stored since, is read from its files: all markets in one pass, or in as many parts
 *    of the hour as keep the rows in memory below their bound.
 * 2. Anything else (the last hours, and those that wait to be sealed again) is read log by log through `TieredLog`, page by page.
 * 3. Within each log offsets follow each other over all spans: a hole is a problem, never an answer.
 */
import type { BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import { Effect } from "effect"
import { ColdDataProblem } from "../cold/ColdDataProblem.ts"
import type { FoundHour } from "../cold/SealedHours.ts"
import type { LogTiers } from "../LogCursor.ts"
import type { LogError, TieredLog } from "../TieredLog.ts"
import * as ReplayMerge from "./ReplayMerge.ts"
import * as ReplaySides from "./ReplaySides.ts"
import type { ReplayLimits } from "./ReplaySource.ts"

export interface ReplaySources extends LogTiers, ReplaySides.SideSources {
  readonly log: TieredLog
}

export interface ReadingQuery {
  /** Ascending bytewise. */
  readonly tickers: ReadonlyArray<MarketTicker>
  /** Whether these are all markets there are, so that files need not be searched for them. */
  readonly allMarkets: boolean
  /** `undefined`: trades of all markets. */
  readonly trades: ReadonlyArray<MarketTicker> | undefined
  readonly lifecycle: boolean
  /** [from, to) by the receive clock; everything before `to` is stored. */
  readonly fromMicros: number
  readonly toMicros: number
  /** The last record before `fromMicros`, by market. */
  readonly lasts: ReadonlyMap<MarketTicker, RecordHead>
}

type Last = Pick<RecordHead, "offset" | "tsReceivedMicros">

/** Hours that are looked up at once. */
const hoursAtOnceMax = 24
/** Logs that are read at once. */
const concurrency = 8
/** A page of a log where there are many of them, and where there are few. */
const pageRecordsMin = 40
const pageRecordsMax = 500

/** Some time, with how it is read. */
type Span =
  | { readonly _tag: "hour"; readonly hour: FoundHour; readonly fromMicros: number; readonly toMicros: number }
  | {
      readonly _tag: "logs"
      /** The sealed hour that it is, where that waits to be sealed again. */
      readonly hour: FoundHour | undefined
      readonly fromMicros: number
      readonly toMicros: number
    }

export const make = Effect.fnUntraced(function* (sources: ReplaySources, limits: ReplayLimits, query: ReadingQuery) {
  const { cold, log, sealed } = sources
  const { tickers } = query
  const rankOf = new Map(tickers.map((ticker, rank) => [ticker, rank]))
  const sides = yield* ReplaySides.make(sources, { ...query, rank: tickers.length })
  const named = query.allMarkets ? undefined : tickers
  /** What was read last of each log. */
  const lasts = new Map<MarketTicker, Last>(query.lasts)
  const pageRecords = Math.max(
    pageRecordsMin,
    Math.min(pageRecordsMax, Math.floor(limits.recordsAheadMax / Math.max(1, tickers.length)))
  )

  let nowMicros = query.fromMicros
  /** Hours that are known and not over, in their order, and up to where they are known. */
  let hours: Array<FoundHour> = []
  let hoursKnownMicros = hourOf(query.fromMicros)
  /** Parts of the present hour that follow. */
  let spans: Array<Span> = []
  let merge = ReplayMerge.make([])
  /** How lanes that are not at their end are filled, by rank. */
  let fillings = new Map<number, Effect.Effect<void, LogError>>()

  const follows = (ticker: MarketTicker, offset: number) => {
    const last = lasts.get(ticker)
    if (last === undefined || offset === last.offset + 1) return Effect.void
    const detail = `after the record ${last.offset} of ${ticker} comes ${offset}`
    return new ColdDataProblem({ problem: "incomplete", key: ticker, detail })
  }

  const findHours = Effect.gen(function* () {
    const found = yield* sealed.hours({
      marketTicker: undefined,
      alsoMarked: true,
      fromMicros: hoursKnownMicros,
      toMicros: query.toMicros,
      order: "earliest",
      hoursMax: hoursAtOnceMax
    })
    hours = [...found.hours]
    const last = hours.at(-1)
    hoursKnownMicros =
      last === undefined || hours.length < hoursAtOnceMax ? query.toMicros : last.hourMicros + hourMicros
  })

  /** What is read next, from `nowMicros` on. */
  const nextSpans = Effect.gen(function* () {
    hours = hours.filter((hour) => hour.hourMicros + hourMicros > nowMicros)
    if (hours.length === 0 && hoursKnownMicros < query.toMicros) yield* findHours
    const [hour] = hours
    if (hour === undefined || hour.hourMicros > nowMicros) {
      const toMicros = Math.min(query.toMicros, hour?.hourMicros ?? hoursKnownMicros)
      return [{ _tag: "logs", hour: undefined, fromMicros: nowMicros, toMicros }] satisfies Array<Span>
    }
    const toMicros = Math.min(query.toMicros, hour.hourMicros + hourMicros)
    if (hour.isMarked) return [{ _tag: "logs", hour, fromMicros: nowMicros, toMicros }] satisfies Array<Span>
    const rows = yield* cold.rowCount(hour, named)
    const parts = Math.max(1, Math.ceil(rows / limits.rowsMax))
    const step = Math.ceil(hourMicros / parts)
    const found: Array<Span> = []
    for (let from = hour.hourMicros; from < toMicros; from += step) {
      const to = Math.min(toMicros, from + step)
      if (to > nowMicros) found.push({ _tag: "hour", hour, fromMicros: Math.max(from, nowMicros), toMicros: to })
    }
    return found
  })

  const hourLanes = Effect.fnUntraced(function* ({ fromMicros, hour, toMicros }: Span & { _tag: "hour" }) {
    const parts = yield* cold.hourRows({ hour, tickers: named, fromMicros, toMicros })
    const lanes: Array<ReplayMerge.Lane> = []
    for (const { end, marketTicker, rows, start } of parts) {
      const rank = rankOf.get(marketTicker)
      // impossible: a market whose first record is older than the last ones of all logs would have been among them
      if (rank === undefined) return yield* Effect.die(`${marketTicker} is in ${hour.manifestKey} and has no log`)
      yield* follows(marketTicker, rows.offset[start] as number)
      lasts.set(marketTicker, {
        offset: rows.offset[end - 1] as number,
        tsReceivedMicros: rows.tsReceivedMicros[end - 1] as number
      })
      lanes.push(ReplayMerge.laneOfRows(rank, rows, start, end))
    }
    return lanes
  })

  const page = Effect.fnUntraced(function* (marketTicker: MarketTicker, fromMicros: number, toMicros: number) {
    const last = lasts.get(marketTicker)
    const afterOffset = last?.offset ?? 0
    const from = Math.max(fromMicros, last?.tsReceivedMicros ?? 0)
    const ask = (since: number) =>
      log.records({ marketTicker, fromMicros: since, toMicros, afterOffset, recordsMax: pageRecords })
    let records = yield* ask(from)
    const [first] = records
    // A gap that was stored late begins before the span.
    if (first !== undefined && last !== undefined && first.offset !== afterOffset + 1) {
      records = yield* ask(last.tsReceivedMicros)
    }
    const one = records[0]
    const end = records.at(-1)
    if (one !== undefined && end !== undefined) {
      yield* follows(marketTicker, one.offset)
      lasts.set(marketTicker, end)
    }
    return { records, isLast: records.length < pageRecords } satisfies {
      records: ReadonlyArray<BookRecord>
      isLast: boolean
    }
  })

  const logLanes = Effect.fnUntraced(function* ({ fromMicros, toMicros }: Span) {
    return yield* Effect.forEach(
      tickers,
      (ticker, rank) =>
        Effect.map(page(ticker, fromMicros, toMicros), ({ isLast, records }) => {
          const lane = ReplayMerge.laneOfEntries(rank, records, isLast)
          const filling = Effect.map(page(ticker, fromMicros, toMicros), (more) =>
            ReplayMerge.fill(lane, more.records, more.isLast || more.records.length === 0)
          )
          if (!isLast) fillings.set(rank, filling)
          return lane
        }),
      { concurrency }
    )
  })

  const begin = Effect.fnUntraced(function* (span: Span) {
    fillings = new Map()
    const lanes = span._tag === "hour" ? yield* hourLanes(span) : yield* logLanes(span)
    for (const side of yield* sides.lanes(span)) {
      lanes.push(side.lane)
      if (side.filling !== undefined) fillings.set(side.lane.rank, side.filling)
    }
    merge = ReplayMerge.make(lanes)
    nowMicros = span.toMicros
  })

  const next = Effect.gen(function* () {
    const entries: Array<ReplayEntry> = []
    while (true) {
      const dry = ReplayMerge.take(merge, entries, limits.entriesMax)
      if (dry !== undefined) {
        // impossible: a lane that goes on knows how
        yield* fillings.get(dry.rank) ?? Effect.die("a lane goes on that nobody fills")
        continue
      }
      if (entries.length > 0) return entries
      let span = spans.shift()
      if (span === undefined) {
        if (nowMicros >= query.toMicros) return undefined
        spans = yield* nextSpans
        span = spans.shift()
      }
      if (span !== undefined) yield* begin(span)
    }
  })

  return { next }
})
