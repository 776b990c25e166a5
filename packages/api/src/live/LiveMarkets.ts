/**
 * Every market as it is now, in the memory of this process: the fold of the feed, and the last records of each log, so that a
 * subscriber joins without a question to the database. One of it serves all subscribers of the process.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { LiveLog } from "@kalshibook/core/FeedMessage"
import type { LagQuantiles } from "@kalshibook/core/LagHistogram"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Feed } from "@kalshibook/store/feed/Feed"
import { Clock, Context, Effect, Layer, type Option, type Scope, Stream } from "effect"
import * as LiveFolding from "./LiveFolding.ts"
import * as LiveMetrics from "./LiveMetrics.ts"

/** What happened to the markets at once. Listeners are called with it right after `logOf` shows it. */
export interface LiveUpdate {
  /** Receive clock, Unix microseconds: everything received up to this moment was told. */
  readonly tsReceivedMicros: number
  /** By market in log order; each run goes on right behind the last offset that was told of that market. */
  readonly recordsByMarket: ReadonlyMap<MarketTicker, ReadonlyArray<BookRecord>>
  readonly trades: ReadonlyArray<TradeRecord>
  readonly lifecycle: ReadonlyArray<LifecycleRecord>
  readonly channelGaps: ReadonlyArray<ChannelGap>
  /**
   * Markets whose log does not go on behind what was told last, or of which nothing was told: `logOf` has where they stand now; where
   * it has nothing, the log is not written any more, and its end is in the history. `ahead`: the records between are in the history.
   * `rewritten`: records that were told are not part of the log (the recorder died before they were safe), or nobody can say
   * that they are. Never together with records of the same market.
   */
  readonly resynced: ReadonlyMap<MarketTicker, "ahead" | "rewritten">
  /**
   * Trades, lifecycle messages and holes of channels that were received in (`afterMicros`, `toMicros`] were not told, or not all;
   * they are in the history, or will be as soon as they are stored. `null` where the update goes on behind the one before.
   */
  readonly untold: { readonly afterMicros: number; readonly toMicros: number } | null
}

/** Whether the recorder is heard. */
export interface LiveState {
  readonly state: "waiting" | "live" | "lost"
  /** Receive clock, Unix microseconds, up to which everything is known; 0 before the first state. */
  readonly tsReceivedMicros: number
  /** Names the run of the recorder; `null` before the first state. */
  readonly feedId: string | null
  /** Why the recorder is not heard, for people; `null` while it is, and while nobody knows. */
  readonly problem: string | null
}

export class LiveMarkets extends Context.Service<
  LiveMarkets,
  {
    readonly state: () => LiveState
    /**
     * Where the log stands. `None` for a market that is not recorded; one whose recording ended lately is known for a while, with
     * the gap that ended it. Its levels are made for this call: O(levels).
     */
    readonly logOf: (marketTicker: MarketTicker) => Option.Option<LiveLog>
    /** The last offset; 0 for a market of which `logOf` knows nothing. O(1). */
    readonly offsetOf: (marketTicker: MarketTicker) => number
    /** The markets that are recorded now. */
    readonly tickers: () => Iterable<MarketTicker>
    /**
     * The records after `afterOffset` up to now, in log order; `None` when memory does not reach back so far (then: history), or when
     * the log does not reach so far. How much is kept is bounded by count over all markets.
     */
    readonly recordsAfter: (marketTicker: MarketTicker, afterOffset: number) => Option.Option<ReadonlyArray<BookRecord>>
    /**
     * Calls the listener synchronously with each update, until the scope is closed. A listener must not wait or throw: one that
     * throws is called no more.
     */
    readonly listen: (listener: (update: LiveUpdate) => void) => Effect.Effect<void, never, Scope.Scope>
    /** From the receipt of a record by the recorder to its being told here, over the last minute; `null` when there was none. */
    readonly lag: () => LagQuantiles | null
  }
>()("@kalshibook/api/live/LiveMarkets") {
  /** Follows the feed until its scope is closed. */
  static readonly layerNoDeps: Layer.Layer<LiveMarkets, never, Feed> = Layer.effect(
    LiveMarkets,
    Effect.gen(function* () {
      const feed = yield* Feed
      const clock = yield* Clock.Clock
      const folding = LiveFolding.make()
      const follow = Stream.runForEachArray(feed.messages, (messages) =>
        Effect.suspend(() => {
          const nowMicros = Number(clock.currentTimeNanosUnsafe() / 1_000n)
          const problems = messages.flatMap((message) => folding.take(message, nowMicros))
          return Effect.forEach(problems, (problem) => Effect.logError("a listener of the live feed failed", problem), {
            discard: true
          })
        })
      )
      yield* Effect.forkScoped(follow)
      yield* Effect.forkScoped(LiveMetrics.run(folding))
      return LiveMarkets.of({
        state: folding.state,
        logOf: folding.logOf,
        offsetOf: folding.offsetOf,
        tickers: folding.tickers,
        recordsAfter: folding.recordsAfter,
        lag: folding.lag,
        listen: (listener) =>
          Effect.acquireRelease(
            Effect.sync(() => folding.add(listener)),
            (remove) => Effect.sync(remove)
          )
      })
    })
  )
}
