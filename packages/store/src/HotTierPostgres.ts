/**
 * The hot tier in Postgres: what `HotTierAppend` writes, read back. Every read is one statement over one market's index range.
 */
import type { BookClock, MarketTicker } from "@kalshibook/core/BookRecord"
import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import type { HotConnection } from "./HotConnection.ts"
import type { HotTier, LogHead, RecordQuery, TradeQuery, Watermark } from "./HotTier.ts"
import * as HotTierAppend from "./HotTierAppend.ts"
import { during } from "./HotTierError.ts"
import * as MarketIds from "./MarketIds.ts"
import { int8, int8s } from "./PgNumbers.ts"
import { type KeyframeRow, keyframeOf, kindOf, type RecordRow, recordOf, sideOf } from "./RecordRows.ts"

export const make = (sql: SqlClient.SqlClient, connection: HotConnection["Service"]): HotTier["Service"] => {
  const markets = MarketIds.make(sql)
  const append = HotTierAppend.make(connection, markets)

  const selectWatermark = sql<WatermarkRow>`
    select epoch, ts_received_micros, ts_exchange_micros, ts_exchange_received_micros, tape_id, tape_entry from watermark`
  const watermark = Effect.map(selectWatermark, ([row]) => Option.map(Option.fromNullishOr(row), watermarkOf))

  const selectHeads = sql<HeadRow>`
    select ticker, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind
    from log_heads join markets using (market_id)`
  const heads = Effect.map(selectHeads, (rows) => rows.map(headOf))

  // All statements of it see what was committed before its first.
  const state = sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`set transaction isolation level repeatable read read only`
      return { watermark: yield* watermark, heads: yield* heads }
    })
  )

  const keyframeAt = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const id = yield* markets.find(ticker)
    if (Option.isNone(id)) return Option.none()
    const columns = sql.literal(
      "record_offset, ts_received_micros, ts_exchange_micros, ts_exchange_effective_micros, epoch, sid, seq, since_offset, book_hash, levels"
    )
    const rows = yield* clock === "received"
      ? sql<KeyframeRow>`
          select ${columns} from keyframes where market_id = ${id.value} and ts_received_micros <= ${int8(atMicros)}
          order by ts_received_micros desc, record_offset desc limit 1`
      : sql<KeyframeRow>`
          select ${columns} from keyframes where market_id = ${id.value} and ts_exchange_effective_micros <= ${int8(atMicros)}
          order by ts_exchange_effective_micros desc, record_offset desc limit 1`
    return Option.map(Option.fromNullishOr(rows[0]), (row) => keyframeOf(ticker, row))
  })

  const records = Effect.fnUntraced(function* (query: RecordQuery) {
    const id = yield* markets.find(query.marketTicker)
    if (Option.isNone(id)) return []
    const rows = yield* sql<RecordRow>`
      select record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind, side, price_e4, delta_e2, levels,
             gap_cause, ts_detected_micros
      from market_records(${id.value}, ${int8(query.fromMicros)}, ${int8(query.toMicros)}, ${int8(query.afterOffset)},
                          ${query.recordsMax})
      order by ts_received_micros, record_offset`
    return rows.map((row) => recordOf(query.marketTicker, row))
  })

  const gapEnds = Effect.fnUntraced(function* (ticker: MarketTicker, gapOffsets: ReadonlyArray<number>) {
    const id = yield* markets.find(ticker)
    if (Option.isNone(id) || gapOffsets.length === 0) return new Map<number, number>()
    const rows = yield* sql<{ record_offset: number; ts_end_micros: number }>`
      select record_offset, ts_end_micros from gaps
      where market_id = ${id.value} and record_offset = any(${int8s(gapOffsets)}) and ts_end_micros is not null`
    return new Map(rows.map((row) => [row.record_offset, row.ts_end_micros]))
  })

  const trades = Effect.fnUntraced(function* (query: TradeQuery) {
    const id = yield* markets.find(query.marketTicker)
    if (Option.isNone(id)) return []
    const after = Option.getOrElse(query.after, () => ({ tsExchangeMicros: query.fromMicros - 1, tradeId: "" }))
    const rows = yield* sql<TradeRow>`
      select trade_id, ts_exchange_micros, ts_received_micros, epoch, sid, seq, yes_price_e4, size_e2, taker_side, is_block_trade
      from trades
      where market_id = ${id.value} and ts_exchange_micros >= ${int8(query.fromMicros)}
        and ts_exchange_micros < ${int8(query.toMicros)}
        and (ts_exchange_micros, trade_id) > (${int8(after.tsExchangeMicros)}, ${after.tradeId})
      order by ts_exchange_micros, trade_id limit ${query.tradesMax}`
    return rows.map((row) => tradeOf(query.marketTicker, row))
  })

  return {
    append: (batch) => append(batch).pipe(during("append"), Effect.withSpan("HotTier.append")),
    watermark: watermark.pipe(during("watermark")),
    heads: heads.pipe(during("heads")),
    state: state.pipe(during("state")),
    keyframeAt: (ticker, atMicros, clock) => keyframeAt(ticker, atMicros, clock).pipe(during("keyframeAt")),
    records: (query) => records(query).pipe(during("records")),
    gapEnds: (ticker, offsets) => gapEnds(ticker, offsets).pipe(during("gapEnds")),
    trades: (query) => trades(query).pipe(during("trades"))
  }
}

interface WatermarkRow {
  readonly epoch: number
  readonly ts_received_micros: number
  readonly ts_exchange_micros: number | null
  readonly ts_exchange_received_micros: number | null
  readonly tape_id: string | null
  readonly tape_entry: number
}

const watermarkOf = (row: WatermarkRow): Watermark => ({
  epoch: row.epoch,
  tsReceivedMicros: row.ts_received_micros,
  tsExchangeMicros: row.ts_exchange_micros,
  tsExchangeReceivedMicros: row.ts_exchange_received_micros,
  tapeId: row.tape_id,
  tapeEntry: row.tape_entry
})

interface HeadRow {
  readonly ticker: string
  readonly record_offset: number
  readonly ts_received_micros: number
  readonly ts_exchange_micros: number | null
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly kind: string
}

const headOf = (row: HeadRow): LogHead => ({
  marketTicker: row.ticker,
  offset: row.record_offset,
  epoch: row.epoch,
  sid: row.sid,
  seq: row.seq,
  tsExchangeMicros: row.ts_exchange_micros,
  tsReceivedMicros: row.ts_received_micros,
  kind: kindOf(row.kind)
})

interface TradeRow {
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

const tradeOf = (marketTicker: MarketTicker, row: TradeRow) => ({
  tradeId: row.trade_id,
  marketTicker,
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
