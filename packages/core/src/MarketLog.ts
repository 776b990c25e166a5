/**
 * The writing end of one market's log: gives every record its offset, keeps the live book, and never lets a record that does
 * not fit pass as good. Pure and synchronous: the same input gives the same records with the same offsets.
 *
 * Invariants I4-I8 of SPEC-book.md are kept here.
 */
import * as Book from "./Book.ts"
import type { BookLevels, BookRecord, GapCause, MarketTicker, RecordHead, Side } from "./BookRecord.ts"
import type { Outbox } from "./Outbox.ts"
import * as PriceGrid from "./PriceGrid.ts"
import * as Replay from "./Replay.ts"
import type * as Trust from "./Trust.ts"

/**
 * Records between two keyframes while a book is trusted: what a read at T of such a time folds at most. A keyframe costs about
 * as much as 30 records.
 */
export const keyframeRecordsMax = 500

export interface MarketLog {
  readonly marketTicker: MarketTicker
  /** Offset of the last record written, 0 before the first. */
  offset: number
  readonly replay: Replay.Replay
  /** The prices that the market allows, as far as we were told. */
  grid: PriceGrid.PriceGrid
  recordsSinceKeyframe: number
  /** The connection on which the market is followed, or is being so: only its frames count. 0 while it is on none. */
  epochFollowed: number
}

/** Where a frame came from. */
export interface FrameHead {
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly tsExchangeMicros: number | null
  readonly tsReceivedMicros: number
}

/** From where on a log is not proven. */
export interface GapStart extends FrameHead {
  readonly cause: GapCause
  readonly tsDetectedMicros: number
}

/** Where a log ends and what a fold of it would know, save the levels: enough to go on writing it. */
export interface LogEnd {
  readonly last: RecordHead
  /** Never `trusted`: nothing was seen since. */
  readonly trust: Trust.Trust
  readonly tsExchangeEffectiveMicros: number
}

/** A log that goes on after its end; a new one when there is none. */
export const make = (marketTicker: MarketTicker, end?: LogEnd | undefined): MarketLog => {
  const replay = Replay.make()
  if (end !== undefined) {
    replay.last = end.last
    replay.trust = end.trust
    replay.tsExchangeEffectiveMicros = end.tsExchangeEffectiveMicros
    replay.tsExchangeProvenMicros = end.tsExchangeEffectiveMicros
  }
  return {
    marketTicker,
    offset: end?.last.offset ?? 0,
    replay,
    grid: PriceGrid.any,
    recordsSinceKeyframe: 0,
    epochFollowed: 0
  }
}

/** What to keep of a log that is not written for now; `undefined` when it has no record. Its book must not be trusted any more. */
export const end = (log: MarketLog): LogEnd | undefined => {
  const { last, trust, tsExchangeEffectiveMicros } = log.replay
  return last === undefined || trust._tag === "trusted" ? undefined : { last, trust, tsExchangeEffectiveMicros }
}

export const isTrusted = (log: MarketLog): boolean => log.replay.trust._tag === "trusted"

/** Appends a gap, unless the book is not trusted anyway. A log that never had a record has nothing to distrust. */
export const distrust = (log: MarketLog, start: GapStart, outbox: Outbox): void => {
  if (isTrusted(log)) append(log, gapOf(log, start), outbox)
}

/** Appends a gap, unless the last record is one: a log that is not written any more says so. One without a record says nothing. */
export const leave = (log: MarketLog, start: GapStart, outbox: Outbox): void => {
  const { last, trust } = log.replay
  const isLeft = trust._tag === "stale" && trust.gap.offset === last?.offset
  if (last !== undefined && !isLeft) append(log, gapOf(log, start), outbox)
}

/** Appends the gap with which a log goes on that an earlier recorder left without one. */
export const resume = (log: MarketLog, start: GapStart, outbox: Outbox): void => {
  append(log, gapOf(log, start), outbox)
}

/**
 * Appends a snapshot. Returns whether the book is trusted now. A snapshot that contradicts a trusted book shows that changes
 * were missed without a hole in the numbers: a gap goes before it. One that is itself inconsistent is followed by a gap.
 */
export const snapshot = (log: MarketLog, head: FrameHead, levels: BookLevels, outbox: Outbox): boolean => {
  if (isTrusted(log) && Book.hash(Book.fromLevels(levels)) !== Book.hash(log.replay.book)) {
    append(log, gapOf(log, inconsistent(log, head)), outbox)
  }
  append(log, { kind: "snapshot", ...headOf(log, head), levels }, outbox)
  if (!isTrusted(log)) {
    append(log, gapOf(log, inconsistent(log, head)), outbox)
    return false
  }
  widenGrid(log, levels)
  writeKeyframe(log, outbox)
  return true
}

/**
 * Appends a delta. Returns whether the book is still trusted, if it was: one that cannot be right (a level below zero, a
 * crossed book, a new level off the grid, another subscription than the snapshot's) is preceded by a gap and changes
 * nothing (I6).
 */
export const delta = (
  log: MarketLog,
  head: FrameHead,
  side: Side,
  priceE4: number,
  deltaE2: number,
  outbox: Outbox
): boolean => {
  const { replay } = log
  const wasTrusted = replay.trust._tag === "trusted"
  if (wasTrusted && !fits(log, head, side, priceE4, deltaE2)) {
    append(log, gapOf(log, inconsistent(log, head)), outbox)
  }
  append(
    log,
    {
      kind: "delta",
      marketTicker: log.marketTicker,
      offset: log.offset + 1,
      epoch: head.epoch,
      sid: head.sid,
      seq: head.seq,
      tsExchangeMicros: head.tsExchangeMicros,
      tsReceivedMicros: notBefore(log, head.tsReceivedMicros),
      side,
      priceE4,
      deltaE2
    },
    outbox
  )
  if (replay.trust._tag !== "trusted") return !wasTrusted
  if (log.recordsSinceKeyframe >= keyframeRecordsMax) writeKeyframe(log, outbox)
  return true
}

const fits = (log: MarketLog, head: FrameHead, side: Side, priceE4: number, deltaE2: number): boolean => {
  const { book, last } = log.replay
  if (last === undefined || last.epoch !== head.epoch || last.sid !== head.sid) return false
  if (Book.check(book, side, priceE4, deltaE2) !== undefined) return false
  if (deltaE2 <= 0 || Book.sizeE2(book, side, priceE4) > 0) return true
  return PriceGrid.isOnGrid(log.grid, priceE4) && !Book.wouldCross(book, side, priceE4)
}

/** The exchange knows its own prices: a snapshot with levels off our grid shows that our grid is out of date. */
const widenGrid = (log: MarketLog, levels: BookLevels): void => {
  for (const side of [levels.yes, levels.no]) {
    for (const level of side) {
      if (PriceGrid.isOnGrid(log.grid, level.priceE4)) continue
      log.grid = PriceGrid.any
      return
    }
  }
}

const append = (log: MarketLog, record: BookRecord, outbox: Outbox): void => {
  Replay.apply(log.replay, record)
  log.offset = record.offset
  log.recordsSinceKeyframe++
  outbox.records.push(record)
}

/** Stores the book as it is now; nothing when it is not trusted. */
export const writeKeyframe = (log: MarketLog, outbox: Outbox): void => {
  const keyframe = Replay.toKeyframe(log.replay)
  if (keyframe === undefined) return
  outbox.keyframes.push(keyframe)
  log.recordsSinceKeyframe = 0
}

const headOf = (log: MarketLog, head: FrameHead): RecordHead => ({
  marketTicker: log.marketTicker,
  offset: log.offset + 1,
  epoch: head.epoch,
  sid: head.sid,
  seq: head.seq,
  tsExchangeMicros: head.tsExchangeMicros,
  tsReceivedMicros: notBefore(log, head.tsReceivedMicros)
})

/** Times never decrease within a log, so that a gap never begins before the last record (I5). */
const notBefore = ({ replay: { last } }: MarketLog, micros: number): number =>
  last === undefined ? micros : Math.max(micros, last.tsReceivedMicros)

const gapOf = (log: MarketLog, start: GapStart): BookRecord => ({
  kind: "gap",
  ...headOf(log, start),
  cause: start.cause,
  tsDetectedMicros: notBefore(log, start.tsDetectedMicros)
})

/** Appends a gap because somebody else knows better: from the last record on, or the moment itself if that is earlier (I5). */
export const doubt = (log: MarketLog, cause: GapCause, tsDetectedMicros: number, outbox: Outbox): void => {
  const { last } = log.replay
  if (last === undefined) return
  const head = { epoch: last.epoch, sid: last.sid, seq: 0, tsExchangeMicros: null, tsReceivedMicros: tsDetectedMicros }
  distrust(log, { ...inconsistent(log, head), cause }, outbox)
}

/** Nobody knows since when the book was wrong; a log that only grows can disown what comes after its last record. */
const inconsistent = ({ replay: { last } }: MarketLog, head: FrameHead): GapStart => ({
  ...head,
  tsExchangeMicros: last?.tsExchangeMicros ?? null,
  tsReceivedMicros: Math.min((last?.tsReceivedMicros ?? 0) + 1, head.tsReceivedMicros),
  cause: "inconsistent",
  tsDetectedMicros: head.tsReceivedMicros
})
