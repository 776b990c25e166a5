/**
 * The live state that the fibers of a collector share: the recorder with its logs, and one cell per market through which the
 * synchronous frame path and the market's fiber meet. Frames never hop through fibers: the recorder opens and closes latches,
 * and parked fibers wake.
 */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import type { MarketLifecycle } from "@kalshibook/core/kalshi/ServerMessage"
import * as Recorder from "@kalshibook/core/Recorder"
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
  /** Opened when `closeMicros` changes. */
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
  /** Opened when it is gone. */
  readonly gone: Latch.Latch
}

export interface RecordingState {
  readonly recorder: Recorder.Recorder
  readonly clock: ReceiveClockState
  readonly cells: Map<MarketTicker, Cell>
  /** The connection that is open; `linked` is open while there is one. */
  link: Link | null
  readonly linked: Latch.Latch
  /** Markets that nobody asked for and lifecycle messages, until discovery has looked at them; `noticed` is open while there are any. */
  readonly unannounced: Set<MarketTicker>
  lifecycle: Array<MarketLifecycle>
  readonly noticed: Latch.Latch
  /** Records handed to the store and not committed yet. */
  recordsInFlight: number
  /** Whether the socket is not being read because the store cannot follow. */
  readingPaused: boolean
  /** Records committed since the start, and up to when everything received is committed (receive clock). */
  recordsCommitted: number
  tsCommittedMicros: number
  /** Why the last attempt to commit failed, for people; `null` when it did not. */
  storeProblem: string | null
  /** Whether the list of open markets was read once. */
  isDiscovered: boolean
  /** How often any market's fiber had to start again. */
  restarts: number
  /** What the connection is doing, for people, and since when it is there or gone (receive clock). */
  connection: string
  connectionSinceMicros: number
}

/** Lifecycle messages and unannounced markets that wait for discovery; the list of open markets is read again anyway when more are dropped. */
const noticesMax = 10_000

const make = (clock: ReceiveClockState): RecordingState => {
  const cells = new Map<MarketTicker, Cell>()
  const unannounced = new Set<MarketTicker>()
  const noticed = Latch.makeUnsafe(false)
  const recorder = Recorder.make({
    trusted: (ticker) => {
      const cell = cells.get(ticker)
      if (cell === undefined) return
      cell.state = "live"
      cell.fault = null
      cell.broken.closeUnsafe()
      cell.trusted.openUnsafe()
    },
    distrusted: (ticker, cause) => {
      const cell = cells.get(ticker)
      if (cell === undefined) return
      cell.state = "waiting"
      cell.fault = cause
      cell.trusted.closeUnsafe()
      cell.broken.openUnsafe()
    },
    unannounced: (ticker) => {
      if (cells.has(ticker) || unannounced.size >= noticesMax) return
      unannounced.add(ticker)
      noticed.openUnsafe()
    },
    subscriptionEnded: (_sid, channel) => state.link?.subscriber.subscriptionEnded(channel)
  })
  const state: RecordingState = {
    recorder,
    clock,
    cells,
    link: null,
    linked: Latch.makeUnsafe(false),
    unannounced,
    lifecycle: [],
    noticed,
    recordsInFlight: 0,
    readingPaused: false,
    recordsCommitted: 0,
    tsCommittedMicros: 0,
    storeProblem: null,
    isDiscovered: false,
    restarts: 0,
    connection: "not connected yet",
    connectionSinceMicros: clock.nowMicros()
  }
  return state
}

/** Keeps a lifecycle message for discovery. */
export const noticeLifecycle = (state: RecordingState, message: MarketLifecycle): void => {
  if (state.lifecycle.length >= noticesMax) return
  state.lifecycle.push(message)
  state.noticed.openUnsafe()
}

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
