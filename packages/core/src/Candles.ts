/**
 * Candles: what was traded and quoted within regular spans of time (buckets).
 *
 * Quotes are those of the book as a function of time: the state after all records that were received up to a moment holds until the next
 * record, from bucket to bucket. Only moments at which the book is trusted count, so a candle also says how long that was, and why not
 * the rest. Each part adds up: candles of five minutes are those of their minutes merged.
 */
import { gapCauses } from "./BookRecord.ts"
import * as Ladder from "./Ladder.ts"
import type { Replay } from "./Replay.ts"
import type { TradeRecord } from "./TradeRecord.ts"
import { dollarE4 } from "./Units.ts"

/** The first, highest, lowest and last of some prices on the yes scale, 1/10,000 dollar. */
export interface Prices {
  readonly openE4: number
  readonly highE4: number
  readonly lowE4: number
  readonly closeE4: number
}

/** One bucket, [start, end) in Unix microseconds. */
export interface Candle {
  readonly startMicros: number
  readonly endMicros: number
  /** Of the trades, in the order of (exchange time, id); `undefined` without any. */
  price: Prices | undefined
  tradeCount: number
  /** 1/100 contract. */
  volumeE2: number
  /** Of the best yes bid, while the book is trusted and has one; `undefined` where that is never. */
  yesBid: Prices | undefined
  /** Of one dollar less the best no bid, in the same way. */
  yesAsk: Prices | undefined
  /** Records of the log in the bucket; 0: the quotes are those that it began with. */
  bookRecords: number
  /** For how many microseconds of the bucket the book is trusted. */
  trustedMicros: number
  /** Whether it stands in a gap in any part of it: bit n stands for `gapCauses[n]`. */
  causes: number
}

export const make = (startMicros: number, endMicros: number): Candle => ({
  startMicros,
  endMicros,
  price: undefined,
  tradeCount: 0,
  volumeE2: 0,
  yesBid: undefined,
  yesAsk: undefined,
  bookRecords: 0,
  trustedMicros: 0,
  causes: 0
})

/** The beginning of the bucket of a moment: buckets begin at whole multiples since 1970, UTC. */
export const startOf = (micros: number, intervalMicros: number): number => micros - (micros % intervalMicros)

const followed = (before: Prices | undefined, priceE4: number): Prices => {
  if (before === undefined) return { openE4: priceE4, highE4: priceE4, lowE4: priceE4, closeE4: priceE4 }
  if (before.closeE4 === priceE4) return before
  return {
    openE4: before.openE4,
    highE4: Math.max(before.highE4, priceE4),
    lowE4: Math.min(before.lowE4, priceE4),
    closeE4: priceE4
  }
}

/** Adds a trade of the bucket that is not before the last one. */
export const addTrade = (candle: Candle, { sizeE2, yesPriceE4 }: TradeRecord): void => {
  candle.price = followed(candle.price, yesPriceE4)
  candle.tradeCount++
  candle.volumeE2 += sizeE2
}

/** Notes that the book was in this state for a part of the bucket. */
const hold = (candle: Candle, { book, trust }: Replay, fromMicros: number, toMicros: number): void => {
  if (trust._tag === "stale") candle.causes |= 1 << gapCauses.indexOf(trust.gap.cause)
  if (trust._tag !== "trusted") return
  candle.trustedMicros += toMicros - fromMicros
  const yesE4 = Ladder.bestPriceE4(book.yes)
  const noE4 = Ladder.bestPriceE4(book.no)
  if (yesE4 > 0) candle.yesBid = followed(candle.yesBid, yesE4)
  if (noE4 > 0) candle.yesAsk = followed(candle.yesAsk, dollarE4 - noE4)
}

/**
 * Adds the book's part of [fromMicros, toMicros), all within the bucket. `foldUntil` folds into the state what was received up to a
 * moment, and gives the time of the record behind it, `undefined` while that is not known: then it stops. Returns how far it came.
 */
export const addBook = (
  candle: Candle,
  replay: Replay,
  fromMicros: number,
  toMicros: number,
  foldUntil: (atMicros: number) => number | undefined
): number => {
  let atMicros = fromMicros
  while (atMicros < toMicros) {
    const before = replay.recordsApplied
    const nextMicros = foldUntil(atMicros)
    candle.bookRecords += replay.recordsApplied - before
    if (nextMicros === undefined) return atMicros
    const untilMicros = Math.min(nextMicros, toMicros)
    hold(candle, replay, atMicros, untilMicros)
    atMicros = untilMicros
  }
  return atMicros
}

const joined = (left: Prices | undefined, right: Prices | undefined): Prices | undefined =>
  left === undefined || right === undefined
    ? (left ?? right)
    : {
        openE4: left.openE4,
        highE4: Math.max(left.highE4, right.highE4),
        lowE4: Math.min(left.lowE4, right.lowE4),
        closeE4: right.closeE4
      }

/** One candle of two, of which the second follows the first. */
export const merge = (left: Candle, right: Candle): Candle => ({
  startMicros: left.startMicros,
  endMicros: right.endMicros,
  price: joined(left.price, right.price),
  tradeCount: left.tradeCount + right.tradeCount,
  volumeE2: left.volumeE2 + right.volumeE2,
  yesBid: joined(left.yesBid, right.yesBid),
  yesAsk: joined(left.yesAsk, right.yesAsk),
  bookRecords: left.bookRecords + right.bookRecords,
  trustedMicros: left.trustedMicros + right.trustedMicros,
  causes: left.causes | right.causes
})

/** Whether the book is known in the bucket, of which `knownMicros` are stored. */
export const trustStates = ["trusted", "partial", "stale", "unknown"] as const
export type CandleTrust = (typeof trustStates)[number]

/** `stale`: in a gap all the time, or not known before it; `unknown`: there was no book yet. */
export const trustOf = ({ causes, trustedMicros }: Candle, knownMicros: number): CandleTrust => {
  if (trustedMicros === 0) return causes === 0 ? "unknown" : "stale"
  return trustedMicros < knownMicros ? "partial" : "trusted"
}

/** Why the book is not trusted in some of the bucket, in the order of `gapCauses`. */
export const causesOf = ({ causes }: Candle): ReadonlyArray<(typeof gapCauses)[number]> =>
  gapCauses.filter((_, bit) => (causes & (1 << bit)) !== 0)
