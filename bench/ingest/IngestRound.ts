/** One round of the ingest benchmark: records the whole recording into a new database, proves what was stored, and measures. */
import { join } from "node:path"
import { NodeHttpClient } from "@effect/platform-node"
import { Collector } from "@kalshibook/collector/Collector"
import { Settings } from "@kalshibook/collector/CollectorSettings"
import { ExchangeAccess } from "@kalshibook/collector/ExchangeAccess"
import * as Book from "@kalshibook/core/Book"
import type { DeltaRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotConnection } from "@kalshibook/store/HotConnection"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Duration, Effect, Layer, Redacted, References } from "effect"
import { SqlClient } from "effect/sql"
import * as ExchangeProcess from "./ExchangeProcess.ts"
import * as PostgresAlone from "./PostgresAlone.ts"
import type { RecordingFile } from "./RecordingFile.ts"

export interface IngestRound {
  /** From the receipt of the first change to the commit of the last. */
  readonly seconds: number
  /** CPU of this process in that time, user and system. */
  readonly cpuMicros: number
  /** Most memory that this process held in that time, what it held before included. */
  readonly rssBytesMax: number
  /** Most records that were received and not committed yet. */
  readonly recordsWaitingMax: number
  /** Postgres alone, same rows. */
  readonly alone: PostgresAlone.AloneSeconds
}

const pollMillis = 10
/** Asking for the memory costs half a millisecond. */
const pollsPerMemorySample = 10
const roundMillisMax = 120_000

const collectorOf = (address: ExchangeProcess.ExchangeAddress) =>
  Collector.layer.pipe(
    Layer.provide(Settings.layerOf({ restRequestsPerSecondMax: 200 })),
    Layer.provide(
      ExchangeAccess.layerOf({ ...address, source: "recording", privateKeyPem: Redacted.make(address.privateKeyPem) })
    ),
    Layer.provide(NodeHttpClient.layerUndici)
  )

/** Records the recording at `path` into a database in `folder`. Rejects when anything of it is not stored exactly once. */
export const record = (path: string, recording: RecordingFile, folder: string): Promise<IngestRound> =>
  Effect.gen(function* () {
    const address = yield* ExchangeProcess.start(path)
    // Proved while the collector runs: when it ends it closes every log with a gap.
    const { changes, measured } = yield* Effect.all({ measured: measure(recording), changes: prove(recording) }).pipe(
      Effect.provide(collectorOf(address))
    )
    return { ...measured, alone: yield* PostgresAlone.measure(changes) }
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Audits.layerNoDeps,
        ChannelGaps.layerNoDeps,
        Epochs.layerNoDeps,
        HotConnection.layerNoDeps,
        HotTier.layerNoDeps,
        MarketCatalog.layerNoDeps,
        TapePlace.layer(join(folder, "tape"))
      )
    ),
    Effect.provide(Database.layerEmbedded({ folder, durability: "keep" })),
    Effect.scoped,
    Effect.timeout(Duration.millis(roundMillisMax)),
    Effect.provideService(References.MinimumLogLevel, "Error"),
    Effect.runPromise
  )

/** Waits until every change is committed. The time of the first is the collector's own; the last is seen within `pollMillis`. */
const measure = Effect.fnUntraced(function* (recording: RecordingFile) {
  const collector = yield* Collector
  return yield* Effect.raceFirst(measureUntilCommitted(collector, recording), collector.failed)
})

const measureUntilCommitted = Effect.fnUntraced(function* (
  collector: Collector["Service"],
  { changes, markets }: RecordingFile
) {
  const sql = yield* SqlClient.SqlClient
  const wanted = changes + markets.size
  let cpuStart = process.cpuUsage()
  let rssBytesMax = 0
  let recordsWaitingMax = 0
  let recordsCommitted = 0
  let isStarted = false
  for (let poll = 0; recordsCommitted < wanted; poll++) {
    yield* Effect.sleep(Duration.millis(pollMillis))
    const status = yield* collector.status
    recordsCommitted = status.recordsCommitted
    if (poll % pollsPerMemorySample === 0) rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss())
    recordsWaitingMax = Math.max(recordsWaitingMax, status.recordsWaiting)
    if (!isStarted && status.marketsByState.live === markets.size) {
      isStarted = true
      cpuStart = process.cpuUsage()
    }
  }
  const endMicros = Date.now() * 1_000
  const { system, user } = process.cpuUsage(cpuStart)
  const [first] = yield* sql<{ micros: number }>`
    select min(ts_received_micros) as micros from records where kind = 'd'`
  return {
    seconds: (endMicros - (first?.micros ?? Number.NaN)) / 1e6,
    cpuMicros: user + system,
    rssBytesMax,
    recordsWaitingMax
  }
})

/** Reads every log back: offsets without a hole, no gap, and at the end the exchange's own book. Returns the changes. */
const prove = Effect.fnUntraced(function* ({ markets }: RecordingFile) {
  const hotTier = yield* HotTier
  const found: Array<DeltaRecord> = []
  for (const [marketTicker, { bookHash, changes }] of markets) {
    const records = yield* hotTier.records({
      marketTicker,
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      afterOffset: 0,
      // A snapshot, the changes, and one more, which would be one too many.
      recordsMax: changes + 2
    })
    const replay = Replay.make()
    for (const record of records) {
      Replay.apply(replay, record)
      if (record.kind === "gap" || record.offset !== replay.recordsApplied) {
        return yield* lost(
          marketTicker,
          `${record.kind} ${record.offset} is the record ${replay.recordsApplied} of its log`
        )
      }
      if (record.kind === "delta") found.push(record)
    }
    if (records.length !== changes + 1)
      return yield* lost(marketTicker, `${records.length} records for ${changes} changes`)
    if (replay.trust._tag !== "trusted" || Book.hash(replay.book) !== bookHash) {
      return yield* lost(marketTicker, "its log does not give the exchange's book")
    }
  }
  return found
})

const lost = (marketTicker: string, problem: string): Effect.Effect<never> =>
  Effect.die(new Error(`${marketTicker}: ${problem}`))
