/**
 * An exchange under load, a Postgres, and collectors as processes between them, for what goes wrong with processes. Everything stops
 * and is removed with the scope.
 */
import type { CollectorSettings } from "@kalshibook/collector/CollectorSettings"
import {
  type RunningExchange,
  type SimulatedExchangeOptions,
  startSimulatedExchange
} from "@kalshibook/simulator/SimulatedExchange"
import { HotTier } from "@kalshibook/store/HotTier"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import { Effect, Layer, Result } from "effect"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as CollectorProcess from "./CollectorProcess.ts"
import * as PostgresServer from "./PostgresServer.ts"
import * as Proof from "./Proof.ts"

export interface SceneOptions {
  readonly exchange?: SimulatedExchangeOptions
  readonly settings?: Partial<CollectorSettings>
  readonly tape?: Partial<TapeSettings>
  /** Where others may follow the collectors. */
  readonly feedPort?: number
  readonly collectors?: CollectorProcess.CollectorsOptions
}

export interface Scene extends CollectorProcess.Collectors {
  readonly tapeFolder: string
  readonly exchange: RunningExchange
  readonly postgres: PostgresServer.PostgresServer
  /** Waits until every market is recorded with a book that is trusted. */
  readonly untilLive: (collector: CollectorProcess.CollectorProcess) => Effect.Effect<void>
  /** Waits for that, and until what was received by then is stored. */
  readonly untilLevel: (collector: CollectorProcess.CollectorProcess) => Effect.Effect<void>
  /** Lets everything come to rest, stops the collector, and proves what is stored. The stop of the end is added to `stops`. */
  readonly prove: (
    collector: CollectorProcess.CollectorProcess,
    stops: ReadonlyArray<Proof.Stop>
  ) => Effect.Effect<Proof.ProofCounts>
}

/** Changes of books a second: a load under which something is always on its way, and everything else still gets its turn. */
const deltasPerSecond = 1_000

/** Small bounds, so that within seconds happens what takes hours otherwise: of memory and of a segment of the tape, two seconds full. */
const settings: Partial<CollectorSettings> = {
  marketsPerConnectionMax: 15,
  chunkMarketsMax: 15,
  flushMillis: 20,
  watermarkMillis: 100,
  queueRecordsMax: 2_000,
  catchUpRecordsMax: 2_000,
  catchUpEntriesLeft: 1_000,
  storageRetryMillis: 200,
  retryMillisMin: 20,
  retryMillisMax: 500,
  reconcileMillis: 5_000,
  restRequestsPerSecondMax: 500,
  auditMillis: 3_600_000
}

const tape: Partial<TapeSettings> = { segmentBytesMax: 512 * 1024, syncMillisMax: 20 }

export const make = Effect.fnUntraced(function* (options: SceneOptions = {}) {
  const exchange = yield* startSimulatedExchange({
    marketsOpen: 60,
    deltasPerSecond,
    quickLifeSeconds: 86_400,
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000,
    // All of it is asked about at the end.
    closedSessionsMax: 100_000,
    ...options.exchange
  }).pipe(Effect.orDie)
  const postgres = yield* PostgresServer.make
  const tapeFolder = yield* PgTest.temporaryFolder
  const { keyId, privateKeyPem, restUrl, wsUrl } = exchange
  const collectors = yield* CollectorProcess.make(
    {
      databaseUrl: postgres.url,
      tapeFolder,
      exchange: { keyId, privateKeyPem, restUrl, wsUrl },
      settings: { ...settings, ...options.settings },
      tape: { ...tape, ...options.tape },
      feedPort: options.feedPort
    },
    options.collectors
  )
  const untilLive: Scene["untilLive"] = (collector) =>
    Effect.asVoid(collector.until("every market is live", (status) => isAllLive(exchange, status)))
  const untilLevel: Scene["untilLevel"] = (collector) =>
    Effect.gen(function* () {
      yield* untilLive(collector)
      const { entriesAppended } = collector.status() ?? { entriesAppended: 0 }
      yield* collector.until("everything is stored", ({ entriesCommitted, isSpilled }) => {
        return !isSpilled && entriesCommitted >= entriesAppended
      })
    })
  const prove: Scene["prove"] = (collector, stops) =>
    Effect.gen(function* () {
      yield* untilLevel(collector)
      yield* inflict(exchange, { fault: "pause_trading" })
      yield* untilLevel(collector)
      const stop = yield* collector.stop
      const stored = HotTier.layerNoDeps.pipe(Layer.provideMerge(Layer.succeedContext(postgres.connection)))
      return yield* Proof.prove({
        exchange,
        tapeFolder,
        stops: [...stops, { ...stop, cause: "recorder_stopped" }]
      }).pipe(Effect.provide(stored), Effect.orDie)
    })
  return { ...collectors, tapeFolder, exchange, postgres, untilLive, untilLevel, prove } satisfies Scene
})

/** Every market that trades is recorded with a book that is trusted. */
const isAllLive = (
  { exchange }: RunningExchange,
  { marketsLive, marketsWaiting }: CollectorProcess.CollectorStatus
) => {
  const active = [...exchange.markets.values()].filter(({ status }) => status === "active").length
  return marketsWaiting === 0 && marketsLive >= active && active > 0
}

/** Makes something go wrong with the exchange; dies when it cannot be made. */
export const inflict = (
  exchange: RunningExchange,
  fault: Parameters<RunningExchange["faults"]["inflict"]>[0]
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const made = exchange.faults.inflict(fault)
    return Result.isFailure(made) ? Effect.die(made.failure) : Effect.void
  })
