/**
 * A collector that records a simulated exchange into memory, for tests: short limits, everything within reach, and every line
 * that it logs kept. All of it stops with the scope.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import {
  type RunningExchange,
  type SimulatedExchangeOptions,
  startSimulatedExchange
} from "@kalshibook/simulator/SimulatedExchange"
import * as AccessKeys from "@kalshibook/simulator/server/AccessKeys"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Effect, Layer, Logger, Redacted, type Scope } from "effect"
import { Collector } from "../src/Collector.ts"
import { type CollectorSettings, Settings } from "../src/CollectorSettings.ts"
import { ExchangeAccess, type ExchangeOptions } from "../src/ExchangeAccess.ts"
import type { RecordingState } from "../src/Recording.ts"

/** One key for all tests of a file: making one takes long. */
const ownKey = AccessKeys.generate()

/** Limits short enough for a test; discovery looks around once, so that what is found later is found by other means. */
const quickSettings: Partial<CollectorSettings> = {
  // The same on every day of the week, also where no calendar can be read.
  calendarAssumed: { announced: [], weeks: [] },
  replyMillisMax: 400,
  snapshotMillisMax: 400,
  chunkSettleMillisMax: 200,
  flushMillis: 10,
  watermarkMillis: 50,
  retryMillisMin: 20,
  retryMillisMax: 200,
  reconcileMillis: 60_000,
  auditMillis: 3_600_000,
  restRequestsPerSecondMax: 500,
  commandsPerSecondMax: 1_000,
  handshakesPerSecondMax: 200
}

/** A small, busy exchange whose markets stay open unless a test wants otherwise. */
export const startExchange = (options: SimulatedExchangeOptions = {}) =>
  startSimulatedExchange({
    ownKey,
    seed: 7,
    marketsOpen: 12,
    deltasPerSecond: 400,
    quickLifeSeconds: 86_400,
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000,
    ...options
  })

type Stores = Audits | ChannelGaps | Epochs | HotTier | MarketCatalog | TapePlace

/** Stores in memory, which outlive the collectors that write to them. */
export const memory: Effect.Effect<Context.Context<Stores>, never, Scope.Scope> = Layer.build(
  Layer.suspend(() =>
    Layer.mergeAll(
      Audits.layerMemory,
      ChannelGaps.layerMemory,
      Epochs.layerMemory,
      HotTier.layerMemory,
      MarketCatalog.layerMemory,
      TapePlace.layerMemory(TapeMemory.make(), { syncMillisMax: 5 })
    )
  )
)

export interface LogLine {
  readonly level: string
  readonly text: string
}

export interface Station {
  readonly exchange: RunningExchange
  readonly collector: Collector["Service"]
  readonly recording: RecordingState
  readonly hotTier: HotTier["Service"]
  readonly catalog: MarketCatalog["Service"]
  /** What was logged, oldest first. */
  readonly lines: ReadonlyArray<LogLine>
}

/** What differs from a collector with the exchange's own key. */
export interface StationOptions {
  readonly settings?: Partial<CollectorSettings>
  readonly access?: Partial<ExchangeOptions>
}

/** Records this exchange into these stores, until the scope ends. */
export const record = Effect.fnUntraced(function* (
  exchange: RunningExchange,
  stores: Context.Context<Stores>,
  { access, settings }: StationOptions = {}
) {
  const lines: Array<LogLine> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push({ level: logLevel, text: [message].flat().map(String).join(" ") })
  })
  const layer = Collector.layer.pipe(
    Layer.provide(Settings.layerOf({ ...quickSettings, ...settings })),
    Layer.provide(
      ExchangeAccess.layerOf({
        source: "simulator",
        restUrl: exchange.restUrl,
        wsUrl: exchange.wsUrl,
        keyId: exchange.keyId,
        privateKeyPem: Redacted.make(exchange.privateKeyPem),
        ...access
      })
    ),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provide(Logger.layer([logger]))
  )
  const built = yield* Layer.build(layer).pipe(Effect.provide(stores))
  const station: Station = {
    exchange,
    collector: Context.get(built, Collector),
    recording: Context.get(built, Collector).recording(),
    hotTier: Context.get(stores, HotTier),
    catalog: Context.get(stores, MarketCatalog),
    lines
  }
  return station
})

/** A whole new exchange, recorded. */
export const start = Effect.fnUntraced(function* (
  options: SimulatedExchangeOptions = {},
  settings: Partial<CollectorSettings> = {}
) {
  const exchange = yield* startExchange(options)
  return yield* record(exchange, yield* memory, { settings })
})

const pollMillis = 5
const untilSecondsMax = 15

/** Waits until it is so; dies, saying what never was, when that takes too long. */
export const until = (what: string, isSo: () => boolean, secondsMax = untilSecondsMax): Effect.Effect<void> =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.delay(Effect.fail("not yet"), pollMillis))).pipe(
    Effect.eventually,
    Effect.timeoutOrElse({ duration: secondsMax * 1000, orElse: () => Effect.die(`never came: ${what}`) })
  )

/** Tickers of the markets whose books are trusted now, ascending. */
export const live = ({ recording }: Station): ReadonlyArray<MarketTicker> =>
  [...recording.cells.values()].flatMap((cell) => (cell.state === "live" ? [cell.ticker] : [])).sort()

/** Tickers of the markets that are followed on any connection. */
export const followed = ({ recording }: Station): ReadonlySet<MarketTicker> =>
  new Set([...recording.recorder.connections.values()].flatMap((connection) => [...connection.followed]))

/** Tickers of the markets that trade, ascending. */
export const active = ({ markets }: RunningExchange["exchange"]): ReadonlyArray<MarketTicker> =>
  [...markets.values()].flatMap((market) => (market.status === "active" ? [market.ticker] : [])).sort()

/** Waits until every market that trades is recorded. */
export const untilAllLive = (station: Station, secondsMax?: number): Effect.Effect<void> =>
  until(
    "every market is live",
    () => {
      const tickers = new Set(live(station))
      const trading = active(station.exchange.exchange)
      return trading.length > 0 && trading.every((ticker) => tickers.has(ticker))
    },
    secondsMax
  )

/** Makes something go wrong; dies when it cannot be made. */
export const inflict = (
  exchange: RunningExchange,
  fault: Parameters<RunningExchange["faults"]["inflict"]>[0]
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const made = exchange.faults.inflict(fault)
    return made._tag === "Failure" ? Effect.die(made.failure) : Effect.void
  })
