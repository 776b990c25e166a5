/** What is derived of a tape as rows of the tables in which it must be found (`Stored.rows`). */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import * as LevelsCodec from "@kalshibook/store/LevelsCodec"
import type { Row } from "./Stored.ts"

export const keyframe = (one: Keyframe): Row => ({
  ticker: one.marketTicker,
  record_offset: one.offset,
  ts_received_micros: one.tsReceivedMicros,
  ts_exchange_micros: one.tsExchangeMicros,
  ts_exchange_effective_micros: one.tsExchangeEffectiveMicros,
  epoch: one.epoch,
  sid: one.sid,
  seq: one.seq,
  since_offset: one.sinceOffset,
  book_hash: one.bookHash,
  levels: Buffer.from(LevelsCodec.encode(one.levels)).toString("hex")
})

/** The gaps of a log, each with the first snapshot after it. */
export const gaps = (log: ReadonlyArray<BookRecord>): ReadonlyArray<Row> =>
  log.flatMap((record, index) => {
    if (record.kind !== "gap") return []
    const end = log.slice(index).find(({ kind }) => kind === "snapshot")
    return {
      ticker: record.marketTicker,
      record_offset: record.offset,
      ts_received_micros: record.tsReceivedMicros,
      ts_detected_micros: record.tsDetectedMicros,
      cause: record.cause,
      end_offset: end?.offset ?? null,
      ts_end_micros: end?.tsReceivedMicros ?? null
    }
  })

export const trade = (one: TradeRecord): Row => ({
  trade_id: one.tradeId,
  ticker: one.marketTicker,
  ts_exchange_micros: one.tsExchangeMicros,
  ts_received_micros: one.tsReceivedMicros,
  epoch: one.epoch,
  sid: one.sid,
  seq: one.seq,
  yes_price_e4: one.yesPriceE4,
  size_e2: one.sizeE2,
  taker_side: one.takerSide,
  is_block_trade: one.isBlockTrade
})

export const lifecycle = (one: LifecycleRecord): Row => ({
  ticker: one.ticker,
  event_type: one.eventType,
  epoch: one.epoch,
  sid: one.sid,
  seq: one.seq,
  ts_received_micros: one.tsReceivedMicros,
  body: one.body
})

export const connection = (one: ConnectionRecord): Row => ({
  epoch: one.epoch,
  slot: one.slot,
  source: one.source,
  ts_opened_micros: one.tsOpenedMicros,
  ts_closed_micros: one.tsClosedMicros,
  close_cause: one.closeCause
})

export const channelGap = (one: ChannelGap): Row => ({
  channel: one.channel,
  epoch: one.epoch,
  sid: one.sid,
  seq_from: one.seqFrom,
  seq_to: one.seqTo,
  cause: one.cause,
  ts_from_micros: one.tsFromMicros,
  ts_detected_micros: one.tsDetectedMicros,
  ts_to_micros: one.tsToMicros
})

/** One text for equal values, whatever the order of their fields. */
export const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner
  )
