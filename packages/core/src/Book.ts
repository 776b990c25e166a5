/**
 * One market's order book: two ladders of bids, in whole numbers.
 *
 * The book is mutable on purpose (one owner, millions of updates); every function here is total, synchronous and free of
 * IO. It knows nothing of sequence numbers, trust or time: `Sequencer` and `Replay` do.
 */

import { hashToText, levelHashHigh, levelHashLow } from "./BookHash.ts"
import type { BookLevels, Level, Side } from "./BookRecord.ts"
import * as Ladder from "./Ladder.ts"
import * as LevelTable from "./LevelTable.ts"
import { dollarE4 } from "./Units.ts"

export interface Book {
  /** The sizes of all levels of both sides, by `keyOf`: see `LevelTable`. Directly here, so that a change finds it at once. */
  cells: LevelTable.Cells
  /** Which prices have a level. */
  readonly yes: Ladder.Ladder
  readonly no: Ladder.Ladder
  /** The digest of all levels: two 32-bit lanes, each the sum of the levels' hashes. Kept by `apply`, read by `hash`. */
  hashLow: number
  hashHigh: number
}

/** Why a change was refused; the book is as it was before. */
export type BookProblem =
  /** The change would make the level's size negative. */
  | "negative_level"
  /** The price is not within 1..9999. */
  | "price_out_of_range"
  /** A size or change that is not a whole number, or beyond 2^53 - 1. */
  | "size_out_of_range"
  /** A snapshot names the same price of a side twice. */
  | "level_repeated"

export const make = (): Book => ({
  cells: LevelTable.make(),
  yes: Ladder.make(),
  no: Ladder.make(),
  hashLow: 0,
  hashHigh: 0
})

/** Key of a level in `cells`: prices take 14 bits, the next one tells the sides apart. */
export const keyOf = (side: Side, priceE4: number): number => (side === "yes" ? priceE4 : priceE4 | 0x4000)

export const ladder = (book: Book, side: Side): Ladder.Ladder => (side === "yes" ? book.yes : book.no)

/** Adds `deltaE2` to one level. Returns the problem, or `undefined` when applied. O(1). */
export const apply = (book: Book, side: Side, priceE4: number, deltaE2: number): BookProblem | undefined => {
  if (!isPrice(priceE4)) return "price_out_of_range"
  const { cells } = book
  const key = keyOf(side, priceE4)
  const at = LevelTable.place(cells, key)
  const before = LevelTable.sizeAt(cells, at)
  const problem = problemOf(before, deltaE2)
  if (problem !== undefined) return problem
  const after = before + deltaE2
  if (before !== 0 && after !== 0) LevelTable.resize(cells, at, after)
  else if (before !== 0) removeLevel(book, side, priceE4, at)
  else if (after !== 0) addLevel(book, side, priceE4, at, after)
  let low = book.hashLow
  let high = book.hashHigh
  if (before !== 0) {
    low -= levelHashLow(side, priceE4, before)
    high -= levelHashHigh(side, priceE4, before)
  }
  if (after !== 0) {
    low += levelHashLow(side, priceE4, after)
    high += levelHashHigh(side, priceE4, after)
  }
  book.hashLow = low | 0
  book.hashHigh = high | 0
  return undefined
}

const addLevel = (book: Book, side: Side, priceE4: number, at: number, sizeE2: number): void => {
  Ladder.add(ladder(book, side), priceE4)
  const levelCount = book.yes.count + book.no.count
  book.cells = LevelTable.insert(book.cells, at, keyOf(side, priceE4), sizeE2, levelCount)
}

const removeLevel = (book: Book, side: Side, priceE4: number, at: number): void => {
  Ladder.remove(ladder(book, side), priceE4)
  LevelTable.removeAt(book.cells, at)
}

/** What `apply` would return, without applying. O(1). */
export const check = (book: Book, side: Side, priceE4: number, deltaE2: number): BookProblem | undefined =>
  isPrice(priceE4) ? problemOf(sizeE2(book, side, priceE4), deltaE2) : "price_out_of_range"

const isPrice = (priceE4: number): boolean => priceE4 >= 1 && priceE4 < dollarE4 && Number.isInteger(priceE4)

const problemOf = (before: number, deltaE2: number): BookProblem | undefined => {
  if (before + deltaE2 < 0) return "negative_level"
  if (!(Number.isInteger(deltaE2) && Number.isSafeInteger(before + deltaE2))) return "size_out_of_range"
  return undefined
}

/** Empties both ladders. */
export const clear = (book: Book): void => {
  book.cells.fill(0)
  Ladder.clear(book.yes)
  Ladder.clear(book.no)
  book.hashLow = 0
  book.hashHigh = 0
}

/**
 * Replaces the whole book. Returns the first problem found; the book is then what came before it and must not be trusted.
 * O(levels).
 */
export const replace = (book: Book, levels: BookLevels): BookProblem | undefined => {
  clear(book)
  const levelCount = levels.yes.length + levels.no.length
  if (!LevelTable.hasRoom(book.cells, levelCount)) book.cells = LevelTable.make(levelCount)
  for (const side of ["yes", "no"] as const) {
    for (const level of levels[side]) {
      if (!(level.sizeE2 > 0)) return "size_out_of_range"
      if (sizeE2(book, side, level.priceE4) !== 0) return "level_repeated"
      const problem = apply(book, side, level.priceE4, level.sizeE2)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** A new book with these levels, up to the first that `replace` would refuse. */
export const fromLevels = (levels: BookLevels): Book => {
  const book = make()
  replace(book, levels)
  return book
}

/** An independent copy. O(levels). */
export const copy = (book: Book): Book => ({
  cells: book.cells.slice(),
  yes: Ladder.copy(book.yes),
  no: Ladder.copy(book.no),
  hashLow: book.hashLow,
  hashHigh: book.hashHigh
})

/** Both ladders, ascending by price, best last. With `depth` greater than 0 only the best `depth` levels of each. O(levels). */
export const levels = (book: Book, depth = 0): BookLevels => ({
  yes: levelsOf(book, "yes", depth),
  no: levelsOf(book, "no", depth)
})

const levelsOf = (book: Book, side: Side, depth: number): ReadonlyArray<Level> => {
  const { cells } = book
  const pricesE4 = Ladder.pricesE4(ladder(book, side), depth)
  const result = new Array<Level>(pricesE4.length)
  for (let at = 0; at < result.length; at++) {
    const priceE4 = pricesE4[at] as number
    result[at] = { priceE4, sizeE2: LevelTable.sizeAt(cells, LevelTable.place(cells, keyOf(side, priceE4))) }
  }
  return result
}

/** The best bid of a side: the level with the highest price, `undefined` when the side is empty. */
export const best = (book: Book, side: Side): Level | undefined => {
  const priceE4 = Ladder.bestPriceE4(ladder(book, side))
  return priceE4 === 0 ? undefined : { priceE4, sizeE2: sizeE2(book, side, priceE4) }
}

/** The size at one level in 1/100 contract, 0 where there is none, also where there can be none. O(1). */
export const sizeE2 = (book: Book, side: Side, priceE4: number): number =>
  isPrice(priceE4) ? LevelTable.sizeAt(book.cells, LevelTable.place(book.cells, keyOf(side, priceE4))) : 0

/** Whether a bid of `side` at this price would meet the other side's best bid. O(1). */
export const wouldCross = (book: Book, side: Side, priceE4: number): boolean => {
  const opposite = Ladder.bestPriceE4(side === "yes" ? book.no : book.yes)
  return opposite > 0 && opposite + priceE4 >= dollarE4
}

/** Whether a yes bid and a no bid add up to a dollar or more, which the exchange would have matched. O(1). */
export const isCrossed = (book: Book): boolean => {
  const yes = Ladder.bestPriceE4(book.yes)
  return yes > 0 && wouldCross(book, "yes", yes)
}

/**
 * The digest of the book, 16 hexadecimal digits: equal for equal books however they came about, `"0000000000000000"` for the
 * empty one. Detects mistakes, not forgery: 64 bits, not cryptographic. O(1). Recipe in SPEC-book.md.
 */
export const hash = (book: Book): string => hashToText(book.hashHigh, book.hashLow)
