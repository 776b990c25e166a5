/**
 * Rows of `records` out of Postgres' binary COPY, straight into columns: the way back of `RecordCopy`, whose layout it reads.
 *
 * Snapshots become a row for each level. Which market a row is of is told by a number of the caller's own.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import type { LogRowsBuilder } from "@kalshibook/core/cold/LogRowsBuilder"
import * as LevelsCodec from "../LevelsCodec.ts"
import { kindCodes, sideCode } from "../RecordRows.ts"

/** What a query for `make` selects, behind the market's number, an int8. */
export const columns =
  "r.record_offset, r.ts_received_micros, r.ts_exchange_micros, r.epoch, r.sid, r.seq, r.kind, r.side, r.price_e4, " +
  "r.delta_e2, r.levels, r.gap_cause, r.ts_detected_micros"

const fieldCount = 14
const headBytes = 19
const twoTo32 = 4_294_967_296
const kindDelta = kindCodes.delta.charCodeAt(0)
const kindGap = kindCodes.gap.charCodeAt(0)
const sideYes = sideCode("yes").charCodeAt(0)

export interface Options {
  readonly builder: LogRowsBuilder
  /** The market of a number. */
  readonly tickerOf: (number: number) => MarketTicker
  /** Before the first row of a market: numbers come in the order of the query. */
  readonly onMarket: (number: number) => void
}

export interface RecordCopyOut {
  /** Takes the next bytes. */
  readonly push: (bytes: Uint8Array) => void
  /** How many records there were. */
  readonly records: () => number
}

/** Whatever is not what Postgres promises is a defect: there is nothing to be done about it. */
export const make = ({ builder, onMarket, tickerOf }: Options): RecordCopyOut => {
  let rest = new Uint8Array(0)
  let isBegun = false
  let isEnded = false
  let records = 0
  let market = -1
  let ticker = ""
  /** Where each field of the row begins, and its length; -1 for none. */
  const starts = new Int32Array(fieldCount)
  const lengths = new Int32Array(fieldCount)

  /** Finds the fields of the row at a place. Returns where it ends, or -1 when it is not whole. */
  const fieldsAt = (view: DataView, from: number): number => {
    if (from + 2 > view.byteLength) return -1
    const count = view.getInt16(from)
    if (count === -1) {
      isEnded = true
      return -1
    }
    // impossible: the query selects so many columns.
    if (count !== fieldCount) throw new Error(`a row of ${count} fields in the copy of records`)
    let at = from + 2
    for (let field = 0; field < fieldCount; field++) {
      if (at + 4 > view.byteLength) return -1
      const length = view.getInt32(at)
      at += 4
      starts[field] = at
      lengths[field] = length
      if (length > 0) at += length
    }
    return at > view.byteLength ? -1 : at
  }

  const int8 = (view: DataView, field: number): number => {
    if (lengths[field] === -1) return Number.NaN
    const at = starts[field] as number
    return view.getInt32(at) * twoTo32 + view.getUint32(at + 4)
  }

  const head = (view: DataView, kind: number): number => {
    const at = builder.row(kind, ticker)
    const rows = builder.rows()
    rows.offset[at] = int8(view, 1)
    rows.tsReceivedMicros[at] = int8(view, 2)
    rows.tsExchangeMicros[at] = int8(view, 3)
    rows.epoch[at] = view.getInt32(starts[4] as number)
    rows.sid[at] = view.getInt32(starts[5] as number)
    rows.seq[at] = int8(view, 6)
    return at
  }

  const row = (bytes: Uint8Array, view: DataView): void => {
    const number = int8(view, 0)
    if (number !== market) {
      market = number
      ticker = tickerOf(number)
      onMarket(number)
    }
    records++
    const kind = view.getUint8(starts[7] as number)
    if (kind === kindDelta) {
      const at = head(view, LogRows.kindDelta)
      const rows = builder.rows()
      rows.side[at] = view.getUint8(starts[8] as number) === sideYes ? LogRows.sideYes : LogRows.sideNo
      rows.priceE4[at] = view.getInt16(starts[9] as number)
      rows.sizeE2[at] = int8(view, 10)
    } else if (kind === kindGap) {
      const at = head(view, LogRows.kindGap)
      const rows = builder.rows()
      rows.cause[at] = LogRows.causeTexts.indexOf(textAt(bytes, starts[12] as number, lengths[12] as number))
      rows.tsDetectedMicros[at] = int8(view, 13)
    } else {
      const start = starts[11] as number
      const levels = LevelsCodec.decode(bytes.subarray(start, start + (lengths[11] as number)))
      // impossible: levels are written by LevelsCodec alone; a damaged table has nothing to seal.
      if (levels === undefined) throw new Error(`the stored levels of ${ticker} at offset ${int8(view, 1)} are damaged`)
      if (levels.yes.length + levels.no.length === 0) head(view, LogRows.kindSnapshot)
      for (const [side, ladder] of [
        [LogRows.sideYes, levels.yes],
        [LogRows.sideNo, levels.no]
      ] as const) {
        for (const { priceE4, sizeE2 } of ladder) {
          const at = head(view, LogRows.kindSnapshot)
          const rows = builder.rows()
          rows.side[at] = side
          rows.priceE4[at] = priceE4
          rows.sizeE2[at] = sizeE2
        }
      }
    }
  }

  const push = (more: Uint8Array): void => {
    if (isEnded) return
    const bytes = rest.length === 0 ? more : concat(rest, more)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    if (!isBegun && bytes.length >= headBytes) {
      isBegun = true
      at = headBytes
    }
    while (isBegun) {
      const end = fieldsAt(view, at)
      if (end < 0) break
      row(bytes, view)
      at = end
    }
    rest = bytes.slice(at)
  }

  return { push, records: () => records }
}

const utf8 = new TextDecoder()
const textAt = (bytes: Uint8Array, start: number, length: number): string =>
  utf8.decode(bytes.subarray(start, start + length))

const concat = (first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
