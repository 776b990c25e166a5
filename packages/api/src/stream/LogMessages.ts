/** A market's log and book as messages of the stream. What a record says does not depend on who reads it, nor when. */
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, BookRecord, GapRecord, RecordHead } from "@kalshibook/core/BookRecord"
import * as OrderbookFp from "@kalshibook/core/contract/OrderbookFp"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import * as TrustView from "@kalshibook/core/contract/TrustView"
import type { Trust } from "@kalshibook/core/Trust"
import { isoFromMicros } from "@kalshibook/core/Units"

/** Where a reader of a log stands. */
export interface LogPlace {
  readonly offset: number
  readonly epoch: number
  /** The gap that is open there; `undefined` where the book is known, or nothing is known of a gap. */
  readonly gap: GapRecord | undefined
}

/** The place right behind a record. */
export const placeBehind = (record: BookRecord): LogPlace => ({
  offset: record.offset,
  epoch: record.epoch,
  gap: record.kind === "gap" ? record : undefined
})

/** The place behind all records, of which there is one at least. */
export const placeAfter = (place: LogPlace, records: ReadonlyArray<BookRecord>): LogPlace => {
  let gap = place.gap
  for (const record of records) gap = record.kind === "gap" ? record : record.kind === "snapshot" ? undefined : gap
  const last = records.at(-1)
  return last === undefined ? place : { offset: last.offset, epoch: last.epoch, gap }
}

/** The records behind a place, each with the end of the gap that it brings. */
export const ofRecords = (place: LogPlace, records: ReadonlyArray<BookRecord>): ReadonlyArray<ServerMessage> => {
  const messages: Array<ServerMessage> = []
  let { gap } = place
  for (const record of records) {
    messages.push({
      type: "record",
      previous_offset: record.offset - 1,
      ...RecordView.view(record, undefined)
    })
    if (record.kind === "gap") gap = record
    else if (record.kind === "snapshot" && gap !== undefined) {
      messages.push(recovered(gap, record))
      gap = undefined
    }
  }
  return messages
}

const recovered = (gap: GapRecord, record: RecordHead): ServerMessage => ({
  type: "recovered",
  market_ticker: record.marketTicker,
  offset: record.offset,
  gap: {
    offset: gap.offset,
    cause: gap.cause,
    from: isoFromMicros(gap.tsReceivedMicros),
    to: isoFromMicros(record.tsReceivedMicros)
  }
})

/** A book as it stands behind a record of its log. */
export interface StandingBook {
  readonly last: RecordHead
  readonly trust: Trust
  readonly levels: BookLevels
}

/** O(levels). */
export const ofBook = ({ last, levels, trust }: StandingBook) => ({
  market_ticker: last.marketTicker,
  offset: last.offset,
  epoch: last.epoch,
  sid: last.sid,
  seq: last.seq,
  ts_exchange: last.tsExchangeMicros === null ? null : isoFromMicros(last.tsExchangeMicros),
  ts_received: isoFromMicros(last.tsReceivedMicros),
  orderbook_fp: OrderbookFp.view(levels),
  trust: TrustView.view(trust, null, last),
  book_hash: Book.hash(Book.fromLevels(levels))
})

export const placeOfBook = ({ last, trust }: StandingBook): LogPlace => ({
  offset: last.offset,
  epoch: last.epoch,
  gap: trust._tag === "stale" ? trust.gap : undefined
})
