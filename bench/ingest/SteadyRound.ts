/** One round at a fixed pace: records a steady stream into a new database, and measures how long each record waited to be committed. */
import { join } from "node:path"
import { Collector } from "@kalshibook/collector/Collector"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Duration, Effect, Layer, References } from "effect"
import { SqlClient } from "effect/sql"
import { collectorOf, measure, type Usage, wrongBook } from "./Collecting.ts"
import * as ExchangeProcess from "./ExchangeProcess.ts"
import type { HoseSettings } from "./Hose.ts"

export interface SteadyRound extends Usage {
  /** From the receipt of a change to its commit, milliseconds. */
  readonly commitMillisP50: number
  readonly commitMillisP99: number
  readonly commitMillisMax: number
  /** Whether memory could not hold what waited, and the writer caught up from the tape. */
  readonly hasSpilled: boolean
}

/** How long after the last change everything must be stored, and how long the exchange takes to make the changes. */
const restMillisMax = 240_000

/** Counts changes by the whole milliseconds that they waited. */
const commitTimes = () => {
  const counts = new Float64Array(60_000)
  let total = 0
  const layer = Layer.effect(
    HotTier,
    Effect.map(HotTier, (tier) =>
      HotTier.of({
        ...tier,
        append: (batch) =>
          Effect.tap(tier.append(batch), () =>
            Effect.sync(() => {
              const nowMillis = Date.now()
              for (const { kind, tsReceivedMicros } of batch.records) {
                if (kind !== "delta") continue
                const waitedMillis = Math.max(0, Math.floor(nowMillis - tsReceivedMicros / 1000))
                const at = Math.min(waitedMillis, counts.length - 1)
                counts[at] = (counts[at] ?? 0) + 1
                total++
              }
            })
          )
      })
    )
  ).pipe(Layer.provide(HotTier.layerNoDeps))
  const quantile = (share: number): number => {
    let seen = 0
    for (let millis = 0; millis < counts.length; millis++) {
      seen += counts[millis] ?? 0
      if (seen >= share * total) return millis + 1
    }
    return counts.length
  }
  return { layer, quantile }
}

/** Records into a database in `folder`. Rejects when a change is missing, in the books or in the database. */
export const record = (settings: HoseSettings & { readonly framesPerSecond: number }, folder: string) => {
  const times = commitTimes()
  return Effect.gen(function* () {
    const address = yield* ExchangeProcess.start(settings)
    const recordsWanted = settings.changes + address.outcomes.length
    const round = yield* Effect.gen(function* () {
      const collector = yield* Collector
      const recording = collector.recording()
      let hasSpilled = false
      const usage = yield* measure(address, ({ recordsCommitted }) => {
        hasSpilled ||= recording.isSpilled
        return recordsCommitted >= recordsWanted
      })
      const problem = wrongBook(collector, address)
      if (problem !== undefined) return yield* Effect.die(problem)
      const sql = yield* SqlClient.SqlClient
      const [stored] = yield* sql<{ count: number; gaps: number }>`
        select count(*)::int as count, (count(*) filter (where kind = 'g'))::int as gaps from records`
      if (stored?.count !== recordsWanted || stored.gaps > 0) {
        return yield* Effect.die(
          `${stored?.count} of ${recordsWanted} records are stored, ${stored?.gaps} of them gaps`
        )
      }
      const { quantile } = times
      return {
        ...usage,
        commitMillisP50: quantile(0.5),
        commitMillisP99: quantile(0.99),
        commitMillisMax: quantile(1),
        hasSpilled
      } satisfies SteadyRound
    }).pipe(Effect.provide(collectorOf(address)))
    return round
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Audits.layerNoDeps,
        ChannelGaps.layerNoDeps,
        Epochs.layerNoDeps,
        times.layer,
        MarketCatalog.layerNoDeps,
        TapePlace.layer(join(folder, "tape"))
      )
    ),
    Effect.provide(Database.layerEmbedded({ folder, durability: "keep" })),
    Effect.scoped,
    Effect.timeout(Duration.millis((settings.changes / settings.framesPerSecond) * 1000 + restMillisMax)),
    Effect.provideService(References.MinimumLogLevel, "Error"),
    Effect.runPromise
  )
}
