/**
 * Every market as it is now, in the memory of this process: the fold of the feed, and the last records of each log, so that a
 * subscriber joins without a question to the database. One of it serves all subscribers of the process.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { LiveLog } from "@kalshibook/core/FeedMessage"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { Context, type Effect, type Option, type Scope } from "effect"

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
   * Markets whose log does not go on behind what was told last: `logOf` has where they stand now. `ahead`: the records between
   * are in the history. `rewritten`: records that were told are not part of the log (the recorder died before they were safe).
   */
  readonly resynced: ReadonlyMap<MarketTicker, "ahead" | "rewritten">
}

/** Whether the recorder is heard. */
export interface LiveState {
  readonly state: "waiting" | "live" | "lost"
  /** Receive clock, Unix microseconds, up to which everything is known; 0 before the first state. */
  readonly tsReceivedMicros: number
  /** Names the run of the recorder; `null` before the first state. */
  readonly feedId: string | null
}

export class LiveMarkets extends Context.Service<
  LiveMarkets,
  {
    readonly state: () => LiveState
    /** Where the log stands; `None` for a market that is not recorded now. Its levels are made for this call: O(levels). */
    readonly logOf: (marketTicker: MarketTicker) => Option.Option<LiveLog>
    /** The last offset; 0 for a market that is not recorded now. O(1). */
    readonly offsetOf: (marketTicker: MarketTicker) => number
    readonly tickers: () => Iterable<MarketTicker>
    /**
     * The records after `afterOffset` up to now, in log order; `None` when memory does not reach back so far (then: history). How
     * much is kept is bounded by count over all markets.
     */
    readonly recordsAfter: (marketTicker: MarketTicker, afterOffset: number) => Option.Option<ReadonlyArray<BookRecord>>
    /** Calls the listener synchronously with each update, until the scope is closed. A listener must not wait or throw. */
    readonly listen: (listener: (update: LiveUpdate) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("@kalshibook/api/live/LiveMarkets") {}
