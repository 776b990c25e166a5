/**
 * Rows of `records` files as columns of whole numbers: how they travel between Postgres, tapes, Parquet and the fold, thousands at a
 * time, without an object for each.
 *
 * A snapshot or keyframe of n levels is n rows that follow each other (yes, then no, each ascending by price); of an empty book, one
 * row without a side. `NaN` stands for an empty time, offset or size.
 */
import { type GapCause, gapCauses, type MarketTicker, type Side } from "../BookRecord.ts"

export const rowKinds = ["keyframe", "snapshot", "delta", "gap"] as const
/** Codes in `kind`: places in `rowKinds`. */
export const kindKeyframe = 0
export const kindSnapshot = 1
export const kindDelta = 2
export const kindGap = 3

/** Codes in `side`. */
export const sideNone = 0
export const sideYes = 1
export const sideNo = 2

/** Code in `cause` of a row that has none; others are places in `gapCauses`. */
export const causeNone = 255

export interface LogRows {
  /** How many rows are filled; the arrays may be longer. */
  rows: number
  /** Place of each row's market in `tickers`. */
  readonly market: Int32Array
  readonly tickers: Array<MarketTicker>
  readonly offset: Float64Array
  readonly kind: Uint8Array
  readonly tsReceivedMicros: Float64Array
  readonly tsExchangeMicros: Float64Array
  readonly epoch: Int32Array
  readonly sid: Int32Array
  readonly seq: Float64Array
  readonly side: Uint8Array
  /** 0 where there is no level. */
  readonly priceE4: Int32Array
  /** Delta: the signed change; snapshot and keyframe: the level's size; `NaN` where there is no level. */
  readonly sizeE2: Float64Array
  readonly cause: Uint8Array
  readonly tsDetectedMicros: Float64Array
  /** Of keyframes alone: of the snapshot since which it is trusted, or of the gap in which it stands. */
  readonly sinceOffset: Float64Array
  readonly tsExchangeEffectiveMicros: Float64Array
  readonly tsExchangeProvenMicros: Float64Array
}

/** Room for so many rows. */
export const make = (rowsMax: number): LogRows => ({
  rows: 0,
  market: new Int32Array(rowsMax),
  tickers: [],
  offset: new Float64Array(rowsMax),
  kind: new Uint8Array(rowsMax),
  tsReceivedMicros: new Float64Array(rowsMax),
  tsExchangeMicros: new Float64Array(rowsMax),
  epoch: new Int32Array(rowsMax),
  sid: new Int32Array(rowsMax),
  seq: new Float64Array(rowsMax),
  side: new Uint8Array(rowsMax),
  priceE4: new Int32Array(rowsMax),
  sizeE2: new Float64Array(rowsMax),
  cause: new Uint8Array(rowsMax),
  tsDetectedMicros: new Float64Array(rowsMax),
  sinceOffset: new Float64Array(rowsMax),
  tsExchangeEffectiveMicros: new Float64Array(rowsMax),
  tsExchangeProvenMicros: new Float64Array(rowsMax)
})

/** The room that is made first where nobody knows how many rows come. */
const roomFirst = 512
const roomGrowth = 4

/**
 * Room for more rows than fitted into the last one, up to `rowsMax` of them: a quiet hour needs little. Memory outside of V8's heap
 * makes it collect the whole heap, which costs more than the rows.
 */
export const roomAfter = (room: number, rowsMax: number): number =>
  Math.min(rowsMax, room === 0 ? roomFirst : room * roomGrowth)

export const sideCode = (side: Side): number => (side === "yes" ? sideYes : sideNo)
export const sideOf = (code: number): Side => (code === sideYes ? "yes" : "no")
export const causeCode = (cause: GapCause): number => gapCauses.indexOf(cause)
/** `undefined` for a row without one. */
export const causeOf = (code: number): GapCause | undefined => gapCauses[code]
/** The words of `cause`, by code. */
export const causeTexts: ReadonlyArray<string> = gapCauses

/** Rows [from, to), or those of them for which there is room, as a view: what is written there is written here. */
export const slice = (rows: LogRows, from: number, to: number): LogRows => {
  const market = rows.market.subarray(from, to)
  return {
    rows: market.length,
    market,
    tickers: rows.tickers,
    offset: rows.offset.subarray(from, to),
    kind: rows.kind.subarray(from, to),
    tsReceivedMicros: rows.tsReceivedMicros.subarray(from, to),
    tsExchangeMicros: rows.tsExchangeMicros.subarray(from, to),
    epoch: rows.epoch.subarray(from, to),
    sid: rows.sid.subarray(from, to),
    seq: rows.seq.subarray(from, to),
    side: rows.side.subarray(from, to),
    priceE4: rows.priceE4.subarray(from, to),
    sizeE2: rows.sizeE2.subarray(from, to),
    cause: rows.cause.subarray(from, to),
    tsDetectedMicros: rows.tsDetectedMicros.subarray(from, to),
    sinceOffset: rows.sinceOffset.subarray(from, to),
    tsExchangeEffectiveMicros: rows.tsExchangeEffectiveMicros.subarray(from, to),
    tsExchangeProvenMicros: rows.tsExchangeProvenMicros.subarray(from, to)
  }
}

/** Copies rows [from, to) of one behind those of another, which has room for them. O(rows). */
export const append = (source: LogRows, from: number, to: number, target: LogRows): void => {
  const at = target.rows
  target.offset.set(source.offset.subarray(from, to), at)
  target.kind.set(source.kind.subarray(from, to), at)
  target.tsReceivedMicros.set(source.tsReceivedMicros.subarray(from, to), at)
  target.tsExchangeMicros.set(source.tsExchangeMicros.subarray(from, to), at)
  target.epoch.set(source.epoch.subarray(from, to), at)
  target.sid.set(source.sid.subarray(from, to), at)
  target.seq.set(source.seq.subarray(from, to), at)
  target.side.set(source.side.subarray(from, to), at)
  target.priceE4.set(source.priceE4.subarray(from, to), at)
  target.sizeE2.set(source.sizeE2.subarray(from, to), at)
  target.cause.set(source.cause.subarray(from, to), at)
  target.tsDetectedMicros.set(source.tsDetectedMicros.subarray(from, to), at)
  target.sinceOffset.set(source.sinceOffset.subarray(from, to), at)
  target.tsExchangeEffectiveMicros.set(source.tsExchangeEffectiveMicros.subarray(from, to), at)
  target.tsExchangeProvenMicros.set(source.tsExchangeProvenMicros.subarray(from, to), at)
  for (let row = from; row < to; ) {
    const end = runEnd(source, row, to)
    target.market.fill(place(target.tickers, tickerAt(source, row)), at + row - from, at + end - from)
    row = end
  }
  target.rows = at + to - from
}

/** The end of the rows, before `to`, that follow `row` and are of its market. */
export const runEnd = ({ market }: LogRows, row: number, to: number): number => {
  let end = row + 1
  while (end < to && market[end] === market[row]) end++
  return end
}

/** Where the ticker stands, for whoever fills rows market by market: as the last one, or it is added. */
export const place = (tickers: Array<MarketTicker>, ticker: MarketTicker): number =>
  tickers[tickers.length - 1] === ticker ? tickers.length - 1 : tickers.push(ticker) - 1

/** The market of a row. */
export const tickerAt = ({ market, tickers }: LogRows, row: number): MarketTicker =>
  tickers[market[row] as number] as MarketTicker
