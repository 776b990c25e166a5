/**
 * The recent part of every market's log, with its keyframes, trades and lifecycle messages, in Postgres.
 *
 * Append-only, one writer. Everything of a batch is stored in one transaction together with the watermark, so that what is
 * stored is always a prefix of what was received. Knows nothing of sockets, of books or of what a caller asks: `History`
 * answers questions.
 */
import { PgClient } from "@effect/sql-pg"
import type { BookClock, BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Context, Effect, Layer, type Option } from "effect"
import * as Database from "./Database.ts"
import { HotConnection } from "./HotConnection.ts"
import type { HotTierError } from "./HotTierError.ts"
import * as HotTierMemory from "./HotTierMemory.ts"
import * as HotTierPostgres from "./HotTierPostgres.ts"
import { HotTierState } from "./HotTierState.ts"

export { HotTierError } from "./HotTierError.ts"

/** Up to where everything that was received is durably stored. */
export interface Watermark {
  /** The connection that was current, 0 before the first. */
  readonly epoch: number
  /** Receive clock: every record received up to this moment is stored, Unix microseconds. */
  readonly tsReceivedMicros: number
  /** The latest exchange time carried by any stored book frame, and its receipt, Unix microseconds; both `null` before the first. */
  readonly tsExchangeMicros: number | null
  readonly tsExchangeReceivedMicros: number | null
  /** The tape that is recorded from; `null` without one: it then leaves the stored tape and its entry as they are. */
  readonly tapeId: string | null
  /** All that came of the tape's entries up to this one is stored; 0 for none. */
  readonly tapeEntry: number
}

/** All that one tick of recording produced. */
export interface HotBatch {
  /** In log order within each market. */
  readonly records: ReadonlyArray<BookRecord>
  readonly keyframes: ReadonlyArray<Keyframe>
  readonly trades: ReadonlyArray<TradeRecord>
  readonly lifecycle: ReadonlyArray<LifecycleRecord>
  readonly connections: ReadonlyArray<ConnectionRecord>
  readonly channelGaps: ReadonlyArray<ChannelGap>
  readonly watermark: Watermark
}

/** The last record of a market's log: what a recorder needs to go on writing it. */
export interface LogHead extends RecordHead {
  readonly kind: BookRecord["kind"]
}

/** How far everything is stored, and where each log ends there. */
export interface StoredState {
  readonly watermark: Option.Option<Watermark>
  readonly heads: ReadonlyArray<LogHead>
}

/** A slice of one market's log, in log order. `fromMicros` and `toMicros` are receive times, [from, to). */
export interface RecordQuery {
  readonly marketTicker: MarketTicker
  readonly fromMicros: number
  readonly toMicros: number
  /** Only records after this offset; 0 for all. */
  readonly afterOffset: number
  readonly recordsMax: number
}

/** A slice of one market's trades by (tsExchangeMicros, tradeId), [from, to) by exchange time. */
export interface TradeQuery {
  readonly marketTicker: MarketTicker
  readonly fromMicros: number
  readonly toMicros: number
  /** Continue after this trade. */
  readonly after: Option.Option<{ readonly tsExchangeMicros: number; readonly tradeId: string }>
  readonly tradesMax: number
}

export class HotTier extends Context.Service<
  HotTier,
  {
    /**
     * Stores the batch in one transaction and moves the watermark, which never goes back (its tape's entry only with another
     * tape). Records already stored (at or before the end of their market's log), trades, lifecycle messages and keyframes
     * already stored are ignored; a connection or a hole of a channel already stored takes the end that comes first. A record
     * that leaves a hole in its log is a defect (`OffsetHole`), and so is another writer in the same log (`OtherWriter`). Markets
     * that are not in the catalogue yet get an id.
     * Batches are stored one after another, in the order of the calls.
     */
    readonly append: (batch: HotBatch) => Effect.Effect<void, HotTierError>
    /** The stored watermark; `None` before the first batch ever. */
    readonly watermark: Effect.Effect<Option.Option<Watermark>, HotTierError>
    /** The end of every log that has records. */
    readonly heads: Effect.Effect<ReadonlyArray<LogHead>, HotTierError>
    /** Both as they were at one moment, between two batches. */
    readonly state: Effect.Effect<StoredState, HotTierError>
    /** Of the keyframes whose time by `clock` does not pass `atMicros` the latest, of several at one time the last. */
    readonly keyframeAt: (
      marketTicker: MarketTicker,
      atMicros: number,
      clock: BookClock
    ) => Effect.Effect<Option.Option<Keyframe>, HotTierError>
    /**
     * Records of one market in log order. O(records answered), plus those between `fromMicros` and `afterOffset`: to go on
     * behind a record, ask from its time and after its offset.
     */
    readonly records: (query: RecordQuery) => Effect.Effect<ReadonlyArray<BookRecord>, HotTierError>
    /** The ends of gaps: by offset of the gap, receipt of the first snapshot after it. Gaps that are still open are left out. */
    readonly gapEnds: (
      marketTicker: MarketTicker,
      gapOffsets: ReadonlyArray<number>
    ) => Effect.Effect<ReadonlyMap<number, number>, HotTierError>
    /** Trades of one market, by (tsExchangeMicros, tradeId). */
    readonly trades: (query: TradeQuery) => Effect.Effect<ReadonlyArray<TradeRecord>, HotTierError>
  }
>()("@kalshibook/store/HotTier") {
  static readonly layerNoDeps: Layer.Layer<HotTier, never, PgClient.PgClient> = Layer.effect(
    HotTier,
    Effect.gen(function* () {
      return HotTier.of(HotTierPostgres.make(yield* PgClient.PgClient, yield* HotConnection))
    })
  ).pipe(Layer.provide(HotConnection.layerNoDeps))

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = HotTier.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, without limit: for tests. Built together with the other stores' it shares their state. */
  static readonly layerMemory: Layer.Layer<HotTier> = Layer.effect(
    HotTier,
    Effect.map(HotTierState, (state) => HotTier.of(HotTierMemory.make(state)))
  ).pipe(Layer.provide(HotTierState.layer))
}
