/**
 * A piece of a market's log in the browser: a book and the records after it, from which every book of its time is folded here, one record
 * at a time, as SPEC-book.md says. What happened at one moment of receipt is applied together, so each shown book is the one that
 * `/orderbook?at=` answers for its moment.
 */
import type { BookRecord } from "../api/Answers.ts"
import * as Instant from "../format/Instant.ts"
import * as BookFold from "./BookFold.ts"
import type { ShownBook } from "./ShownBook.ts"

export interface RecordStrip {
  /** The book at `fromMicros`; `undefined` where the log begins after it. */
  readonly base: ShownBook | undefined
  readonly records: ReadonlyArray<BookRecord>
  /** Moments of receipt of the records. */
  readonly micros: Float64Array
  readonly fromMicros: number
  /** Everything up to and including this moment is here. */
  readonly toMicros: number
}

export interface StripParts {
  readonly base: ShownBook | undefined
  /** From `fromMicros` on, in log order; those that are part of the base are left out here. */
  readonly records: ReadonlyArray<BookRecord>
  readonly fromMicros: number
  /** Whether more follow. Then the last moment may not be whole. */
  readonly isCut: boolean
  /** Up to which moment the log was known when it was asked. */
  readonly knownToMicros: number
}

export const make = ({ base, fromMicros, isCut, knownToMicros, records }: StripParts): RecordStrip => {
  const after = records.filter(({ offset }) => base === undefined || offset > base.offset)
  const micros = Float64Array.from(after, (record) => Instant.micros(record.ts_received))
  const last = micros.at(-1)
  return {
    base,
    records: after,
    micros,
    fromMicros,
    toMicros: isCut && last !== undefined ? last - 1 : knownToMicros
  }
}

export const covers = ({ fromMicros, toMicros }: RecordStrip, atMicros: number): boolean =>
  atMicros >= fromMicros && atMicros <= toMicros

/** How many records are at or before a moment. O(log n). */
const countUntil = ({ micros }: RecordStrip, atMicros: number): number => {
  let low = 0
  let high = micros.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((micros[middle] as number) <= atMicros) low = middle + 1
    else high = middle
  }
  return low
}

/** The next moment at which something was received, if it is here. */
export const momentAfter = (strip: RecordStrip, atMicros: number): number | undefined => {
  const next = strip.micros[countUntil(strip, atMicros)]
  return next === undefined || next > strip.toMicros ? undefined : next
}

/** The moment before: of the record before those of this moment; `undefined` where it may lie before the strip. */
export const momentBefore = (strip: RecordStrip, atMicros: number): number | undefined =>
  strip.micros[countUntil(strip, atMicros - 1) - 1]

/** How far a strip was folded last: play goes on from there. */
interface Folded {
  readonly fold: BookFold.BookFold
  readonly count: number
}

const folded = new WeakMap<RecordStrip, Folded>()

/** The book at a moment that the strip covers; `undefined` before the first record of the log. O(records since the last one asked for). */
export const bookAt = (strip: RecordStrip, atMicros: number): ShownBook | undefined => {
  const until = countUntil(strip, atMicros)
  if (strip.base === undefined && until === 0) return undefined
  const last = folded.get(strip)
  const begun = last === undefined || last.count > until ? { fold: BookFold.from(strip.base), count: 0 } : last
  for (let index = begun.count; index < until; index++) BookFold.apply(begun.fold, strip.records[index] as BookRecord)
  folded.set(strip, { fold: begun.fold, count: until })
  return BookFold.shown(begun.fold, atMicros)
}
