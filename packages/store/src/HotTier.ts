/**
 * The recent part of every market's log, with its keyframes, trades and lifecycle messages, in Postgres.
 *
 * Append-only, one writer. Everything of a batch is stored in one transaction together with the watermark, so that what is
 * stored is always a prefix of what was received. Knows nothing of sockets, of books or of what a caller asks: `History`
 * answers questions.
 */
import type { BookClock, BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Context, type Effect, type Option, Schema } from "effect"
import { SqlError } from "effect/sql"

/** Postgres refused or could not be reached; nothing of the operation was stored. */
export class HotTierError extends Schema.TaggedError<HotTierError>()("HotTierError", {
  operation: Schema.String,
  reason: SqlError.SqlError
}) {
  /** Whether the same call may succeed later (the database was away, a deadlock, a timeout). */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** Up to where everything that was received is durably stored. */
export interface Watermark {
  /** The connection that was current, 0 before the first. */
  readonly epoch: number
  /** Receive clock: every record received up to this moment is stored, Unix microseconds. */
  readonly tsReceivedMicros: number
  /** The latest exchange time carried by any stored book frame, and its receipt, Unix microseconds; both `null` before the first. */
  readonly tsExchangeMicros: number | null
  readonly tsExchangeReceivedMicros: number | null
}

/** All that one tick of recording produced. */
export interface HotBatch {
  /** In log order within each market. */
  readonly records: ReadonlyArray<BookRecord>
  readonly keyframes: ReadonlyArray<Keyframe>
  readonly trades: ReadonlyArray<TradeRecord>
  readonly lifecycle: ReadonlyArray<LifecycleRecord>
  readonly watermark: Watermark
}

/** Where a market's log ends: what a recorder needs to go on writing it. */
export interface LogHead {
  readonly marketTicker: MarketTicker
  readonly offset: number
  readonly kind: BookRecord["kind"]
  readonly tsReceivedMicros: number
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
     * Stores the batch in one transaction and moves the watermark, which never goes back. Records already stored (same
     * market, same offset), trades already stored (same id) and keyframes already stored are ignored. Markets that are
     * not in the catalogue yet get an id. Partitions for the batch's hours are made when missing.
     */
    readonly append: (batch: HotBatch) => Effect.Effect<void, HotTierError>
    /** The stored watermark; `None` before the first batch ever. */
    readonly watermark: Effect.Effect<Option.Option<Watermark>, HotTierError>
    /** The end of every log that has records. */
    readonly heads: Effect.Effect<ReadonlyArray<LogHead>, HotTierError>
    /** The last keyframe whose time by `clock` does not pass `atMicros`. */
    readonly keyframeAt: (
      marketTicker: MarketTicker,
      atMicros: number,
      clock: BookClock
    ) => Effect.Effect<Option.Option<Keyframe>, HotTierError>
    /** Records of one market in log order. */
    readonly records: (query: RecordQuery) => Effect.Effect<ReadonlyArray<BookRecord>, HotTierError>
    /** Receive times of the first snapshot after each of the given offsets, where there is one: the ends of gaps. */
    readonly gapEnds: (
      marketTicker: MarketTicker,
      gapOffsets: ReadonlyArray<number>
    ) => Effect.Effect<ReadonlyMap<number, number>, HotTierError>
    /** Trades of one market. */
    readonly trades: (query: TradeQuery) => Effect.Effect<ReadonlyArray<TradeRecord>, HotTierError>
  }
>()("@kalshibook/store/HotTier") {}
