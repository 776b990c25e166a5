/**
 * From the fold of a log to what a recorder tells of it, and back; and what becomes of what a follower was told when the recorder is
 * another one.
 */
import * as Book from "./Book.ts"
import type { RecordHead } from "./BookRecord.ts"
import type { FeedLog, LiveLog } from "./FeedMessage.ts"
import type { LogEnd } from "./MarketLog.ts"
import type { Replay } from "./Replay.ts"

/** Where the fold stands; `undefined` before the first record. O(levels). */
export const toLog = (replay: Replay): LiveLog | undefined => {
  const { last } = replay
  if (last === undefined) return undefined
  return {
    marketTicker: last.marketTicker,
    last: headOf(last),
    trust: replay.trust,
    tsExchangeEffectiveMicros: replay.tsExchangeEffectiveMicros,
    tsExchangeProvenMicros: replay.tsExchangeProvenMicros,
    levels: Book.levels(replay.book)
  }
}

/** A fold that goes on behind the log's last record. O(levels). */
export const fromLog = (log: LiveLog): Replay => ({
  book: Book.fromLevels(log.levels),
  trust: log.trust,
  last: log.last,
  tsExchangeEffectiveMicros: log.tsExchangeEffectiveMicros,
  tsExchangeProvenMicros: log.tsExchangeProvenMicros,
  recordsApplied: 0
})

/** A log of which only its end is known: without levels. */
export const fromEnd = ({ last, trust, tsExchangeEffectiveMicros }: LogEnd): LiveLog => ({
  marketTicker: last.marketTicker,
  last: headOf(last),
  trust,
  tsExchangeEffectiveMicros,
  tsExchangeProvenMicros: tsExchangeEffectiveMicros,
  levels: { yes: [], no: [] }
})

/** Only the head of what may be a whole record. */
const headOf = (head: RecordHead): RecordHead => ({
  marketTicker: head.marketTicker,
  offset: head.offset,
  epoch: head.epoch,
  sid: head.sid,
  seq: head.seq,
  tsExchangeMicros: head.tsExchangeMicros,
  tsReceivedMicros: head.tsReceivedMicros
})

/** What was told of a log, seen from where it stands now. */
export type Standing =
  /** All of the log was told, and nothing else. */
  | "same"
  /** What was told is part of the log; there is more. */
  | "ahead"
  /** What was told last is not part of the log, or nobody can say that it is. */
  | "rewritten"

/**
 * How what was told up to `told` stands to the log `now`. By the same recorder (`isSameRun`) a log only grows. Another one may have
 * lost the last records that were told. It has not where it, too, knows a record of the same connection, at or behind the one that was
 * told last: all records of one connection are of one recorder, and what it wrote is stored from the beginning on.
 */
export const standing = (
  told: Pick<Replay, "last" | "trust">,
  now: Pick<FeedLog, "last" | "trust" | "taken">,
  isSameRun: boolean
): Standing => {
  const { last } = told
  if (last === undefined) return "ahead"
  if (last.offset > now.last.offset) return "rewritten"
  if (last.offset === now.last.offset)
    return isSameRecord(last, now.last) && endsInGap(told) === endsInGap(now) ? "same" : "rewritten"
  if (isSameRun) return "ahead"
  const isProven = [now.last, now.taken].some(
    (head) => head !== null && head.epoch === last.epoch && head.offset > last.offset
  )
  return isProven || (now.taken !== null && isSameRecord(now.taken, last) && endsInGap(told)) ? "ahead" : "rewritten"
}

const isSameRecord = (left: RecordHead, right: RecordHead): boolean =>
  left.offset === right.offset &&
  left.epoch === right.epoch &&
  left.sid === right.sid &&
  left.seq === right.seq &&
  left.tsExchangeMicros === right.tsExchangeMicros &&
  left.tsReceivedMicros === right.tsReceivedMicros

/** Whether the last record is a gap: one may have the same head as the change in whose place it stands. What was taken up ends in one. */
const endsInGap = ({ last, trust }: Pick<Replay, "last" | "trust">): boolean =>
  trust._tag === "stale" && trust.gap.offset === last?.offset
