/** Small batches and records to write in tests: everything that a test does not care about has a plain value. */
import type { DeltaRecord, GapRecord, SnapshotRecord } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import type { HotBatch, Watermark } from "@kalshibook/store/HotTier"

/** 2026-11-22T11:00:00Z, the beginning of an hour. */
export const hourStartMicros = 1_795_345_200_000_000

export const watermark = (part: Partial<Watermark> = {}): Watermark => ({
  epoch: 1,
  tsReceivedMicros: hourStartMicros,
  tsExchangeMicros: null,
  tsExchangeReceivedMicros: null,
  tapeId: null,
  tapeEntry: 0,
  ...part
})

export const batch = (part: Partial<HotBatch> = {}): HotBatch => ({
  records: [],
  keyframes: [],
  trades: [],
  lifecycle: [],
  connections: [],
  channelGaps: [],
  watermark: watermark(),
  ...part
})

type Part<A> = Partial<A> & { readonly marketTicker: string; readonly offset: number }

const head = (offset: number) => ({
  epoch: 1,
  sid: 1,
  seq: offset,
  tsExchangeMicros: null,
  tsReceivedMicros: hourStartMicros + offset
})

export const snapshot = (part: Part<SnapshotRecord>): SnapshotRecord => ({
  kind: "snapshot",
  ...head(part.offset),
  levels: { yes: [{ priceE4: 3_400, sizeE2: 10_000 }], no: [] },
  ...part
})

export const delta = (part: Part<DeltaRecord>): DeltaRecord => ({
  kind: "delta",
  ...head(part.offset),
  side: "yes",
  priceE4: 3_400,
  deltaE2: 100,
  ...part
})

export const gap = (part: Part<GapRecord>): GapRecord => ({
  kind: "gap",
  ...head(part.offset),
  cause: "connection_lost",
  tsDetectedMicros: hourStartMicros + part.offset + 5,
  ...part
})

export const trade = (
  part: Partial<TradeRecord> & { readonly marketTicker: string; readonly tradeId: string }
): TradeRecord => ({
  epoch: 1,
  sid: 2,
  seq: 1,
  tsExchangeMicros: hourStartMicros,
  tsReceivedMicros: hourStartMicros + 40_000,
  yesPriceE4: 3_400,
  sizeE2: 100,
  takerSide: "yes",
  isBlockTrade: false,
  ...part
})

export const lifecycle = (part: Partial<LifecycleRecord> & { readonly seq: number }): LifecycleRecord => ({
  ticker: "KXTEST-26NOV22",
  eventType: "determined",
  epoch: 1,
  sid: 3,
  tsReceivedMicros: hourStartMicros,
  body: { event_type: "determined", result: "no" },
  ...part
})

export const connection = (part: Partial<ConnectionRecord> & { readonly epoch: number }): ConnectionRecord => ({
  slot: 0,
  url: "ws://127.0.0.1/trade-api/ws/v2",
  source: "simulator",
  tsOpenedMicros: hourStartMicros,
  tsClosedMicros: null,
  closeCause: null,
  ...part
})

export const channelGap = (part: Partial<ChannelGap> = {}): ChannelGap => ({
  channel: "trade",
  epoch: 1,
  sid: 2,
  seqFrom: 5,
  seqTo: null,
  cause: "connection_lost",
  tsFromMicros: hourStartMicros,
  tsDetectedMicros: hourStartMicros + 5,
  tsToMicros: null,
  ...part
})
