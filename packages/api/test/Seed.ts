/**
 * A small exchange, recorded: two series, three events, some markets, one log with a hole in it, and holes in the other channels.
 */
import type { BookRecord, DeltaRecord, GapRecord, SnapshotRecord } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { HotTier, type Watermark } from "@kalshibook/store/HotTier"
import { type CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect } from "effect"

/** 2026-11-21T14:00:00Z, when the first record was received. */
export const startMicros = 1_795_269_600_000_000

export const startIso = "2026-11-21T14:00:00.000000Z"

/** Moments of the log: so many milliseconds after its first record, in microseconds. */
export const after = (millis: number): number => startMicros + millis * 1_000

/** The market with the log. */
export const recorded = "KXBTC15M-26NOV211415-15"

/** A market of the catalogue of which nothing was recorded. */
export const unopened = "KXBTC15M-26NOV211430-30"

/** A market with one snapshot, empty, and many deltas. */
export const busy = "KXBTCD-26NOV2117-T91999.99"

/** So many deltas the busy market has, after its snapshot. */
export const busyDeltas = 250

/** So many trades the recorded market has, ten of one millisecond. */
export const tradeCount = 30

const head = (marketTicker: string, offset: number, millis: number) => ({
  marketTicker,
  offset,
  epoch: 3,
  sid: 1,
  seq: offset + 1,
  tsExchangeMicros: after(millis) - 20_000,
  tsReceivedMicros: after(millis)
})

const snapshot = (
  marketTicker: string,
  offset: number,
  millis: number,
  levels: SnapshotRecord["levels"]
): SnapshotRecord => ({ ...head(marketTicker, offset, millis), tsExchangeMicros: null, kind: "snapshot", levels })

const delta = (
  marketTicker: string,
  offset: number,
  millis: number,
  change: Pick<DeltaRecord, "side" | "priceE4" | "deltaE2">
): DeltaRecord => ({ ...head(marketTicker, offset, millis), kind: "delta", ...change })

const gap: GapRecord = {
  ...head(recorded, 4, 2_000),
  tsReceivedMicros: after(2_000) + 1,
  kind: "gap",
  cause: "silence",
  tsDetectedMicros: after(12_000)
}

/** Snapshot, two deltas, a hole of thirteen seconds, and a snapshot with a delta behind it. */
export const log: ReadonlyArray<BookRecord> = [
  snapshot(recorded, 1, 0, {
    yes: [
      { priceE4: 3_390, sizeE2: 31_000 },
      { priceE4: 3_400, sizeE2: 7_800 }
    ],
    no: [{ priceE4: 6_490, sizeE2: 9_550 }]
  }),
  delta(recorded, 2, 1_000, { side: "yes", priceE4: 3_400, deltaE2: -7_800 }),
  delta(recorded, 3, 2_000, { side: "no", priceE4: 6_500, deltaE2: 100 }),
  gap,
  snapshot(recorded, 5, 15_000, { yes: [{ priceE4: 4_000, sizeE2: 100 }], no: [] }),
  delta(recorded, 6, 16_000, { side: "yes", priceE4: 4_010, deltaE2: 50 })
]

const busyLog: ReadonlyArray<BookRecord> = [
  snapshot(busy, 1, 0, { yes: [], no: [] }),
  ...Array.from({ length: busyDeltas }, (_, index) =>
    delta(busy, index + 2, 100 + Math.floor(index / 3), { side: "yes", priceE4: 100 + index, deltaE2: 100 })
  )
]

export const trades: ReadonlyArray<TradeRecord> = Array.from({ length: tradeCount }, (_, index) => ({
  tradeId: `trade-${String(index).padStart(3, "0")}`,
  marketTicker: recorded,
  epoch: 3,
  sid: 2,
  seq: index + 1,
  tsExchangeMicros: after(Math.max(0, index - 10) * 100),
  tsReceivedMicros: after(index * 100) + 30_000,
  yesPriceE4: 3_400,
  sizeE2: 100 * (index + 1),
  takerSide: index % 2 === 0 ? "yes" : "no",
  isBlockTrade: false
}))

const message = (ticker: string, eventType: string, seq: number, millis: number): LifecycleRecord => ({
  ticker,
  eventType,
  epoch: 3,
  sid: 4,
  seq,
  tsReceivedMicros: after(millis),
  body: { market_ticker: ticker, event_type: eventType, odd: [seq, null] }
})

/** In the order of receipt; two came at once. */
export const messages: ReadonlyArray<LifecycleRecord> = [
  message(recorded, "created", 1, 0),
  message("KXBTC15M-26NOV211415", "event_lifecycle", 2, 100),
  message(recorded, "deactivated", 3, 5_000),
  message(recorded, "activated", 4, 5_000),
  message(busy, "close_date_updated", 9, 6_000)
]

/** The trades have a hole that ended, the lifecycle messages one that has not. */
export const channelGaps: ReadonlyArray<ChannelGap> = [
  {
    channel: "trade",
    epoch: 3,
    sid: 2,
    seqFrom: 6,
    seqTo: 8,
    cause: "sequence_hole",
    tsFromMicros: after(1_800) + 1,
    tsDetectedMicros: after(1_900),
    tsToMicros: after(1_900)
  },
  {
    channel: "market_lifecycle_v2",
    epoch: 3,
    sid: 4,
    seqFrom: 5,
    seqTo: null,
    cause: "channel_error",
    tsFromMicros: after(5_000) + 1,
    tsDetectedMicros: after(5_500),
    tsToMicros: null
  }
]

const entry = (ticker: string, body: Readonly<Record<string, unknown>>): CatalogEntry => ({
  ticker,
  body,
  tsObservedMicros: startMicros - 1_000_000
})

const market = (ticker: string, status: string, openTime = "2026-11-21T14:15:00Z") =>
  entry(ticker, {
    ticker,
    event_ticker: ticker.slice(0, ticker.lastIndexOf("-")),
    title: "BTC price up in next 15 mins?",
    status,
    open_time: openTime,
    price_ranges: [{ start: "0.0000", end: "1.0000", step: "0.0010" }]
  })

const event = (ticker: string, series: string) =>
  entry(ticker, { event_ticker: ticker, series_ticker: series, title: "BTC", category: "Crypto" })

const series: ReadonlyArray<CatalogEntry> = [
  entry("KXBTC15M", { ticker: "KXBTC15M", title: "Bitcoin up or down", category: "Crypto" }),
  entry("KXBTCD", { ticker: "KXBTCD", title: "Bitcoin price", category: "Crypto" }),
  entry("KXHIGHNY", { ticker: "KXHIGHNY", title: "Temperature", category: "Climate and Weather" })
]

export const events: ReadonlyArray<CatalogEntry> = [
  event("KXBTC15M-26NOV211415", "KXBTC15M"),
  event("KXBTC15M-26NOV211430", "KXBTC15M"),
  event("KXBTCD-26NOV2117", "KXBTCD")
]

/** Twenty strikes of one event beside the markets with a part of their own. */
export const markets: ReadonlyArray<CatalogEntry> = [
  market(recorded, "active", "2026-11-21T14:00:00Z"),
  market(unopened, "initialized"),
  market(busy, "active", "2026-11-21T13:50:00Z"),
  ...Array.from({ length: 20 }, (_, index) => market(`KXBTCD-26NOV2117-T9${2_000 + index}.99`, "finalized"))
]

export const watermark: Watermark = {
  epoch: 3,
  tsReceivedMicros: after(20_000),
  tsExchangeMicros: after(16_000) - 20_000,
  tsExchangeReceivedMicros: after(16_000),
  tapeId: null,
  tapeEntry: 0
}

/** Stores all of it. */
export const store = Effect.gen(function* () {
  const hotTier = yield* HotTier
  const catalog = yield* MarketCatalog
  yield* catalog.observe({ series, events, markets })
  yield* hotTier.append({
    records: [...log, ...busyLog],
    keyframes: [],
    trades,
    lifecycle: messages,
    connections: [],
    channelGaps,
    watermark
  })
})
