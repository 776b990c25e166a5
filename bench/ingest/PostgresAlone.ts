/** What the database alone can take: the same changes stored once more, in two ways, from what is ready in memory. */
import type { BookRecord, DeltaRecord } from "@kalshibook/core/BookRecord"
import { HotConnection } from "@kalshibook/store/HotConnection"
import { bools, int2s, int4s, int8s, pg } from "@kalshibook/store/PgStatement"
import * as RecordCopy from "@kalshibook/store/RecordCopy"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Of the same order as what the collector commits at once when frames pour in. */
const rowsPerTransaction = 5_000

export interface AloneSeconds {
  /** COPY of buffers that were encoded beforehand. */
  readonly copy: number
  /** Insert by `unnest` of arrays that were encoded beforehand. */
  readonly unnest: number
}

/** Empties the records and stores these changes, in the order of receipt, by either way. */
export const measure = Effect.fnUntraced(function* (changes: ReadonlyArray<DeltaRecord>) {
  const sql = yield* SqlClient.SqlClient
  const connection = yield* HotConnection
  const markets = yield* sql<{ ticker: string; market_id: number }>`select ticker, market_id from markets`
  const ids = new Map(markets.map((market) => [market.ticker, market.market_id]))
  const idOf = (ticker: string) => ids.get(ticker) ?? 0
  const chunks = chunksOf(changes, idOf)
  const buffers = chunks.map((chunk) => RecordCopy.encode(chunk, idOf))
  const statements = chunks.map((chunk) => insertOf(chunk, idOf))
  return {
    copy: yield* secondsOf(sql, buffers, (buffer) =>
      connection.transaction((session) => session.copy(RecordCopy.statement, buffer))
    ),
    unnest: yield* secondsOf(sql, statements, (statement) =>
      connection.transaction((session) => session.query(statement))
    )
  }
})

/** Market by market within each, as the hot tier stores them. */
const chunksOf = (changes: ReadonlyArray<DeltaRecord>, idOf: (ticker: string) => number) => {
  const rows = changes.toSorted((one, other) => one.seq - other.seq)
  return Array.from({ length: Math.ceil(rows.length / rowsPerTransaction) }, (_, index) =>
    rows
      .slice(index * rowsPerTransaction, (index + 1) * rowsPerTransaction)
      .sort((one, other) => idOf(one.marketTicker) - idOf(other.marketTicker) || one.offset - other.offset)
  )
}

const secondsOf = Effect.fnUntraced(function* <A, E>(
  sql: SqlClient.SqlClient,
  parts: ReadonlyArray<A>,
  store: (part: A) => Effect.Effect<unknown, E>
) {
  // Records are never removed by hand, and triggers see to it; this database is thrown away.
  yield* sql`set local session_replication_role = replica`.pipe(
    Effect.andThen(sql`truncate records`),
    sql.withTransaction
  )
  const startedMillis = performance.now()
  for (const part of parts) yield* store(part)
  return (performance.now() - startedMillis) / 1000
})

const insertOf = (rows: ReadonlyArray<DeltaRecord>, idOf: (ticker: BookRecord["marketTicker"]) => number) => pg`
  insert into records (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind,
                       side, price_e4, delta_e2)
  select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, 'd',
         case when is_yes then 'y' else 'n' end, price_e4, delta_e2
  from (select unnest(${int4s(rows.map((row) => idOf(row.marketTicker)))}) as market_id,
               unnest(${int8s(rows.map((row) => row.offset))}) as record_offset,
               unnest(${int8s(rows.map((row) => row.tsReceivedMicros))}) as ts_received_micros,
               unnest(${int8s(rows.map((row) => row.tsExchangeMicros))}) as ts_exchange_micros,
               unnest(${int4s(rows.map((row) => row.epoch))}) as epoch, unnest(${int4s(rows.map((row) => row.sid))}) as sid,
               unnest(${int8s(rows.map((row) => row.seq))}) as seq,
               unnest(${bools(rows.map((row) => row.side === "yes"))}) as is_yes,
               unnest(${int2s(rows.map((row) => row.priceE4))}) as price_e4,
               unnest(${int8s(rows.map((row) => row.deltaE2))}) as delta_e2) as batch`
