/**
 * Answers over the stored logs: the book of a market at a moment, of many at once, a series of them, slices of the log, its trades.
 *
 * An answer always says how far it can be trusted and from where it was rebuilt, and is the same whichever tier holds the records.
 * Knows nothing of HTTP.
 */
import type { Book } from "@kalshibook/core/Book"
import type { BookClock, BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import type { BookSamples } from "@kalshibook/core/BookSamples"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import type * as Trust from "@kalshibook/core/Trust"
import { Context, Effect, Layer, type Option, type Stream } from "effect"
import { ColdTier } from "./cold/ColdTier.ts"
import { ObjectCache } from "./cold/ObjectCache.ts"
import { SealedHours } from "./cold/SealedHours.ts"
import * as HistoryAnswers from "./HistoryAnswers.ts"
import type { CandlePart, CandlesQuery } from "./HistoryCandles.ts"
import type { DerivedQuery, DerivedRecord } from "./HistoryDerived.ts"
import type { BeforeFirstRecord, InTheFuture, MarketNotRecorded } from "./HistoryProblem.ts"
import type { SamplesQuery } from "./HistorySamples.ts"
import { HotTier, type RecordQuery, type TradeQuery } from "./HotTier.ts"
import { ObjectStore } from "./objects/ObjectStore.ts"
import * as SealedDigest from "./SealedDigest.ts"
import type { LogError, Tier } from "./TieredLog.ts"

export { BeforeFirstRecord, InTheFuture, MarketNotRecorded } from "./HistoryProblem.ts"

/** A market's book at a moment, with its proof. */
export interface BookAnswer {
  readonly marketTicker: MarketTicker
  /** The moment that was asked for, or, for "now", the watermark. */
  readonly atMicros: number
  readonly clock: BookClock
  readonly book: Book
  readonly trust: Trust.Trust
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
  /** Which storage held the records; `both` when the fold began in the cold one and went on in the hot one. */
  readonly tier: Tier
  /** Key of the object with which the fold began; `null` where it began in the hot tier. */
  readonly source: string | null
}

/** Books of several markets at one moment. */
export interface BooksQuery {
  readonly tickers: ReadonlyArray<MarketTicker>
  /** `undefined` for the watermark. */
  readonly atMicros: number | undefined
  readonly clock: BookClock
  /** Whether markets whose recording had ended with their close are part of the answer. */
  readonly withClosed: boolean
}

export interface BooksAnswer {
  /** The moment that was asked for, or the watermark. */
  readonly atMicros: number
  /** In the order of the tickers; markets without a record up to the moment are left out. */
  readonly books: ReadonlyArray<BookAnswer>
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
    ) => Effect.Effect<BookAnswer, MarketNotRecorded | BeforeFirstRecord | InTheFuture | LogError>
    /** The book as of the last commit; `atMicros` of the answer is the watermark. Stale when no recorder has committed lately. */
    readonly bookNow: (marketTicker: MarketTicker) => Effect.Effect<BookAnswer, MarketNotRecorded | LogError>
    /** The same of many markets. Of a sealed hour, by the receive clock, thousands take a second; else each takes its own time. */
    readonly booksAt: (query: BooksQuery) => Effect.Effect<BooksAnswer, InTheFuture | LogError>
    /**
     * The markets that were recorded at the moment (`undefined`: the watermark), ascending bytewise, and perhaps some that had
     * ended or had not begun.
     */
    readonly recordedAt: (atMicros: number | undefined) => Effect.Effect<ReadonlyArray<MarketTicker>, LogError>
    /**
     * The book at regular moments of [from, to), some thousands at a time, up to the watermark. Moments before the first record
     * are left out, so of a market without any there are none.
     */
    readonly samples: (query: SamplesQuery) => Stream.Stream<BookSamples, LogError>
    /** What was quoted and traded in regular buckets, up to the watermark. */
    readonly candles: (query: CandlesQuery) => Stream.Stream<CandlePart, LogError>
    /** A page of the log, gaps included, with the ends of its gaps by offset of the gap. */
    readonly records: (
      query: RecordQuery
    ) => Effect.Effect<
      { readonly records: ReadonlyArray<BookRecord>; readonly gapEndsMicros: ReadonlyMap<number, number> },
      MarketNotRecorded | LogError
    >
    /** The log from end to end of a range, page by page, each record with measures of the book right after it. */
    readonly recordsDerived: (
      query: DerivedQuery
    ) => Stream.Stream<ReadonlyArray<DerivedRecord>, MarketNotRecorded | LogError>
    /** What answers about everything before a moment rest on, where all of it is sealed and right (`SealedDigest`). */
    readonly sealedDigest: (toMicros: number) => Effect.Effect<Option.Option<string>>
    readonly trades: (query: TradeQuery) => Effect.Effect<ReadonlyArray<TradeRecord>, LogError>
  }
>()("@kalshibook/store/History") {
  static readonly layerNoDeps: Layer.Layer<History, never, HotTier | SealedHours | ColdTier> = Layer.effect(
    History,
    Effect.gen(function* () {
      const tiers = { hot: yield* HotTier, sealed: yield* SealedHours, cold: yield* ColdTier }
      return History.of(HistoryAnswers.make(tiers, yield* SealedDigest.make(tiers.sealed)))
    })
  )

  /** Over both tiers, the cold one as the environment says where it is (`ObjectStore.layer`, `ObjectCache`, `ColdTier`). */
  static readonly layerTiers = History.layerNoDeps.pipe(
    Layer.provide(SealedHours.layerNoDeps),
    Layer.provide(ColdTier.layerConfig),
    Layer.provide(ObjectCache.layerConfig),
    Layer.provide(ObjectStore.layer)
  )

  /** Over a hot tier that nothing has left: where nothing is sealed. */
  static readonly layerHot: Layer.Layer<History, never, HotTier> = History.layerNoDeps.pipe(
    Layer.provide([SealedHours.layerNone, ColdTier.layerNone])
  )

  /** Over a hot tier in memory (`HotTier.layerMemory`), for tests. */
  static readonly layerMemory: Layer.Layer<History> = History.layerHot.pipe(Layer.provide(HotTier.layerMemory))
}
