/** Trades on their way into their table: each once, by its id, from whichever channel it comes first. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { bools, int2s, int4s, int8s, pg, type Statement, texts } from "./PgStatement.ts"
import { sideCode } from "./RecordRows.ts"

/** Stores the trades that are not there yet. */
export const insertTrades = (rows: ReadonlyArray<TradeRecord>, idOf: (ticker: MarketTicker) => number): Statement => pg`
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
              taker_side, is_block_trade)
  on conflict do nothing`
