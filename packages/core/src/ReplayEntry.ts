/**
 * What a replay of many markets tells, one after the other in the order of receipt: the records of their logs, gaps included, trades,
 * lifecycle messages, and the holes of the channels that carry the latter two.
 */
import type { BookRecord } from "./BookRecord.ts"
import type { ChannelGap } from "./ChannelGap.ts"
import type { LifecycleRecord, TradeRecord } from "./TradeRecord.ts"

/** A trade when it was received: one that was lost and read by REST later stands where that was done, with its own time. */
export interface TradeEntry {
  readonly kind: "trade"
  /** Receive clock, Unix microseconds. */
  readonly tsReceivedMicros: number
  readonly trade: TradeRecord
}

export interface LifecycleEntry {
  readonly kind: "lifecycle"
  readonly tsReceivedMicros: number
  readonly message: LifecycleRecord
}

/** From here on messages of a channel may be missing: stands at the first microsecond that is not proven, like a gap of a book. */
export interface ChannelGapEntry {
  readonly kind: "channel_gap"
  readonly tsReceivedMicros: number
  readonly gap: ChannelGap
}

/**
 * Told apart by `kind`. In the order of `tsReceivedMicros`; of several at one microsecond first the records by market (ascending
 * bytewise) and offset, then holes of channels, trades by id, and lifecycle messages by (epoch, sid, seq).
 */
export type ReplayEntry = BookRecord | ChannelGapEntry | TradeEntry | LifecycleEntry
