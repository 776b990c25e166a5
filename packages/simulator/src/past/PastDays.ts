/**
 * Days that never were, through the real recorder, much faster than they would have lasted: the invented exchange trades, its frames
 * are made, decoded and recorded with their times of receipt, and what comes of them is handed out in batches, as a recorder
 * would commit them. What the exchange's books really were can be asked for afterwards.
 *
 * Knows nothing of where batches are stored.
 */
import type { BookClock, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Outbox from "@kalshibook/core/Outbox"
import * as Agenda from "../exchange/Agenda.ts"
import { defaultSettings } from "../exchange/ExchangeSettings.ts"
import * as Simulation from "../exchange/Simulation.ts"
import * as Truth from "../exchange/Truth.ts"
import * as FrameFaults from "../fault/FrameFaults.ts"
import * as Feed from "../session/Feed.ts"
import * as PastClient from "./PastClient.ts"
import * as PastClock from "./PastClock.ts"
import * as PastFaults from "./PastFaults.ts"
import { defaultPastSettings, type PastSettings } from "./PastSettings.ts"
import * as PastSights from "./PastSights.ts"

export interface PastDays {
  readonly settings: PastSettings
  readonly simulation: Simulation.Simulation
  readonly client: PastClient.PastClient
  readonly faults: ReadonlyArray<PastFaults.PastFault>
  /** Beginning of the hour of receipt that is being recorded, Unix microseconds. */
  hourMicros: number
  isOver: boolean
  recordsMade: number
}

/** Up to where a batch goes: all that is received until then is in it or in one before. */
export interface PastMark {
  readonly epoch: number
  readonly tsReceivedMicros: number
  readonly tsExchangeMicros: number | null
  readonly tsExchangeReceivedMicros: number | null
  /** Number of the last entry of the tape, whether or not anybody writes one. */
  readonly tapeEntry: number
}

/** What is stored together. A batch ends with the hour, so that whoever stores it may do then what is due every hour. */
export interface PastBatch {
  readonly rows: Outbox.Outbox
  /** What was seen meanwhile of series, events and markets. */
  readonly sights: Pick<PastSights.PastSights, "series" | "events" | "markets">
  readonly mark: PastMark
}

const hourMicros = 3_600_000_000

/** Changes that a truth that nobody asks for keeps, and one that keeps all. */
const truthChangesFew = 10_000
const truthChangesAll = 100_000_000

/** Days from their first moment on. Dies when a setting is out of bounds. */
export const make = (given: Partial<PastSettings> & Pick<PastSettings, "fromMicros" | "untilMicros">): PastDays => {
  const settings: PastSettings = { ...defaultPastSettings, ...given }
  const { deltasPerSecond, fromMicros, keepsTruth, marketsOpen, seed, seriesMark } = settings
  const simulation = Simulation.make({
    ...defaultSettings,
    seed,
    marketsOpen,
    deltasPerSecond,
    seriesMark,
    startMicros: fromMicros,
    truthChangesMax: keepsTruth ? truthChangesAll : truthChangesFew,
    tradesMax: 1,
    finalizedMarketsMax: keepsTruth ? 1_000_000 : defaultSettings.finalizedMarketsMax
  })
  const { exchange } = simulation
  const limits = {
    outboundBytesMax: Number.MAX_SAFE_INTEGER,
    sequenceEntriesMax: 1,
    closedSessionsMax: 0,
    sendsSendingTime: false
  }
  const feed = Feed.make({ exchange, limits, faults: FrameFaults.make(seed), reservedSids: new Map() })
  const client = PastClient.make(settings, exchange, feed)
  const past: PastDays = {
    settings,
    simulation,
    client,
    faults: PastFaults.plan(settings),
    hourMicros: fromMicros - (fromMicros % hourMicros),
    isOver: false,
    recordsMade: 0
  }
  for (const fault of past.faults) Agenda.add(client.agenda, fault.atMicros, () => inflict(past, fault))
  PastClient.start(client)
  return past
}

const inflict = ({ client }: PastDays, { kind, lastsMicros }: PastFaults.PastFault): void => {
  const { faults } = client.feed
  switch (kind) {
    case "hole":
      FrameFaults.arm(faults, { action: { _tag: "drop" }, type: "orderbook_delta", count: holeFrames })
      break
    case "trade_hole":
      FrameFaults.arm(faults, { action: { _tag: "drop" }, type: "trade", count: holeFrames })
      break
    case "garbled":
      FrameFaults.arm(faults, { action: { _tag: "corrupt", how: "truncate" }, type: "orderbook_delta" })
      break
    case "cut":
      PastClient.lose(client, "connection_lost", cutNoticedMicros, lastsMicros)
      break
    case "silence":
      PastClient.lose(client, "silence", lastsMicros, cutNoticedMicros)
      break
    case "stop":
      PastClient.stop(client, lastsMicros)
  }
}

const holeFrames = 3
const cutNoticedMicros = 150_000

/** The next batch; `undefined` when the days are over. Costs what happens in it: about 10 us a record. */
export const next = (past: PastDays): PastBatch | undefined => {
  for (;;) {
    const batch = step(past)
    if (batch !== "unfinished") return batch
  }
}

/** How much happens in one step. */
const stepEvents = 1_000

/** As `next`, but gives up after some milliseconds, for whoever has other things to do as well; call it again to go on. */
export const step = (past: PastDays): PastBatch | undefined | "unfinished" => {
  if (past.isOver) return undefined
  const { client, settings, simulation } = past
  const { agenda, exchange, replay } = client
  for (let events = 0; events < stepEvents; events++) {
    const simulatedMicros = Simulation.nextDueMicros(simulation)
    const plannedMicros = Agenda.firstAt(agenda)
    const dueMicros = Math.min(simulatedMicros, plannedMicros)
    const isFull = replay.recorder.outbox.records.length >= settings.batchRecords
    if (isFull || dueMicros >= past.hourMicros + hourMicros) {
      const tsReceivedMicros = watermarkBefore(past, dueMicros)
      if (tsReceivedMicros !== undefined) return drain(past, tsReceivedMicros)
    }
    if (PastClock.receivedMicros(settings.seed, dueMicros) >= settings.untilMicros) return end(past)
    if (plannedMicros <= simulatedMicros) {
      Simulation.advanceTo(simulation, plannedMicros)
      Agenda.take(agenda)?.()
    } else {
      Simulation.step(simulation, 1)
    }
    if (exchange.marketsCreated.length > client.marketsSeen) PastClient.lookForNew(client)
  }
  return "unfinished"
}

/**
 * The latest moment such that all that was received is received by then, and all that will be, later; `undefined` when there is none
 * now: stamps of a burst run some microseconds ahead, and while no recorder runs nobody knows what it would have received.
 */
const watermarkBefore = ({ client, settings, simulation }: PastDays, dueMicros: number): number | undefined => {
  if (!client.isRunning || dueMicros <= simulation.exchange.stampMicros) return undefined
  const tsReceivedMicros = PastClock.receivedMicros(settings.seed, dueMicros) - 1
  return tsReceivedMicros < client.tsReceivedMicros ? undefined : tsReceivedMicros
}

/** The recorder ends as one that is stopped: each log says that it goes no further. */
const end = (past: PastDays): PastBatch => {
  const { client, settings, simulation } = past
  Simulation.advanceTo(simulation, PastClock.exchangeMicros(settings.seed, settings.untilMicros - 1))
  PastClient.leave(client)
  past.isOver = true
  return drain(past, settings.untilMicros - 1)
}

const drain = (past: PastDays, tsReceivedMicros: number): PastBatch => {
  const { recorder, entryLast } = past.client.replay
  const rows = Outbox.drain(recorder.outbox)
  const { epochLast, tsExchangeMicros, tsExchangeReceivedMicros } = recorder
  past.hourMicros = tsReceivedMicros + 1 - ((tsReceivedMicros + 1) % hourMicros)
  past.recordsMade += rows.records.length
  return {
    rows,
    sights: PastSights.drain(past.client.sights),
    mark: { epoch: epochLast, tsReceivedMicros, tsExchangeMicros, tsExchangeReceivedMicros, tapeEntry: entryLast }
  }
}

/** The book that the exchange had at a moment: of what had been received by then, or by its own clock. Needs `keepsTruth`. */
export const truthAt = (
  { settings, simulation }: PastDays,
  marketTicker: MarketTicker,
  atMicros: number,
  clock: BookClock
): Truth.TruthAnswer => {
  const tsMicros = clock === "exchange" ? atMicros : PastClock.exchangeMicros(settings.seed, atMicros)
  return Truth.bookAt(simulation.exchange.truth, marketTicker, { tsMicros })
}
