/** Decoded frames in as few words as a test wants to say. */
import type { BookLevels, Level, MarketTicker, Side } from "@kalshibook/core/BookRecord"
import { noUnknownFields, type ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"

const unknownFields = noUnknownFields

/** Levels from pairs of price and size. */
export const ladder = (...pairs: ReadonlyArray<readonly [priceE4: number, sizeE2: number]>): ReadonlyArray<Level> =>
  pairs.map(([priceE4, sizeE2]) => ({ priceE4, sizeE2 }))

export const subscribed = (sid: number, channel = "orderbook_delta"): ServerMessage => ({
  _tag: "subscribed",
  id: 1,
  channel,
  sid,
  unknownFields
})

export const snapshot = (sid: number, seq: number, marketTicker: MarketTicker, levels: BookLevels): ServerMessage => ({
  _tag: "orderbook_snapshot",
  sid,
  seq,
  id: null,
  marketTicker,
  marketId: null,
  levels,
  unknownFields
})

interface DeltaFields {
  readonly side?: Side
  readonly priceE4: number
  readonly deltaE2: number
  readonly tsExchangeMicros?: number | null
}

export const delta = (sid: number, seq: number, marketTicker: MarketTicker, fields: DeltaFields): ServerMessage => ({
  _tag: "orderbook_delta",
  sid,
  seq,
  marketTicker,
  marketId: null,
  side: fields.side ?? "yes",
  priceE4: fields.priceE4,
  deltaE2: fields.deltaE2,
  tsExchangeMicros: fields.tsExchangeMicros ?? null,
  unknownFields
})

export const ok = (sid: number, seq: number): ServerMessage => ({
  _tag: "ok",
  id: 2,
  sid,
  seq,
  marketTickers: null,
  marketIds: null,
  subscriptions: null,
  unknownFields
})

export const unsubscribed = (sid: number, seq: number | null): ServerMessage => ({
  _tag: "unsubscribed",
  id: 3,
  sid,
  seq,
  unknownFields
})

export const error = (code: number, sid: number | null, seq: number | null): ServerMessage => ({
  _tag: "error",
  id: null,
  code,
  message: `error ${code}`,
  sid,
  seq,
  marketTickers: null,
  unknownFields
})

export const undecodable = (sid: number | null, seq: number | null): ServerMessage => ({
  _tag: "undecodable",
  problem: "garbled",
  sid,
  seq,
  text: "{",
  unknownFields
})

export const unknown = (sid: number | null, seq: number | null): ServerMessage => ({
  _tag: "unknown",
  type: "orderbook_surprise",
  sid,
  seq,
  text: "{}",
  unknownFields
})

export const trade = (sid: number, seq: number, marketTicker: MarketTicker): ServerMessage => ({
  _tag: "trade",
  sid,
  seq,
  tradeId: `trade-${sid}-${seq}`,
  marketTicker,
  yesPriceE4: 4_300,
  sizeE2: 100,
  takerSide: "yes",
  isBlockTrade: false,
  tsExchangeMicros: 1,
  unknownFields
})

export const lifecycle = (sid: number, seq: number, marketTicker: MarketTicker): ServerMessage => ({
  _tag: "market_lifecycle_v2",
  sid,
  seq,
  marketTicker,
  eventType: "settled",
  body: { market_ticker: marketTicker, event_type: "settled" },
  unknownFields
})
