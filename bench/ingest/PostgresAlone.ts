/** What the database alone can take: the same changes inserted once more, from arrays that are ready in memory. */
import type { DeltaRecord } from "@kalshibook/core/BookRecord"
import { bools, int2s, int4s, int8s } from "@kalshibook/store/PgNumbers"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const rowsPerStatement = 5_000

/** Empties the records and inserts these changes in the order of receipt. Returns the seconds of the inserts. */
export const insert = Effect.fnUntraced(function* (changes: ReadonlyArray<DeltaRecord>) {
  const sql = yield* SqlClient.SqlClient
  const markets = yield* sql<{ ticker: string; market_id: number }>`select ticker, market_id from markets`
  const ids = new Map(markets.map((market) => [market.ticker, market.market_id]))
  const rows = changes.toSorted((one, other) => one.seq - other.seq)
  const statements = Array.from({ length: Math.ceil(rows.length / rowsPerStatement) }, (_, index) => {
    const chunk = rows.slice(index * rowsPerStatement, (index + 1) * rowsPerStatement)
    return [
      int4s(chunk.map((row) => ids.get(row.marketTicker) ?? 0)),
      int8s(chunk.map((row) => row.offset)),
      int8s(chunk.map((row) => row.tsReceivedMicros)),
      int8s(chunk.map((row) => row.tsExchangeMicros)),
      int4s(chunk.map((row) => row.epoch)),
      int4s(chunk.map((row) => row.sid)),
      int8s(chunk.map((row) => row.seq)),
      bools(chunk.map((row) => row.side === "yes")),
      int2s(chunk.map((row) => row.priceE4)),
      int8s(chunk.map((row) => row.deltaE2))
    ] as const
  })
  yield* sql`truncate records`
  const startedMillis = performance.now()
  for (const [marketIds, offsets, received, exchange, epochs, sids, seqs, yes, prices, deltas] of statements) {
    yield* sql`
      insert into records (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind,
                           side, price_e4, delta_e2)
      select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, 'd',
             case when is_yes then 'y' else 'n' end, price_e4, delta_e2
      from unnest(${marketIds}, ${offsets}, ${received}, ${exchange}, ${epochs}, ${sids}, ${seqs}, ${yes}, ${prices}, ${deltas})
        as batch (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, is_yes, price_e4, delta_e2)`
  }
  return (performance.now() - startedMillis) / 1000
})
