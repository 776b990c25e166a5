/**
 * A piece of a market's log in the browser: a book and the records after it, from which every book of its time is folded here, one record
 * at a time, as SPEC-book.md says. What happened at one moment of receipt is applied together, so each shown book is the one that
 * `/orderbook?at=` answers for its moment.
 */
import type { BookRecord } from "../api/Answers.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import type { Level, ShownBook, ShownTrust } from "./ShownBook.ts"

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

type Sizes = Map<number, number>

const sizesOf = (levels: ReadonlyArray<Level>): Sizes => new Map(levels.map(({ priceE4, sizeE2 }) => [priceE4, sizeE2]))

const sizesOfLadder = (ladder: ReadonlyArray<readonly [string, string]>): Sizes =>
  new Map(ladder.map(([price, size]) => [Numbers.e4(price), Numbers.e2(size)]))

const levelsOf = (sizes: Sizes): ReadonlyArray<Level> =>
  [...sizes].map(([priceE4, sizeE2]) => ({ priceE4, sizeE2 })).sort((one, other) => other.priceE4 - one.priceE4)

/** The book at a moment that the strip covers; `undefined` before the first record of the log. O(records). */
export const bookAt = (strip: RecordStrip, atMicros: number): ShownBook | undefined => {
  const until = countUntil(strip, atMicros)
  if (strip.base === undefined && until === 0) return undefined
  let yes = sizesOf(strip.base?.yes ?? [])
  let no = sizesOf(strip.base?.no ?? [])
  let trust: ShownTrust = strip.base?.trust ?? { state: "unknown" }
  let offset = strip.base?.offset ?? 0
  for (let index = 0; index < until; index++) {
    const record = strip.records[index] as BookRecord
    offset = record.offset
    switch (record.kind) {
      case "snapshot":
        yes = sizesOfLadder(record.orderbook_fp.yes_dollars)
        no = sizesOfLadder(record.orderbook_fp.no_dollars)
        trust = { state: "trusted" }
        break
      case "gap":
        trust = { state: "stale", cause: record.cause, fromMicros: Instant.micros(record.from) }
        break
      case "delta": {
        // Outside a trusted book it changes nothing: its base is not known.
        if (trust.state !== "trusted") break
        const side = record.side === "yes" ? yes : no
        const priceE4 = Numbers.e4(record.price_dollars)
        const sizeE2 = (side.get(priceE4) ?? 0) + Numbers.e2(record.delta_fp)
        if (sizeE2 === 0) side.delete(priceE4)
        else side.set(priceE4, sizeE2)
      }
    }
  }
  return { atMicros, offset, trust, yes: levelsOf(yes), no: levelsOf(no) }
}
