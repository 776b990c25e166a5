/**
 * One market's log from a place on, in log order, whichever tier holds it: rows of sealed hours first, then records of the hot tier.
 *
 * An hour may leave the hot tier, or be sealed again, between two reads. So after each read of the hot tier it is looked whether what
 * was asked for could have left; if so, the walk goes on in the cold tier from the same record. That offsets follow each other is
 * checked throughout: a hole is a problem, never an answer.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { LogRows } from "@kalshibook/core/cold/LogRows"
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import { Effect } from "effect"
import { ColdDataProblem, type ColdTierError } from "./cold/ColdDataProblem.ts"
import type { ColdTier, MarketHour } from "./cold/ColdTier.ts"
import type { FoundHour, SealedHours } from "./cold/SealedHours.ts"
import type { HotTier } from "./HotTier.ts"
import type { HotTierError } from "./HotTierError.ts"

export interface LogTiers {
  readonly hot: HotTier["Service"]
  readonly sealed: SealedHours["Service"]
  readonly cold: ColdTier["Service"]
}

export interface LogCursorOptions {
  readonly marketTicker: MarketTicker
  /** Only records after this offset, received at `fromMicros` or later and before `toMicros`. */
  readonly afterOffset: number
  readonly fromMicros: number
  readonly toMicros: number
  /** Whether the record after `afterOffset` must be the next one. */
  readonly isContinued: boolean
  /** An hour that was read already, with which the walk begins. */
  readonly first?: { readonly hour: FoundHour; readonly marketHour: MarketHour } | undefined
}

/** Some of the log: rows [start, end), without keyframes, or records. */
export type LogPiece =
  | { readonly _tag: "rows"; readonly rows: LogRows; readonly start: number; readonly end: number }
  | { readonly _tag: "records"; readonly records: ReadonlyArray<BookRecord> }

export interface LogCursor {
  /** `undefined` at the end. */
  readonly next: Effect.Effect<LogPiece | undefined, HotTierError | ColdTierError>
}

/** As far apart as keyframes of the hot tier, so that one page holds all there is to fold on top of one. */
export const recordsPerPageMax = 500
/** Hours that are looked up at once. */
const hoursAtOnceMax = 24

export const make = ({ cold, hot, sealed }: LogTiers, options: LogCursorOptions): LogCursor => {
  const { fromMicros, marketTicker, toMicros } = options
  let offset = options.afterOffset
  /** Receipt of the last record, from which the hot tier is asked. */
  let lastMicros = fromMicros
  let isContinued = options.isContinued
  let first = options.first
  /** Hours that are known and not read yet. */
  let hours: Array<FoundHour> = first === undefined ? [] : [first.hour]
  /** From which hour on they are not known yet; `undefined` when there are no more. */
  let hoursFrom: number | undefined =
    first === undefined ? hourOf(Math.max(0, fromMicros)) : first.hour.hourMicros + hourMicros
  let floorMicros = 0
  /** A marked hour, read, of which the hot tier may have more. */
  let unfinished: FoundHour | undefined
  let isDone = false

  const moved = Effect.fnUntraced(function* (firstOffset: number, last: { offset: number; tsReceivedMicros: number }) {
    if (isContinued && firstOffset !== offset + 1) {
      const detail = `after the record ${offset} of ${marketTicker} comes ${firstOffset}`
      return yield* new ColdDataProblem({ problem: "incomplete", key: marketTicker, detail })
    }
    isContinued = true
    offset = last.offset
    lastMicros = last.tsReceivedMicros
  })

  const hotPage = (beforeMicros: number) =>
    hot.records({
      marketTicker,
      fromMicros: lastMicros,
      toMicros: beforeMicros,
      afterOffset: offset,
      recordsMax: recordsPerPageMax
    })

  const pieceOf = Effect.fnUntraced(function* (records: ReadonlyArray<BookRecord>) {
    const [one] = records
    const last = records.at(-1)
    if (one === undefined || last === undefined) return undefined
    yield* moved(one.offset, last)
    return { _tag: "records", records } satisfies LogPiece as LogPiece
  })

  const coldPiece = Effect.fnUntraced(function* (hour: FoundHour) {
    const read = first?.hour === hour ? first.marketHour : yield* cold.marketHour(hour, marketTicker)
    first = undefined
    if (hour.isMarked) unfinished = hour
    if (read === undefined) {
      if (hour.isMarked) return undefined
      const detail = `Postgres says that ${marketTicker} has rows in it, and it has none`
      return yield* new ColdDataProblem({ problem: "incomplete", key: hour.manifestKey, detail })
    }
    const { rows } = read
    let start = read.rowFirst
    while (
      start < rows.rows &&
      ((rows.offset[start] as number) <= offset || (rows.tsReceivedMicros[start] as number) < fromMicros)
    ) {
      start++
    }
    let end = rows.rows
    while (end > start && (rows.tsReceivedMicros[end - 1] as number) >= toMicros) end--
    if (start === end) return undefined
    yield* moved(rows.offset[start] as number, {
      offset: rows.offset[end - 1] as number,
      tsReceivedMicros: rows.tsReceivedMicros[end - 1] as number
    })
    return { _tag: "rows", rows, start, end } satisfies LogPiece as LogPiece
  })

  /** What the hot tier has of a marked hour beyond its files. */
  const rest = Effect.fnUntraced(function* (hour: FoundHour) {
    const records = yield* hotPage(Math.min(toMicros, hour.hourMicros + hourMicros))
    const [now] = (yield* sealed.hours({
      marketTicker: undefined,
      alsoMarked: true,
      fromMicros: hour.hourMicros,
      toMicros: hour.hourMicros + hourMicros,
      order: "earliest",
      hoursMax: 1
    })).hours
    if (now !== undefined && (now.revision !== hour.revision || now.isMarked !== hour.isMarked)) {
      // Sealed again meanwhile, so what was in the hot tier may have left it: the new files have it.
      hours.unshift(now)
      unfinished = undefined
      return undefined
    }
    if (records.length < recordsPerPageMax) unfinished = undefined
    return yield* pieceOf(records)
  })

  const findHours = Effect.fnUntraced(function* (from: number) {
    const found = yield* sealed.hours({
      marketTicker,
      alsoMarked: true,
      fromMicros: from,
      toMicros,
      order: "earliest",
      hoursMax: hoursAtOnceMax
    })
    floorMicros = found.floorMicros
    hours = found.hours.filter((hour) => hour.hourMicros < floorMicros)
    const last = hours.at(-1)
    hoursFrom = last === undefined || found.hours.length < hoursAtOnceMax ? undefined : last.hourMicros + hourMicros
  })

  const hotPiece = Effect.fnUntraced(function* () {
    const records = yield* hotPage(toMicros)
    if ((yield* sealed.floorMicros) !== floorMicros) {
      hoursFrom = hourOf(lastMicros)
      return undefined
    }
    isDone = records.length < recordsPerPageMax
    return yield* pieceOf(records)
  })

  const step = Effect.suspend((): Effect.Effect<LogPiece | undefined, HotTierError | ColdTierError> => {
    if (unfinished !== undefined) return rest(unfinished)
    const hour = hours.shift()
    if (hour !== undefined) return coldPiece(hour)
    if (hoursFrom === undefined) return hotPiece()
    if (hoursFrom < toMicros) return Effect.as(findHours(hoursFrom), undefined)
    isDone = true
    return Effect.undefined
  })

  return {
    next: Effect.gen(function* () {
      while (!isDone) {
        const piece = yield* step
        if (piece !== undefined) return piece
      }
      return undefined
    })
  }
}
