/**
 * One market's book at regular moments: one fold of the log, which stops at each of them. Each sample equals the book that is answered
 * for its moment.
 */

import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as BookSamples from "@kalshibook/core/BookSamples"
import { Effect, Stream } from "effect"
import * as LogWalk from "./LogWalk.ts"
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
      const { fromMicros, marketTicker, toMicros } = query
      const walk = { query, log: yield* LogWalk.make(log, marketTicker, fromMicros, toMicros), nextMicros: fromMicros }
      return Stream.unfold<Walk, BookSamples.BookSamples, LogError, never>(walk, () =>
        Effect.map(batch(walk), (taken) => (taken.count === 0 ? undefined : ([taken, walk] as const)))
      )
    })
  )

interface Walk {
  readonly query: SamplesQuery
  readonly log: LogWalk.LogWalk
  nextMicros: number
}

const batch = Effect.fnUntraced(function* (walk: Walk) {
  const { derive, everyMicros, depth, fromMicros, toMicros } = walk.query
  const { replay } = walk.log
  const left = Math.ceil((toMicros - walk.nextMicros) / everyMicros)
  const taken = BookSamples.make(Math.max(0, Math.min(samplesAtOnce, left)), depth, derive)
  yield* Effect.yieldNow
  while (walk.nextMicros < toMicros && !BookSamples.isFull(taken)) {
    const followingMicros = LogWalk.foldUntil(walk.log, walk.nextMicros)
    if (followingMicros === undefined) {
      yield* LogWalk.readOn(walk.log)
      continue
    }
    const untilMicros = Math.min(followingMicros, toMicros)
    if (replay.last === undefined) {
      walk.nextMicros = fromMicros + Math.ceil((untilMicros - fromMicros) / everyMicros) * everyMicros
      continue
    }
    BookSamples.take(taken, replay, walk.nextMicros)
    walk.nextMicros += everyMicros
    while (walk.nextMicros < untilMicros && !BookSamples.isFull(taken)) {
      BookSamples.repeat(taken, walk.nextMicros)
      walk.nextMicros += everyMicros
    }
  }
  return taken
})
