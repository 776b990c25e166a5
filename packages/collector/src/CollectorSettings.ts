/**
 * Every bound and interval of the collector, with its reason. `Collector` takes them from here; tests choose their own.
 */

import * as Maintenance from "@kalshibook/core/kalshi/Maintenance"
import * as Environment from "@kalshibook/core/settings/Environment"
import type { PriorityRule } from "@kalshibook/core/settings/PriorityRule"
import { Config, Context, Effect, Layer } from "effect"

export interface CollectorSettings {
  /** Only these series, categories or markets; all empty means every market. */
  readonly seriesTickers: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly marketTickers: ReadonlyArray<string>
  /** Combos (multivariate events) to record beside them: tickers of events and collections, or `all`. Without any none is. */
  readonly combos: ReadonlyArray<string>
  /** Which markets go first when there is not room for all (`Admission`). */
  readonly priority: PriorityRule
  /** Markets on one connection, and connections at a time. The exchange allows 500,000 markets and 200 connections; a cautious share of both. */
  readonly marketsPerConnectionMax: number
  readonly connectionsMax: number
  /** Why nothing was recorded before this start. */
  readonly stoppedCause: "recorder_stopped" | "storage"
  /**
   * Markets in one subscribe or get_snapshot command, and how many such commands are under way at a time; each market costs the
   * exchange a full book, and bursts make it give up (error 25). After it did, chunks start small, at no more than the second.
   */
  readonly chunkMarketsMax: number
  readonly chunkMarketsMin: number
  readonly commandsInFlightMax: number
  /** Commands of one connection in a second; the exchange documents 10,000, and a cautious share is plenty. After error 27 fewer. */
  readonly commandsPerSecondMax: number
  /** New connections a second, over all of them: a hundred that return at once look like an attack. */
  readonly handshakesPerSecondMax: number
  /** How long the answer to a command, and then each snapshot, may take before it is asked for again. */
  readonly replyMillisMax: number
  readonly snapshotMillisMax: number
  /** How long the next chunk waits for the snapshots of the one before. */
  readonly chunkSettleMillisMax: number
  /** How often what was received is told to whoever follows; before it is committed. */
  readonly feedTickMillis: number
  /** How often what was received is committed. */
  readonly flushMillis: number
  /** How often the watermark moves while nothing is received. */
  readonly watermarkMillis: number
  /**
   * Records, and what is stored beside them, that wait in memory to be stored. When there are more they are let go of, and the
   * writer derives them again from the tape: recording goes on, however long the database is away.
   */
  readonly queueRecordsMax: number
  /** Records in one transaction while the writer catches up from the tape. */
  readonly catchUpRecordsMax: number
  /** When so few entries of the tape are left, catching up ends: what is recorded from then on waits in memory again. */
  readonly catchUpEntriesLeft: number
  /** Between the parts (of some hundred markets) of a checkpoint on the tape. */
  readonly checkpointPartMillis: number
  /** After the disk gave out: how often is tried whether recording can begin again. */
  readonly storageRetryMillis: number
  /** How long the last commit may take when the collector is stopped. */
  readonly lastCommitMillisMax: number
  readonly frameBytesMax: number
  readonly handshakeMillisMax: number
  /** After this long without a ping or frame, or without a frame about books, the connection is given up. */
  readonly pingSilenceMillisMax: number
  readonly dataSilenceMillisMax: number
  /** Delays between attempts to connect, or to get one market's snapshot, grow from the first to the second, with jitter. */
  readonly retryMillisMin: number
  readonly retryMillisMax: number
  /** How often the whole list of open markets is read again. */
  readonly reconcileMillis: number
  /** Events in one page of that list, at most 200; a large page keeps frames waiting while it is read. */
  readonly eventsPerPageMax: number
  /** REST requests a second; the exchange's Basic tier allows 20. */
  readonly restRequestsPerSecondMax: number
  /** How long before it is asked for an answer of REST may have been made: 15 s in a cache, and lists are half a minute behind. */
  readonly restLagMillis: number
  /** How often all series are read again, and the markets that ended and are not paid yet. */
  readonly seriesMillis: number
  readonly settlementMillis: number
  /** A connection other than the first that has had no market for this long is let go. */
  readonly slotIdleMillis: number
  /**
   * When the exchange has refused a connection for being one too many for this long, its markets go elsewhere, and it is tried again
   * after the second.
   */
  readonly connectionRefusedMillisMax: number
  readonly connectionRetryMillis: number
  /** How often the exchange's calendar is read again, and for how long its word on whether it is active counts. */
  readonly calendarMillis: number
  /** When the exchange rests, as long as its calendar cannot be read. */
  readonly calendarAssumed: Maintenance.Calendar
  readonly statusMillisMax: number
  /** While it rests a connection is tried once within the first and the second; once it does not, all return within the third. */
  readonly maintenanceRetryMillisMin: number
  readonly maintenanceRetryMillisMax: number
  readonly returnMillisMax: number
  /** How often holes in the trades are looked for, and how long the exchange's list of trades may lack the latest. */
  readonly tradeFillMillis: number
  readonly tradeLagMillis: number
  /** A market is subscribed this long before it opens, and let go this long after it closes. */
  readonly openLeadMillis: number
  readonly closeGraceMillis: number
  /** How often books are compared with the exchange's own by REST, one request each time, and how many at a time (at most 100). */
  readonly auditMillis: number
  readonly auditMarketsMax: number
  /**
   * Where in our log such a book may be: the exchange's answers come from a cache of 15 s, which may count some time too few, and
   * what the answer knew reaches us up to so much later.
   */
  readonly auditCacheMillisMax: number
  readonly auditSlackMillis: number
  readonly auditLagMillisMax: number
  /** An answer that took longer, retries included, is not used: the window would be too wide to show anything. */
  readonly auditAnswerMillisMax: number
  /** How long the log may take to be stored up to the end of the window, and how many records of a market are read at most. */
  readonly auditStoredMillisMax: number
  readonly auditRecordsMax: number
}

export const defaults: CollectorSettings = {
  seriesTickers: [],
  categories: [],
  marketTickers: [],
  combos: [],
  priority: [],
  commandsPerSecondMax: Environment.settings.KALSHIBOOK_COMMANDS_PER_SECOND.absent,
  handshakesPerSecondMax: 10,
  chunkMarketsMax: Environment.settings.KALSHIBOOK_SUBSCRIBE_CHUNK.absent,
  chunkMarketsMin: 10,
  commandsInFlightMax: 4,
  replyMillisMax: 5_000,
  snapshotMillisMax: 5_000,
  chunkSettleMillisMax: 2_000,
  feedTickMillis: Environment.settings.KALSHIBOOK_FEED_TICK_MILLIS.absent,
  flushMillis: 50,
  watermarkMillis: 250,
  queueRecordsMax: 200_000,
  catchUpRecordsMax: 20_000,
  checkpointPartMillis: 5,
  storageRetryMillis: 5_000,
  catchUpEntriesLeft: 20_000,
  marketsPerConnectionMax: Environment.settings.KALSHIBOOK_MARKETS_PER_CONNECTION.absent,
  connectionsMax: Environment.settings.KALSHIBOOK_CONNECTIONS.absent,
  stoppedCause: "recorder_stopped",
  lastCommitMillisMax: 5_000,
  frameBytesMax: 64 * 1024 * 1024,
  handshakeMillisMax: 10_000,
  pingSilenceMillisMax: 30_000,
  dataSilenceMillisMax: 60_000,
  retryMillisMin: 250,
  retryMillisMax: 30_000,
  reconcileMillis: 60_000,
  eventsPerPageMax: 100,
  restRequestsPerSecondMax: 15,
  restLagMillis: 30_000,
  seriesMillis: 3_600_000,
  settlementMillis: 600_000,
  slotIdleMillis: 60_000,
  connectionRefusedMillisMax: 30_000,
  connectionRetryMillis: 300_000,
  calendarMillis: 3_600_000,
  calendarAssumed: Maintenance.assumed,
  statusMillisMax: 300_000,
  maintenanceRetryMillisMin: 30_000,
  maintenanceRetryMillisMax: 60_000,
  returnMillisMax: 5_000,
  tradeFillMillis: 10_000,
  tradeLagMillis: 30_000,
  openLeadMillis: 10_000,
  closeGraceMillis: 60_000,
  auditMillis: 10_000,
  auditMarketsMax: 100,
  auditCacheMillisMax: 15_000,
  auditSlackMillis: 2_000,
  auditLagMillisMax: 2_000,
  auditAnswerMillisMax: 5_000,
  auditStoredMillisMax: 5_000,
  auditRecordsMax: 50_000
}

const fromEnvironment = Config.all({
  seriesTickers: Environment.config("KALSHIBOOK_SERIES"),
  categories: Environment.config("KALSHIBOOK_CATEGORIES"),
  marketTickers: Environment.config("KALSHIBOOK_MARKETS"),
  combos: Environment.config("KALSHIBOOK_COMBOS"),
  priority: Environment.config("KALSHIBOOK_PRIORITY"),
  marketsPerConnectionMax: Environment.config("KALSHIBOOK_MARKETS_PER_CONNECTION"),
  connectionsMax: Environment.config("KALSHIBOOK_CONNECTIONS"),
  chunkMarketsMax: Environment.config("KALSHIBOOK_SUBSCRIBE_CHUNK"),
  commandsPerSecondMax: Environment.config("KALSHIBOOK_COMMANDS_PER_SECOND"),
  feedTickMillis: Environment.config("KALSHIBOOK_FEED_TICK_MILLIS")
})

export class Settings extends Context.Service<Settings, CollectorSettings>()("@kalshibook/collector/Settings") {
  /** The defaults with some values replaced. */
  static readonly layerOf = (changes: Partial<CollectorSettings>): Layer.Layer<Settings> =>
    Layer.succeed(Settings, { ...defaults, ...changes })

  /** The defaults with what the environment replaces (docs/settings.md says what each variable means). */
  static readonly layer: Layer.Layer<Settings, Config.ConfigError> = Layer.effect(
    Settings,
    Effect.map(fromEnvironment, (set) => ({
      ...defaults,
      ...set,
      chunkMarketsMin: Math.min(defaults.chunkMarketsMin, set.chunkMarketsMax)
    }))
  )
}
