/**
 * One market's book at regular moments: one fold of the log, which stops at each of them. Each sample equals the book that is answered
 * for its moment.
 */

import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as BookSamples from "@kalshibook/core/BookSamples"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import * as Replay from "@kalshibook/core/Replay"
import { Effect, Stream } from "effect"
import type { LogCursor, LogPiece } from "./LogCursor.ts"
import type { LogError, TieredLog } from "./TieredLog.ts"

/** The moments from, from + every, from + 2 every ... before `toMicros`, by the receive clock. */
export interface SamplesQuery {
  readonly marketTicker: MarketTicker
  readonly fromMicros: number
  readonly toMicros: number
  /** 1 or more. */
  readonly everyMicros: number
  /** Levels of each side at most, 1 or more. */
  readonly depth: number
  /** Measures of each book; without it none. */
  readonly derive?: BookSamples.SampleDerive
}

/** Samples that are given at once: some hundred kilobytes, and a few milliseconds between two looks at other work. */
const samplesAtOnce = 2_048

/** Moments before the market's first record are left out. */
export const samples = (log: TieredLog, query: SamplesQuery): Stream.Stream<BookSamples.BookSamples, LogError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const found = yield* log.stateAt(query.marketTicker, query.fromMicros, "received")
      const replay = found?.replay ?? Replay.make()
      const cursor = log.after(query.marketTicker, replay, query.fromMicros, query.toMicros)
      return Stream.unfold(walkOf(query, replay, cursor), (walk) =>
        Effect.map(batch(walk), (taken) => (taken.count === 0 ? undefined : ([taken, walk] as const)))
      )
    })
  )

interface Walk {
  readonly query: SamplesQuery
  readonly replay: Replay.Replay
  readonly cursor: LogCursor
  nextMicros: number
  piece: LogPiece | undefined
  /** Place in the piece of the first record that is not folded. */
  at: number
  isAtEnd: boolean
}

const walkOf = (query: SamplesQuery, replay: Replay.Replay, cursor: LogCursor): Walk => ({
  query,
  replay,
  cursor,
  nextMicros: query.fromMicros,
  piece: undefined,
  at: 0,
  isAtEnd: false
})

const batch = Effect.fnUntraced(function* (walk: Walk) {
  const { derive, everyMicros, depth, fromMicros, toMicros } = walk.query
  const left = Math.ceil((toMicros - walk.nextMicros) / everyMicros)
  const taken = BookSamples.make(Math.max(0, Math.min(samplesAtOnce, left)), depth, derive)
  yield* Effect.yieldNow
  while (walk.nextMicros < toMicros && !BookSamples.isFull(taken)) {
    const followingMicros = foldUntil(walk, walk.nextMicros)
    if (followingMicros === undefined && !walk.isAtEnd) {
      walk.piece = yield* walk.cursor.next
      walk.isAtEnd = walk.piece === undefined
      walk.at = walk.piece?._tag === "rows" ? walk.piece.start : 0
      continue
    }
    const untilMicros = Math.min(followingMicros ?? toMicros, toMicros)
    if (walk.replay.last === undefined) {
      walk.nextMicros = fromMicros + Math.ceil((untilMicros - fromMicros) / everyMicros) * everyMicros
      continue
    }
    BookSamples.take(taken, walk.replay, walk.nextMicros)
    walk.nextMicros += everyMicros
    while (walk.nextMicros < untilMicros && !BookSamples.isFull(taken)) {
      BookSamples.repeat(taken, walk.nextMicros)
      walk.nextMicros += everyMicros
    }
  }
  return taken
})

/** Folds what does not pass the moment. Returns the time of the next record; `undefined` when more has to be read to know. */
const foldUntil = (walk: Walk, atMicros: number): number | undefined => {
  const { piece, replay } = walk
  if (piece === undefined) return undefined
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
