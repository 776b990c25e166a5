/**
 * Records and trades as columns of values, as docs/data-format.md has them, for writers of tables: whole numbers of 64 bits, times and
 * decimals as `bigint` (decimals in units of their last digit), `null` where a value is missing.
 */
import type { BookRecord, Level, Side } from "@kalshibook/core/BookRecord"
import { type SegmentColumn, segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"

export type Value = string | number | bigint | boolean | null

/** A column with its values; all of one table have the same length. */
export interface RowColumn {
  readonly column: SegmentColumn
  readonly values: Array<Value>
}

export type RowColumns = ReadonlyArray<RowColumn>

const filled = (
  columns: ReadonlyArray<SegmentColumn>,
  rows: ReadonlyArray<Readonly<Record<string, Value>>>
): RowColumns => columns.map((column) => ({ column, values: rows.map((row) => row[column.name] ?? null) }))

/** How many rows there are. */
export const length = (columns: RowColumns): number => columns[0]?.values.length ?? 0

/** Puts tables of the same columns behind each other. */
export const joined = (tables: ReadonlyArray<RowColumns>): RowColumns =>
  (tables[0] ?? []).map(({ column }, at) => ({ column, values: tables.flatMap((table) => table[at]?.values ?? []) }))

/** Rows of logs: a snapshot is a row for each of its levels. */
export const ofRecords = (records: ReadonlyArray<BookRecord>): RowColumns =>
  filled(segmentColumns.records, records.flatMap(rowsOf))

const rowsOf = (record: BookRecord): ReadonlyArray<Readonly<Record<string, Value>>> => {
  const head = {
    market_ticker: record.marketTicker,
    record_offset: BigInt(record.offset),
    kind: record.kind,
    ts_received: BigInt(record.tsReceivedMicros),
    ts_exchange: record.tsExchangeMicros === null ? null : BigInt(record.tsExchangeMicros),
    epoch: record.epoch,
    sid: record.sid,
    seq: BigInt(record.seq)
  }
  switch (record.kind) {
    case "delta":
      return [{ ...head, side: record.side, price: BigInt(record.priceE4), size_delta: BigInt(record.deltaE2) }]
    case "gap":
      return [{ ...head, gap_cause: record.cause, ts_detected: BigInt(record.tsDetectedMicros) }]
    case "snapshot": {
      const level =
        (side: Side) =>
        ({ priceE4, sizeE2 }: Level) => ({
          ...head,
          side,
          price: BigInt(priceE4),
          size: BigInt(sizeE2)
        })
      const rows = [...record.levels.yes.map(level("yes")), ...record.levels.no.map(level("no"))]
      return rows.length === 0 ? [head] : rows
    }
  }
}

export const ofTrades = (trades: ReadonlyArray<TradeRecord>): RowColumns =>
  filled(
    segmentColumns.trades,
    trades.map((trade) => ({
      market_ticker: trade.marketTicker,
      trade_id: trade.tradeId,
      ts_exchange: BigInt(trade.tsExchangeMicros),
      ts_received: BigInt(trade.tsReceivedMicros),
      epoch: trade.epoch,
      sid: trade.sid,
      seq: BigInt(trade.seq),
      yes_price: BigInt(trade.yesPriceE4),
      size: BigInt(trade.sizeE2),
      taker_side: trade.takerSide,
      is_block_trade: trade.isBlockTrade,
      is_filled: trade.epoch === 0
    }))
  )
