/**
 * Pieces of logs that the hot tier was asked for lately, kept as columns: a keyframe with the records behind it, up to the next. Questions
 * about the same time of a market are then folded from memory, without a statement.
 *
 * What is kept cannot become wrong: a log only grows, and its times never decrease, so whatever is stored later lies at or behind the last
 * record that was read. Up to that moment, and not at it, a piece is the whole truth; for moments behind it whoever asks has to look for
 * more, in the tier where it would be: a gap that is told late has a time of its own, of an hour that may have left.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { LogRows } from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"

/** Rows kept at most, states on the way counted as so many rows as they take: a day of a few busy markets. */
const rowsKeptMax = 600_000
const bytesPerRow = 90

/** After so many rows a state of the fold is kept, so that no question folds more than these. */
const rowsPerStateDefault = 128
/** Of a state without its levels. */
const bytesPerState = 3_000

export interface FoldedPiece {
  readonly replay: Replay.Replay
  readonly keyframeOffset: number | null
  /** Whether there may be more records up to the moment, behind `replay.last`. */
  readonly isOpen: boolean
}

export interface HotPieces {
  /** The fold up to the moment, by the receive clock, of what is kept; `undefined` where nothing begins before it. O(levels). */
  readonly stateAt: (ticker: MarketTicker, atMicros: number) => FoldedPiece | undefined
  /**
   * Keeps what was read in one go: the records right behind a keyframe, or from the log's first on. `nextMicros`: where the next keyframe
   * stands, from which on another piece is meant.
   */
  readonly keep: (
    ticker: MarketTicker,
    keyframe: Keyframe | undefined,
    records: ReadonlyArray<BookRecord>,
    nextMicros: number | undefined
  ) => void
}

/** The state before a row. */
interface StateAtRow {
  readonly row: number
  readonly replay: Replay.Replay
}

interface Piece {
  /** What it takes, in rows. */
  weight: number
  readonly ticker: MarketTicker
  readonly rows: LogRows
  /** What the records are folded onto, and the states after each `rowsPerState` rows behind it, as far as somebody asked for. */
  readonly states: Array<StateAtRow>
  readonly keyframeOffset: number | null
  readonly fromMicros: number
  /** Receipt of the last record. */
  readonly lastMicros: number
  /** Moments from here on are not of this piece. */
  readonly endMicros: number
}

export const make = (rowsMax: number = rowsKeptMax, rowsPerState: number = rowsPerStateDefault): HotPieces => {
  const byTicker = new Map<MarketTicker, Array<Piece>>()
  /** In the order of their last use. */
  const used = new Set<Piece>()
  let rowsKept = 0

  const drop = (piece: Piece): void => {
    used.delete(piece)
    rowsKept -= piece.weight
    const others = byTicker.get(piece.ticker)?.filter((one) => one !== piece) ?? []
    if (others.length === 0) byTicker.delete(piece.ticker)
    else byTicker.set(piece.ticker, others)
  }

  const dropOldest = (): void => {
    for (const oldest of used) {
      if (rowsKept <= rowsMax) break
      drop(oldest)
    }
  }

  const stateAt = (ticker: MarketTicker, atMicros: number): FoldedPiece | undefined => {
    const piece = pieceAt(byTicker.get(ticker) ?? [], atMicros)
    if (piece === undefined) return undefined
    used.delete(piece)
    used.add(piece)
    const { keyframeOffset, lastMicros, rows } = piece
    const before = piece.weight
    const nearest = nearestState(piece, rowsPerState, atMicros)
    rowsKept += piece.weight - before
    dropOldest()
    const replay = Replay.copy(nearest.replay)
    LogRowsReplay.foldReceived(replay, rows, nearest.row, rows.rows, atMicros)
    return { replay, keyframeOffset, isOpen: atMicros >= lastMicros }
  }

  const keep: HotPieces["keep"] = (ticker, keyframe, records, nextMicros) => {
    const [first] = records
    const last = records.at(-1)
    if (first === undefined || last === undefined || (keyframe === undefined && first.offset !== 1)) return
    const made: Array<LogRows> = []
    const rowsAll = rowsOf(keyframe, records)
    const builder = LogRowsBuilder.make(rowsAll, (rows) => made.push(rows), rowsAll)
    if (keyframe !== undefined) builder.keyframe(Replay.fromKeyframe(keyframe))
    const keyframeRows = builder.rows().rows
    for (const record of records) builder.record(record)
    builder.flush()
    const [rows] = made
    // Never: there was room for all. A part of them would give wrong answers.
    if (rows === undefined || made.length > 1) return
    const fromMicros = keyframe?.tsReceivedMicros ?? first.tsReceivedMicros
    const endMicros = nextMicros ?? Number.POSITIVE_INFINITY
    const lastMicros = last.tsReceivedMicros
    const keyframeOffset = keyframe?.offset ?? null
    const known = byTicker.get(ticker) ?? []
    // One that begins at the same place knows less.
    const [older] = known.filter((one) => one.keyframeOffset === keyframeOffset)
    if (older !== undefined) drop(older)
    const beginning = keyframeRows === 0 ? Replay.make() : LogRowsReplay.fromKeyframe(rows, 0, keyframeRows)
    const states: Array<StateAtRow> = [{ row: keyframeRows, replay: beginning }]
    const weight = rows.rows
    const piece: Piece = { weight, ticker, rows, states, keyframeOffset, fromMicros, lastMicros, endMicros }
    // The latest first: of pieces that overlap, the one with the later keyframe has less to fold.
    const others = byTicker.get(ticker) ?? []
    byTicker.set(
      ticker,
      [piece, ...others].sort((one, other) => other.fromMicros - one.fromMicros)
    )
    used.add(piece)
    rowsKept += weight
    dropOldest()
  }

  return { stateAt, keep }
}

/** The latest that begins by the moment, of those that mean it: the latest are first. */
const pieceAt = (pieces: ReadonlyArray<Piece>, atMicros: number): Piece | undefined => {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pieces[middle] as Piece).fromMicros > atMicros) low = middle + 1
    else high = middle
  }
  for (let at = low; at < pieces.length; at++) {
    const piece = pieces[at] as Piece
    if (atMicros < piece.endMicros) return piece
  }
  return undefined
}

/** The last of the states on the way to a moment; those that nobody asked for before are made. */
const nearestState = (piece: Piece, rowsPerState: number, atMicros: number): StateAtRow => {
  const { rows, states } = piece
  const [first] = states as [StateAtRow]
  const wanted = Math.floor((rowBehind(rows, first.row, atMicros) - first.row) / rowsPerState)
  while (states.length <= wanted) {
    const before = states.at(-1) as StateAtRow
    const row = LogRowsReplay.endNear(rows, first.row + states.length * rowsPerState, rows.rows)
    const replay = Replay.copy(before.replay)
    LogRowsReplay.foldReceived(replay, rows, before.row, row, Number.POSITIVE_INFINITY)
    states.push({ row, replay })
    piece.weight += Math.ceil((bytesPerState + replay.book.cells.byteLength) / bytesPerRow)
  }
  return states[wanted] as StateAtRow
}

/** The first row, from `start` on, that was received after the moment: times never decrease. O(log rows). */
const rowBehind = ({ rows, tsReceivedMicros }: LogRows, start: number, atMicros: number): number => {
  let low = start
  let high = rows
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((tsReceivedMicros[middle] as number) <= atMicros) low = middle + 1
    else high = middle
  }
  return low
}

/** How many rows they take. */
const rowsOf = (keyframe: Keyframe | undefined, records: ReadonlyArray<BookRecord>): number => {
  const ofLevels = ({ no, yes }: Keyframe["levels"]): number => Math.max(1, yes.length + no.length)
  let rows = keyframe === undefined ? 0 : ofLevels(keyframe.levels)
  for (const record of records) rows += record.kind === "snapshot" ? ofLevels(record.levels) : 1
  return rows
}
