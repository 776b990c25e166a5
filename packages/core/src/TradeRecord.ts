/** Trades and lifecycle messages as received: the two logs that stand beside the books. */
import type { MarketTicker, Side } from "./BookRecord.ts"

/** One trade, from the `trade` channel or, filling a hole, from REST. */
export interface TradeRecord {
  /** Kalshi's id, UUID-shaped; unique, so a trade received twice is stored once. */
  readonly tradeId: string
  readonly marketTicker: MarketTicker
  /** The connection, subscription and sequence number that carried it; all 0 when it came by REST. */
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  /** Time of the trade, Unix microseconds (the exchange gives milliseconds). */
  readonly tsExchangeMicros: number
  /** Our time of receipt, Unix microseconds. */
  readonly tsReceivedMicros: number
  /** 1/10,000 dollar on the yes scale; the no price is one dollar less this. */
  readonly yesPriceE4: number
  /** 1/100 contract, greater than 0. */
  readonly sizeE2: number
  /** The side that the taker bought. */
  readonly takerSide: Side
  readonly isBlockTrade: boolean
}

/** One message of the `market_lifecycle_v2` channel, kept whole. */
export interface LifecycleRecord {
  /** The market, or the event where the message is about a whole event. */
  readonly ticker: string
  /** Kalshi's `event_type` (`created`, `determined`, ...), or the message type for event messages. */
  readonly eventType: string
  readonly epoch: number
  readonly sid: number
  readonly seq: number
  readonly tsReceivedMicros: number
  /** The `msg` object as received. */
  readonly body: Readonly<Record<string, unknown>>
}
