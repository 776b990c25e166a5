/**
 * Rows of sealed files as DuckDB gives them, market after market and in the order of the log over all hours, and the trades of a
 * market.
 *
 * adapter: SQL over Parquet
 */
import type { MarketTicker, Side } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect, Stream } from "effect"
import { type Connection, type DuckDbError, quoted } from "../cold/DuckDb.ts"

/** Files as DuckDB's list of them. */
export const fileList = (paths: ReadonlyArray<string>): string => `[${paths.map(quoted).join(", ")}]`

const tickersPerInsert = 1_000
/** DuckDB's own vectors. */
const chunkRowsMax = 2_048

/** The markets that are wanted, as a table `wanted` with their places in the list. */
export const want = Effect.fnUntraced(function* (connection: Connection, tickers: ReadonlyArray<MarketTicker>) {
  yield* connection.run("create or replace temp table wanted (ticker varchar, place integer)")
  for (let from = 0; from < tickers.length; from += tickersPerInsert) {
    const values = tickers.slice(from, from + tickersPerInsert).map((ticker, at) => `(${quoted(ticker)}, ${from + at})`)
    yield* connection.run(`insert into wanted values ${values.join(", ")}`)
  }
})

/** A text's place in a list as SQL. */
const codeOf = (column: string, names: ReadonlyArray<string>): string =>
  `case ${column} ${names.map((name, code) => `when ${quoted(name)} then ${code}`).join(" ")} end`

/** Numbers, all as doubles: they are within 2^53, and empty ones are NaN. */
const numbers = [
  "place",
  "record_offset",
  codeOf("kind", LogRows.rowKinds),
  "epoch_us(ts_received)",
  "epoch_us(ts_exchange)",
  `coalesce(${codeOf("side", ["", "yes", "no"])}, 0)`,
  "coalesce(price * 10000, 0)",
  "coalesce(size_delta, size) * 100",
  "since_offset"
].map((sql) => `coalesce((${sql})::double, 'nan'::double)`)

/**
 * Rows of the wanted markets, some thousand at a time; `market` is the place in the list. The arrays are used again for the next ones.
 * A duplicate of what is known, the keyframe of the next hour, comes right behind the record that it repeats.
 */
export const records = (
  connection: Connection,
  paths: ReadonlyArray<string>,
  workMillisMax: number
): Stream.Stream<LogRows.LogRows, DuckDbError> => {
  const rows = LogRows.make(chunkRowsMax)
  const sql = `
    select ${numbers.join(", ")} from read_parquet(${fileList(paths)}) join wanted on market_ticker = ticker
    order by place, record_offset, kind = 'keyframe', side desc nulls first, price`
  const targets = [
    rows.market,
    rows.offset,
    rows.kind,
    rows.tsReceivedMicros,
    rows.tsExchangeMicros,
    rows.side,
    rows.priceE4,
    rows.sizeE2,
    rows.sinceOffset
  ]
  return connection.chunks(sql, { operation: "read sealed records", workMillisMax }).pipe(
    Stream.map((chunk) => {
      rows.rows = chunk.rows
      for (const [column, target] of targets.entries()) target.set(chunk.doubles(column))
      return rows
    })
  )
}

/** The trades of a market that were received in [from, to), in the order of receipt. */
export const trades = Effect.fnUntraced(function* (
  connection: Connection,
  paths: ReadonlyArray<string>,
  marketTicker: MarketTicker,
  range: { readonly fromMicros: number; readonly toMicros: number }
) {
  const found: Array<TradeRecord> = []
  if (paths.length === 0) return found
  const sql = `
    select epoch_us(ts_exchange)::double, epoch_us(ts_received)::double, (yes_price * 10000)::double, (size * 100)::double,
      epoch::double, sid::double, seq::double, is_block_trade::double, trade_id, taker_side
    from read_parquet(${fileList(paths)})
    where market_ticker = ${quoted(marketTicker)}
      and epoch_us(ts_received) >= ${range.fromMicros} and epoch_us(ts_received) < ${range.toMicros}
    order by ts_received, ts_exchange, trade_id`
  yield* connection.forEachChunk(
    sql,
    (chunk) => {
      const [exchange, received, price, size, epoch, sid, seq, isBlock] = Array.from({ length: 8 }, (_, at) =>
        chunk.doubles(at)
      )
      for (let row = 0; row < chunk.rows; row++) {
        found.push({
          tradeId: chunk.text(8, row),
          marketTicker,
          epoch: epoch?.[row] ?? 0,
          sid: sid?.[row] ?? 0,
          seq: seq?.[row] ?? 0,
          tsExchangeMicros: exchange?.[row] ?? 0,
          tsReceivedMicros: received?.[row] ?? 0,
          yesPriceE4: price?.[row] ?? 0,
          sizeE2: size?.[row] ?? 0,
          takerSide: chunk.text(9, row) as Side,
          isBlockTrade: isBlock?.[row] === 1
        })
      }
    },
    { operation: "read sealed trades" }
  )
  return found
})
