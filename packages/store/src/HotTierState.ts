/** What the stores in memory keep instead of tables. Those that are built together share one, as they would share a database. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Context, Layer } from "effect"
import type { StoredChannelGap } from "./ChannelGaps.ts"
import type { Watermark } from "./HotTier.ts"

interface State {
  readonly logs: Map<MarketTicker, Array<BookRecord>>
  /** By offset. */
  readonly keyframes: Map<MarketTicker, Map<number, Keyframe>>
  /** By trade id. */
  readonly trades: Map<string, TradeRecord>
  /** By epoch, sid and seq. */
  readonly lifecycle: Map<string, LifecycleRecord>
  /** By epoch. */
  readonly connections: Map<number, ConnectionRecord>
  /** By `Endings.keyOf`. */
  readonly channelGaps: Map<string, StoredChannelGap>
  watermark: Watermark | undefined
}

export class HotTierState extends Context.Service<HotTierState, State>()("@kalshibook/store/HotTierState") {
  static readonly layer: Layer.Layer<HotTierState> = Layer.sync(HotTierState, () => ({
    logs: new Map(),
    keyframes: new Map(),
    trades: new Map(),
    lifecycle: new Map(),
    connections: new Map(),
    channelGaps: new Map(),
    watermark: undefined
  }))
}
