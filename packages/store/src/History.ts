/**
 * Answers over the stored logs: the book of a market at a moment, slices of its log, its trades.
 *
 * An answer always says how far it can be trusted and from where it was rebuilt. Knows nothing of HTTP.
 */
import type { Book } from "@kalshibook/core/Book"
import type { BookClock, BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import type { Trust } from "@kalshibook/core/Trust"
import { Context, type Effect, Schema } from "effect"
import type { HotTierError, RecordQuery, TradeQuery } from "./HotTier.ts"

/** Nothing was ever recorded of this market (the catalogue may know it all the same). */
export class MarketNotRecorded extends Schema.TaggedError<MarketNotRecorded>()("MarketNotRecorded", {
  marketTicker: Schema.String
}) {}

/** The moment lies before the market's first record. */
export class BeforeFirstRecord extends Schema.TaggedError<BeforeFirstRecord>()("BeforeFirstRecord", {
  marketTicker: Schema.String,
  atMicros: Schema.Number,
  /** Time of the first record by the clock that was asked for. */
  firstRecordMicros: Schema.Number
}) {}

/** The moment has not come yet. */
export class InTheFuture extends Schema.TaggedError<InTheFuture>()("InTheFuture", {
  atMicros: Schema.Number,
  nowMicros: Schema.Number
}) {}

/** A market's book at a moment, with its proof. */
export interface BookAnswer {
  readonly marketTicker: MarketTicker
  /** The moment that was asked for, or, for "now", the watermark. */
  readonly atMicros: number
  readonly clock: BookClock
  readonly book: Book
  readonly trust: Trust
  /**
   * The end of the gap that `trust` names, where the log has it already: receipt of the next snapshot. `null` while it is
   * open or when the book is not stale.
   */
  readonly gapEndsMicros: number | null
  /** Head of the last record applied. */
  readonly last: RecordHead
  /** Offset of the keyframe from which the fold began; `null` when it began at the log's start. */
  readonly keyframeOffset: number | null
  /** How many records were folded on top of the keyframe. */
  readonly recordsApplied: number
  readonly tier: "hot"
}

export class History extends Context.Service<
  History,
  {
    /**
     * The book at `atMicros` by `clock`: the fold of the longest prefix of the log whose times do not pass it. When the
     * moment lies beyond the watermark, waits up to `watermarkWaitMillisMax` for it to be stored; after that the answer is
     * `stale` with a gap of cause `recorder_stopped` that begins at the watermark.
     */
    readonly bookAt: (
      marketTicker: MarketTicker,
      atMicros: number,
      clock: BookClock
    ) => Effect.Effect<BookAnswer, MarketNotRecorded | BeforeFirstRecord | InTheFuture | HotTierError>
    /** The book as of the last commit; `atMicros` of the answer is the watermark. Stale when no recorder has committed lately. */
    readonly bookNow: (marketTicker: MarketTicker) => Effect.Effect<BookAnswer, MarketNotRecorded | HotTierError>
    /** A page of the log, gaps included, with the ends of its gaps by offset of the gap. */
    readonly records: (
      query: RecordQuery
    ) => Effect.Effect<
      { readonly records: ReadonlyArray<BookRecord>; readonly gapEndsMicros: ReadonlyMap<number, number> },
      MarketNotRecorded | HotTierError
    >
    readonly trades: (query: TradeQuery) => Effect.Effect<ReadonlyArray<TradeRecord>, HotTierError>
  }
>()("@kalshibook/store/History") {}
