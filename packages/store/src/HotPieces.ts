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

/** Rows kept at most, some 90 bytes each: a day of a few busy markets. */
const rowsKeptMax = 600_000

export interface FoldedPiece {
  readonly replay: Replay.Replay
  readonly keyframeOffset: number | null
  /** Whether there may be more records up to the moment, behind `replay.last`. */
  readonly isOpen: boolean
}

export interface HotPieces {
  /** The fold up to the moment, by the receive clock, of what is kept; `undefined` where nothing begins before it. O(records). */
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

interface Piece {
  readonly ticker: MarketTicker
  readonly rows: LogRows
  /** What the records are folded onto. */
  readonly beginning: Replay.Replay
  /** Rows [0, keyframeRows) are the keyframe. */
  readonly keyframeRows: number
  readonly keyframeOffset: number | null
  readonly fromMicros: number
  /** Receipt of the last record. */
  readonly lastMicros: number
  /** Moments from here on are not of this piece. */
  readonly endMicros: number
}

export const make = (rowsMax: number = rowsKeptMax): HotPieces => {
  const byTicker = new Map<MarketTicker, Array<Piece>>()
  /** In the order of their last use. */
  const used = new Set<Piece>()
  let rowsKept = 0

  const drop = (piece: Piece): void => {
    used.delete(piece)
    rowsKept -= piece.rows.rows
    const others = byTicker.get(piece.ticker)?.filter((one) => one !== piece) ?? []
    if (others.length === 0) byTicker.delete(piece.ticker)
    else byTicker.set(piece.ticker, others)
  }

  const stateAt = (ticker: MarketTicker, atMicros: number): FoldedPiece | undefined => {
    const piece = pieceAt(byTicker.get(ticker) ?? [], atMicros)
    if (piece === undefined) return undefined
    used.delete(piece)
    used.add(piece)
    const { beginning, keyframeOffset, keyframeRows, lastMicros, rows } = piece
    const replay = Replay.copy(beginning)
    LogRowsReplay.foldReceived(replay, rows, keyframeRows, rows.rows, atMicros)
    return { replay, keyframeOffset, isOpen: atMicros >= lastMicros }
  }

  const keep: HotPieces["keep"] = (ticker, keyframe, records, nextMicros) => {
    const [first] = records
    const last = records.at(-1)
    if (first === undefined || last === undefined || (keyframe === undefined && first.offset !== 1)) return
    const made: Array<LogRows> = []
    const builder = LogRowsBuilder.make(rowsOf(keyframe, records), (rows) => made.push(rows))
    if (keyframe !== undefined) builder.keyframe(Replay.fromKeyframe(keyframe))
    const keyframeRows = builder.rows().rows
    for (const record of records) builder.record(record)
    builder.flush()
    const [rows] = made
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
    const piece: Piece = { ticker, rows, beginning, keyframeRows, keyframeOffset, fromMicros, lastMicros, endMicros }
    // The latest first: of pieces that overlap, the one with the later keyframe has less to fold.
    const others = byTicker.get(ticker) ?? []
    byTicker.set(
      ticker,
      [piece, ...others].sort((one, other) => other.fromMicros - one.fromMicros)
    )
    used.add(piece)
    rowsKept += rows.rows
    for (const oldest of used) {
      if (rowsKept <= rowsMax) break
      drop(oldest)
    }
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

/** How many rows they take. */
const rowsOf = (keyframe: Keyframe | undefined, records: ReadonlyArray<BookRecord>): number => {
  const ofLevels = ({ no, yes }: Keyframe["levels"]): number => Math.max(1, yes.length + no.length)
  let rows = keyframe === undefined ? 0 : ofLevels(keyframe.levels)
  for (const record of records) rows += record.kind === "snapshot" ? ofLevels(record.levels) : 1
  return rows
}
