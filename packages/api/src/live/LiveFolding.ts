// adapter: listeners are plain functions of other parts, and one that throws must stop nobody else
/**
 * The fold of the feed: message by message, what is known of every market, and what is told to listeners. Plain and synchronous; what
 * each message does is the same for one subscriber and for ten thousand.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { FeedBatch, FeedLog, FeedMessage, FeedState, LiveLog } from "@kalshibook/core/FeedMessage"
import * as LagHistogram from "@kalshibook/core/LagHistogram"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import { Option } from "effect"
import * as KeptRecords from "./KeptRecords.ts"
import type { LiveState, LiveUpdate } from "./LiveMarkets.ts"

/** Records that are kept of all markets together: some 40 MB, and forty seconds at 5,000 a second. */
const recordsKeptMax = 200_000
/** Markets that are not recorded any more and are known nevertheless; those that ended first are forgotten first. */
const endedMax = 5_000
/** Records of a batch whose lag is measured. */
const lagSamplesMax = 8

/** One market. */
interface Known {
  replay: Replay.Replay
  kept: KeptRecords.KeptLog
}

type Listener = (update: LiveUpdate) => void

export interface LiveFolding {
  /** Folds a message and calls the listeners. Returns what listeners threw. */
  readonly take: (message: FeedMessage, nowMicros: number) => ReadonlyArray<unknown>
  /** Adds a listener; what is returned removes it. */
  readonly add: (listener: Listener) => () => void
  readonly state: () => LiveState
  readonly logOf: (marketTicker: MarketTicker) => Option.Option<LiveLog>
  readonly offsetOf: (marketTicker: MarketTicker) => number
  readonly tickers: () => Iterable<MarketTicker>
  readonly recordsAfter: (marketTicker: MarketTicker, afterOffset: number) => Option.Option<ReadonlyArray<BookRecord>>
  readonly lag: () => LagHistogram.LagQuantiles | null
}

export interface FoldingLimits {
  readonly recordsKeptMax: number
  readonly endedMax: number
}

type Resynced = Map<MarketTicker, "ahead" | "rewritten">

const nothingTold: Omit<LiveUpdate, "tsReceivedMicros"> = {
  recordsByMarket: new Map(),
  trades: [],
  lifecycle: [],
  channelGaps: [],
  resynced: new Map(),
  untold: null
}

export const make = (limits: Partial<FoldingLimits> = {}): LiveFolding => {
  const { endedMax: endedKeptMax, recordsKeptMax: recordsMax } = { recordsKeptMax, endedMax, ...limits }
  let live: LiveState = { state: "waiting", tsReceivedMicros: 0, feedId: null, problem: null }
  /** Number of the last batch. */
  let number = 0
  /** Those that are recorded, and those that were, oldest first. */
  const written = new Map<MarketTicker, Known>()
  const ended = new Map<MarketTicker, Known>()
  /** Markets were forgotten that this recorder, or that an earlier one, told of. */
  let hasForgotten = false
  let hasForgottenEarlier = false
  const kept = KeptRecords.make(recordsMax)
  const listeners = new Set<Listener>()
  const lag = LagHistogram.make()

  const knownOf = (ticker: MarketTicker): Known | undefined => written.get(ticker) ?? ended.get(ticker)

  const tell = (update: LiveUpdate): ReadonlyArray<unknown> => {
    const problems: Array<unknown> = []
    for (const listener of listeners) {
      try {
        listener(update)
      } catch (problem) {
        listeners.delete(listener)
        problems.push(problem)
      }
    }
    return problems
  }

  /** Goes on with the log from what the recorder says of it. */
  const install = (log: LiveLog): Known => {
    const { marketTicker } = log
    const before = knownOf(marketTicker)
    if (before !== undefined) KeptRecords.drop(before.kept)
    return { replay: LiveFold.fromLog(log), kept: KeptRecords.makeLog() }
  }

  const end = (ticker: MarketTicker, known: Known): void => {
    written.delete(ticker)
    ended.delete(ticker)
    ended.set(ticker, known)
  }

  /** Not before everything that a message says was compared with what is known, and told. */
  const forgetOldest = (): void => {
    for (const [oldest, { kept: records }] of ended) {
      if (ended.size <= endedKeptMax) return
      KeptRecords.drop(records)
      ended.delete(oldest)
      hasForgotten = true
    }
  }

  const write = (ticker: MarketTicker, known: Known): void => {
    ended.delete(ticker)
    written.set(ticker, known)
  }

  const writeAgain = (ticker: MarketTicker): Known => {
    const known = ended.get(ticker) ?? { replay: Replay.make(), kept: KeptRecords.makeLog() }
    write(ticker, known)
    return known
  }

  /** How what was told of a market stands to the log now. Of one that is not known nothing was told, or it was forgotten. */
  const standingOf = (known: Known | undefined, log: FeedLog, isSameRun: boolean): LiveFold.Standing => {
    if (known !== undefined) return LiveFold.standing(known.replay, log, isSameRun)
    return hasForgottenEarlier ? "rewritten" : "ahead"
  }

  const forget = (ticker: MarketTicker, known: Known): void => {
    KeptRecords.drop(known.kept)
    written.delete(ticker)
    ended.delete(ticker)
  }

  const takeState = (state: FeedState): ReadonlyArray<unknown> => {
    const isSameRun = state.feedId === live.feedId
    const isGoingOn = isSameRun && state.number === number
    if (!isSameRun) {
      hasForgottenEarlier ||= hasForgotten
      hasForgotten = false
    }
    const resynced: Resynced = new Map()
    const named = new Set<MarketTicker>()
    for (const log of state.logs) {
      const ticker = log.marketTicker
      named.add(ticker)
      const known = knownOf(ticker)
      const standing = standingOf(known, log, isSameRun)
      write(ticker, known !== undefined && standing === "same" ? known : install(log))
      if (standing !== "same") resynced.set(ticker, standing)
    }
    for (const log of state.ended) takeEnded(log, isSameRun, named, resynced)
    for (const [ticker, known] of written) {
      if (named.has(ticker)) continue
      // It ended, so long ago that the recorder does not have it in mind; by another one nobody can say how.
      resynced.set(ticker, isSameRun ? "ahead" : "rewritten")
      forget(ticker, known)
    }
    const before = live
    live = { state: "live", tsReceivedMicros: state.tsReceivedMicros, feedId: state.feedId, problem: null }
    number = state.number
    const untold =
      before.feedId === null || isGoingOn
        ? null
        : { afterMicros: before.tsReceivedMicros, toMicros: state.tsReceivedMicros }
    return tell({ ...nothingTold, tsReceivedMicros: state.tsReceivedMicros, resynced, untold })
  }

  /** Of a log that is not written now only what was told before is of interest. */
  const takeEnded = (log: FeedLog, isSameRun: boolean, named: Set<MarketTicker>, resynced: Resynced): void => {
    const ticker = log.marketTicker
    const known = knownOf(ticker)
    named.add(ticker)
    if (known === undefined) return
    const standing = LiveFold.standing(known.replay, log, isSameRun)
    if (standing === "same") {
      end(ticker, known)
      return
    }
    resynced.set(ticker, standing)
    end(ticker, install(log))
  }

  const takeBatch = (batch: FeedBatch, nowMicros: number): ReadonlyArray<unknown> => {
    const problems = [...takeBegun(batch)]
    const resynced: Resynced = new Map()
    const recordsByMarket = new Map<MarketTicker, Array<BookRecord>>()
    for (const record of batch.records) {
      const ticker = record.marketTicker
      const known = written.get(ticker) ?? writeAgain(ticker)
      const offsetNext = (known.replay.last?.offset ?? 0) + 1
      if (record.offset === offsetNext) {
        const run = recordsByMarket.get(ticker)
        if (run !== undefined) run.push(record)
        else if (!resynced.has(ticker)) recordsByMarket.set(ticker, [record])
      } else {
        // A log that begins again from its first record; anything else no recorder tells.
        KeptRecords.drop(known.kept)
        known.kept = KeptRecords.makeLog()
        known.replay = Replay.make()
        recordsByMarket.delete(ticker)
        resynced.set(ticker, record.offset > offsetNext ? "ahead" : "rewritten")
      }
      Replay.apply(known.replay, record)
      KeptRecords.keep(kept, known.kept, record)
    }
    for (const ticker of batch.ended) {
      const known = knownOf(ticker)
      if (known !== undefined) end(ticker, known)
    }
    const { channelGaps, lifecycle, trades, tsReceivedMicros } = batch
    live = { ...live, state: "live", tsReceivedMicros, problem: null }
    number = batch.number
    measure(batch.records, nowMicros)
    const told = { tsReceivedMicros, recordsByMarket, trades, lifecycle, channelGaps, resynced, untold: null }
    return [...problems, ...tell(told)]
  }

  /** Logs that are written again: mostly right behind what was told of them. */
  const takeBegun = ({ begun }: FeedBatch): ReadonlyArray<unknown> => {
    const resynced: Resynced = new Map()
    for (const log of begun) {
      const ticker = log.marketTicker
      const known = knownOf(ticker)
      const standing = standingOf(known, { ...log, taken: null }, false)
      write(ticker, known !== undefined && standing === "same" ? known : install(log))
      if (standing !== "same") resynced.set(ticker, standing)
    }
    const { tsReceivedMicros } = live
    return resynced.size === 0 ? [] : tell({ ...nothingTold, tsReceivedMicros, resynced })
  }

  const measure = (records: ReadonlyArray<BookRecord>, nowMicros: number): void => {
    LagHistogram.rotate(lag, nowMicros)
    const stride = Math.ceil(records.length / lagSamplesMax)
    for (let index = 0; index < records.length; index += stride) {
      const record = records[index]
      // A gap begins before it was noticed.
      if (record === undefined || record.kind === "gap") continue
      LagHistogram.record(lag, nowMicros - record.tsReceivedMicros, stride)
    }
  }

  const takeAny = (message: FeedMessage, nowMicros: number): ReadonlyArray<unknown> => {
    switch (message._tag) {
      case "state":
        return takeState(message)
      case "batch":
        return takeBatch(message, nowMicros)
      case "lost":
        live = { ...live, state: live.feedId === null ? "waiting" : "lost", problem: message.cause }
        return []
    }
  }

  return {
    take: (message, nowMicros) => {
      const problems = takeAny(message, nowMicros)
      forgetOldest()
      return problems
    },
    add: (listener) => {
      // One of its own: the same function may be added twice.
      const own: Listener = (update) => listener(update)
      listeners.add(own)
      return () => listeners.delete(own)
    },
    state: () => live,
    logOf: (ticker) => {
      const known = knownOf(ticker)
      return Option.fromUndefinedOr(known === undefined ? undefined : LiveFold.toLog(known.replay))
    },
    offsetOf: (ticker) => knownOf(ticker)?.replay.last?.offset ?? 0,
    tickers: () => written.keys(),
    recordsAfter: (ticker, afterOffset) => {
      const known = knownOf(ticker)
      if (known === undefined) return Option.none()
      const offset = known.replay.last?.offset ?? 0
      if (afterOffset > offset) return Option.none()
      if (afterOffset === offset) return Option.some([])
      return Option.fromUndefinedOr(KeptRecords.after(known.kept, afterOffset))
    },
    lag: () => LagHistogram.quantiles(lag)
  }
}
