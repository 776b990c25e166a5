/**
 * Several sources of rows, each in the order of the files, as one: market by market, and of each market the sources in their order,
 * which is that of the log. Rows at or before what came of a market already are left out, so sources may overlap.
 *
 * That is a day made of its hours (the keyframe of a later hour repeats what came before it), and an hour made of its state before, a
 * revision of it, and what was stored since.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import { Effect, Pull, Stream } from "effect"

export interface MergeSource<E, R> {
  readonly rows: Stream.Stream<LogRows.LogRows, E, R>
  /** Whether its keyframes are taken, where nothing came before them. */
  readonly hasKeyframes: boolean
}

/** Rows that are handed over at a time, the first ones sooner, or as many as one market has in a part of a source. */
const batchRows = 16_384

interface Head<E> {
  readonly pull: Pull.Pull<ReadonlyArray<LogRows.LogRows>, E>
  readonly hasKeyframes: boolean
  parts: ReadonlyArray<LogRows.LogRows>
  /** Which part, and the next row in it. */
  part: number
  row: number
  isOver: boolean
}

/** All rows; what is handed over is the receiver's own. */
export const merge = <E, R>(sources: ReadonlyArray<MergeSource<E, R>>): Stream.Stream<LogRows.LogRows, E, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const heads: Array<Head<E>> = []
      for (const { hasKeyframes, rows } of sources) {
        const pull = yield* Stream.toPull(rows)
        heads.push({ pull, hasKeyframes, parts: [], part: 0, row: 0, isOver: false })
      }
      const market: MarketState = { ticker: undefined, source: -1, offsetLast: 0, offsetFloor: 0 }
      let room = 0
      return Stream.unfold(undefined, () =>
        Effect.gen(function* () {
          // Room for many rows is made for a row alone: it costs more than a few of them.
          let batch = LogRows.make(0)
          while (true) {
            yield* Effect.forEach(heads, refill, { discard: true })
            const index = leastOf(heads)
            const head = heads[index]
            const rows = head?.parts[head.part]
            if (head === undefined || rows === undefined) {
              return batch.rows === 0 ? undefined : ([batch, undefined] as const)
            }
            const end = LogRows.runEnd(rows, head.row, rows.rows)
            if (batch.rows + end - head.row > batch.kind.length) {
              if (batch.rows > 0) return [batch, undefined] as const
              room = LogRows.roomAfter(room, batchRows)
              batch = LogRows.make(Math.max(room, end - head.row))
            }
            takeRun(head, index, rows, end, market, batch)
          }
        })
      )
    })
  )

const refill = <E>(head: Head<E>): Effect.Effect<void, E> =>
  Effect.gen(function* () {
    while (!head.isOver && (head.parts[head.part]?.rows ?? 0) <= head.row) {
      head.row = 0
      if (++head.part < head.parts.length) continue
      head.part = 0
      head.parts = yield* pulled(head)
    }
  })

const pulled = <E>(head: Head<E>): Effect.Effect<ReadonlyArray<LogRows.LogRows>, E> =>
  Pull.catchDone(head.pull, () =>
    Effect.sync((): ReadonlyArray<LogRows.LogRows> => {
      head.isOver = true
      return []
    })
  )

/** Of the sources whose next row is of the least market the first; -1 when there is none. */
const leastOf = <E>(heads: ReadonlyArray<Head<E>>): number => {
  let least: MarketTicker | undefined
  let found = -1
  for (const [index, head] of heads.entries()) {
    const rows = head.parts[head.part]
    if (head.isOver || rows === undefined) continue
    const ticker = LogRows.tickerAt(rows, head.row)
    if (least !== undefined && !(ticker < least)) continue
    least = ticker
    found = index
  }
  return found
}

interface MarketState {
  ticker: MarketTicker | undefined
  /** From which source its rows come now, and the last of them. */
  source: number
  offsetLast: number
  /** Up to where its rows came from sources before. */
  offsetFloor: number
}

/** Takes the rows of one market that follow each other in this part. */
const takeRun = <E>(
  head: Head<E>,
  source: number,
  rows: LogRows.LogRows,
  end: number,
  market: MarketState,
  batch: LogRows.LogRows
): void => {
  const ticker = LogRows.tickerAt(rows, head.row)
  if (market.ticker !== ticker) {
    market.ticker = ticker
    market.source = source
    market.offsetLast = 0
    market.offsetFloor = 0
  } else if (market.source !== source) {
    market.source = source
    market.offsetFloor = market.offsetLast
  }
  let from = head.row
  while (from < end && isLeftOut(head, rows, from, market)) from++
  head.row = end
  if (from === end) return
  LogRows.append(rows, from, end, batch)
  market.offsetLast = rows.offset[end - 1] as number
}

const isLeftOut = <E>(head: Head<E>, rows: LogRows.LogRows, row: number, market: MarketState): boolean =>
  (rows.offset[row] as number) <= market.offsetFloor || (rows.kind[row] === LogRows.kindKeyframe && !head.hasKeyframes)
