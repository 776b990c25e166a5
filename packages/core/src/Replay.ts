/**
 * The fold of a market's log: the definition of "the book at T" that every faster path is tested against.
 *
 * Total: any record in any state gives a state (SPEC-book.md, "The fold"; I7, I18, I19). Knows nothing of where records come from.
 */
import * as Book from "./Book.ts"
import type { BookClock, BookRecord, GapRecord, RecordHead, SnapshotRecord } from "./BookRecord.ts"
import type { Keyframe } from "./Keyframe.ts"
import * as Trust from "./Trust.ts"

export interface Replay {
  /** While the trust is stale: the last good book. */
  book: Book.Book
  trust: Trust.Trust
  /** The last record folded; `undefined` before the first. */
  last: RecordHead | undefined
  /** Running maximum of the records' times by the exchange's clock, Unix microseconds; 0 before the first. */
  tsExchangeEffectiveMicros: number
  /** The same without the snapshot since which the book is trusted, as long as only an estimate places that one. */
  tsExchangeProvenMicros: number
  /** How many records were folded since the start, or since the keyframe. */
  recordsApplied: number
}

/** The state before the first record of a log. */
export const make = (): Replay => ({
  book: Book.make(),
  trust: Trust.unknown,
  last: undefined,
  tsExchangeEffectiveMicros: 0,
  tsExchangeProvenMicros: 0,
  recordsApplied: 0
})

/** The state right after the keyframe's record. */
export const fromKeyframe = (keyframe: Keyframe): Replay => ({
  book: Book.fromLevels(keyframe.levels),
  trust: Trust.trusted(keyframe.sinceOffset),
  last: keyframe,
  tsExchangeEffectiveMicros: keyframe.tsExchangeEffectiveMicros,
  tsExchangeProvenMicros: keyframe.tsExchangeEffectiveMicros,
  recordsApplied: 0
})

/** An independent copy. O(levels). */
export const copy = (replay: Replay): Replay => ({ ...replay, book: Book.copy(replay.book) })

/** The keyframe of the current state; `undefined` unless the book is trusted. O(levels). */
export const toKeyframe = (replay: Replay): Keyframe | undefined => {
  const { last, trust } = replay
  if (trust._tag !== "trusted" || last === undefined) return undefined
  return {
    marketTicker: last.marketTicker,
    offset: last.offset,
    epoch: last.epoch,
    sid: last.sid,
    seq: last.seq,
    tsExchangeMicros: last.tsExchangeMicros,
    tsReceivedMicros: last.tsReceivedMicros,
    tsExchangeEffectiveMicros: replay.tsExchangeEffectiveMicros,
    sinceOffset: trust.sinceOffset,
    bookHash: Book.hash(replay.book),
    levels: Book.levels(replay.book)
  }
}

/**
 * The record's time by the exchange's clock, as far as the log up to it tells: never less than that of the record before.
 *
 * 1. A delta has the exchange's own time; without one, its receipt.
 * 2. A gap begins at the last exchange time proven on its subscription; without one, at the record before it: what was lost may
 *    have happened right after that. The first record of all begins at its receipt.
 * 3. A snapshot of a trusted book changes nothing, so it takes the time of the record before.
 * 4. A snapshot after a gap carries no time of the exchange. It is placed at its receipt or, if that is later (the exchange's
 *    clock is ahead of ours), as far behind the gap's exchange time as our own clock says.
 * 5. The first snapshot is placed at its receipt.
 * 6. The next delta shows better: a snapshot of 4 or 5 is never later than the delta that follows it.
 */
export const exchangeMicros = (replay: Replay, record: BookRecord): number =>
  Math.max(
    isDated(record) ? replay.tsExchangeProvenMicros : replay.tsExchangeEffectiveMicros,
    ownExchangeMicros(replay, record)
  )

/** Whether the record shows, by an exchange time of its own, that the snapshot before it is not later (6). */
const isDated = (record: BookRecord): boolean => record.kind === "delta" && record.tsExchangeMicros !== null

const ownExchangeMicros = ({ last, trust }: Replay, record: BookRecord): number => {
  if (record.kind === "delta") return record.tsExchangeMicros ?? record.tsReceivedMicros
  if (record.kind === "gap") return record.tsExchangeMicros ?? (last === undefined ? record.tsReceivedMicros : 0)
  if (trust._tag === "trusted") return 0
  if (trust._tag === "unknown" || trust.gap.tsExchangeMicros === null) return record.tsReceivedMicros
  const elapsedMicros = record.tsReceivedMicros - trust.gap.tsReceivedMicros
  return Math.max(record.tsReceivedMicros, trust.gap.tsExchangeMicros + elapsedMicros)
}

/** Folds one record. O(1) for deltas and gaps, O(levels) for snapshots. */
export const apply = (replay: Replay, record: BookRecord): void => {
  const micros = exchangeMicros(replay, record)
  if (record.kind !== "snapshot") replay.tsExchangeProvenMicros = micros
  replay.tsExchangeEffectiveMicros = micros
  switch (record.kind) {
    case "snapshot":
      applySnapshot(replay, record)
      break
    case "delta":
      // A delta outside a trusted book changes nothing: its base is not known.
      if (
        replay.trust._tag === "trusted" &&
        Book.apply(replay.book, record.side, record.priceE4, record.deltaE2) !== undefined
      ) {
        replay.trust = Trust.stale(inconsistencyAt(record))
      }
      break
    case "gap":
      replay.trust = Trust.stale(record)
      break
  }
  replay.last = record
  replay.recordsApplied++
}

const applySnapshot = (replay: Replay, record: SnapshotRecord): void => {
  const book = Book.make()
  if (Book.replace(book, record.levels) === undefined && !Book.isCrossed(book)) {
    replay.book = book
    replay.trust = Trust.trusted(record.offset)
  } else {
    replay.trust = Trust.stale(inconsistencyAt(record))
  }
}

/** Recorders write the gap before a record that does not fit (I6), so this speaks only where a log was damaged. */
const inconsistencyAt = (record: BookRecord): GapRecord => ({
  kind: "gap",
  marketTicker: record.marketTicker,
  offset: record.offset,
  epoch: record.epoch,
  sid: record.sid,
  seq: record.seq,
  tsExchangeMicros: record.tsExchangeMicros,
  tsReceivedMicros: record.tsReceivedMicros,
  cause: "inconsistent",
  tsDetectedMicros: record.tsReceivedMicros
})

/**
 * Folds records while their time by `clock` does not pass `atMicros`. Returns whether one passed it: the fold is then complete.
 * To go on, call it with the records behind `replay.last`: a snapshot at the end of `records` whose place only the next delta
 * can show (6) is not folded yet.
 */
export const applyUntil = (
  replay: Replay,
  records: ReadonlyArray<BookRecord>,
  atMicros: number,
  clock: BookClock
): boolean => {
  let held: Array<BookRecord> = []
  for (const record of records) {
    const micros = clock === "received" ? record.tsReceivedMicros : exchangeMicros(replay, record)
    const hasPassed = micros > atMicros
    if (hasPassed && clock === "exchange" && record.kind === "snapshot") {
      held.push(record)
      continue
    }
    if (hasPassed || (held.length > 0 && !isDated(record))) return true
    for (const one of held) apply(replay, one)
    held = []
    apply(replay, record)
  }
  return false
}
