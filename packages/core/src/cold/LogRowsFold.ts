/**
 * Folds rows as they stand in the files of the cold tier, without an object for each change: the same states as `Replay.apply` over
 * the same records. A record whose rows lie in two batches is put together.
 */
import * as Book from "../Book.ts"
import type { BookLevels, BookRecord, DeltaRecord, GapRecord, Level, MarketTicker, RecordHead } from "../BookRecord.ts"
import * as Replay from "../Replay.ts"
import * as Trust from "../Trust.ts"
import * as LogRows from "./LogRows.ts"

export interface Fold {
  /** Each market's state after the last of its records that is known to be whole. */
  readonly replays: Map<MarketTicker, Replay.Replay>
  /** A snapshot or keyframe whose rows may go on in the next batch. */
  open: OpenRecord | undefined
}

interface OpenRecord {
  readonly head: RecordHead
  readonly isKeyframe: boolean
  readonly yes: Array<Level>
  readonly no: Array<Level>
  /** Of keyframes alone. */
  readonly trust: Trust.Trust
  readonly tsExchangeEffectiveMicros: number
  readonly tsExchangeProvenMicros: number
}

/** A fold that begins with these states, or with none. */
export const make = (replays = new Map<MarketTicker, Replay.Replay>()): Fold => ({ replays, open: undefined })

/** Folds the rows, which go on where the last ones ended. `finish` when there are no more. O(rows). */
export const apply = (fold: Fold, rows: LogRows.LogRows): void => {
  for (let row = 0; row < rows.rows; ) {
    const end = LogRows.runEnd(rows, row, rows.rows)
    applyRun(fold, rows, row, end)
    row = end
  }
}

/** Folds the record that may have gone on. */
export const finish = (fold: Fold): void => {
  const { open } = fold
  if (open === undefined) return
  fold.open = undefined
  const ticker = open.head.marketTicker
  if (open.isKeyframe) fold.replays.set(ticker, stateOf(open))
  else Replay.apply(replayOf(fold, ticker), snapshotOf(open))
}

const replayOf = ({ replays }: Fold, ticker: MarketTicker): Replay.Replay => {
  const known = replays.get(ticker)
  if (known !== undefined) return known
  const made = Replay.make()
  replays.set(ticker, made)
  return made
}

/** Folds rows [from, to), all of one market. */
const applyRun = (fold: Fold, rows: LogRows.LogRows, from: number, to: number): void => {
  const ticker = LogRows.tickerAt(rows, from)
  let row = from
  while (row < to) {
    if (fold.open !== undefined) {
      row = extend(fold.open, rows, row, to)
      if (row === to) return
      finish(fold)
      continue
    }
    const kind = rows.kind[row]
    if (kind === LogRows.kindDelta) row = applyDeltas(replayOf(fold, ticker), rows, row, to)
    else if (kind === LogRows.kindGap) Replay.apply(replayOf(fold, ticker), gapOf(rows, row++))
    else fold.open = begin(rows, row)
  }
}

/** Applies the deltas that follow each other from a row on. Returns the row behind them. `Replay.exchangeMicros` tells the times. */
const applyDeltas = (replay: Replay.Replay, rows: LogRows.LogRows, from: number, to: number): number => {
  const { kind, priceE4, side, sizeE2, tsExchangeMicros, tsReceivedMicros } = rows
  const { book } = replay
  let effectiveMicros = replay.tsExchangeEffectiveMicros
  let provenMicros = replay.tsExchangeProvenMicros
  const isTrusted = replay.trust._tag === "trusted"
  let row = from
  for (; row < to && kind[row] === LogRows.kindDelta; row++) {
    if (isTrusted) {
      const ladder = side[row] === LogRows.sideYes ? "yes" : "no"
      if (Book.apply(book, ladder, priceE4[row] as number, sizeE2[row] as number) !== undefined) break
    }
    const ownMicros = tsExchangeMicros[row] as number
    const isDated = !Number.isNaN(ownMicros)
    const floorMicros = isDated ? provenMicros : effectiveMicros
    effectiveMicros = Math.max(floorMicros, isDated ? ownMicros : (tsReceivedMicros[row] as number))
    provenMicros = effectiveMicros
  }
  replay.tsExchangeEffectiveMicros = effectiveMicros
  replay.tsExchangeProvenMicros = provenMicros
  replay.recordsApplied += row - from
  if (row > from) replay.last = headOf(rows, row - 1)
  if (row === to || kind[row] !== LogRows.kindDelta) return row
  // One that does not fit: the log was damaged, and the plain fold says what that means.
  Replay.apply(replay, deltaOf(rows, row))
  return row + 1
}

const timeOf = (micros: number | undefined): number | null => (Number.isNaN(micros) ? null : (micros as number))

const headOf = (rows: LogRows.LogRows, row: number): RecordHead => ({
  marketTicker: LogRows.tickerAt(rows, row),
  offset: rows.offset[row] as number,
  epoch: rows.epoch[row] as number,
  sid: rows.sid[row] as number,
  seq: rows.seq[row] as number,
  tsExchangeMicros: timeOf(rows.tsExchangeMicros[row]),
  tsReceivedMicros: rows.tsReceivedMicros[row] as number
})

const deltaOf = (rows: LogRows.LogRows, row: number): DeltaRecord => ({
  kind: "delta",
  ...headOf(rows, row),
  side: LogRows.sideOf(rows.side[row] as number),
  priceE4: rows.priceE4[row] as number,
  deltaE2: rows.sizeE2[row] as number
})

const gapOf = (rows: LogRows.LogRows, row: number, offset = rows.offset[row] as number): GapRecord => ({
  kind: "gap",
  ...headOf(rows, row),
  offset,
  cause: LogRows.causeOf(rows.cause[row] as number) ?? "inconsistent",
  tsDetectedMicros: rows.tsDetectedMicros[row] as number
})

const begin = (rows: LogRows.LogRows, row: number): OpenRecord => ({
  head: headOf(rows, row),
  isKeyframe: rows.kind[row] === LogRows.kindKeyframe,
  yes: [],
  no: [],
  trust:
    rows.cause[row] === LogRows.causeNone
      ? Trust.trusted(rows.sinceOffset[row] as number)
      : Trust.stale(gapOf(rows, row, rows.sinceOffset[row] as number)),
  tsExchangeEffectiveMicros: rows.tsExchangeEffectiveMicros[row] as number,
  tsExchangeProvenMicros: rows.tsExchangeProvenMicros[row] as number
})

/** Adds the rows that are of the open record. Returns the first that is not. */
const extend = (open: OpenRecord, rows: LogRows.LogRows, from: number, to: number): number => {
  if (LogRows.tickerAt(rows, from) !== open.head.marketTicker) return from
  const kind = open.isKeyframe ? LogRows.kindKeyframe : LogRows.kindSnapshot
  const market = rows.market[from]
  let row = from
  for (; row < to && rows.market[row] === market; row++) {
    if (rows.kind[row] !== kind || rows.offset[row] !== open.head.offset) break
    if (rows.side[row] === LogRows.sideNone) continue
    const level = { priceE4: rows.priceE4[row] as number, sizeE2: rows.sizeE2[row] as number }
    if (rows.side[row] === LogRows.sideYes) open.yes.push(level)
    else open.no.push(level)
  }
  return row
}

const levelsOf = ({ no, yes }: OpenRecord): BookLevels => ({ yes, no })

const snapshotOf = (open: OpenRecord): BookRecord => ({ kind: "snapshot", ...open.head, levels: levelsOf(open) })

const stateOf = (open: OpenRecord): Replay.Replay => ({
  book: Book.fromLevels(levelsOf(open)),
  trust: open.trust,
  last: open.head,
  tsExchangeEffectiveMicros: open.tsExchangeEffectiveMicros,
  tsExchangeProvenMicros: open.tsExchangeProvenMicros,
  recordsApplied: 0
})

/** What stands in a slice, record by record: for those who need objects. */
export interface Listener {
  readonly record: (record: BookRecord) => void
  /** The state before the hour. */
  readonly keyframe?: ((state: Replay.Replay) => void) | undefined
}

export interface Records {
  /** Tells of the records in these rows, which go on where the last ones ended. */
  readonly read: (rows: LogRows.LogRows) => void
  /** Tells of the record that may have gone on. */
  readonly finish: () => void
}

/** Rows as records again. */
export const records = (listener: Listener): Records => {
  let open: OpenRecord | undefined
  const finish = (): void => {
    if (open === undefined) return
    const whole = open
    open = undefined
    if (whole.isKeyframe) listener.keyframe?.(stateOf(whole))
    else listener.record(snapshotOf(whole))
  }
  const read = (rows: LogRows.LogRows): void => {
    for (let row = 0; row < rows.rows; ) {
      if (open !== undefined) {
        row = extend(open, rows, row, rows.rows)
        if (row === rows.rows) return
        finish()
        continue
      }
      const kind = rows.kind[row]
      if (kind === LogRows.kindDelta) listener.record(deltaOf(rows, row++))
      else if (kind === LogRows.kindGap) listener.record(gapOf(rows, row++))
      else open = begin(rows, row)
    }
  }
  return { read, finish }
}
