/**
 * What is computed from a book that is asked for again and again: its top, how much stands near it, and to which side it leans.
 *
 * Values are whole numbers of the last digit of their type; the two ratios are quotients of whole numbers. `null` where a side that
 * is needed is empty, and everywhere while the book is not trusted: the last good book says nothing of now.
 */
import * as Book from "./Book.ts"
import type { BookRecord, Side } from "./BookRecord.ts"
import * as Ladder from "./Ladder.ts"
import type { Replay } from "./Replay.ts"
import { dollarE4 } from "./Units.ts"

/** DuckDB's names: dollars to 1/10,000 and to half of that, contracts to 1/100, and a ratio. */
export type MeasureType = "DECIMAL(9,4)" | "DECIMAL(9,5)" | "DECIMAL(18,2)" | "DOUBLE"

interface Measure {
  readonly type: MeasureType
  /** Meaning, unit, and what a missing one says. */
  readonly description: string
}

export const measureNames = [
  "yes_bid",
  "yes_ask",
  "spread",
  "mid",
  "imbalance",
  "yes_depth",
  "no_depth",
  "depth_imbalance"
] as const
export type MeasureName = (typeof measureNames)[number]

/** Those of a record of the log: its own level, and the book after it. */
export const recordMeasureNames = ["size_after", ...measureNames] as const
export type RecordMeasureName = (typeof recordMeasureNames)[number]

const untrusted = "or where the book is not trusted"

export const measures: Readonly<Record<RecordMeasureName, Measure>> = {
  size_after: {
    type: "DECIMAL(18,2)",
    description: `Delta: contracts of its level after it, 0 when the level is gone. Empty on other kinds, ${untrusted}.`
  },
  yes_bid: { type: "DECIMAL(9,4)", description: `The best yes bid, dollars. Empty without one, ${untrusted}.` },
  yes_ask: {
    type: "DECIMAL(9,4)",
    description: `The implied yes ask: one dollar less the best no bid. Empty without one, ${untrusted}.`
  },
  spread: { type: "DECIMAL(9,4)", description: `yes_ask less yes_bid, dollars. Empty where either is, ${untrusted}.` },
  mid: {
    type: "DECIMAL(9,5)",
    description: `Half way between yes_bid and yes_ask, dollars, exact: hence five digits. Empty where either is, ${untrusted}.`
  },
  imbalance: {
    type: "DOUBLE",
    description: `Contracts y at the best yes bid and n at the best no bid: (y - n) / (y + n), from -1 to 1. Empty where a side is, ${untrusted}.`
  },
  yes_depth: {
    type: "DECIMAL(18,2)",
    description: `Contracts of all yes bids at most depth_cents below the best one. Empty where there is none, ${untrusted}.`
  },
  no_depth: {
    type: "DECIMAL(18,2)",
    description: `The same of the no bids, which are the yes asks at most depth_cents above the best one. Empty where there is none, ${untrusted}.`
  },
  depth_imbalance: {
    type: "DOUBLE",
    description: `(yes_depth - no_depth) / (yes_depth + no_depth), from -1 to 1. Empty where either is, ${untrusted}.`
  }
}

/** Digits behind the point of a type, `undefined` for a ratio. */
export const decimalsOf = (type: MeasureType): 2 | 4 | 5 | undefined =>
  type === "DOUBLE" ? undefined : type === "DECIMAL(18,2)" ? 2 : type === "DECIMAL(9,4)" ? 4 : 5

/** Which measures, and how far from the best price the depth goes, in 1/10,000 dollar. */
export interface Derive<Name extends RecordMeasureName = RecordMeasureName> {
  readonly names: ReadonlyArray<Name>
  readonly withinE4: number
}

export const deriveNothing: Derive<never> = { names: [], withinE4: 0 }

/** One measure of a book that is trusted. Depths O(levels), the others O(1). */
export const ofBook = (book: Book.Book, name: MeasureName, withinE4: number): number | null => {
  if (name === "yes_depth") return depthE2(book, "yes", withinE4)
  if (name === "no_depth") return depthE2(book, "no", withinE4)
  if (name === "depth_imbalance") return lean(depthE2(book, "yes", withinE4), depthE2(book, "no", withinE4))
  const yes = Book.best(book, "yes")
  const no = Book.best(book, "no")
  const askE4 = no === undefined ? null : dollarE4 - no.priceE4
  if (name === "yes_bid") return yes?.priceE4 ?? null
  if (name === "yes_ask") return askE4
  if (yes === undefined || no === undefined || askE4 === null) return null
  if (name === "spread") return askE4 - yes.priceE4
  // Half of 1/10,000 dollar is five of 1/100,000.
  if (name === "mid") return (yes.priceE4 + askE4) * 5
  return lean(yes.sizeE2, no.sizeE2)
}

/** One measure of the state right after its last record, which is given. */
export const afterRecord = (
  { book, trust }: Replay,
  record: BookRecord,
  name: RecordMeasureName,
  withinE4: number
): number | null => {
  if (trust._tag !== "trusted") return null
  if (name !== "size_after") return ofBook(book, name, withinE4)
  return record.kind === "delta" ? Book.sizeE2(book, record.side, record.priceE4) : null
}

const lean = (yesE2: number | null, noE2: number | null): number | null =>
  yesE2 === null || noE2 === null ? null : (yesE2 - noE2) / (yesE2 + noE2)

const depthE2 = (book: Book.Book, side: Side, withinE4: number): number | null => {
  const prices = Ladder.pricesE4(Book.ladder(book, side), 0)
  const bestE4 = prices.at(-1)
  if (bestE4 === undefined) return null
  let sumE2 = 0
  for (let at = prices.length - 1; at >= 0; at--) {
    const priceE4 = prices[at] as number
    if (priceE4 < bestE4 - withinE4) break
    sumE2 += Book.sizeE2(book, side, priceE4)
  }
  return sumE2
}
