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

/** A log of a state, with what tells one who followed an earlier recorder whether what it was told is part of it. */
export interface FeedLog extends LiveLog {
  /** The last record that was there when this recorder went on with the log; `null` where it began the log itself. */
  readonly taken: RecordHead | null
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
  readonly logs: ReadonlyArray<FeedLog>
  /**
   * Logs that are not written any more, or not yet again: those that an earlier recorder left, and those that ended since; the last
   * ones, as many as the recorder keeps in mind.
   */
  readonly ended: ReadonlyArray<FeedLog>
}

/** What was recorded since the batch before. Comes also when nothing was: it says that the recorder lives. */
export interface FeedBatch {
  readonly _tag: "batch"
  /** 1, 2, 3 ... without holes within a `feedId`. */
  readonly number: number
  /** Receive clock, Unix microseconds: everything received up to this moment is in this batch or an earlier one. */
  readonly tsReceivedMicros: number
  /** Logs that are written again, as they stood before the records of this batch. A new log begins with offset 1 and is not here. */
  readonly begun: ReadonlyArray<LiveLog>
  /** In log order within each market. */
  readonly records: ReadonlyArray<BookRecord>
  /** Logs that are not written any more after this batch. The last record of each is a gap, in this batch or an earlier one. */
  readonly ended: ReadonlyArray<MarketTicker>
  /** Also those that were missed and are read later by REST (`epoch` 0), with their own, older, exchange time. Rarely both: the id tells. */
  readonly trades: ReadonlyArray<TradeRecord>
  readonly lifecycle: ReadonlyArray<LifecycleRecord>
  readonly channelGaps: ReadonlyArray<ChannelGap>
}

/** What a batch holds. */
export type FeedContent = Omit<FeedBatch, "_tag" | "number" | "tsReceivedMicros">

/** Of a batch that only says that the recorder lives. */
export const nothingRecorded: FeedContent = {
  begun: [],
  records: [],
  ended: [],
  trades: [],
  lifecycle: [],
  channelGaps: []
}

/** The recorder is not heard any more: what is known is getting old. Followed by batches that go on, or by another state. */
export interface FeedLost {
  readonly _tag: "lost"
  /** For people. */
  readonly cause: string
}

export type FeedMessage = FeedState | FeedBatch | FeedLost
