/**
 * A market's book and trades as nautilus_trader's `OrderBookDelta` and `TradeTick` have them in Arrow
 * (nautechsystems/nautilus_trader, crates/serialization/src/arrow/delta.rs and trade.rs, 2026): the rows of a
 * `ParquetDataCatalog`, and what `OrderBookDeltaDataWrangler.from_arrow` takes.
 *
 * Prices and sizes are whole numbers of 10^-16 in 16 bytes, little-endian: the high-precision mode, which is what its wheels for
 * Linux and macOS are built with.
 */
import type { TradeRecord } from "../TradeRecord.ts"
import type { BookSide, BookSink, Moment } from "./BookFold.ts"

/** `BookAction`. */
export const actionAdd = 1
const actionUpdate = 2
export const actionDelete = 3
export const actionClear = 4

/** `OrderSide`, and for trades `AggressorSide`. */
const sideNone = 0
export const sideBuy = 1
const sideSell = 2

/** `RecordFlag`: the last row of an event; a row of a snapshot. */
export const flagLast = 128
export const flagSnapshot = 32

/** Bytes of a price or a size. */
export const fixedBytes = 16
/** 10^-16 dollar in 1/10,000 dollar, and 10^-16 contract in 1/100 contract. */
const rawOfPriceE4 = 10n ** 12n
const rawOfSizeE2 = 10n ** 14n

/** Decimals of prices and sizes, as the metadata of a file and the instrument tell them. */
export const pricePrecision = 4
export const sizePrecision = 2

/** Columns of `order_book_deltas`; those that are not here are constant. */
export interface DeltaRows {
  rows: number
  action: Uint8Array
  side: Uint8Array
  priceE4: Int32Array
  sizeE2: Float64Array
  flags: Uint8Array
  /** The record's offset: grows with each record of the market, over all connections, which `seq` does not. */
  sequence: Float64Array
  tsEventMicros: Float64Array
  tsInitMicros: Float64Array
}

const room = (rowsMax: number): DeltaRows => ({
  rows: 0,
  action: new Uint8Array(rowsMax),
  side: new Uint8Array(rowsMax),
  priceE4: new Int32Array(rowsMax),
  sizeE2: new Float64Array(rowsMax),
  flags: new Uint8Array(rowsMax),
  sequence: new Float64Array(rowsMax),
  tsEventMicros: new Float64Array(rowsMax),
  tsInitMicros: new Float64Array(rowsMax)
})

/** No rows yet. */
export const make = (): DeltaRows => room(1024)

/** Collects rows; whoever writes them out sets `rows` back to 0. */
export const sink = (rows: DeltaRows): BookSink => {
  const add = (moment: Moment, action: number, side: number, priceE4: number, sizeE2: number, flags: number): void => {
    if (rows.rows === rows.action.length) grow(rows)
    const at = rows.rows++
    rows.action[at] = action
    rows.side[at] = side
    rows.priceE4[at] = priceE4
    rows.sizeE2[at] = sizeE2
    rows.flags[at] = flags
    rows.sequence[at] = moment.offset
    const { tsExchangeMicros, tsReceivedMicros } = moment
    rows.tsEventMicros[at] = Number.isNaN(tsExchangeMicros) ? tsReceivedMicros : tsExchangeMicros
    rows.tsInitMicros[at] = tsReceivedMicros
  }
  return {
    clear: (moment, _before, why, isLast) =>
      add(moment, actionClear, sideNone, 0, 0, (why === "snapshot" ? flagSnapshot : 0) | (isLast ? flagLast : 0)),
    snapshotLevel: (moment, side, priceE4, sizeE2, isLast) =>
      add(moment, actionAdd, sideCode(side), priceE4, sizeE2, flagSnapshot | (isLast ? flagLast : 0)),
    change: (moment, side, priceE4, sizeE2, sizeBeforeE2) =>
      add(moment, actionOf(sizeE2, sizeBeforeE2), sideCode(side), priceE4, sizeE2, flagLast)
  }
}

const sideCode = (side: BookSide): number => (side === "bid" ? sideBuy : sideSell)

const actionOf = (sizeE2: number, sizeBeforeE2: number): number => {
  if (sizeE2 === 0) return actionDelete
  return sizeBeforeE2 === 0 ? actionAdd : actionUpdate
}

const grow = (rows: DeltaRows): void => {
  const larger = room(rows.action.length * 2)
  larger.action.set(rows.action)
  larger.side.set(rows.side)
  larger.priceE4.set(rows.priceE4)
  larger.sizeE2.set(rows.sizeE2)
  larger.flags.set(rows.flags)
  larger.sequence.set(rows.sequence)
  larger.tsEventMicros.set(rows.tsEventMicros)
  larger.tsInitMicros.set(rows.tsInitMicros)
  Object.assign(rows, larger, { rows: rows.rows })
}

/** The taker's side, as `AggressorSide`: who takes no sells yes. */
export const aggressorSide = ({ takerSide }: TradeRecord): number => (takerSide === "yes" ? sideBuy : sideSell)

/** A price as it stands in a file. */
export const rawPrice = (priceE4: number): Uint8Array => littleEndian(BigInt(priceE4) * rawOfPriceE4)
/** A size as it stands in a file. */
export const rawSize = (sizeE2: number): Uint8Array => littleEndian(BigInt(sizeE2) * rawOfSizeE2)

const littleEndian = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(fixedBytes)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, value & 0xffff_ffff_ffff_ffffn, true)
  view.setBigInt64(8, value >> 64n, true)
  return bytes
}
