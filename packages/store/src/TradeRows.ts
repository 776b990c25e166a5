/**
 * Trades on their way into their table: each once, by its id. What the exchange sent takes the place of what REST told, in whichever
 * order they come, so that what is stored of the tape does not depend on when a hole beside it was filled.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { bools, int2s, int4s, int8s, pg, type Statement, texts } from "./PgStatement.ts"
import { sideCode } from "./RecordRows.ts"

type IdOf = (ticker: MarketTicker) => number

/** Stores what the exchange sent: trades that are not there yet, or only as REST told them; of several with one id the first. */
export const insertTrades = (trades: ReadonlyArray<TradeRecord>, idOf: IdOf): Statement =>
  // A statement may touch a row only once.
  pg`${insert(firstOfEach(trades), idOf)}
  on conflict (trade_id) do update
  set ts_exchange_micros = excluded.ts_exchange_micros, ts_received_micros = excluded.ts_received_micros,
      epoch = excluded.epoch, sid = excluded.sid, seq = excluded.seq
  where trades.epoch = 0 and excluded.epoch <> 0`

/** To be run before `insertMissingTrades` in its transaction: no hour of trades leaves the hot tier meanwhile. */
export const holdTradeIds: Statement = pg`
  select pg_advisory_xact_lock_shared(hashtextextended('kalshibook.trade_ids', 0))`

/** Stores what REST told: trades that are not there yet, and are not among those that have left for sealed hours. Answers their ids. */
export const insertMissingTrades = (trades: ReadonlyArray<TradeRecord>, idOf: IdOf): Statement =>
  pg`${insert(trades, idOf)}
  where not exists (select from pruned_trade_ids gone where gone.trade_id = batch.trade_id)
  on conflict do nothing returning trade_id`

const insert = (rows: ReadonlyArray<TradeRecord>, idOf: IdOf): Statement => pg`
  insert into trades (market_id, trade_id, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2,
                      taker_side, is_block_trade)
  select market_id, trade_id, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2,
         taker_side::"char", is_block_trade
  from unnest(${int4s(rows.map((row) => idOf(row.marketTicker)))}, ${texts(rows.map((row) => row.tradeId))},
              ${int8s(rows.map((row) => row.tsExchangeMicros))}, ${int8s(rows.map((row) => row.tsReceivedMicros))},
              ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
              ${int8s(rows.map((row) => row.seq))}, ${int2s(rows.map((row) => row.yesPriceE4))},
              ${int8s(rows.map((row) => row.sizeE2))}, ${texts(rows.map((row) => sideCode(row.takerSide)))},
              ${bools(rows.map((row) => row.isBlockTrade))})
    as batch (market_id, trade_id, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2,
              taker_side, is_block_trade)`

const firstOfEach = (trades: ReadonlyArray<TradeRecord>): ReadonlyArray<TradeRecord> => {
  const found = new Map<string, TradeRecord>()
  for (const trade of trades) if (!found.has(trade.tradeId)) found.set(trade.tradeId, trade)
  return [...found.values()]
}
