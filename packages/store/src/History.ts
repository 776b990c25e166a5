/**
 * Answers over the stored logs: the book of a market at a moment, slices of its log, its trades.
 *
 * An answer always says how far it can be trusted and from where it was rebuilt. Knows nothing of HTTP.
 */
import type { Book } from "@kalshibook/core/Book"
import type { BookClock, BookRecord, GapRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import * as Trust from "@kalshibook/core/Trust"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { HotTier, type RecordQuery, type TradeQuery, type Watermark } from "./HotTier.ts"
import type { HotTierError } from "./HotTierError.ts"

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
>()("@kalshibook/store/History") {
  static readonly layerNoDeps: Layer.Layer<History, never, HotTier> = Layer.effect(
    History,
    Effect.map(HotTier, (hot) => History.of(make(hot)))
  )

  /** Over the database of the environment (`Database.layer`). */
  static readonly layer = History.layerNoDeps.pipe(Layer.provide(HotTier.layer))

  /** Over a hot tier in memory (`HotTier.layerMemory`), for tests. */
  static readonly layerMemory: Layer.Layer<History> = History.layerNoDeps.pipe(Layer.provide(HotTier.layerMemory))
}

/** Longest wait for a moment that is just not stored yet: a recorder commits several times a second. */
export const watermarkWaitMillisMax = 2_000
const watermarkPollMillis = 20
/** A recorder that has not committed for so long is not running: nobody waits for it, and "now" is not trusted. */
export const recorderSilenceMillisMax = 10_000
/** How much later than others a frame may arrive; shorter than the wait, so that a quiet exchange makes nobody wait in vain. */
export const exchangeLagMicrosMax = 1_000_000
/** As far apart as keyframes, so that one page holds all there is to fold on top of one. */
const recordsPerPageMax = 500

const make = (hot: HotTier["Service"]): History["Service"] => {
  // What is stored stays stored, so an old watermark saves asking for the current one, for all moments before it.
  let known: Watermark | undefined

  const readWatermark = hot.watermark.pipe(
    Effect.tap((stored) =>
      Effect.sync(() => {
        known = Option.getOrUndefined(stored) ?? known
      })
    )
  )

  /** Waits until everything up to the moment is stored, if that can be expected. Returns the watermark, `None` if there is none. */
  const waitFor = Effect.fnUntraced(function* (atMicros: number, clock: BookClock) {
    if (known !== undefined && atMicros <= provenMicros(known, clock)) return Option.some(known)
    const startMillis = yield* Clock.currentTimeMillis
    while (true) {
      const stored = yield* readWatermark
      const nowMillis = yield* Clock.currentTimeMillis
      const nowMicros = Option.match(stored, {
        onNone: () => microsOf(nowMillis),
        onSome: (mark) => Math.max(microsOf(nowMillis) + clockLead(mark, clock), provenMicros(mark, clock))
      })
      if (atMicros > nowMicros) return yield* new InTheFuture({ atMicros, nowMicros })
      if (Option.isNone(stored) || atMicros <= provenMicros(stored.value, clock)) return stored
      if (isSilent(stored.value, nowMillis) || nowMillis - startMillis >= watermarkWaitMillisMax) return stored
      yield* Effect.sleep(watermarkPollMillis)
    }
  })

  /** The fold of the longest stored prefix at the moment, and the offset of the keyframe it began at. */
  const fold = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const keyframe = Option.getOrUndefined(yield* hot.keyframeAt(ticker, atMicros, clock))
    const replay = keyframe === undefined ? Replay.make() : Replay.fromKeyframe(keyframe)
    let recordsMax = recordsPerPageMax
    while (true) {
      const { last } = replay
      const records = yield* hot.records({
        marketTicker: ticker,
        fromMicros: last?.tsReceivedMicros ?? 0,
        toMicros: clock === "received" ? atMicros + 1 : Number.MAX_SAFE_INTEGER,
        afterOffset: last?.offset ?? 0,
        recordsMax
      })
      const isComplete = Replay.applyUntil(replay, records, atMicros, clock)
      if (isComplete || records.length < recordsMax) break
      // A page of nothing but snapshots whose place only the delta behind them can show.
      if (replay.last === last) recordsMax *= 2
    }
    if (replay.last === undefined) return yield* nothingBefore(ticker, atMicros, clock)
    return { replay, last: replay.last, keyframeOffset: keyframe?.offset ?? null }
  })

  const nothingBefore = Effect.fnUntraced(function* (marketTicker: MarketTicker, atMicros: number, clock: BookClock) {
    const records = yield* hot.records({ marketTicker, ...allTime, afterOffset: 0, recordsMax: recordsPerPageMax })
    const [first] = records
    if (first === undefined) return yield* new MarketNotRecorded({ marketTicker })
    const firstRecordMicros = clock === "received" ? first.tsReceivedMicros : firstExchangeMicros(records)
    return yield* new BeforeFirstRecord({ marketTicker, atMicros, firstRecordMicros })
  })

  const answer = Effect.fnUntraced(function* (
    marketTicker: MarketTicker,
    atMicros: number,
    clock: BookClock,
    /** From where on nothing is proven at this moment; `undefined` when all of it is. */
    stoppedAt: Watermark | undefined
  ) {
    const { replay, last, keyframeOffset } = yield* fold(marketTicker, atMicros, clock)
    const isCut = stoppedAt !== undefined && replay.trust._tag === "trusted"
    const trust = isCut
      ? Trust.stale(recorderStopped(last, stoppedAt, microsOf(yield* Clock.currentTimeMillis)))
      : replay.trust
    const gapEnds = trust._tag === "stale" && !isCut ? yield* hot.gapEnds(marketTicker, [trust.gap.offset]) : undefined
    return {
      marketTicker,
      atMicros,
      clock,
      book: replay.book,
      trust,
      gapEndsMicros: (trust._tag === "stale" ? gapEnds?.get(trust.gap.offset) : undefined) ?? null,
      last,
      keyframeOffset,
      recordsApplied: replay.recordsApplied,
      tier: "hot" as const
    }
  })

  const bookAt = Effect.fn("History.bookAt")(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const mark = Option.getOrUndefined(yield* waitFor(atMicros, clock))
    if (mark === undefined) return yield* new MarketNotRecorded({ marketTicker: ticker })
    return yield* answer(ticker, atMicros, clock, atMicros <= provenMicros(mark, clock) ? undefined : mark)
  })

  const bookNow = Effect.fn("History.bookNow")(function* (ticker: MarketTicker) {
    const mark = Option.getOrUndefined(yield* readWatermark)
    if (mark === undefined) return yield* new MarketNotRecorded({ marketTicker: ticker })
    const stoppedAt = isSilent(mark, yield* Clock.currentTimeMillis) ? mark : undefined
    return yield* answer(ticker, mark.tsReceivedMicros, "received", stoppedAt).pipe(
      // Every stored record lies at or before the watermark.
      Effect.catchTag("BeforeFirstRecord", (error) => Effect.die(error))
    )
  })

  const records = Effect.fn("History.records")(function* (query: RecordQuery) {
    const { marketTicker } = query
    const found = yield* hot.records(query)
    if (found.length === 0) {
      const [first] = yield* hot.records({ marketTicker, ...allTime, afterOffset: 0, recordsMax: 1 })
      if (first === undefined) return yield* new MarketNotRecorded({ marketTicker })
    }
    const gaps = found.filter((record) => record.kind === "gap").map((gap) => gap.offset)
    const gapEndsMicros = gaps.length === 0 ? new Map<number, number>() : yield* hot.gapEnds(marketTicker, gaps)
    return { records: found, gapEndsMicros }
  })

  return { bookAt, bookNow, records, trades: (query) => hot.trades(query) }
}

/** The first moment by the exchange's clock that has an answer: the first delta may show that the snapshot is older than its receipt. */
const firstExchangeMicros = (records: ReadonlyArray<BookRecord>): number => {
  const times: Array<number> = []
  for (const record of records) {
    times.push(Replay.exchangeMicros(Replay.make(), record))
    if (record.kind !== "snapshot") break
  }
  return Math.min(...times)
}

const allTime = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }

/** The end of a millisecond: what was received within it is not in its future. */
export const microsOf = (millis: number): number => millis * 1_000 + 999

/** How far the clock is ahead of ours, by the latest exchange time and its receipt; 0 where neither is known. */
const clockLead = ({ tsExchangeMicros, tsExchangeReceivedMicros }: Watermark, clock: BookClock): number =>
  clock === "exchange" && tsExchangeMicros !== null && tsExchangeReceivedMicros !== null
    ? tsExchangeMicros - tsExchangeReceivedMicros
    : 0

/**
 * The last moment, by the clock, up to which everything is stored. By the exchange's: the latest exchange time received, or,
 * while the exchange is quiet, what its clock showed `exchangeLagMicrosMax` before the watermark; what it did until then is
 * no longer under way to us.
 */
const provenMicros = (mark: Watermark, clock: BookClock): number => {
  if (clock === "received") return mark.tsReceivedMicros
  const quietMicros = mark.tsReceivedMicros + clockLead(mark, clock) - exchangeLagMicrosMax
  return Math.max(mark.tsExchangeMicros ?? 0, quietMicros)
}

export const isSilent = (mark: Pick<Watermark, "tsReceivedMicros">, nowMillis: number): boolean =>
  nowMillis - mark.tsReceivedMicros / 1_000 > recorderSilenceMillisMax

/** The gap that a recorder would write if it started now. */
const recorderStopped = (last: RecordHead, mark: Watermark, nowMicros: number): GapRecord => ({
  kind: "gap",
  marketTicker: last.marketTicker,
  offset: last.offset,
  epoch: mark.epoch,
  sid: 0,
  seq: 0,
  tsExchangeMicros: mark.tsExchangeMicros,
  tsReceivedMicros: mark.tsReceivedMicros + 1,
  cause: "recorder_stopped",
  tsDetectedMicros: Math.max(nowMicros, mark.tsReceivedMicros + 1)
})
