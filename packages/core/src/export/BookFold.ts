/**
 * Folds the rows of one market's log into what backtesting engines take: absolute sizes of levels on the yes scale, and the moments at
 * which everything before is void.
 *
 * One instrument a market: yes bids are bids, and a no bid at p is an ask at one dollar less p. A book that is not known is empty:
 * a gap clears it, and nothing follows until the next snapshot. Knows nothing of any engine's format; those are sinks.
 */
import * as Book from "../Book.ts"
import { kindDelta, kindGap, kindKeyframe, type LogRows, sideNone, sideOf, sideYes } from "../cold/LogRows.ts"
import { dollarE4 } from "../Units.ts"

/** When, and as what of the log, something changed. One object is used again for each event: copy what is kept. */
export interface Moment {
  /** Our time of receipt; of the state at the beginning, the beginning. Never decreases. Unix microseconds. */
  readonly tsReceivedMicros: number
  /** The exchange's time, `NaN` where it gave none. Unix microseconds. */
  readonly tsExchangeMicros: number
  /** The record's place in the market's log. */
  readonly offset: number
}

export type BookSide = "bid" | "ask"

/** What one format makes of the fold. Of each record the last call has `isLast`. */
export interface BookSink {
  /** All levels are void: a snapshot follows in the same moment, or the book is not known from here on. `before` had been known. */
  readonly clear: (moment: Moment, before: Book.Book, why: "snapshot" | "gap", isLast: boolean) => void
  /** One level of a snapshot, in the order bids, then asks, each from the best on. */
  readonly snapshotLevel: (moment: Moment, side: BookSide, priceE4: number, sizeE2: number, isLast: boolean) => void
  /** One level changed to `sizeE2`, which is 0 when it is gone; it had `sizeBeforeE2`. Its record has no other. */
  readonly change: (moment: Moment, side: BookSide, priceE4: number, sizeE2: number, sizeBeforeE2: number) => void
}

interface Mutable extends Moment {
  tsReceivedMicros: number
  tsExchangeMicros: number
  offset: number
}

/** A keyframe or snapshot whose rows are still coming. */
interface Group {
  readonly isKeyframe: boolean
  readonly offset: number
  readonly tsReceivedMicros: number
  /** Whether a keyframe stands in a gap. */
  readonly isStale: boolean
  readonly book: Book.Book
  isDamaged: boolean
}

export interface BookFold {
  /** Empty while the book is not known. */
  book: Book.Book
  isKnown: boolean
  offset: number
  readonly fromMicros: number
  readonly toMicros: number
  hasBegun: boolean
  group: Group | undefined
  readonly moment: Mutable
}

/** The fold of what was received in [from, to): it begins with the book as it was at `from`, where that is known. */
export const make = (fromMicros: number, toMicros: number): BookFold => ({
  book: Book.make(),
  isKnown: false,
  offset: 0,
  fromMicros,
  toMicros,
  hasBegun: false,
  group: undefined,
  moment: { tsReceivedMicros: fromMicros, tsExchangeMicros: Number.NaN, offset: 0 }
})

/**
 * Folds rows [from, to) of one market, in the order of its log; hours follow each other, so the keyframe with which an hour
 * begins repeats what is known already. Rows received outside of the fold's time only tell what the book was.
 */
export const apply = (fold: BookFold, rows: LogRows, from: number, to: number, sink: BookSink): void => {
  for (let row = from; row < to; row++) {
    const kind = rows.kind[row] as number
    const offset = rows.offset[row] as number
    const { group } = fold
    if (group !== undefined && (group.offset !== offset || group.isKeyframe !== (kind === kindKeyframe)))
      close(fold, sink)
    const tsReceivedMicros = rows.tsReceivedMicros[row] as number
    if (tsReceivedMicros >= fold.toMicros) continue
    if (kind === kindDelta) applyDelta(fold, rows, row, sink)
    else if (kind === kindGap) applyGap(fold, tsReceivedMicros, offset, sink)
    else addLevel(fold, rows, row)
  }
}

/** Ends the fold: nothing of the market follows before its end. */
export const finish = (fold: BookFold, sink: BookSink): void => {
  close(fold, sink)
  begin(fold, sink)
}

const addLevel = (fold: BookFold, rows: LogRows, row: number): void => {
  fold.group ??= {
    isKeyframe: rows.kind[row] === kindKeyframe,
    offset: rows.offset[row] as number,
    tsReceivedMicros: rows.tsReceivedMicros[row] as number,
    isStale: rows.kind[row] === kindKeyframe && Number.isNaN(rows.sinceOffset[row] as number),
    book: Book.make(),
    isDamaged: false
  }
  const { group } = fold
  const side = rows.side[row] as number
  if (side === sideNone) return
  const priceE4 = rows.priceE4[row] as number
  const sizeE2 = rows.sizeE2[row] as number
  const isNew = sizeE2 > 0 && Book.sizeE2(group.book, sideOf(side), priceE4) === 0
  if (!isNew || Book.apply(group.book, sideOf(side), priceE4, sizeE2) !== undefined) group.isDamaged = true
}

const close = (fold: BookFold, sink: BookSink): void => {
  const { group } = fold
  if (group === undefined) return
  fold.group = undefined
  if (group.isKeyframe && group.offset === fold.offset) return
  if (group.isStale || group.isDamaged || Book.isCrossed(group.book)) {
    applyGap(fold, group.tsReceivedMicros, group.offset, sink)
    return
  }
  at(fold, group.tsReceivedMicros, Number.NaN, group.offset, sink)
  if (fold.hasBegun) emitSnapshot(fold, group.book, sink)
  fold.book = group.book
  fold.isKnown = true
}

/** The exchange time of a gap says up to where the log is proven, not when something happened: it is left out. */
const applyGap = (fold: BookFold, received: number, offset: number, sink: BookSink): void => {
  at(fold, received, Number.NaN, offset, sink)
  if (!fold.isKnown) return
  if (fold.hasBegun) sink.clear(fold.moment, fold.book, "gap", true)
  fold.book = Book.make()
  fold.isKnown = false
}

const applyDelta = (fold: BookFold, rows: LogRows, row: number, sink: BookSink): void => {
  at(fold, rows.tsReceivedMicros[row] as number, rows.tsExchangeMicros[row] as number, rows.offset[row] as number, sink)
  // A delta outside a known book changes nothing: its base is not known.
  if (!fold.isKnown) return
  const isYes = rows.side[row] === sideYes
  const priceE4 = rows.priceE4[row] as number
  const side = isYes ? "yes" : "no"
  const before = Book.sizeE2(fold.book, side, priceE4)
  if (Book.apply(fold.book, side, priceE4, rows.sizeE2[row] as number) !== undefined) {
    applyGap(fold, fold.moment.tsReceivedMicros, fold.offset, sink)
    return
  }
  if (!fold.hasBegun) return
  const after = Book.sizeE2(fold.book, side, priceE4)
  sink.change(fold.moment, isYes ? "bid" : "ask", isYes ? priceE4 : dollarE4 - priceE4, after, before)
}

/** Goes on to a record. */
const at = (fold: BookFold, received: number, exchange: number, offset: number, sink: BookSink): void => {
  if (received >= fold.fromMicros) begin(fold, sink)
  const { moment } = fold
  fold.offset = offset
  moment.tsReceivedMicros = Math.max(received, moment.tsReceivedMicros)
  moment.tsExchangeMicros = exchange
  moment.offset = offset
}

/** The state at the beginning, as a snapshot of that moment. */
const begin = (fold: BookFold, sink: BookSink): void => {
  if (fold.hasBegun) return
  fold.hasBegun = true
  if (!fold.isKnown) return
  fold.moment.tsReceivedMicros = fold.fromMicros
  fold.moment.tsExchangeMicros = Number.NaN
  fold.moment.offset = fold.offset
  const { book } = fold
  fold.book = Book.make()
  emitSnapshot(fold, book, sink)
  fold.book = book
}

const emitSnapshot = ({ book: before, moment }: BookFold, book: Book.Book, sink: BookSink): void => {
  let left = book.yes.count + book.no.count
  sink.clear(moment, before, "snapshot", left === 0)
  const { no, yes } = Book.levels(book)
  for (const { priceE4, sizeE2 } of yes.toReversed()) sink.snapshotLevel(moment, "bid", priceE4, sizeE2, --left === 0)
  for (const { priceE4, sizeE2 } of no.toReversed()) {
    sink.snapshotLevel(moment, "ask", dollarE4 - priceE4, sizeE2, --left === 0)
  }
}
