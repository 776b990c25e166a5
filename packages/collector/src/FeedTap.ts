/**
 * What was recorded is told before it is committed, and before it is on the disk: every few milliseconds whatever the recorder has
 * added to its outbox since. The outbox may be emptied in between, by whoever commits it or because it is full, so it is emptied
 * through here (`drain`, `clear`): what was not told yet is kept first.
 *
 * Plain and synchronous, between frames; a tick costs a copy of references. Without a hub nothing is told and nothing kept.
 */
import type { BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { FeedLog, LiveLog } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import type { LogEnd, MarketLog } from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import type { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { Duration, Effect } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { RecordingState } from "./Recording.ts"

/** Records in one batch: what a follower gets at a time stays small. */
const recordsPerBatchMax = 2_000
/** While nothing is recorded, this often is said that the recorder lives. */
const silenceMicrosMax = 500_000
/** Logs that ended and are kept in mind, unless more were left by the recorder before. */
const endedMax = 2_000

/** What waits to be told. */
interface Waiting {
  begun: Array<LiveLog>
  records: Array<BookRecord>
  ended: Array<MarketTicker>
  trades: Array<TradeRecord>
  lifecycle: Array<LifecycleRecord>
  channelGaps: Array<ChannelGap>
}

/** How much of the outbox was taken. */
interface Taken {
  records: number
  trades: number
  lifecycle: number
  channelGaps: number
}

export interface FeedTap {
  readonly hub: FeedHub["Service"] | undefined
  waiting: Waiting
  readonly taken: Taken
  /** Where logs that are written went on, if they did. */
  readonly takenUp: Map<MarketTicker, RecordHead>
  /** Logs that are not written, those that ended first first. */
  readonly ended: Map<MarketTicker, FeedLog>
  /** When a batch was told last, by the monotonic clock, and up to when everything received was told. */
  publishedAtMicros: number
  tsToldMicros: number
}

const nothing = (): Waiting => ({ begun: [], records: [], ended: [], trades: [], lifecycle: [], channelGaps: [] })

/** What is in the outbox already is not told: it was before, or is part of `left`, the logs that an earlier recorder left. */
export const make = (
  hub: FeedHub["Service"] | undefined,
  outbox: Outbox.Outbox,
  left: ReadonlyArray<LiveLog>
): FeedTap => ({
  hub,
  waiting: nothing(),
  taken: {
    records: outbox.records.length,
    trades: outbox.trades.length,
    lifecycle: outbox.lifecycle.length,
    channelGaps: outbox.channelGaps.length
  },
  takenUp: new Map(),
  ended: new Map(left.map((log) => [log.marketTicker, { ...log, taken: null }])),
  publishedAtMicros: 0,
  tsToldMicros: 0
})

/** Takes everything out of the outbox. */
export const drain = ({ recorder: { outbox }, tap }: RecordingState): Outbox.Outbox => {
  collect(tap, outbox)
  forgetTaken(tap)
  return Outbox.drain(outbox)
}

/** Lets go of everything in the outbox. */
export const clear = ({ recorder: { outbox }, tap }: RecordingState): void => {
  collect(tap, outbox)
  forgetTaken(tap)
  Outbox.clear(outbox)
}

const collect = ({ hub, taken, waiting }: FeedTap, outbox: Outbox.Outbox): void => {
  if (hub === undefined) return
  taken.records = take(outbox.records, taken.records, waiting.records)
  taken.trades = take(outbox.trades, taken.trades, waiting.trades)
  taken.lifecycle = take(outbox.lifecycle, taken.lifecycle, waiting.lifecycle)
  taken.channelGaps = take(outbox.channelGaps, taken.channelGaps, waiting.channelGaps)
}

/** Returns how many of the source are taken then. */
const take = <A>(source: ReadonlyArray<A>, from: number, target: Array<A>): number => {
  for (let at = from; at < source.length; at++) target.push(source[at] as A)
  return source.length
}

const forgetTaken = ({ taken }: FeedTap): void => {
  taken.records = 0
  taken.trades = 0
  taken.lifecycle = 0
  taken.channelGaps = 0
}

/** The recording of a market goes on behind the end of its log. */
export const begun = (recording: RecordingState, end: LogEnd): void => {
  const { hub, ended, takenUp } = recording.tap
  if (hub === undefined) return
  const ticker = end.last.marketTicker
  // In one batch logs begin before any records, and end after all of them.
  if (recording.tap.waiting.ended.includes(ticker)) publish(recording)
  recording.tap.waiting.begun.push(LiveFold.fromEnd(end))
  takenUp.set(ticker, end.last)
  ended.delete(ticker)
}

/** The recording of a market is over; the last record of its log is a gap. */
export const over = ({ tap: { ended, hub, takenUp, waiting } }: RecordingState, log: MarketLog): void => {
  const standing = LiveFold.toLog(log.replay)
  if (hub === undefined || standing === undefined) return
  const ticker = log.marketTicker
  waiting.ended.push(ticker)
  ended.set(ticker, { ...standing, taken: takenUp.get(ticker) ?? null })
  takenUp.delete(ticker)
  if (ended.size <= endedMax) return
  for (const oldest of ended.keys()) {
    ended.delete(oldest)
    return
  }
}

/** Trades that were missed and are read by REST, as far as they were not known. */
export const filled = ({ tap: { hub, waiting } }: RecordingState, trades: ReadonlyArray<TradeRecord>): void => {
  if (hub !== undefined) take(trades, 0, waiting.trades)
}

/** Tells what waits, or, when there was nothing for long, that the recorder lives. */
const tick = (recording: RecordingState): void => {
  const { clock, recorder, tap } = recording
  collect(tap, recorder.outbox)
  const { begun, channelGaps, ended, lifecycle, records, trades } = tap.waiting
  const isNothing =
    records.length + trades.length + lifecycle.length + channelGaps.length + begun.length + ended.length === 0
  if (!isNothing || clock.monotonicMicros() - tap.publishedAtMicros >= silenceMicrosMax) publish(recording)
}

const publish = ({ clock, recorder, tap }: RecordingState): void => {
  const { hub } = tap
  if (hub === undefined) return
  collect(tap, recorder.outbox)
  const { begun, ended, records, ...beside } = tap.waiting
  tap.waiting = nothing()
  tap.publishedAtMicros = clock.monotonicMicros()
  const tsBeforeMicros = tap.tsToldMicros
  const tsReceivedMicros = clock.mark()
  let at = 0
  for (; records.length - at > recordsPerBatchMax; at += recordsPerBatchMax) {
    const part = records.slice(at, at + recordsPerBatchMax)
    hub.publish(tsBeforeMicros, { ...nothing(), begun: at === 0 ? begun : [], records: part })
  }
  const rest = at === 0 ? { begun, records } : { begun: [], records: records.slice(at) }
  hub.publish(tsReceivedMicros, { ...rest, ended, ...beside })
  tap.tsToldMicros = tsReceivedMicros
}

/** Begins to tell: from where all logs stand now. */
export const begin = (recording: RecordingState): void => {
  const { clock, recorder, tap, tape } = recording
  tap.tsToldMicros = clock.mark()
  tap.hub?.begin({
    // The receive clock never goes back, also from one recorder to the next.
    feedId: `${tape.id}-${tap.tsToldMicros}`,
    state: () => {
      publish(recording)
      const logs: Array<FeedLog> = []
      for (const [ticker, { replay }] of recorder.logs) {
        const log = LiveFold.toLog(replay)
        if (log !== undefined) logs.push({ ...log, taken: tap.takenUp.get(ticker) ?? null })
      }
      return { tsReceivedMicros: tap.tsToldMicros, logs, ended: [...tap.ended.values()] }
    }
  })
}

/** Tells what is left, and that there will be no more. */
export const end = (recording: RecordingState): void => {
  publish(recording)
  recording.tap.hub?.end("recording has stopped")
}

/** Tells tick by tick, for ever. */
export const run = (recording: RecordingState, { feedTickMillis }: Pick<CollectorSettings, "feedTickMillis">) =>
  recording.tap.hub === undefined
    ? Effect.never
    : Effect.forever(
        Effect.andThen(
          Effect.sleep(Duration.millis(feedTickMillis)),
          Effect.sync(() => tick(recording))
        )
      )
