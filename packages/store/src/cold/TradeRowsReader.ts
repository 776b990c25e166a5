/** Rows of a `trades` file as trades: one market's, by exchange time. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect } from "effect"
import * as DuckChunk from "./DuckChunk.ts"
import { type Connection, type DuckDbError, quoted } from "./DuckDb.ts"

export interface TradeRowsQuery {
  /** Path of a local file, in a folder that the database may read. */
  readonly file: string
  readonly ticker: MarketTicker
  /** [from, to) by exchange time, Unix microseconds. */
  readonly fromMicros: number
  readonly toMicros: number
  /** How long DuckDB may work for it. */
  readonly workMillisMax: number
}

/** In the order of exchange time, then id. */
export const read = (
  connection: Connection,
  query: TradeRowsQuery
): Effect.Effect<ReadonlyArray<TradeRecord>, DuckDbError> =>
  Effect.suspend(() => {
    const trades: Array<TradeRecord> = []
    return Effect.as(
      connection.forEachChunk(statementOf(query), (chunk) => decode(query.ticker, chunk, trades), {
        operation: "read trades",
        workMillisMax: query.workMillisMax
      }),
      trades
    )
  })

/** Moments beyond what DuckDB's times can hold are no bound at all. */
const timeMicrosMax = 9_000_000_000_000_000

const statementOf = ({ file, fromMicros, ticker, toMicros }: TradeRowsQuery): string => `
  select trade_id, ts_exchange, ts_received, epoch, sid, seq, (yes_price * 10000)::bigint, (size * 100)::bigint,
         taker_side = 'yes', is_block_trade
  from read_parquet(${quoted(file)})
  where market_ticker = ${quoted(ticker)} and ts_exchange >= make_timestamptz(${fromMicros})
    and ts_exchange < make_timestamptz(${Math.min(toMicros, timeMicrosMax)})
  order by ts_exchange, trade_id`

const decode = (marketTicker: MarketTicker, chunk: DuckChunk.DuckChunk, trades: Array<TradeRecord>): void => {
  const [exchange, received, seq, price, size] = [1, 2, 5, 6, 7].map(chunk.int64Words) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array
  ]
  const [epoch, sid] = [chunk.int32s(3), chunk.int32s(4)]
  const [takesYes, isBlockTrade] = [chunk.bytes(8), chunk.bytes(9)]
  for (let row = 0; row < chunk.rows; row++) {
    trades.push({
      tradeId: chunk.text(0, row),
      marketTicker,
      epoch: epoch[row] as number,
      sid: sid[row] as number,
      seq: DuckChunk.int64At(seq, row),
      tsExchangeMicros: DuckChunk.int64At(exchange, row),
      tsReceivedMicros: DuckChunk.int64At(received, row),
      yesPriceE4: DuckChunk.int64At(price, row),
      sizeE2: DuckChunk.int64At(size, row),
      takerSide: takesYes[row] === 1 ? "yes" : "no",
      isBlockTrade: isBlockTrade[row] === 1
    })
  }
}
