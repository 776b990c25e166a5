/** A market's log folded step by step, by the receive clock: for whoever looks at its state at many moments, one after the other. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import * as Replay from "@kalshibook/core/Replay"
import { Effect } from "effect"
import type { LogCursor, LogPiece } from "./LogCursor.ts"
import type { LogError, TieredLog } from "./TieredLog.ts"

export interface LogWalk {
  readonly replay: Replay.Replay
  readonly cursor: LogCursor
  piece: LogPiece | undefined
  /** Place in the piece of the first record that is not folded. */
  at: number
  isAtEnd: boolean
}

/** A walk that begins with the state at a moment, and ends before another. */
export const make = Effect.fnUntraced(function* (
  log: TieredLog,
  marketTicker: MarketTicker,
  atMicros: number,
  toMicros: number
): Effect.fn.Return<LogWalk, LogError> {
  const replay = (yield* log.stateAt(marketTicker, atMicros, "received"))?.replay ?? Replay.make()
  const cursor = log.after(marketTicker, replay, atMicros, toMicros)
  return { replay, cursor, piece: undefined, at: 0, isAtEnd: false }
})

/**
 * Folds what does not pass the moment. Returns the time of the next record, infinity behind the last one; `undefined` when more has to be
 * read to know.
 */
export const foldUntil = (walk: LogWalk, atMicros: number): number | undefined => {
  const nextMicros = walk.piece === undefined ? undefined : foldPiece(walk, walk.piece, atMicros)
  return nextMicros ?? (walk.isAtEnd ? Number.POSITIVE_INFINITY : undefined)
}

const foldPiece = (walk: LogWalk, piece: LogPiece, atMicros: number): number | undefined => {
  const { replay } = walk
  if (piece._tag === "rows") {
    walk.at = LogRowsReplay.foldReceived(replay, piece.rows, walk.at, piece.end, atMicros)
    return walk.at < piece.end ? piece.rows.tsReceivedMicros[walk.at] : undefined
  }
  while (true) {
    const record = piece.records[walk.at]
    if (record === undefined || record.tsReceivedMicros > atMicros) return record?.tsReceivedMicros
    Replay.apply(replay, record)
    walk.at++
  }
}

/** Reads the next records; all that were read must be folded. */
export const readOn = (walk: LogWalk): Effect.Effect<void, LogError> =>
  Effect.map(walk.cursor.next, (piece) => {
    walk.piece = piece
    walk.isAtEnd = piece === undefined
    walk.at = piece?._tag === "rows" ? piece.start : 0
  })
