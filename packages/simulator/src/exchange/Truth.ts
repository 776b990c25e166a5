/**
 * The exact book of every market at each of its own moments: what tests compare the rest of the system with.
 *
 * Append-only compact columns of level changes in chunks, each with the book at its start. Bounded: when there are more
 * changes than the limit, the oldest full chunks go, and a question about their time is answered `forgotten`, never guessed.
 */
import * as Book from "@kalshibook/core/Book"
import { type BookLevels, emptyLevels, type Side } from "@kalshibook/core/BookRecord"

/** Changes a chunk holds; also how many a question folds at most. */
const chunkChangesMax = 1024
const chunkChangesFirst = 32

interface Chunk {
  /** The book just before the first change of the chunk. */
  readonly start: BookLevels
  /** Number and time of the last change before the chunk. */
  readonly startNumber: number
  readonly startMicros: number
  length: number
  numbers: Float64Array
  times: Float64Array
  /** Price, plus `noBit` on the no side. */
  keys: Uint16Array
  deltas: Float64Array
}

const noBit = 0x4000

interface MarketTruth {
  readonly book: Book.Book
  readonly chunks: Array<Chunk>
}

export interface Truth {
  readonly markets: Map<string, MarketTruth>
  readonly changesMax: number
  /** Changes now held. */
  changes: number
  /** Changes dropped so far because of the limit. */
  changesForgotten: number
  /** Full chunks in the order in which they filled up: the first to go. */
  readonly full: Array<{ readonly market: MarketTruth; readonly chunk: Chunk }>
  fullDropped: number
}

/** A moment of the exchange: by its clock (all changes stamped at or before it) or by the number of the last change. */
export type Moment = { readonly tsMicros: number } | { readonly changeNumber: number }

export type TruthAnswer =
  | {
      readonly _tag: "book"
      readonly levels: BookLevels
      /** Number and time of the market's last change in it; 0 when there was none since the market's beginning. */
      readonly changeNumber: number
      readonly tsMicros: number
    }
  | { readonly _tag: "unknown_market" }
  /** Dropped to stay within the limit; known after the change of this number and time. */
  | { readonly _tag: "forgotten"; readonly knownAfterNumber: number; readonly knownAfterMicros: number }

export const make = (changesMax: number): Truth => ({
  markets: new Map(),
  changesMax,
  changes: 0,
  changesForgotten: 0,
  full: [],
  fullDropped: 0
})

const newChunk = (start: BookLevels, startNumber: number, startMicros: number): Chunk => ({
  start,
  startNumber,
  startMicros,
  length: 0,
  numbers: new Float64Array(chunkChangesFirst),
  times: new Float64Array(chunkChangesFirst),
  keys: new Uint16Array(chunkChangesFirst),
  deltas: new Float64Array(chunkChangesFirst)
})

/** Begins the truth of a market whose book is `levels` from the beginning. */
export const begin = (truth: Truth, marketTicker: string, levels: BookLevels): void => {
  truth.markets.set(marketTicker, { book: Book.fromLevels(levels), chunks: [newChunk(levels, 0, 0)] })
}

const growChunk = (chunk: Chunk): void => {
  const widen = <A extends Float64Array | Uint16Array>(from: A, to: A): A => {
    to.set(from)
    return to
  }
  const capacity = chunk.numbers.length * 2
  chunk.numbers = widen(chunk.numbers, new Float64Array(capacity))
  chunk.times = widen(chunk.times, new Float64Array(capacity))
  chunk.keys = widen(chunk.keys, new Uint16Array(capacity))
  chunk.deltas = widen(chunk.deltas, new Float64Array(capacity))
}

export interface LevelChange {
  readonly side: Side
  readonly priceE4: number
  readonly deltaE2: number
  /** Counts the changes of the whole exchange from 1. */
  readonly changeNumber: number
  readonly tsMicros: number
  /** The frame that told it, behind its seq, where the change comes from a recording. */
  readonly recordedTail?: string | undefined
}

/** Appends one change. O(1), and once per chunk O(levels). */
export const append = (truth: Truth, marketTicker: string, change: LevelChange): void => {
  const market = truth.markets.get(marketTicker)
  // impossible: a market's truth begins when it is listed
  if (market === undefined) throw new Error(`change of the unknown market ${marketTicker}`)
  let chunk = market.chunks[market.chunks.length - 1] as Chunk
  if (chunk.length === chunkChangesMax) {
    truth.full.push({ market, chunk })
    const last = chunk.length - 1
    chunk = newChunk(Book.levels(market.book), chunk.numbers[last] as number, chunk.times[last] as number)
    market.chunks.push(chunk)
    forget(truth)
  }
  if (chunk.length === chunk.numbers.length) growChunk(chunk)
  const at = chunk.length++
  chunk.numbers[at] = change.changeNumber
  chunk.times[at] = change.tsMicros
  chunk.keys[at] = change.side === "no" ? change.priceE4 | noBit : change.priceE4
  chunk.deltas[at] = change.deltaE2
  truth.changes++
  Book.apply(market.book, change.side, change.priceE4, change.deltaE2)
}

/** How many dropped entries the list of full chunks may carry before it is cut. */
const fullDroppedMax = 1000

const forget = (truth: Truth): void => {
  while (truth.changes > truth.changesMax) {
    const oldest = truth.full[truth.fullDropped]
    if (oldest === undefined) return
    truth.fullDropped++
    const { chunk, market } = oldest
    if (market.chunks[0] === chunk) market.chunks.shift()
    truth.changes -= chunk.length
    truth.changesForgotten += chunk.length
  }
  if (truth.fullDropped > fullDroppedMax) {
    truth.full.splice(0, truth.fullDropped)
    truth.fullDropped = 0
  }
}

/** Drops all that is known of a market. */
export const drop = (truth: Truth, marketTicker: string): void => {
  const market = truth.markets.get(marketTicker)
  if (market === undefined) return
  for (const chunk of market.chunks.splice(0)) {
    truth.changes -= chunk.length
    truth.changesForgotten += chunk.length
    chunk.length = 0
  }
  truth.markets.delete(marketTicker)
}

/** How many of the chunk's changes happened up to the moment. */
const countUpTo = (column: Float64Array, length: number, limit: number): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((column[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** The book of a market at a moment. Folds at most 1,024 changes. */
export const bookAt = (truth: Truth, marketTicker: string, moment: Moment): TruthAnswer => {
  const market = truth.markets.get(marketTicker)
  if (market === undefined) return { _tag: "unknown_market" }
  const byTime = "tsMicros" in moment
  const limit = byTime ? moment.tsMicros : moment.changeNumber
  const chunk = market.chunks.findLast((one) => (byTime ? one.startMicros : one.startNumber) <= limit)
  if (chunk === undefined) {
    const first = market.chunks[0]
    return { _tag: "forgotten", knownAfterNumber: first?.startNumber ?? 0, knownAfterMicros: first?.startMicros ?? 0 }
  }
  const count = countUpTo(byTime ? chunk.times : chunk.numbers, chunk.length, limit)
  const book = Book.fromLevels(chunk.start)
  for (let at = 0; at < count; at++) {
    const key = chunk.keys[at] as number
    Book.apply(book, (key & noBit) === 0 ? "yes" : "no", key & (noBit - 1), chunk.deltas[at] as number)
  }
  return {
    _tag: "book",
    levels: Book.levels(book),
    changeNumber: count === 0 ? chunk.startNumber : (chunk.numbers[count - 1] as number),
    tsMicros: count === 0 ? chunk.startMicros : (chunk.times[count - 1] as number)
  }
}

/** The book of a market after its last change; a copy of levels. */
export const bookNow = (truth: Truth, marketTicker: string): BookLevels => {
  const market = truth.markets.get(marketTicker)
  return market === undefined ? emptyLevels : Book.levels(market.book)
}
