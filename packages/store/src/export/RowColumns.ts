/**
 * Records, trades and samples as columns of values, as docs/data-format.md has them, for writers of tables: whole numbers of 64 bits, times and
 * decimals as `bigint` (decimals in units of their last digit), `null` where a value is missing.
 */
import { type MeasureType, measures, type RecordMeasureName } from "@kalshibook/core/BookMeasures"
import type { BookRecord, Level, MarketTicker, Side } from "@kalshibook/core/BookRecord"
import * as BookSamples from "@kalshibook/core/BookSamples"
import * as Candles from "@kalshibook/core/Candles"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import * as UsageRequestsAnswer from "@kalshibook/core/contract/UsageRequestsAnswer"
import {
  candleColumns,
  measureColumn,
  requestColumns,
  sampleColumns,
  type TableColumn
} from "@kalshibook/core/export/TableColumns"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import type { LoggedRequest } from "../RequestLog.ts"

export type Value = string | number | bigint | boolean | null

/** A column with its values; all of one table have the same length. */
export interface RowColumn {
  readonly column: TableColumn
  readonly values: Array<Value>
}

export type RowColumns = ReadonlyArray<RowColumn>

const filled = (
  columns: ReadonlyArray<TableColumn>,
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

/** The columns of records with measures. */
export const derivedColumns = (names: ReadonlyArray<RecordMeasureName>): ReadonlyArray<TableColumn> => [
  ...segmentColumns.records,
  ...names.map(measureColumn)
]

/** The same rows, each with the measures of its record. */
export const ofDerived = (
  entries: ReadonlyArray<{ readonly record: BookRecord; readonly derived: ReadonlyArray<number | null> }>,
  names: ReadonlyArray<RecordMeasureName>
): RowColumns =>
  filled(
    derivedColumns(names),
    entries.flatMap(({ derived, record }) => {
      const values = names.map((name, at) => [name, valueOf(measures[name].type, derived[at] ?? null)] as const)
      const measured = Object.fromEntries(values)
      return rowsOf(record).map((row) => ({ ...row, ...measured }))
    })
  )

/** Decimals are whole numbers of their last digit. */
const valueOf = (type: MeasureType, value: number | null): Value =>
  value === null || type === "DOUBLE" ? value : BigInt(value)

/** Samples from one up to another, a row each. */
export const ofSamples = (
  marketTicker: MarketTicker,
  samples: BookSamples.BookSamples,
  start: number,
  end: number
): RowColumns => {
  const { depth, derive } = samples
  const each = (value: (sample: number) => Value): Array<Value> =>
    Array.from({ length: end - start }, (_, at) => value(start + at))
  const level =
    (levels: Uint16Array, units: Int32Array | Float64Array, at: number) =>
    (sample: number): Value =>
      at < (levels[sample] as number) ? BigInt(units[sample * depth + at] as number) : null
  const values = [
    each(() => marketTicker),
    each((sample) => BigInt(samples.atMicros[sample] as number)),
    each((sample) => BigInt(samples.offset[sample] as number)),
    each((sample) => BookSamples.trustStates[samples.trust[sample] as number] ?? null),
    each((sample) => BookSamples.causeAt(samples, sample) ?? null),
    ...derive.names.map((name, place) =>
      each((sample) => valueOf(measures[name].type, BookSamples.derivedAt(samples, sample, place)))
    ),
    ...Array.from({ length: depth }, (_, at) => [
      each(level(samples.yesLevels, samples.yesPriceE4, at)),
      each(level(samples.yesLevels, samples.yesSizeE2, at)),
      each(level(samples.noLevels, samples.noPriceE4, at)),
      each(level(samples.noLevels, samples.noSizeE2, at))
    ]).flat()
  ]
  return sampleColumns(depth, derive.names).map((column, at) => ({ column, values: values[at] ?? [] }))
}

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

/** Four columns of prices, empty where there are none. */
const priceValues = (name: string, prices: Candles.Prices | undefined): Readonly<Record<string, Value>> =>
  prices === undefined
    ? {}
    : {
        [`${name}_open`]: BigInt(prices.openE4),
        [`${name}_high`]: BigInt(prices.highE4),
        [`${name}_low`]: BigInt(prices.lowE4),
        [`${name}_close`]: BigInt(prices.closeE4)
      }

/** Candles, a row each. `knownMicros`: what happened at that moment or later is not stored. */
export const ofCandles = (
  marketTicker: MarketTicker,
  candles: ReadonlyArray<{ readonly candle: Candles.Candle; readonly areTradesWhole: boolean }>,
  knownMicros: number
): RowColumns =>
  filled(
    candleColumns,
    candles.map(({ areTradesWhole, candle }) => {
      const causes = Candles.causesOf(candle)
      return {
        market_ticker: marketTicker,
        ts_start: BigInt(candle.startMicros),
        ts_end: BigInt(candle.endMicros),
        is_complete: candle.endMicros <= knownMicros,
        ...priceValues("price", candle.price),
        trade_count: BigInt(candle.tradeCount),
        volume: BigInt(candle.volumeE2),
        are_trades_whole: areTradesWhole,
        ...priceValues("yes_bid", candle.yesBid),
        ...priceValues("yes_ask", candle.yesAsk),
        book_records: BigInt(candle.bookRecords),
        trust: Candles.trustOf(candle, Math.min(candle.endMicros, knownMicros) - candle.startMicros),
        book_trusted_micros: BigInt(candle.trustedMicros),
        gap_causes: causes.length === 0 ? null : causes.join(",")
      }
    })
  )

/** Requests of an account, a row each. */
export const ofRequests = (requests: ReadonlyArray<LoggedRequest>): RowColumns =>
  filled(
    requestColumns,
    requests.map((request) => ({
      ...UsageRequestsAnswer.view(request),
      time: BigInt(request.tsMicros),
      credits: BigInt(request.credits),
      rows: BigInt(request.rows),
      count: BigInt(request.count),
      time_last: BigInt(request.tsLastMicros)
    }))
  )
