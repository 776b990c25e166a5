/** All that is stored, read back. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"

/** More than any test records of one market. */
const recordsMax = 10_000_000

/** A row of a table, its columns by name. */
export type Row = Readonly<Record<string, unknown>>

export const logs = Effect.gen(function* () {
  const hotTier = yield* HotTier
  const heads = yield* hotTier.heads
  const found = new Map<MarketTicker, ReadonlyArray<BookRecord>>()
  for (const { marketTicker } of heads) {
    const records = yield* hotTier.records({
      marketTicker,
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      afterOffset: 0,
      recordsMax
    })
    found.set(marketTicker, records)
  }
  return found
})

export const watermark = Effect.flatMap(HotTier, (hotTier) => Effect.map(hotTier.watermark, Option.getOrThrow))

export const rows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    keyframes: yield* sql<Row>`
      select ticker, record_offset, ts_received_micros, ts_exchange_micros, ts_exchange_effective_micros, epoch, sid, seq,
             since_offset, book_hash, encode(levels, 'hex') as levels
      from keyframes join markets using (market_id)`,
    gaps: yield* sql<Row>`
      select ticker, record_offset, ts_received_micros, ts_detected_micros, cause, end_offset, ts_end_micros
      from gaps join markets using (market_id)`,
    trades: yield* sql<TradeRow>`
      select trade_id, ticker, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2,
             case taker_side when 'y' then 'yes' else 'no' end as taker_side, is_block_trade
      from trades join markets using (market_id)`,
    lifecycle: yield* sql<Row>`select ticker, event_type, epoch, sid, seq, ts_received_micros, body from lifecycle`,
    connections: yield* sql<Row>`
      select epoch, slot, source, ts_opened_micros, ts_closed_micros, close_cause from epochs`,
    channelGaps: yield* sql<ChannelGapRow>`
      select channel, epoch, sid, seq_from, seq_to, cause, ts_from_micros, ts_detected_micros, ts_to_micros
      from channel_gaps`
  }
})

export interface TradeRow extends Row {
  readonly trade_id: string
  readonly epoch: number
  readonly ts_received_micros: number
}

export interface ChannelGapRow extends Row {
  readonly channel: string
  readonly ts_from_micros: number
  readonly ts_to_micros: number | null
}
