/** What the database alone can take: the changes that are stored already, inserted once more from arrays in memory. */
import * as PgNumbers from "@kalshibook/store/PgNumbers"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const rowsPerStatement = 5_000

interface Row {
  readonly market_id: number
  readonly record_offset: number
  readonly ts_received_micros: number
  readonly ts_exchange_micros: number
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly is_yes: boolean
  readonly price_e4: number
  readonly delta_e2: number
}

const { bools, int2s, int4s, int8s } = PgNumbers

/** Empties the records and inserts their changes again in the order of receipt. Returns the seconds of the inserts. */
export const insertAgain = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<Row>`
    select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, side = 'y' as is_yes, price_e4, delta_e2
    from records where kind = 'd' order by epoch, seq`
  const column = <Value>(from: number, value: (row: Row) => Value): ReadonlyArray<Value> =>
    rows.slice(from, from + rowsPerStatement).map(value)
  const statements = Array.from({ length: Math.ceil(rows.length / rowsPerStatement) }, (_, index) => {
    const from = index * rowsPerStatement
    return [
      int4s(column(from, (row) => row.market_id)),
      int8s(column(from, (row) => row.record_offset)),
      int8s(column(from, (row) => row.ts_received_micros)),
      int8s(column(from, (row) => row.ts_exchange_micros)),
      int4s(column(from, (row) => row.epoch)),
      int4s(column(from, (row) => row.sid)),
      int8s(column(from, (row) => row.seq)),
      bools(column(from, (row) => row.is_yes)),
      int2s(column(from, (row) => row.price_e4)),
      int8s(column(from, (row) => row.delta_e2))
    ] as const
  })
  yield* sql`truncate records`
  const startedMillis = performance.now()
  for (const [ids, offsets, received, exchange, epochs, sids, seqs, yes, prices, deltas] of statements) {
    yield* sql`
      insert into records (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind,
                           side, price_e4, delta_e2)
      select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, 'd',
             case when is_yes then 'y' else 'n' end, price_e4, delta_e2
      from unnest(${ids}, ${offsets}, ${received}, ${exchange}, ${epochs}, ${sids}, ${seqs}, ${yes}, ${prices}, ${deltas})
        as batch (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, is_yes, price_e4, delta_e2)`
  }
  return (performance.now() - startedMillis) / 1000
})
