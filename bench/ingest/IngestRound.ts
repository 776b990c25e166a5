/** One round of the ingest benchmark: records everything into a new database, proves what was stored, and measures. */
import { join } from "node:path"
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
import { Duration, Effect, Layer, References } from "effect"
import { collectorOf, measure, type Usage } from "./Collecting.ts"
import * as ExchangeProcess from "./ExchangeProcess.ts"
import type { HoseSettings } from "./Hose.ts"
import * as PostgresAlone from "./PostgresAlone.ts"

export interface IngestRound extends Usage {
  /** Postgres alone, same rows. */
  readonly alone: PostgresAlone.AloneSeconds
}

const roundMillisMax = 180_000

/** Records into a database in `folder`. Rejects when anything is not stored exactly once. */
export const record = (settings: HoseSettings, folder: string): Promise<IngestRound> =>
  Effect.gen(function* () {
    const address = yield* ExchangeProcess.start(settings)
    const recordsWanted = settings.changes + address.outcomes.length
    // Proved while the collector runs: when it ends it closes every log with a gap.
    const { changes, measured } = yield* Effect.all({
      measured: measure(address, ({ recordsCommitted }) => recordsCommitted >= recordsWanted),
      changes: prove(address)
    }).pipe(Effect.provide(collectorOf(address)))
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

/** Reads every log back: offsets without a hole, no gap, and at the end the exchange's own book. Returns the changes. */
const prove = Effect.fnUntraced(function* ({ outcomes }: ExchangeProcess.HoseAddress) {
  const hotTier = yield* HotTier
  const found: Array<DeltaRecord> = []
  for (const [marketTicker, { bookHash, changes }] of outcomes) {
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
