/** Where a reader is on its way to a market that it is not live in yet: from a book, from a moment, or from a place in the log. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type * as LogMessages from "./LogMessages.ts"

/** What a book takes the place of. */
export type Instead =
  | { readonly _tag: "conflated" | "skipped"; readonly place: LogMessages.LogPlace }
  | { readonly _tag: "resync"; readonly reason: "rewritten" | "unknown_place"; readonly offset: number | null }

export type CatchUp =
  /** Begins with the book as it is now; as long as the market is not recorded, waits for it. */
  | { readonly _tag: "book"; readonly instead?: Instead }
  /** Begins with the book as it was. */
  | MomentCatchUp
  /** Goes on behind a record. */
  | LogCatchUp

export interface MomentCatchUp {
  readonly _tag: "moment"
  readonly atMicros: number
  readonly withBook: boolean
  read: Reading<MomentRead>
}

export interface LogCatchUp {
  readonly _tag: "log"
  place: LogMessages.LogPlace
  /** Whether it is known that the log has this place. Its epoch is 0 where the reader does not know it. */
  isChecked: boolean
  /** Receipt of the record, Unix microseconds, where it is known: from there on the history is read. */
  tsReceivedMicros: number | undefined
  read: Reading<LogRead>
  /** How often it is looked again for a place that the log does not have yet: another node may be ahead of this one. */
  looksLeft: number
}

/** What was found of a moment. */
export type MomentRead =
  | { readonly _tag: "book"; readonly book: LogMessages.StandingBook }
  /** The moment lies before the first record. */
  | { readonly _tag: "beginning" }
  /** Nothing was recorded, or nothing can be said of the moment yet. */
  | { readonly _tag: "nothing" }

/** What was found behind a place. */
export type LogRead =
  /** Records in log order; not checked yet: the first is that of the place itself. */
  | { readonly _tag: "records"; readonly records: ReadonlyArray<BookRecord> }
  /** The history has no record of this place (yet). */
  | { readonly _tag: "nothing" }

/** A read of the history: not begun, under way, done, or to be begun again after so many ticks. */
export type Reading<A> =
  | { readonly _tag: "none" }
  | { readonly _tag: "running" }
  | { readonly _tag: "done"; readonly found: A }
  | { readonly _tag: "again"; ticks: number }

/** Begins with the book as it is now. */
export const book: CatchUp = { _tag: "book" }

/** Goes on behind a place that the log has. */
export const behind = (place: LogMessages.LogPlace): LogCatchUp => ({
  _tag: "log",
  place,
  isChecked: true,
  tsReceivedMicros: undefined,
  read: { _tag: "none" },
  looksLeft: looksMax
})

/** Some seconds, at one look in `ticksUntilAgain`. */
const looksMax = 50

/** Goes on behind a place that a client named; its epoch is 0 where it did not say. */
export const wanted = (offset: number, epoch: number): LogCatchUp => ({
  ...behind({ offset, epoch, gap: undefined }),
  isChecked: offset === 0
})

export const moment = (atMicros: number, withBook: boolean): MomentCatchUp => ({
  _tag: "moment",
  atMicros,
  withBook,
  read: { _tag: "none" }
})

/** What the reader has of the market; `undefined` for nothing. */
export const placeOf = (entry: CatchUp): LogMessages.LogPlace | undefined => {
  if (entry._tag === "log") return entry.place
  if (entry._tag === "moment" || entry.instead === undefined || entry.instead._tag === "resync") return undefined
  return entry.instead.place
}
