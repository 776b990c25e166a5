/**
 * The past of many markets as one sequence in the order of receipt, over both tiers: where each book stands, then every record, gap,
 * trade and lifecycle message from there on.
 *
 * A reader is pulled, some thousand entries at a time, and holds a bounded part of what follows (`ReplayReading`). To seek is to open
 * another one: it tells the same as one that came by. Knows nothing of pace (`ReplayPace`) or of who listens.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import { Context, Effect, Layer, Option } from "effect"
import { ChannelGaps } from "../ChannelGaps.ts"
import { ColdTier } from "../cold/ColdTier.ts"
import { ObjectCache } from "../cold/ObjectCache.ts"
import { SealedHours } from "../cold/SealedHours.ts"
import { type BookAnswer, History, type InTheFuture } from "../History.ts"
import { HotTier } from "../HotTier.ts"
import { LifecycleLog } from "../LifecycleLog.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import { ReceivedTrades } from "../ReceivedTrades.ts"
import * as TieredLog from "../TieredLog.ts"
import * as ReplayReading from "./ReplayReading.ts"

export interface ReplayQuery {
  /** Markets whose logs are told; each once. */
  readonly books: ReadonlyArray<MarketTicker> | "all"
  /** Markets whose trades are told. */
  readonly trades: ReadonlyArray<MarketTicker> | "all"
  /** Whether lifecycle messages are told: those of all markets and events. */
  readonly lifecycle: boolean
  /** [from, to) by the receive clock, Unix microseconds; `to` is at most the end of what is stored. */
  readonly fromMicros: number
  readonly toMicros: number
}

export interface ReplayReader {
  /** The books right before `fromMicros`, as `History.booksAt` has them; none of markets without a record by then. */
  readonly books: ReadonlyArray<BookAnswer>
  /** As asked, but not behind what was stored when the reader was opened. */
  readonly toMicros: number
  /** What comes next, in order; `undefined` when everything before `toMicros` was told. Not to be called twice at once. */
  readonly next: Effect.Effect<ReadonlyArray<ReplayEntry> | undefined, TieredLog.LogError>
}

/** Bounds of one reader. */
export interface ReplayLimits {
  /** Rows of a sealed hour in memory, about 100 bytes each. An hour with more is read in as many passes as it takes. */
  readonly rowsMax: number
  /** Records that are read ahead of all logs together where they are not sealed. */
  readonly recordsAheadMax: number
  /** Entries that are given at once. */
  readonly entriesMax: number
}

const limitsDefault: ReplayLimits = { rowsMax: 1_000_000, recordsAheadMax: 200_000, entriesMax: 4_096 }

type Needs = HotTier | SealedHours | ColdTier | History | ReceivedTrades | LifecycleLog | ChannelGaps

export class ReplaySource extends Context.Service<
  ReplaySource,
  {
    /** Fails where the beginning has not come yet. What nobody reads costs nothing, so a reader need not be closed. */
    readonly open: (query: ReplayQuery) => Effect.Effect<ReplayReader, InTheFuture | TieredLog.LogError>
  }
>()("@kalshibook/store/replay/ReplaySource") {
  static readonly layerOf = (limits: Partial<ReplayLimits> = {}): Layer.Layer<ReplaySource, never, Needs> =>
    Layer.effect(
      ReplaySource,
      Effect.suspend(() => make({ ...limitsDefault, ...limits }))
    )

  /** Over the stores of the environment; shares the cold tier with `History.layerTiers` where both are built together. */
  static readonly layerTiers = ReplaySource.layerOf().pipe(
    Layer.provide(SealedHours.layerNoDeps),
    Layer.provide(ColdTier.layerConfig),
    Layer.provide(ObjectCache.layerConfig),
    Layer.provide(ObjectStore.layer),
    Layer.provide([ReceivedTrades.layerNoDeps, LifecycleLog.layerNoDeps, ChannelGaps.layerNoDeps])
  )

  /** Over a hot tier that nothing has left: where nothing is sealed. */
  static readonly layerHot = ReplaySource.layerOf().pipe(
    Layer.provide([SealedHours.layerNone, ColdTier.layerNone]),
    Layer.provide([ReceivedTrades.layerNoDeps, LifecycleLog.layerNoDeps, ChannelGaps.layerNoDeps])
  )

  /** Over a hot tier in memory, for tests. */
  static readonly layerMemory: Layer.Layer<ReplaySource> = ReplaySource.layerOf().pipe(
    Layer.provide([SealedHours.layerNone, ColdTier.layerNone]),
    Layer.provide([
      HotTier.layerMemory,
      History.layerMemory,
      ReceivedTrades.layerMemory,
      LifecycleLog.layerMemory,
      ChannelGaps.layerMemory
    ])
  )
}

const make = (limits: ReplayLimits) =>
  Effect.gen(function* () {
    const history = yield* History
    const hot = yield* HotTier
    const tiers = { hot, sealed: yield* SealedHours, cold: yield* ColdTier }
    const sources = {
      ...tiers,
      log: TieredLog.make(tiers),
      receivedTrades: yield* ReceivedTrades,
      lifecycleLog: yield* LifecycleLog,
      channelGaps: yield* ChannelGaps
    }

    /** Every market of which there is a book at the moment, or a record since. */
    const marketsSince = (fromMicros: number) =>
      Effect.gen(function* () {
        const before = yield* history.recordedAt(fromMicros - 1)
        const since = (yield* hot.heads).filter((head) => head.tsReceivedMicros >= fromMicros)
        return [...new Set([...before, ...since.map((head) => head.marketTicker)])]
      })

    return ReplaySource.of({
      open: Effect.fn("ReplaySource.open")(function* (query) {
        const { fromMicros } = query
        const tickers = [...(query.books === "all" ? yield* marketsSince(fromMicros) : new Set(query.books))].sort()
        const { books } = yield* history.booksAt({
          tickers,
          atMicros: fromMicros - 1,
          clock: "received",
          withClosed: true
        })
        const mark = Option.getOrUndefined(yield* hot.watermark)
        const toMicros = Math.max(fromMicros, Math.min(query.toMicros, (mark?.tsReceivedMicros ?? 0) + 1))
        const reading = yield* ReplayReading.make(sources, limits, {
          tickers,
          allMarkets: query.books === "all",
          trades: query.trades === "all" ? undefined : query.trades,
          lifecycle: query.lifecycle,
          fromMicros,
          toMicros,
          lasts: new Map(books.map(({ last }) => [last.marketTicker, last]))
        })
        return { books, toMicros, next: reading.next }
      })
    })
  })
