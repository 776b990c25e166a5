/**
 * What a recorder tells those who follow it live: first the state of every log, then batch by batch what was added to them.
 *
 * It speaks before anything is committed or on the disk: a recorder that dies at that moment may have told of records that nobody
 * stored. That is seen by the next state, and said to whoever was told (`feedId` is another one then).
 */
import type { BookLevels, BookRecord, MarketTicker, RecordHead } from "./BookRecord.ts"
import type { ChannelGap } from "./ChannelGap.ts"
import type { LifecycleRecord, TradeRecord } from "./TradeRecord.ts"
import type { Trust } from "./Trust.ts"

/** Where a log stands: all that a fold of it needs to go on. */
export interface LiveLog {
  readonly marketTicker: MarketTicker
  /** Head of the last record. */
  readonly last: RecordHead
  readonly trust: Trust
  /** As in `Replay`, Unix microseconds. */
  readonly tsExchangeEffectiveMicros: number
  readonly tsExchangeProvenMicros: number
  /** The book, or while it is stale the last good one as far as the recorder has it. */
  readonly levels: BookLevels
}

/** Every log that is being written, as it stands right after batch `number`. */
export interface FeedState {
  readonly _tag: "state"
  /** Names one run of one recorder. Numbers mean something only inside it. */
  readonly feedId: string
  /** The last batch that is part of this state; 0 before the first. */
  readonly number: number
  /** Receive clock, Unix microseconds: everything received up to this moment is part of the state. */
  readonly tsReceivedMicros: number
  readonly logs: ReadonlyArray<LiveLog>
}

/** What was recorded since the batch before. Comes also when nothing was: it says that the recorder lives. */
export interface FeedBatch {
  readonly _tag: "batch"
  /** 1, 2, 3 ... without holes within a `feedId`. */
  readonly number: number
  /** Receive clock, Unix microseconds: everything received up to this moment is in this batch or an earlier one. */
  readonly tsReceivedMicros: number
  /** In log order within each market. */
  readonly records: ReadonlyArray<BookRecord>
  readonly trades: ReadonlyArray<TradeRecord>
  readonly lifecycle: ReadonlyArray<LifecycleRecord>
  readonly channelGaps: ReadonlyArray<ChannelGap>
}

/** The recorder is not heard any more: what is known is getting old. Followed by batches that go on, or by another state. */
export interface FeedLost {
  readonly _tag: "lost"
  /** For people. */
  readonly cause: string
}

export type FeedMessage = FeedState | FeedBatch | FeedLost
