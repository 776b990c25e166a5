/**
 * Whether a book that the exchange's REST interface answered is one that our log had when the answer can have been computed.
 *
 * Such an answer carries neither a sequence number nor a time, and may come from a cache. So it is compared with every book that
 * the log had within a window, and one that is equal is enough; an answer that equals none of them proves that the log is wrong.
 * Pure: knows nothing of where the records and the answer come from.
 */
import * as Book from "./Book.ts"
import type { BookLevels, BookRecord, RecordHead, Side } from "./BookRecord.ts"
import * as Replay from "./Replay.ts"

/** When the answer was asked for and when it was there, by the receive clock, Unix microseconds. */
export interface AuditTimes {
  readonly tsRequestedMicros: number
  readonly tsAnsweredMicros: number
}

/** How far the moment at which an answer was computed may lie from the moments at which we know of it. */
export interface AuditBounds {
  /** The oldest answer that a cache may give. */
  readonly cacheMillisMax: number
  /** What that may be off by: caches count whole seconds, and begin to count when they have the answer. */
  readonly slackMillis: number
  /** The latest that the exchange's state of a moment reaches us after it. */
  readonly lagMillisMax: number
}

/** The books of the log from the one at `tsFromMicros` to the one at `tsToMicros`, both included; receive clock, Unix microseconds. */
export interface AuditWindow {
  readonly tsFromMicros: number
  readonly tsToMicros: number
}

/** What is compared. */
export interface AuditCase {
  readonly window: AuditWindow
  readonly tsAnsweredMicros: number
  /** The log's state at the beginning of the window: the fold of all records up to it. */
  readonly start: Replay.Replay
  /** The records after that, in order, up to the end of the window. */
  readonly records: ReadonlyArray<BookRecord>
  /** Both sides complete, as answered. */
  readonly answer: BookLevels
}

/** A level at which the book and the answer are not the same; 0 where one has none. Sizes in 1/100 contract. */
export interface LevelDifference {
  readonly side: Side
  /** 1/10,000 dollar, a price of `side`. */
  readonly priceE4: number
  readonly oursE2: number
  readonly theirsE2: number
}

/**
 * Why nothing can be said:
 * - `not_trusted`: the log had no trusted book within the window
 * - `partly_trusted`: it had, none was the answer's, and the answer may be one of the time in which it had none
 * - `not_answered`: the market was missing from the reply
 * - `answer_unusable`: no book can be made of the answer (a price twice)
 * - `log_too_long`: the log has more records in the window than are read for an audit
 * - `not_stored`: the log up to the end of the window was not stored in time
 */
export type UndecidedReason = (typeof undecidedReasons)[number]
export const undecidedReasons = [
  "not_trusted",
  "partly_trusted",
  "not_answered",
  "answer_unusable",
  "log_too_long",
  "not_stored"
] as const

/** The book equals the answer. */
export interface Passed {
  readonly _tag: "passed"
  /** The last record in the first book of the window that is equal. */
  readonly at: RecordHead
  /** The least age of the answer, microseconds: since the last moment at which our book was equal; 0 when it was so to the end. */
  readonly ageMicros: number
  /** Levels that the book and the answer have. */
  readonly levelsCompared: number
}

/** The log was trusted throughout the window, and none of its books equals the answer. */
export interface Failed {
  readonly _tag: "failed"
  /** The last record in the book that comes closest, of several the first. */
  readonly at: RecordHead
  /** Levels that either of the two has, and those of them at which they are not the same. */
  readonly levelsCompared: number
  readonly levelsDifferent: number
  /** The first of these by side and price, at most `differencesMax`. */
  readonly differences: ReadonlyArray<LevelDifference>
}

export interface Undecided {
  readonly _tag: "undecided"
  readonly reason: UndecidedReason
}

export type Verdict = Passed | Failed | Undecided

/** How many audits came out how. */
export type AuditRates = Readonly<Record<Verdict["_tag"], number>>

/** Differences that are told one by one: enough to see what kind of mistake it is. */
export const differencesMax = 20

export const undecided = (reason: UndecidedReason): Undecided => ({ _tag: "undecided", reason })

/**
 * The window of our log in which the answer's book must be: it was computed at some moment from the request, less the age that a
 * cache allows, up to the answer, and what the exchange had then is in our log at that moment or a little later.
 */
export const windowOf = (
  { tsAnsweredMicros, tsRequestedMicros }: AuditTimes,
  { cacheMillisMax, lagMillisMax, slackMillis }: AuditBounds
): AuditWindow => ({
  tsFromMicros: tsRequestedMicros - (cacheMillisMax + slackMillis) * 1000,
  tsToMicros: tsAnsweredMicros + lagMillisMax * 1000
})

/** Judges. O(levels + records), and O(levels) more for each snapshot among the records. `start` stays as it is. */
export const judge = (trial: AuditCase): Verdict => {
  const { records, tsAnsweredMicros, window } = trial
  const theirs = Book.make()
  if (Book.replace(theirs, trial.answer) !== undefined) return undecided("answer_unusable")
  const comparison = begin(trial.start, theirs)
  let isTrustedThroughout = true
  let firstEqual: RecordHead | undefined
  let equalUntilMicros = 0
  let closest: { readonly at: RecordHead; readonly steps: number; readonly levelsDifferent: number } | undefined
  for (let steps = 0; steps <= records.length; steps++) {
    const record = records[steps - 1]
    if (record !== undefined) step(comparison, record)
    const { levelsDifferent, replay } = comparison
    const at = replay.last
    if (at === undefined || replay.trust._tag !== "trusted") {
      isTrustedThroughout = false
      continue
    }
    if (levelsDifferent === 0) {
      firstEqual = firstEqual ?? at
      equalUntilMicros = records[steps]?.tsReceivedMicros ?? window.tsToMicros
    }
    if (closest === undefined || levelsDifferent < closest.levelsDifferent) closest = { at, steps, levelsDifferent }
  }
  if (firstEqual !== undefined) {
    const ageMicros = Math.max(0, tsAnsweredMicros - equalUntilMicros)
    return { _tag: "passed", at: firstEqual, ageMicros, levelsCompared: levelCount(theirs) }
  }
  if (closest === undefined) return undecided("not_trusted")
  if (!isTrustedThroughout) return undecided("partly_trusted")
  const { at, levelsDifferent } = closest
  const nearest = begin(trial.start, theirs)
  for (const record of records.slice(0, closest.steps)) step(nearest, record)
  const ours = nearest.replay.book
  const differences = differencesOf(ours, theirs)
  return {
    _tag: "failed",
    at,
    levelsCompared: levelCount(ours) + differences.filter(({ oursE2 }) => oursE2 === 0).length,
    levelsDifferent,
    differences: differences.slice(0, differencesMax)
  }
}

/** The log's book beside the answer's, record by record. */
interface Comparison {
  readonly replay: Replay.Replay
  readonly theirs: Book.Book
  /** Levels at which the two are not the same. Means nothing while the log's book is not trusted. */
  levelsDifferent: number
}

const begin = (start: Replay.Replay, theirs: Book.Book): Comparison => ({
  replay: { ...start, book: Book.copy(start.book) },
  theirs,
  levelsDifferent: differencesOf(start.book, theirs).length
})

/** Folds one record. A delta changes one level, so it can make or end one difference. */
const step = (comparison: Comparison, record: BookRecord): void => {
  const { replay } = comparison
  if (record.kind === "delta") {
    comparison.levelsDifferent -= differs(comparison, record.side, record.priceE4)
    Replay.apply(replay, record)
    comparison.levelsDifferent += differs(comparison, record.side, record.priceE4)
  } else {
    Replay.apply(replay, record)
    if (record.kind === "snapshot") {
      comparison.levelsDifferent = differencesOf(replay.book, comparison.theirs).length
    }
  }
}

const differs = ({ replay, theirs }: Comparison, side: Side, priceE4: number): 0 | 1 =>
  Book.sizeE2(replay.book, side, priceE4) === Book.sizeE2(theirs, side, priceE4) ? 0 : 1

const levelCount = ({ no, yes }: Book.Book): number => yes.count + no.count

/** All levels that are not the same, by side and price. O(levels). */
const differencesOf = (ours: Book.Book, theirs: Book.Book): ReadonlyArray<LevelDifference> =>
  (["yes", "no"] as const).flatMap((side) => {
    const prices = new Set([...Book.levels(ours)[side], ...Book.levels(theirs)[side]].map(({ priceE4 }) => priceE4))
    return [...prices]
      .sort((left, right) => left - right)
      .map((priceE4) => ({
        side,
        priceE4,
        oursE2: Book.sizeE2(ours, side, priceE4),
        theirsE2: Book.sizeE2(theirs, side, priceE4)
      }))
      .filter(({ oursE2, theirsE2 }) => oursE2 !== theirsE2)
  })
