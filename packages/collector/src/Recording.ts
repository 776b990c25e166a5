/**
 * The live state that the fibers of a collector share: the recorder with its logs and its tape, the places of its connections,
 * and one cell per market through which the synchronous frame path and the market's fiber meet. Frames never hop through fibers:
 * what a frame means for fibers is noted, and when the frame is over, latches are opened and parked fibers wake.
 */

import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import * as LifecycleNews from "@kalshibook/core/kalshi/LifecycleNews"
import type { Maintenance } from "@kalshibook/core/kalshi/Maintenance"
import type { EventLifecycle, MarketLifecycle } from "@kalshibook/core/kalshi/ServerMessage"
import type { LogEnd } from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import type { PriceGrid } from "@kalshibook/core/PriceGrid"
import type * as Recorder from "@kalshibook/core/Recorder"
import type { PriorityRule } from "@kalshibook/core/settings/PriorityRule"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Epochs } from "@kalshibook/store/Epochs"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { type HotBatch, HotTier, type HotTierError } from "@kalshibook/store/HotTier"
import { Tape } from "@kalshibook/store/tape/Tape"
import type { TapeError } from "@kalshibook/store/tape/TapeError"
import { Context, Effect, Latch, Layer, Option } from "effect"
import type { Weight } from "./Admission.ts"
import { Settings } from "./CollectorSettings.ts"
import * as FeedTap from "./FeedTap.ts"
import type { MarketPhase, MarketPlan } from "./MarketPlan.ts"
import * as NotRecorded from "./NotRecorded.ts"
import { ReceiveClock, type ReceiveClockState } from "./ReceiveClock.ts"
import * as Sight from "./Sight.ts"
import * as Slots from "./Slots.ts"
import * as TakeUp from "./TakeUp.ts"

/** Where a market's fiber is in its life. */
export type MarketState = "unopened" | "waiting" | "live" | "refused"

/** One market that is recorded, or will be when it opens. */
export interface Cell {
  readonly ticker: MarketTicker
  /** The place whose connection carries it; `null` before the market opens, and while it gets another place. */
  slot: Slots.Slot | null
  /** Opened when it lost its place. */
  readonly unplaced: Latch.Latch
  state: MarketState
  /** Open while the book is trusted. */
  readonly trusted: Latch.Latch
  /** Open while it is not. */
  readonly broken: Latch.Latch
  /** Opened when `openMicros`, `closeMicros` or `phase` changes. */
  readonly rescheduled: Latch.Latch
  /** Scheduled times of the exchange, Unix microseconds. */
  openMicros: number
  closeMicros: number
  /** What the exchange said last. */
  phase: MarketPhase
  /** The prices that the exchange says it allows. */
  grid: PriceGrid
  /** Where it stands among the others. */
  weight: Weight
  readonly isIncumbent: boolean
  /** Snapshots that made, or confirmed, its book. */
  snapshots: number
  /** The last fault, for people. */
  fault: GapCause | string | null
  /** What the exchange refused it with; `null` while it does not. */
  refusalCode: number | null
}

/** A lifecycle message, with when it was received (Unix microseconds). */
export interface News {
  readonly ticker: string
  readonly news: LifecycleNews.LifecycleNews
  readonly tsReceivedMicros: number
}

/** What was heard of a market: that something about it has changed, or merely that it is there. */
export type Notice = "changed" | "seen"

export interface RecordingState {
  readonly recorder: Recorder.Recorder
  readonly tape: Tape["Service"]
  readonly clock: ReceiveClockState
  readonly sight: Sight.SightState
  readonly cells: Map<MarketTicker, Cell>
  readonly slots: Slots.Slots
  /** Where the logs end that are not being written. */
  readonly ends: Map<MarketTicker, LogEnd>
  /** The epoch that the next connection gets. */
  epochNext: number
  /** What is to be done when the frame is over. */
  readonly afterFrame: Array<() => void>
  /** A frame is being recorded: nothing may be done to the recorder meanwhile, or the tape would tell another order. */
  isInFrame: boolean
  /** The rule by which places are given when there are too few. */
  readonly priority: PriorityRule
  /** How many markets of each rank of the rule have a place. */
  readonly placedByRank: Map<number, number>
  /** Chosen markets that there is no room for. */
  readonly noRoom: Map<MarketTicker, MarketPlan>
  /** What the last look at all markets passed over. */
  passedOver: NotRecorded.PassedOver
  /** Lifecycle messages that nobody has acted on yet, oldest first; `heard` is open while there are any. */
  readonly news: Array<News>
  readonly heard: Latch.Latch
  /** Markets that something was heard of, until discovery has looked at them; `noticed` is open while there are any. */
  readonly notices: Map<MarketTicker, Notice>
  readonly noticed: Latch.Latch
  /** Markets that are not recorded and traded nevertheless, since the last walk over all markets: noticed once. */
  readonly strangers: Set<MarketTicker>
  /** Open when markets may have come and gone unheard, until all open markets are read again. */
  readonly missed: Latch.Latch
  /** When lifecycle messages began to be heard last, Unix microseconds: what was asked for before may be older than what was missed. */
  tsLifecycleMicros: number
  /** Records, and what is stored beside them, that may wait in memory (`CollectorSettings`). */
  readonly queueRecordsMax: number
  /** What was recorded and is told to whoever follows. */
  readonly tap: FeedTap.FeedTap
  /** What was taken from the outbox and is not known to be stored. */
  pending: HotBatch | null
  /** The outbox was full and is not kept any more: the writer takes what is missing from the tape. */
  isSpilled: boolean
  /** Records committed since the start, up to when everything received is committed (receive clock), and up to which entry. */
  recordsCommitted: number
  tsCommittedMicros: number
  tapeEntryCommitted: number
  /** Why the last attempt to commit failed, for people; `null` when it did not. The same of the last attempt to read markets. */
  storeProblem: string | null
  discoveryProblem: string | null
  /** How often any market's fiber had to start again. */
  restarts: number
  /** The exchange rests, as far as is known; `null` while it does not. */
  maintenance: Maintenance | null
}

/** Markets that wait for discovery; when there are more, all open markets are read instead. */
const noticesMax = 10_000

const make = Effect.gen(function* () {
  const channelGaps = yield* ChannelGaps
  const clock = yield* ReceiveClock
  const epochs = yield* Epochs
  const hotTier = yield* HotTier
  const settings = yield* Settings
  const sight = yield* Sight.Sight
  const tape = yield* Tape
  const cells = new Map<MarketTicker, Cell>()
  const afterFrame: Array<() => void> = []
  const listener: Recorder.Listener = {
    trusted: (ticker) => {
      const cell = cells.get(ticker)
      if (cell === undefined) return
      cell.state = "live"
      cell.fault = null
      cell.refusalCode = null
      cell.snapshots++
      cell.broken.closeUnsafe()
      afterFrame.push(() => turn(cell))
    },
    distrusted: (ticker, cause) => {
      const cell = cells.get(ticker)
      if (cell === undefined) return
      cell.state = "waiting"
      cell.fault = cause
      cell.trusted.closeUnsafe()
      Sight.lose(sight, ticker, cause)
      afterFrame.push(() => turn(cell))
    },
    unannounced: (ticker) => {
      if (!cells.has(ticker)) notice(state, ticker, "seen")
    },
    subscriptionEnded: (epoch, _sid, channel) => Slots.linkOf(state.slots, epoch)?.subscriptionEnded(channel)
  }
  const { left, ...taken } = yield* TakeUp.takeUp({ channelGaps, clock, epochs, hotTier, listener, settings, tape })
  const hub = Option.getOrUndefined(yield* Effect.serviceOption(FeedHub))
  const state: RecordingState = {
    ...taken,
    tap: FeedTap.make(hub, taken.recorder.outbox, left),
    tape,
    clock,
    sight,
    cells,
    afterFrame,
    isInFrame: false,
    slots: Slots.make(settings, clock.nowMicros()),
    priority: settings.priority,
    placedByRank: new Map(),
    noRoom: new Map(),
    passedOver: NotRecorded.begin(),
    news: [],
    heard: Latch.makeUnsafe(false),
    notices: new Map(),
    noticed: Latch.makeUnsafe(false),
    strangers: new Set(),
    missed: Latch.makeUnsafe(false),
    tsLifecycleMicros: 0,
    queueRecordsMax: settings.queueRecordsMax,
    pending: null,
    recordsCommitted: 0,
    storeProblem: null,
    discoveryProblem: null,
    restarts: 0,
    maintenance: null
  }
  return state
})

/** Shows by the latches whether the book is trusted now. */
const turn = (cell: Cell): void => {
  if (cell.state === "live") cell.trusted.openUnsafe()
  else cell.broken.openUnsafe()
}

/**
 * Does what was noted within a frame. Gotcha: opening a latch runs the fibers that wait for it at once, within the call; in
 * the middle of a frame they would see, and change, a recorder that is neither before nor after it.
 */
export const finishFrame = ({ afterFrame }: RecordingState): void => {
  while (afterFrame.length > 0) for (const noted of afterFrame.splice(0)) noted()
}

/** Notes for discovery that something was heard of a market. May be called within a frame. */
export const notice = (state: RecordingState, ticker: MarketTicker, what: Notice): void => {
  const { afterFrame, missed, noticed, notices } = state
  if (notices.size >= noticesMax && !notices.has(ticker)) {
    afterFrame.push(() => missed.openUnsafe())
    return
  }
  if (what === "changed" || !notices.has(ticker)) notices.set(ticker, what)
  afterFrame.push(() => noticed.openUnsafe())
}

/** Notes a lifecycle message: what it says itself, and that there is more to be read. Called within a frame. */
export const noticeLifecycle = (
  state: RecordingState,
  message: MarketLifecycle | EventLifecycle,
  tsReceivedMicros: number
): void => {
  const { afterFrame, heard, news } = state
  if (message._tag === "event_lifecycle") {
    news.push({ ticker: message.eventTicker, news: LifecycleNews.ofEvent(message.body), tsReceivedMicros })
  } else {
    const { body, eventType, marketTicker } = message
    news.push({ ticker: marketTicker, news: LifecycleNews.ofMarket(eventType, body), tsReceivedMicros })
    notice(state, marketTicker, "changed")
  }
  afterFrame.push(() => heard.openUnsafe())
}

/** Notes a trade: one in a market that is not recorded may be the first that is heard of it. Called within a frame. */
export const noticeTrade = (state: RecordingState, ticker: MarketTicker): void => {
  const { cells, strangers } = state
  if (cells.has(ticker) || strangers.has(ticker) || strangers.size >= noticesMax) return
  strangers.add(ticker)
  notice(state, ticker, "seen")
}

/** Records received and not committed yet, as far as they are in memory. */
export const recordsWaiting = ({ pending, recorder }: RecordingState): number =>
  (pending?.records.length ?? 0) + recorder.outbox.records.length

/** The same with all that is stored beside records. */
export const entriesWaiting = ({ pending, recorder }: RecordingState): number =>
  (pending === null ? 0 : Outbox.entries(pending)) + Outbox.entries(recorder.outbox)

/** The cell of a market that has no place yet. `isIncumbent`: an earlier run left it recorded. */
export const makeCell = (
  { closeMicros, grid, openMicros, phase, ticker, weight }: MarketPlan,
  isIncumbent: boolean
): Cell => ({
  ticker,
  slot: null,
  unplaced: Latch.makeUnsafe(false),
  state: "unopened",
  trusted: Latch.makeUnsafe(false),
  broken: Latch.makeUnsafe(true),
  rescheduled: Latch.makeUnsafe(false),
  openMicros,
  closeMicros,
  phase,
  grid,
  weight,
  isIncumbent,
  snapshots: 0,
  fault: null,
  refusalCode: null
})

export class Recording extends Context.Service<Recording, RecordingState>()("@kalshibook/collector/Recording") {
  /** Goes on where the tape and the stored logs end. */
  static readonly layerNoDeps: Layer.Layer<
    Recording,
    HotTierError | TapeError,
    ChannelGaps | Epochs | HotTier | ReceiveClock | Settings | Sight.Sight | Tape
  > = Layer.effect(Recording, make)
}
