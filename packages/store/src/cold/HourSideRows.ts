/**
 * What stands beside the records of an hour, out of the hot tier, as rows of the other kinds of files. Ends of holes are told as they
 * were at the end of the hour, so that the rows do not depend on when they are asked for.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { HotSocket, Row } from "../HotSocket.ts"
import { int8, pg, type Statement, texts } from "../PgStatement.ts"
import { sideOf } from "../RecordRows.ts"
import { jsonInOrder } from "./JsonInOrder.ts"

/**
 * Values in the order of the kind's columns: times in Unix microseconds, prices in 1/10,000 dollar, sizes in 1/100 contract, all as whole
 * numbers.
 */
export type SideRow = ReadonlyArray<string | number | boolean | null>

export type SideKind = Exclude<SegmentKind, "records">

export type HourSideRows = Readonly<Record<SideKind, ReadonlyArray<SideRow>>>

/** All of them; `tickers` are the markets that have rows in the hour. */
export const read = Effect.fnUntraced(function* (
  { query }: Pick<HotSocket, "query">,
  fromMicros: number,
  tickers: ReadonlyArray<MarketTicker>
): Effect.fn.Return<HourSideRows, SqlError.SqlError> {
  const toMicros = fromMicros + hourMicros
  const rowsOf = (statement: Statement, rowOf: (row: Row) => SideRow) =>
    Effect.map(query(statement), (rows) => rows.map(rowOf))
  return {
    trades: yield* rowsOf(trades(fromMicros, toMicros), tradeOf),
    lifecycle: yield* rowsOf(lifecycle(fromMicros, toMicros), lifecycleOf),
    gaps: yield* rowsOf(gaps(fromMicros, toMicros), gapOf),
    channel_gaps: yield* rowsOf(channelGaps(fromMicros, toMicros), channelGapOf),
    markets: yield* rowsOf(markets(fromMicros, toMicros, tickers), marketOf)
  }
})

type Value = SideRow[number]
const value = (row: Row, name: string): Value => (row[name] ?? null) as Value

const trades = (fromMicros: number, toMicros: number): Statement => pg`
  select ticker, trade_id, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2, taker_side, is_block_trade
  from trades join markets using (market_id)
  where trades.ts_received_micros >= ${int8(fromMicros)} and trades.ts_received_micros < ${int8(toMicros)}`

const tradeOf = (row: Row): SideRow => [
  value(row, "ticker"),
  value(row, "trade_id"),
  value(row, "ts_exchange_micros"),
  value(row, "ts_received_micros"),
  value(row, "epoch"),
  value(row, "sid"),
  value(row, "seq"),
  value(row, "yes_price_e4"),
  value(row, "size_e2"),
  sideOf(String(row["taker_side"])),
  value(row, "is_block_trade"),
  row["epoch"] === 0
]

const lifecycle = (fromMicros: number, toMicros: number): Statement => pg`
  select ticker, event_type, ts_received_micros, epoch, sid, seq, body from lifecycle
  where ts_received_micros >= ${int8(fromMicros)} and ts_received_micros < ${int8(toMicros)}`

const lifecycleOf = (row: Row): SideRow => [
  value(row, "ticker"),
  value(row, "event_type"),
  value(row, "ts_received_micros"),
  value(row, "epoch"),
  value(row, "sid"),
  value(row, "seq"),
  jsonInOrder(row["body"])
]

const gaps = (fromMicros: number, toMicros: number): Statement => pg`
  select ticker, record_offset, ts_received_micros, ts_detected_micros, cause,
         case when ts_end_micros < ${int8(toMicros)} then end_offset end as end_offset,
         case when ts_end_micros < ${int8(toMicros)} then ts_end_micros end as ts_end_micros
  from gaps join markets using (market_id)
  where gaps.ts_received_micros >= ${int8(fromMicros)} and gaps.ts_received_micros < ${int8(toMicros)}`

const gapOf = (row: Row): SideRow => [
  value(row, "ticker"),
  value(row, "record_offset"),
  value(row, "ts_received_micros"),
  value(row, "ts_detected_micros"),
  value(row, "cause"),
  value(row, "end_offset"),
  value(row, "ts_end_micros")
]

const channelGaps = (fromMicros: number, toMicros: number): Statement => pg`
  select channel, ts_from_micros, epoch, sid, seq_from, cause, ts_detected_micros,
         case when ts_to_micros < ${int8(toMicros)} then seq_to end as seq_to,
         case when ts_to_micros < ${int8(toMicros)} then ts_to_micros end as ts_to_micros,
         case when ts_filled_micros < ${int8(toMicros)} then ts_filled_micros end as ts_filled_micros,
         case when ts_filled_micros < ${int8(toMicros)} then entries_filled end as entries_filled
  from channel_gaps where ts_from_micros >= ${int8(fromMicros)} and ts_from_micros < ${int8(toMicros)}`

const channelGapOf = (row: Row): SideRow => [
  value(row, "channel"),
  value(row, "ts_from_micros"),
  value(row, "epoch"),
  value(row, "sid"),
  value(row, "seq_from"),
  value(row, "seq_to"),
  value(row, "cause"),
  value(row, "ts_detected_micros"),
  value(row, "ts_to_micros"),
  value(row, "ts_filled_micros"),
  value(row, "entries_filled")
]

/** Of markets with rows the version that held as the hour began; of all, those that were seen within it. */
const markets = (fromMicros: number, toMicros: number, tickers: ReadonlyArray<MarketTicker>): Statement => pg`
  with chosen as (
    select market_id, held.version from markets
    cross join lateral (
      select version from market_versions where market_id = markets.market_id and ts_observed_micros <= ${int8(fromMicros)}
      order by version desc limit 1
    ) as held
    where ticker = any(${texts(tickers)})
    union
    select market_id, version from market_versions
    where ts_observed_micros > ${int8(fromMicros)} and ts_observed_micros < ${int8(toMicros)}
  )
  select markets.ticker, version.version, version.ts_observed_micros, version.body, events.series_ticker
  from chosen join market_versions version using (market_id, version) join markets using (market_id)
    left join events on events.ticker = version.body ->> 'event_ticker'`

const marketOf = (row: Row): SideRow => {
  const body = row["body"] as Readonly<Record<string, unknown>>
  return [
    value(row, "ticker"),
    value(row, "version"),
    value(row, "ts_observed_micros"),
    textOf(body["event_ticker"]),
    textOf(row["series_ticker"]),
    textOf(body["status"]),
    jsonInOrder(body)
  ]
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null)
