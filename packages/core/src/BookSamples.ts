/**
 * A market's book at many moments, as columns: what the top levels were, and whether they may be believed.
 *
 * Each sample equals the book at that moment by the receive clock. Prices and sizes stand in one array each, `depth` places for a
 * sample, best first, of which the first `...Levels` are filled.
 */
import * as Book from "./Book.ts"
import * as BookMeasures from "./BookMeasures.ts"
import { type GapCause, gapCauses, type Side } from "./BookRecord.ts"
import * as Ladder from "./Ladder.ts"
import * as LevelTable from "./LevelTable.ts"
import type { Replay } from "./Replay.ts"
import type { Trust } from "./Trust.ts"

/** Codes in `trust`: places in this list. */
export const trustStates = ["unknown", "trusted", "stale"] as const satisfies ReadonlyArray<Trust["_tag"]>

/** Code in `cause` of a sample whose book is not stale; others are places in `gapCauses`. */
const causeNone = 255

export interface BookSamples {
  /** Levels of each side at most. */
  readonly depth: number
  /** How many samples are filled; the arrays may be longer. */
  count: number
  /** The moments, Unix microseconds, ascending. */
  readonly atMicros: Float64Array
  /** Offset of the last record that is part of the book. */
  readonly offset: Float64Array
  readonly trust: Uint8Array
  readonly cause: Uint8Array
  readonly yesLevels: Uint16Array
  readonly yesPriceE4: Int32Array
  readonly yesSizeE2: Float64Array
  readonly noLevels: Uint16Array
  readonly noPriceE4: Int32Array
  readonly noSizeE2: Float64Array
  readonly derive: SampleDerive
  /** The measures of each sample side by side, NaN for none. */
  readonly derived: Float64Array
}

export type SampleDerive = BookMeasures.Derive<BookMeasures.MeasureName>

/** Room for so many samples. */
export const make = (
  samplesMax: number,
  depth: number,
  derive: SampleDerive = BookMeasures.deriveNothing
): BookSamples => ({
  depth,
  count: 0,
  atMicros: new Float64Array(samplesMax),
  offset: new Float64Array(samplesMax),
  trust: new Uint8Array(samplesMax),
  cause: new Uint8Array(samplesMax),
  yesLevels: new Uint16Array(samplesMax),
  yesPriceE4: new Int32Array(samplesMax * depth),
  yesSizeE2: new Float64Array(samplesMax * depth),
  noLevels: new Uint16Array(samplesMax),
  noPriceE4: new Int32Array(samplesMax * depth),
  noSizeE2: new Float64Array(samplesMax * depth),
  derive,
  derived: new Float64Array(samplesMax * derive.names.length)
})

export const isFull = ({ atMicros, count }: BookSamples): boolean => count === atMicros.length

/** Adds a sample of the state, which has a last record. O(depth), and what its measures cost. */
export const take = (samples: BookSamples, replay: Replay, atMicros: number): void => {
  const at = samples.count++
  samples.atMicros[at] = atMicros
  samples.offset[at] = replay.last?.offset ?? 0
  samples.trust[at] = trustStates.indexOf(replay.trust._tag)
  samples.cause[at] = replay.trust._tag === "stale" ? gapCauses.indexOf(replay.trust.gap.cause) : causeNone
  const { depth } = samples
  samples.yesLevels[at] = takeSide(replay.book, "yes", depth, samples.yesPriceE4, samples.yesSizeE2, at * depth)
  samples.noLevels[at] = takeSide(replay.book, "no", depth, samples.noPriceE4, samples.noSizeE2, at * depth)
  const { names, withinE4 } = samples.derive
  for (const [place, name] of names.entries()) {
    const value = replay.trust._tag === "trusted" ? BookMeasures.ofBook(replay.book, name, withinE4) : null
    samples.derived[at * names.length + place] = value ?? Number.NaN
  }
}

/** Adds the sample before once more, for a later moment at which nothing is different. */
export const repeat = (samples: BookSamples, atMicros: number): void => {
  const at = samples.count++
  const { depth } = samples
  samples.atMicros[at] = atMicros
  samples.offset[at] = samples.offset[at - 1] as number
  samples.trust[at] = samples.trust[at - 1] as number
  samples.cause[at] = samples.cause[at - 1] as number
  samples.yesLevels[at] = samples.yesLevels[at - 1] as number
  samples.noLevels[at] = samples.noLevels[at - 1] as number
  for (const column of [samples.yesPriceE4, samples.yesSizeE2, samples.noPriceE4, samples.noSizeE2]) {
    column.copyWithin(at * depth, (at - 1) * depth, at * depth)
  }
  const measures = samples.derive.names.length
  samples.derived.copyWithin(at * measures, (at - 1) * measures, at * measures)
}

export const causeAt = (samples: BookSamples, sample: number): GapCause | undefined =>
  gapCauses[samples.cause[sample] as number]

/** One of the measures, by its place among them. */
export const derivedAt = ({ derive, derived }: BookSamples, sample: number, place: number): number | null => {
  const value = derived[sample * derive.names.length + place] as number
  return Number.isNaN(value) ? null : value
}

/** Returns how many levels there are. */
const takeSide = (
  book: Book.Book,
  side: Side,
  depth: number,
  prices: Int32Array,
  sizes: Float64Array,
  start: number
): number => {
  const found = Ladder.pricesE4(Book.ladder(book, side), depth)
  const { length } = found
  for (let level = 0; level < length; level++) {
    const priceE4 = found[length - 1 - level] as number
    prices[start + level] = priceE4
    sizes[start + level] = LevelTable.sizeAt(book.cells, LevelTable.place(book.cells, Book.keyOf(side, priceE4)))
  }
  return length
}
