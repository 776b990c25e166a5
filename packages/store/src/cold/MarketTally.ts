/** What a manifest says of each market, counted while its rows go by. Refuses rows that are not in the order of the files. */
import * as Book from "@kalshibook/core/Book"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import type { ManifestMarket } from "@kalshibook/core/cold/Manifest"
import type * as Replay from "@kalshibook/core/Replay"

/** A market's rows so far. */
export interface MarketTally {
  readonly ticker: MarketTicker
  rows: number
  hasKeyframe: boolean
  records: number
  gaps: number
  offsetFirst: number
  offsetLast: number
  /** Receipt of the first and last record that is no keyframe; `NaN` while there is none. */
  tsFirstMicros: number
  tsLastMicros: number
  /** Least and greatest times of all rows; infinite while there is none. */
  readonly received: Range
  readonly exchange: Range
}

export interface Range {
  min: number
  max: number
}

export const emptyRange = (): Range => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY })

export const widen = (range: Range, { max, min }: Range): void => {
  range.min = Math.min(range.min, min)
  range.max = Math.max(range.max, max)
}

export const make = (ticker: MarketTicker): MarketTally => ({
  ticker,
  rows: 0,
  hasKeyframe: false,
  records: 0,
  gaps: 0,
  offsetFirst: Number.NaN,
  offsetLast: Number.NaN,
  tsFirstMicros: Number.NaN,
  tsLastMicros: Number.NaN,
  received: emptyRange(),
  exchange: emptyRange()
})

/** Counts rows [from, to), which are all of the market and go on where its last ones ended. Returns what is wrong with them. */
export const count = (tally: MarketTally, rows: LogRows.LogRows, from: number, to: number): string | undefined => {
  const { exchange, received } = tally
  for (let row = from; row < to; row++) {
    const kind = rows.kind[row]
    const offset = rows.offset[row] as number
    const receivedMicros = rows.tsReceivedMicros[row] as number
    if (receivedMicros < received.min) received.min = receivedMicros
    if (receivedMicros > received.max) received.max = receivedMicros
    const exchangeMicros = rows.tsExchangeMicros[row] as number
    if (exchangeMicros < exchange.min) exchange.min = exchangeMicros
    if (exchangeMicros > exchange.max) exchange.max = exchangeMicros
    if (kind === LogRows.kindKeyframe) {
      if (tally.records > 0 || (tally.hasKeyframe && offset !== tally.offsetLast))
        return "a keyframe that is not at the beginning"
      tally.hasKeyframe = true
      tally.offsetFirst = offset
      tally.offsetLast = offset
      continue
    }
    if (kind === LogRows.kindSnapshot && offset === tally.offsetLast && tally.records > 0) continue
    if (tally.records === 0) {
      if (tally.hasKeyframe && offset !== tally.offsetLast + 1) return `a hole before offset ${offset}`
      tally.offsetFirst = offset
      tally.tsFirstMicros = receivedMicros
    } else if (offset !== tally.offsetLast + 1) return `a hole before offset ${offset}`
    else if (receivedMicros < tally.tsLastMicros) return `a time that goes back at offset ${offset}`
    tally.records++
    if (kind === LogRows.kindGap) tally.gaps++
    tally.offsetLast = offset
    tally.tsLastMicros = receivedMicros
  }
  tally.rows += to - from
  return undefined
}

/** The entry of the manifest, once all of the market's rows are counted and folded. */
export const toManifest = (
  tally: MarketTally,
  { book, trust }: Replay.Replay,
  part: number,
  rowFirst: number
): ManifestMarket => ({
  market_ticker: tally.ticker,
  part,
  row_first: rowFirst,
  rows: tally.rows,
  has_keyframe: tally.hasKeyframe,
  ts_first_micros: nullable(tally.tsFirstMicros),
  ts_last_micros: nullable(tally.tsLastMicros),
  records: tally.records,
  gaps: tally.gaps,
  offset_first: tally.offsetFirst,
  offset_last: tally.offsetLast,
  book_hash: Book.hash(book),
  gap_cause: trust._tag === "stale" ? trust.gap.cause : null
})

/** `null` for a time that there is none of. */
export const nullable = (micros: number): number | null => (Number.isFinite(micros) ? micros : null)
