/** From records, and states of markets, to rows as they stand in the files of the cold tier. */
import * as Book from "../Book.ts"
import type { BookLevels, BookRecord, Level, MarketTicker, RecordHead, Side } from "../BookRecord.ts"
import type * as Replay from "../Replay.ts"
import * as LogRows from "./LogRows.ts"

export interface LogRowsBuilder {
  /** Adds a row with nothing but its kind and market, for whoever fills the others by himself: `rows` until the next is added. */
  readonly row: (kind: number, marketTicker: MarketTicker) => number
  readonly rows: () => LogRows.LogRows
  readonly record: (record: BookRecord) => void
  /** The state of a market before an hour; nothing for one that has none (`hasKeyframe`). */
  readonly keyframe: (state: Replay.Replay) => void
  /** Hands over what is not handed over yet. */
  readonly flush: () => void
}

/**
 * Hands rows over whenever there are `rowsMax` of them, the first ones sooner; they are the receiver's own. Whoever knows how many come makes
 * room for all of them first.
 */
export const make = (
  rowsMax: number,
  onRows: (rows: LogRows.LogRows) => void,
  roomFirst: number = LogRows.roomAfter(0, rowsMax)
): LogRowsBuilder => {
  let rows = LogRows.make(0)
  let room = 0

  const flush = (): void => {
    if (rows.rows === 0) return
    const full = rows
    // Room for many rows is made for a row alone: it costs more than a few of them.
    rows = LogRows.make(0)
    onRows(full)
  }

  const row = (kind: number, marketTicker: MarketTicker): number => {
    if (rows.rows === rows.kind.length) {
      flush()
      room = room === 0 ? roomFirst : LogRows.roomAfter(room, rowsMax)
      rows = LogRows.make(room)
    }
    const at = rows.rows++
    rows.market[at] = LogRows.place(rows.tickers, marketTicker)
    rows.kind[at] = kind
    rows.tsExchangeMicros[at] = Number.NaN
    rows.sizeE2[at] = Number.NaN
    rows.cause[at] = LogRows.causeNone
    rows.tsDetectedMicros[at] = Number.NaN
    rows.sinceOffset[at] = Number.NaN
    rows.tsExchangeEffectiveMicros[at] = Number.NaN
    rows.tsExchangeProvenMicros[at] = Number.NaN
    return at
  }

  const begin = (kind: number, head: RecordHead): number => {
    const at = row(kind, head.marketTicker)
    rows.offset[at] = head.offset
    rows.epoch[at] = head.epoch
    rows.sid[at] = head.sid
    rows.seq[at] = head.seq
    rows.tsReceivedMicros[at] = head.tsReceivedMicros
    rows.tsExchangeMicros[at] = head.tsExchangeMicros ?? Number.NaN
    return at
  }

  const level = (at: number, side: Side, { priceE4, sizeE2 }: Level): void => {
    rows.side[at] = LogRows.sideCode(side)
    rows.priceE4[at] = priceE4
    rows.sizeE2[at] = sizeE2
  }

  const levels = (kind: number, head: RecordHead, { no, yes }: BookLevels, each?: (at: number) => void): void => {
    if (yes.length + no.length === 0) {
      const at = begin(kind, head)
      each?.(at)
    }
    for (const [side, ladder] of [
      ["yes", yes],
      ["no", no]
    ] as const) {
      for (const one of ladder) {
        const at = begin(kind, head)
        level(at, side, one)
        each?.(at)
      }
    }
  }

  const record = (record: BookRecord): void => {
    switch (record.kind) {
      case "delta":
        level(begin(LogRows.kindDelta, record), record.side, { priceE4: record.priceE4, sizeE2: record.deltaE2 })
        break
      case "gap": {
        const at = begin(LogRows.kindGap, record)
        rows.cause[at] = LogRows.causeCode(record.cause)
        rows.tsDetectedMicros[at] = record.tsDetectedMicros
        break
      }
      case "snapshot":
        levels(LogRows.kindSnapshot, record, record.levels)
        break
    }
  }

  const keyframe = (state: Replay.Replay): void => {
    const { last, trust, tsExchangeEffectiveMicros, tsExchangeProvenMicros } = state
    if (last === undefined || !hasKeyframe(state)) return
    const head = trust._tag === "stale" ? { ...trust.gap, offset: last.offset } : last
    levels(LogRows.kindKeyframe, head, Book.levels(state.book), (at) => {
      rows.tsExchangeEffectiveMicros[at] = tsExchangeEffectiveMicros
      rows.tsExchangeProvenMicros[at] = tsExchangeProvenMicros
      if (trust._tag === "trusted") rows.sinceOffset[at] = trust.sinceOffset
      else if (trust._tag === "stale") {
        rows.sinceOffset[at] = trust.gap.offset
        rows.cause[at] = LogRows.causeCode(trust.gap.cause)
        rows.tsDetectedMicros[at] = trust.gap.tsDetectedMicros
      }
    })
  }

  return { row, rows: () => rows, record, keyframe, flush }
}

/** Whether a log in this state stands in an hour in which it has no records: not when it has none at all, or has ended. */
export const hasKeyframe = ({ last, trust }: Replay.Replay): boolean =>
  last !== undefined &&
  trust._tag !== "unknown" &&
  !(trust._tag === "stale" && trust.gap.cause === "market_closed" && trust.gap.offset === last.offset)

/** Tickers as the rows are sorted: by their bytes. */
export const compareTickers = (left: MarketTicker, right: MarketTicker): number =>
  left < right ? -1 : left > right ? 1 : 0
