/**
 * The fold of `Replay`, over rows: the same state from the same records, without an object for each change.
 *
 * By the receive clock a slice is folded at typed-array speed; by the exchange's clock, where a snapshot's place can depend on what
 * follows, `Replay` itself is asked.
 */
import * as Book from "../Book.ts"
import type { BookLevels, BookRecord, GapRecord, Level, RecordHead } from "../BookRecord.ts"
import * as Replay from "../Replay.ts"
import * as Trust from "../Trust.ts"
import {
  causeOf,
  kindDelta,
  kindGap,
  kindKeyframe,
  type LogRows,
  sideNo,
  sideNone,
  sideOf,
  sideYes
} from "./LogRows.ts"

/** Whether the row is one of a snapshot or keyframe, which may have several. */
const isOfLevels = (rows: LogRows, row: number): boolean => rows.kind[row] !== kindDelta && rows.kind[row] !== kindGap

/** End of the record that begins at a row: the levels of a snapshot or keyframe are rows of one offset. */
export const recordEnd = (rows: LogRows, row: number, end: number): number => {
  if (!isOfLevels(rows, row)) return row + 1
  const kind = rows.kind[row]
  const offset = rows.offset[row]
  let next = row + 1
  while (next < end && rows.offset[next] === offset && rows.kind[next] === kind) next++
  return next
}

const headAt = (rows: LogRows, row: number): RecordHead => {
  const tsExchangeMicros = rows.tsExchangeMicros[row] as number
  return {
    marketTicker: rows.tickers[rows.market[row] as number] as string,
    offset: rows.offset[row] as number,
    epoch: rows.epoch[row] as number,
    sid: rows.sid[row] as number,
    seq: rows.seq[row] as number,
    tsExchangeMicros: Number.isNaN(tsExchangeMicros) ? null : tsExchangeMicros,
    tsReceivedMicros: rows.tsReceivedMicros[row] as number
  }
}

const levelsAt = (rows: LogRows, start: number, end: number): BookLevels => {
  const yes: Array<Level> = []
  const no: Array<Level> = []
  for (let row = start; row < end; row++) {
    const side = rows.side[row] as number
    if (side === sideNone) continue
    const level = { priceE4: rows.priceE4[row] as number, sizeE2: rows.sizeE2[row] as number }
    if (side === sideYes) yes.push(level)
    else if (side === sideNo) no.push(level)
  }
  return { yes, no }
}

const gapAt = (rows: LogRows, row: number): GapRecord => ({
  kind: "gap",
  ...headAt(rows, row),
  cause: causeOf(rows.cause[row] as number) ?? "inconsistent",
  tsDetectedMicros: rows.tsDetectedMicros[row] as number
})

/** Written out: nearly all records are deltas, and spreading the head takes three times as long. */
const deltaAt = (rows: LogRows, row: number): BookRecord => {
  const tsExchangeMicros = rows.tsExchangeMicros[row] as number
  return {
    kind: "delta",
    marketTicker: rows.tickers[rows.market[row] as number] as string,
    offset: rows.offset[row] as number,
    epoch: rows.epoch[row] as number,
    sid: rows.sid[row] as number,
    seq: rows.seq[row] as number,
    tsExchangeMicros: Number.isNaN(tsExchangeMicros) ? null : tsExchangeMicros,
    tsReceivedMicros: rows.tsReceivedMicros[row] as number,
    side: sideOf(rows.side[row] as number),
    priceE4: rows.priceE4[row] as number,
    deltaE2: rows.sizeE2[row] as number
  }
}

/** The record whose rows are [start, end); not for keyframes. */
export const recordAt = (rows: LogRows, start: number, end: number): BookRecord => {
  switch (rows.kind[start]) {
    case kindDelta:
      return deltaAt(rows, start)
    case kindGap:
      return gapAt(rows, start)
    default:
      return { kind: "snapshot", ...headAt(rows, start), levels: levelsAt(rows, start, end) }
  }
}

/** The records of rows [start, end), keyframes left out, at most `recordsMax`. O(rows). */
export const recordsOf = (
  rows: LogRows,
  start: number,
  end: number,
  recordsMax = Number.POSITIVE_INFINITY
): ReadonlyArray<BookRecord> => {
  const records: Array<BookRecord> = []
  for (let row = start; row < end && records.length < recordsMax; ) {
    const next = recordEnd(rows, row, end)
    if (rows.kind[row] !== kindKeyframe) records.push(recordAt(rows, row, next))
    row = next
  }
  return records
}

/** The first row at or behind `row` that begins a record, at most `end`. */
export const endNear = (rows: LogRows, row: number, end: number): number => {
  let near = row
  while (near < end && isOfLevels(rows, near) && rows.offset[near] === rows.offset[near - 1]) near++
  return Math.min(near, end)
}

/** The state of the keyframe whose rows are [start, end). */
export const fromKeyframe = (rows: LogRows, start: number, end: number): Replay.Replay => {
  const sinceOffset = rows.sinceOffset[start] as number
  const state = Replay.make()
  state.book = Book.fromLevels(levelsAt(rows, start, end))
  state.last = headAt(rows, start)
  state.trust =
    causeOf(rows.cause[start] as number) === undefined
      ? Trust.trusted(sinceOffset)
      : Trust.stale({ ...gapAt(rows, start), offset: sinceOffset })
  state.tsExchangeEffectiveMicros = rows.tsExchangeEffectiveMicros[start] as number
  state.tsExchangeProvenMicros = rows.tsExchangeProvenMicros[start] as number
  return state
}

/**
 * Folds rows [start, end) of one market, no keyframes among them, while their receipt does not pass `atMicros`. Returns the row at
 * which it stopped, `end` when all of them were folded.
 */
export const foldReceived = (
  replay: Replay.Replay,
  rows: LogRows,
  start: number,
  end: number,
  atMicros: number
): number => {
  const { kind, priceE4, side, sizeE2, tsExchangeMicros, tsReceivedMicros } = rows
  let row = start
  while (row < end && (tsReceivedMicros[row] as number) <= atMicros) {
    if (kind[row] !== kindDelta || replay.trust._tag !== "trusted") {
      const next = recordEnd(rows, row, end)
      Replay.apply(replay, recordAt(rows, row, next))
      row = next
      continue
    }
    const first = row
    const { book } = replay
    let effective = replay.tsExchangeEffectiveMicros
    let proven = replay.tsExchangeProvenMicros
    while (row < end && kind[row] === kindDelta && (tsReceivedMicros[row] as number) <= atMicros) {
      const refused = Book.apply(book, sideOf(side[row] as number), priceE4[row] as number, sizeE2[row] as number)
      if (refused !== undefined) break
      const own = tsExchangeMicros[row] as number
      proven = Number.isNaN(own) ? Math.max(effective, tsReceivedMicros[row] as number) : Math.max(proven, own)
      effective = proven
      row++
    }
    if (row > first) {
      replay.tsExchangeEffectiveMicros = effective
      replay.tsExchangeProvenMicros = proven
      replay.last = headAt(rows, row - 1)
      replay.recordsApplied += row - first
    }
    if (row < end && kind[row] === kindDelta && (tsReceivedMicros[row] as number) <= atMicros) {
      // The one that was refused: `Replay` says what becomes of the book.
      Replay.apply(replay, recordAt(rows, row, row + 1))
      row++
    }
  }
  return row
}
