/**
 * A market's book and trades as hftbacktest's events (nkaz001/hftbacktest, py-hftbacktest/hftbacktest/types.py, `event_dtype`, v2), in
 * the order that its `correct_event_order` makes and its `validate_event_order` demands.
 *
 * Each event happens twice: at the exchange at `exch_ts` and here at `local_ts`. Where both orders agree it is one row with both
 * flags, otherwise two. Its times of the book are the log's own by the two clocks: at the exchange no record is earlier than the one
 * before it, and none is later than its receipt. Memory: all events of one market and file, 34 bytes each.
 */
import * as Book from "../Book.ts"
import type { TradeRecord } from "../TradeRecord.ts"
import { dollarE4 } from "../Units.ts"
import type { BookSink } from "./BookFold.ts"

const depthEvent = 1
export const tradeEvent = 2
export const depthClearEvent = 3
const depthSnapshotEvent = 4
/** Flags are added, not or-ed: the highest is bit 31, which JavaScript takes for a sign. */
export const exchEvent = 2 ** 31
export const localEvent = 2 ** 30
export const buyEvent = 2 ** 29
const sellEvent = 2 ** 28

/** Bytes of an event in the file: eight fields of eight. */
export const eventBytes = 64

export interface Events {
  rows: number
  /** Kind and side; whether it is the exchange's or ours is added when it is written. */
  ev: Uint32Array
  exchMicros: Float64Array
  localMicros: Float64Array
  priceE4: Uint16Array
  sizeE2: Float64Array
  /** Whether the exchange gave its time. */
  isDated: Uint8Array
}

const room = (rowsMax: number): Events => ({
  rows: 0,
  ev: new Uint32Array(rowsMax),
  exchMicros: new Float64Array(rowsMax),
  localMicros: new Float64Array(rowsMax),
  priceE4: new Uint16Array(rowsMax),
  sizeE2: new Float64Array(rowsMax),
  isDated: new Uint8Array(rowsMax)
})

export const make = (): Events => room(1024)

const add = (
  events: Events,
  ev: number,
  exchMicros: number,
  localMicros: number,
  priceE4: number,
  sizeE2: number
): void => {
  if (events.rows === events.ev.length) grow(events)
  const at = events.rows++
  events.ev[at] = ev
  events.isDated[at] = Number.isNaN(exchMicros) ? 0 : 1
  events.exchMicros[at] = Number.isNaN(exchMicros) ? localMicros : Math.min(exchMicros, localMicros)
  events.localMicros[at] = localMicros
  events.priceE4[at] = priceE4
  events.sizeE2[at] = sizeE2
}

const grow = (events: Events): void => {
  const { ev, exchMicros, localMicros, priceE4, sizeE2, isDated, rows } = events
  Object.assign(events, room(ev.length * 2), { rows })
  events.ev.set(ev)
  events.exchMicros.set(exchMicros)
  events.localMicros.set(localMicros)
  events.priceE4.set(priceE4)
  events.sizeE2.set(sizeE2)
  events.isDated.set(isDated)
}

/**
 * Collects the events of the book. A side that had levels is cleared down to its worst one, as the engine's own converters do: all of
 * its versions understand that.
 */
export const sink = (events: Events): BookSink => ({
  clear: ({ tsReceivedMicros }, before) => {
    const [yesWorst] = Book.levels(before).yes
    const [noWorst] = Book.levels(before).no
    const clear = (side: number, priceE4: number) =>
      add(events, depthClearEvent + side, Number.NaN, tsReceivedMicros, priceE4, 0)
    if (yesWorst !== undefined) clear(buyEvent, yesWorst.priceE4)
    if (noWorst !== undefined) clear(sellEvent, dollarE4 - noWorst.priceE4)
  },
  snapshotLevel: ({ tsReceivedMicros }, side, priceE4, sizeE2) =>
    add(events, depthSnapshotEvent + sideFlag(side === "bid"), Number.NaN, tsReceivedMicros, priceE4, sizeE2),
  change: ({ tsExchangeMicros, tsReceivedMicros }, side, priceE4, sizeE2) =>
    add(events, depthEvent + sideFlag(side === "bid"), tsExchangeMicros, tsReceivedMicros, priceE4, sizeE2)
})

const sideFlag = (isBuy: boolean): number => (isBuy ? buyEvent : sellEvent)

/**
 * Puts the book's events onto the exchange's clock, by the rules of SPEC-book.md: one without a time of the exchange is at its receipt,
 * but never later than the next that has one; none is earlier than the one before. Call it once, when the book is complete.
 */
export const settleTimes = ({ exchMicros, isDated, rows }: Events): void => {
  let next = Number.POSITIVE_INFINITY
  for (let at = rows - 1; at >= 0; at--) {
    if (isDated[at] === 1) next = exchMicros[at] as number
    else exchMicros[at] = Math.min(exchMicros[at] as number, next)
  }
  let latest = 0
  for (let at = 0; at < rows; at++) {
    latest = Math.max(latest, exchMicros[at] as number)
    exchMicros[at] = latest
  }
}

/** Adds the market's trades, which stand in a file of their own order. */
export const addTrades = (events: Events, trades: ReadonlyArray<TradeRecord>): void => {
  for (const { sizeE2, takerSide, tsExchangeMicros, tsReceivedMicros, yesPriceE4 } of trades) {
    const ev = tradeEvent + sideFlag(takerSide === "yes")
    add(events, ev, tsExchangeMicros, tsReceivedMicros, yesPriceE4, sizeE2)
  }
}

/** The events in both orders; of equal times a trade comes first, so that the depth it took away is not taken twice. */
const orders = ({ ev, exchMicros, localMicros, rows }: Events) => {
  const rank = (at: number) => ((ev[at] as number) % 8 === tradeEvent ? 0 : 1)
  const byTime = (micros: Float64Array) => {
    const order = Uint32Array.from({ length: rows }, (_, at) => at)
    return order.sort((left, right) => {
      const apart = (micros[left] as number) - (micros[right] as number)
      if (apart !== 0) return apart
      return rank(left) - rank(right) || left - right
    })
  }
  return { exch: byTime(exchMicros), local: byTime(localMicros) }
}

/**
 * The bytes of the array, in the order that the engine reads: merges the exchange's order with ours; an event that stands at the head
 * of both is one row, else the earlier by the exchange's clock comes first.
 */
export const encode = (events: Events): { readonly rows: number; readonly bytes: Uint8Array } => {
  const { exch, local } = orders(events)
  const bytes = new Uint8Array(events.rows * 2 * eventBytes)
  const view = new DataView(bytes.buffer)
  let rows = 0
  const write = (at: number, flags: number): void => {
    const from = rows++ * eventBytes
    view.setUint32(from, (events.ev[at] as number) + flags, true)
    view.setBigInt64(from + 8, BigInt(events.exchMicros[at] as number) * 1_000n, true)
    view.setBigInt64(from + 16, BigInt(events.localMicros[at] as number) * 1_000n, true)
    view.setFloat64(from + 24, (events.priceE4[at] as number) / 10_000, true)
    view.setFloat64(from + 32, (events.sizeE2[at] as number) / 100, true)
  }
  let [nextExch, nextLocal] = [0, 0]
  while (nextExch < events.rows || nextLocal < events.rows) {
    const atExch = exch[nextExch]
    const atLocal = local[nextLocal]
    if (atExch !== undefined && atExch === atLocal) {
      write(atExch, exchEvent + localEvent)
      nextExch++
      nextLocal++
    } else if (atExch !== undefined && (atLocal === undefined || comesFirst(events, atExch, atLocal))) {
      write(atExch, exchEvent)
      nextExch++
    } else {
      write(atLocal as number, localEvent)
      nextLocal++
    }
  }
  return { rows, bytes: bytes.subarray(0, rows * eventBytes) }
}

const comesFirst = ({ exchMicros, localMicros }: Events, exch: number, local: number): boolean => {
  const apart = (exchMicros[exch] as number) - (exchMicros[local] as number)
  return apart < 0 || (apart === 0 && (localMicros[exch] as number) <= (localMicros[local] as number))
}

const fields = ["ev:<u8", "exch_ts:<i8", "local_ts:<i8", "px:<f8", "qty:<f8", "order_id:<u8", "ival:<i8", "fval:<f8"]

/** What stands before the rows in an `npy` file (NumPy's format, version 1.0): its length is a multiple of 64. */
export const npyHeader = (rows: number): Uint8Array => {
  const dtype = fields.map((field) => `('${field.replace(":", "', '")}')`).join(", ")
  const text = `{'descr': [${dtype}], 'fortran_order': False, 'shape': (${rows},), }`
  const prefixBytes = 10
  const padded = Math.ceil((prefixBytes + text.length + 1) / 64) * 64
  const bytes = new Uint8Array(padded).fill(0x20)
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0])
  new DataView(bytes.buffer).setUint16(8, padded - prefixBytes, true)
  bytes.set(new TextEncoder().encode(text), prefixBytes)
  bytes[padded - 1] = 0x0a
  return bytes
}
