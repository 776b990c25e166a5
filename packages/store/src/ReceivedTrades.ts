/** The hot tier's trades in the order in which they were received: how a replay tells them. `HotTier.trades` has them by their own time. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { during, type HotTierError } from "./HotTierError.ts"
import { HotTierState } from "./HotTierState.ts"
import { int8, texts } from "./PgNumbers.ts"
import { sideOf } from "./RecordRows.ts"

/** [from, to) by receipt, Unix microseconds. */
export interface ReceivedQuery {
  /** `undefined`: of all markets. */
  readonly tickers: ReadonlyArray<MarketTicker> | undefined
  readonly fromMicros: number
  readonly toMicros: number
}

export class ReceivedTrades extends Context.Service<
  ReceivedTrades,
  {
    /** By receipt, then id. All of them at once: ask for minutes, not for days. */
    readonly trades: (query: ReceivedQuery) => Effect.Effect<ReadonlyArray<TradeRecord>, HotTierError>
  }
>()("@kalshibook/store/ReceivedTrades") {
  static readonly layerNoDeps: Layer.Layer<ReceivedTrades, never, SqlClient.SqlClient> = Layer.effect(
    ReceivedTrades,
    Effect.map(SqlClient.SqlClient, (sql) => ReceivedTrades.of({ trades: tradesOf(sql) }))
  )

  /** The same contract in memory, over what `HotTier.layerMemory` keeps when both are built together. */
  static readonly layerMemory: Layer.Layer<ReceivedTrades> = Layer.effect(
    ReceivedTrades,
    Effect.map(HotTierState, ({ trades }) =>
      ReceivedTrades.of({ trades: (query) => Effect.sync(() => sliceOf([...trades.values()], query)) })
    )
  ).pipe(Layer.provide(HotTierState.layer))
}

interface Row {
  readonly ticker: string
  readonly trade_id: string
  readonly ts_exchange_micros: number
  readonly ts_received_micros: number
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly yes_price_e4: number
  readonly size_e2: number
  readonly taker_side: string
  readonly is_block_trade: boolean
}

const tradesOf = (sql: SqlClient.SqlClient): ReceivedTrades["Service"]["trades"] =>
  Effect.fnUntraced(function* ({ fromMicros, tickers, toMicros }) {
    const rows = yield* sql<Row>`
      select ticker, trade_id, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2, taker_side,
             is_block_trade
      from trades join markets using (market_id)
      where ts_received_micros >= ${int8(fromMicros)} and ts_received_micros < ${int8(toMicros)}
        ${tickers === undefined ? sql`` : sql`and ticker = any(${texts(tickers)})`}
      order by ts_received_micros, trade_id`
    return rows.map(tradeOf)
  }, during("receivedTrades"))

const tradeOf = (row: Row): TradeRecord => ({
  tradeId: row.trade_id,
  marketTicker: row.ticker,
  epoch: row.epoch,
  sid: row.sid,
  seq: row.seq,
  tsExchangeMicros: row.ts_exchange_micros,
  tsReceivedMicros: row.ts_received_micros,
  yesPriceE4: row.yes_price_e4,
  sizeE2: row.size_e2,
  takerSide: sideOf(row.taker_side),
  isBlockTrade: row.is_block_trade
})

const sliceOf = (
  trades: ReadonlyArray<TradeRecord>,
  { fromMicros, tickers, toMicros }: ReceivedQuery
): ReadonlyArray<TradeRecord> =>
  trades
    .filter((trade) => trade.tsReceivedMicros >= fromMicros && trade.tsReceivedMicros < toMicros)
    .filter((trade) => tickers === undefined || tickers.includes(trade.marketTicker))
    .sort(byReceipt)

/** By receipt, then id. */
export const byReceipt = (left: TradeRecord, right: TradeRecord): number =>
  left.tsReceivedMicros - right.tsReceivedMicros ||
  (left.tradeId < right.tradeId ? -1 : left.tradeId > right.tradeId ? 1 : 0)
