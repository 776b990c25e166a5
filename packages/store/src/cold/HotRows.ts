/**
 * The records of an hour that are in the hot tier, as rows in the order of the files: some hundred markets at a time, each read by its
 * range of the hour's index.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Effect, Stream } from "effect"
import type { SqlClient } from "effect/sql"
import { during, type HotTierError } from "../HotTierError.ts"
import { int4s, int8 } from "../PgNumbers.ts"
import { type RecordRow, recordOf } from "../RecordRows.ts"

/** Rows that are handed over at a time, and records that one statement reads about. */
const batchRows = 4_096
const readRecordsMax = 20_000

interface HotMarket {
  readonly market_id: number
  readonly ticker: MarketTicker
  readonly records: number
}

interface MarketRow extends RecordRow {
  readonly market_id: number
}

/** Markets with records in the hour, as the files are sorted. */
const marketsOf = (sql: SqlClient.SqlClient, fromMicros: number) => sql<HotMarket>`
  select market_id, ticker, records
  from (select market_id, count(*) as records from records
        where ts_received_micros >= ${int8(fromMicros)} and ts_received_micros < ${int8(fromMicros + hourMicros)}
        group by market_id) as counted join markets using (market_id)
  order by ticker collate "C"`

const readOf = (sql: SqlClient.SqlClient, fromMicros: number, markets: ReadonlyArray<HotMarket>) => sql<MarketRow>`
  select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind, side, price_e4, delta_e2,
         levels, gap_cause, ts_detected_micros
  from records
  where market_id = any(${int4s(markets.map((market) => market.market_id))})
    and ts_received_micros >= ${int8(fromMicros)} and ts_received_micros < ${int8(fromMicros + hourMicros)}
  order by market_id, record_offset`

/** All records received in the hour. What is stored while it is read may be in it or not. */
export const stream = (sql: SqlClient.SqlClient, fromMicros: number): Stream.Stream<LogRows.LogRows, HotTierError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const markets = yield* marketsOf(sql, fromMicros).pipe(during("hourMarkets"))
      return Stream.fromIterable(groupsOf(markets)).pipe(
        Stream.mapEffect((group) =>
          readOf(sql, fromMicros, group).pipe(during("hourRecords"), Effect.map(rowsOf(group)))
        ),
        Stream.flatMap((batches) => Stream.fromIterable(batches))
      )
    })
  )

const groupsOf = (markets: ReadonlyArray<HotMarket>): ReadonlyArray<ReadonlyArray<HotMarket>> => {
  const groups: Array<Array<HotMarket>> = []
  let records = Number.POSITIVE_INFINITY
  for (const market of markets) {
    if (records + market.records > readRecordsMax) {
      groups.push([])
      records = 0
    }
    groups.at(-1)?.push(market)
    records += market.records
  }
  return groups
}

const rowsOf =
  (group: ReadonlyArray<HotMarket>) =>
  (found: ReadonlyArray<MarketRow>): ReadonlyArray<LogRows.LogRows> => {
    const byMarket = Map.groupBy(found, (row) => row.market_id)
    const batches: Array<LogRows.LogRows> = []
    const builder = LogRowsBuilder.make(batchRows, (rows) => batches.push(rows))
    for (const { market_id, ticker } of group) {
      for (const row of byMarket.get(market_id) ?? []) builder.record(recordOf(ticker, row))
    }
    builder.flush()
    return batches
  }
