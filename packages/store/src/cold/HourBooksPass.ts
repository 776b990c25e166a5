/**
 * The books of all markets of a file at a moment, while its rows go by: one pass, in memory for one market at a time.
 *
 * Rows come in parts that end anywhere; a snapshot whose levels may go on in the next part waits for it.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import * as Replay from "@kalshibook/core/Replay"

/** Rows of one record at most: a ladder has at most 9,999 levels. */
const openRowsMax = 20_000

/** A market's book at a moment within a sealed hour. */
export interface HourBook {
  readonly replay: Replay.Replay
  readonly keyframeOffset: number | null
  /** Key of the object. */
  readonly source: string
}

export interface HourBooksPass {
  /** Some rows, which follow those before; they are its giver's again when it returns. */
  readonly take: (rows: LogRows.LogRows) => void
  /** After the last rows. */
  readonly end: () => void
}

/** Puts the books at a moment into `books`; rows received after it may be left out of what is given. */
export const make = (source: string, atMicros: number, books: Map<MarketTicker, HourBook>): HourBooksPass => {
  let ticker: MarketTicker | undefined
  let state: { replay: Replay.Replay; keyframeOffset: number | null } | undefined
  /** Rows of a record whose end may be in the next part. */
  const open = LogRows.make(openRowsMax)

  const foldOpen = (): void => {
    if (open.rows === 0) return
    if (open.kind[0] === LogRows.kindKeyframe) {
      const replay = LogRowsReplay.fromKeyframe(open, 0, open.rows)
      state = { replay, keyframeOffset: replay.last?.offset ?? null }
    } else {
      if (state === undefined && open.offset[0] === 1) state = { replay: Replay.make(), keyframeOffset: null }
      if (state !== undefined) LogRowsReplay.foldReceived(state.replay, open, 0, open.rows, atMicros)
    }
    open.rows = 0
    open.tickers.length = 0
  }

  const end = (): void => {
    foldOpen()
    if (ticker !== undefined && state?.replay.last !== undefined) books.set(ticker, { ...state, source })
    state = undefined
    ticker = undefined
  }

  const take = (rows: LogRows.LogRows): void => {
    for (let row = 0; row < rows.rows; ) {
      const runEnd = LogRows.runEnd(rows, row, rows.rows)
      const runTicker = rows.tickers[rows.market[row] as number] as MarketTicker
      if (runTicker !== ticker) {
        end()
        ticker = runTicker
      }
      row = takeRun(rows, row, runEnd)
    }
  }

  /** Folds what is whole of one market's rows, and keeps the record at their end that may go on. */
  const takeRun = (rows: LogRows.LogRows, start: number, runEnd: number): number => {
    let row = start
    if (open.rows > 0) {
      while (row < runEnd && rows.offset[row] === open.offset[0] && rows.kind[row] === open.kind[0]) row++
      LogRows.append(rows, start, row, open)
      if (row === runEnd) return runEnd
      foldOpen()
    }
    let whole = runEnd
    // Only a record of several rows may go on: its beginning is looked for from the end.
    if (LogRowsReplay.isOfLevels(rows, runEnd - 1)) {
      while (
        whole > row &&
        rows.offset[whole - 1] === rows.offset[runEnd - 1] &&
        rows.kind[whole - 1] === rows.kind[runEnd - 1]
      )
        whole--
    }
    while (row < whole && state === undefined) {
      const next = LogRowsReplay.recordEnd(rows, row, whole)
      LogRows.append(rows, row, next, open)
      foldOpen()
      row = next
    }
    if (state !== undefined && row < whole) LogRowsReplay.foldReceived(state.replay, rows, row, whole, atMicros)
    LogRows.append(rows, whole, runEnd, open)
    return runEnd
  }

  return { take, end }
}
