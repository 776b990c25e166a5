/**
 * The live state that the fibers of a collector share: the recorder with its logs, and one cell per market through which the
 * synchronous frame path and the market's fiber meet. Frames never hop through fibers: what a frame means for fibers is noted,
 * and when the frame is over, latches are opened and parked fibers wake.
 */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import type { MarketLifecycle } from "@kalshibook/core/kalshi/ServerMessage"
import * as Outbox from "@kalshibook/core/Outbox"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Recorder from "@kalshibook/core/Recorder"
import type { HotBatch } from "@kalshibook/store/HotTier"
import { Context, Effect, Latch, Layer } from "effect"
import type { KalshiSocket } from "./KalshiSocket.ts"
import { ReceiveClock, type ReceiveClockState } from "./ReceiveClock.ts"
import type { Subscriber } from "./Subscriber.ts"

/** Where a market's fiber is in its life. */
export type MarketState = "unopened" | "waiting" | "live" | "refused"

/** One market that is to be recorded. */
export interface Cell {
  readonly ticker: MarketTicker
  state: MarketState
  /** Open while the book is trusted. */
  readonly trusted: Latch.Latch
  /** Open while it is not. */
  readonly broken: Latch.Latch
  /** Opened when `openMicros` or `closeMicros` changes. */
  readonly rescheduled: Latch.Latch
  /** Scheduled times of the exchange, Unix microseconds. */
  openMicros: number
  closeMicros: number
  /** The last fault, for people. */
  fault: GapCause | string | null
}

/** A connection that is open. */
export interface Link {
  readonly subscriber: Subscriber
  readonly socket: KalshiSocket
  /** The exchange ended what was subscribed on this channel. May be called within a frame. */
  readonly subscriptionEnded: (channel: string) => void
  /** Opened when it is gone. */
  readonly gone: Latch.Latch
}

/** What was heard of a market: that something about it has changed, or merely that it is there. */
export type Notice = "changed" | "seen"

export interface RecordingState {
  readonly recorder: Recorder.Recorder
  readonly clock: ReceiveClockState
  readonly cells: Map<MarketTicker, Cell>
  /** What is to be done when the frame is over. */
  readonly afterFrame: Array<() => void>
  /** The connection that is open; `linked` is open while there is one. */
  link: Link | null
  readonly linked: Latch.Latch
  /** Markets that something was heard of, until discovery has looked at them; `noticed` is open while there are any. */
  readonly notices: Map<MarketTicker, Notice>
  readonly noticed: Latch.Latch
  /** Markets that are not recorded and traded nevertheless, since the last walk over all markets: noticed once. */
  readonly strangers: Set<MarketTicker>
  /** Open when markets may have come and gone unheard, until all open markets are read again. */
  readonly missed: Latch.Latch
  /** What was taken from the outbox and is not known to be stored. */
  pending: HotBatch | null
  /** Whether the socket is not being read because the store cannot follow. */
  readingPaused: boolean
  /** Records committed since the start, and up to when everything received is committed (receive clock). */
  recordsCommitted: number
  tsCommittedMicros: number
  /** Why the last attempt to commit failed, for people; `null` when it did not. The same of the last attempt to read markets. */
  storeProblem: string | null
  discoveryProblem: string | null
  /** How often any market's fiber had to start again. */
  restarts: number
  /** What the connection is doing, for people, and since when it is there or gone (receive clock). */
  connection: string
  connectionSinceMicros: number
}

/** Markets that wait for discovery; when there are more, all open markets are read instead. */
const noticesMax = 10_000

const make = (clock: ReceiveClockState): RecordingState => {
  const cells = new Map<MarketTicker, Cell>()
  const afterFrame: Array<() => void> = []
  const recorder = Recorder.make({
    trusted: (ticker) => {
      const cell = cells.get(ticker)
      if (cell === undefined) return
      cell.state = "live"
      cell.fault = null
      cell.broken.closeUnsafe()
      afterFrame.push(() => turn(cell))
    },
    distrusted: (ticker, cause) => {
      const cell = cells.get(ticker)
      if (cell === undefined) return
      cell.state = "waiting"
      cell.fault = cause
      cell.trusted.closeUnsafe()
      afterFrame.push(() => turn(cell))
    },
    unannounced: (ticker) => {
      if (!cells.has(ticker)) notice(state, ticker, "seen")
    },
    subscriptionEnded: (_sid, channel) => state.link?.subscriptionEnded(channel)
  })
  const state: RecordingState = {
    recorder,
    clock,
    cells,
    afterFrame,
    link: null,
    linked: Latch.makeUnsafe(false),
    notices: new Map(),
    noticed: Latch.makeUnsafe(false),
    strangers: new Set(),
    missed: Latch.makeUnsafe(false),
    pending: null,
    readingPaused: false,
    recordsCommitted: 0,
    tsCommittedMicros: 0,
    storeProblem: null,
    discoveryProblem: null,
    restarts: 0,
    connection: "not connected yet",
    connectionSinceMicros: clock.nowMicros()
  }
  return state
}

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

/** Notes a lifecycle message. A new price grid counts at once: until it is read, any price may be right. Called within a frame. */
export const noticeLifecycle = (state: RecordingState, { eventType, marketTicker }: MarketLifecycle): void => {
  const log = state.recorder.logs.get(marketTicker)
  if (eventType === "price_level_structure_updated" && log !== undefined) log.grid = PriceGrid.any
  notice(state, marketTicker, "changed")
}

/** Notes a trade: one in a market that is not recorded may be the first that is heard of it. Called within a frame. */
export const noticeTrade = (state: RecordingState, ticker: MarketTicker): void => {
  const { cells, strangers } = state
  if (cells.has(ticker) || strangers.has(ticker) || strangers.size >= noticesMax) return
  strangers.add(ticker)
  notice(state, ticker, "seen")
}

/** Records received and not committed yet. */
export const recordsWaiting = ({ pending, recorder }: RecordingState): number =>
  (pending?.records.length ?? 0) + recorder.outbox.records.length

/** The same with all that is stored beside records. */
export const entriesWaiting = ({ pending, recorder }: RecordingState): number =>
  (pending === null ? 0 : Outbox.entries(pending)) + Outbox.entries(recorder.outbox)

export const makeCell = (ticker: MarketTicker, openMicros: number, closeMicros: number): Cell => ({
  ticker,
  state: "unopened",
  trusted: Latch.makeUnsafe(false),
  broken: Latch.makeUnsafe(true),
  rescheduled: Latch.makeUnsafe(false),
  openMicros,
  closeMicros,
  fault: null
})

export class Recording extends Context.Service<Recording, RecordingState>()("@kalshibook/collector/Recording") {
  static readonly layerNoDeps: Layer.Layer<Recording, never, ReceiveClock> = Layer.effect(
    Recording,
    Effect.map(ReceiveClock, make)
  )
}
