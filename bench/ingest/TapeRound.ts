/**
 * One round without a database: from the socket onto the tape, synced, and into the books. The hot tier takes every batch and keeps
 * nothing; the tape is a real one, on the disk.
 */
import { join } from "node:path"
import { Collector } from "@kalshibook/collector/Collector"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Duration, Effect, Layer, References } from "effect"
import { collectorOf, measure, type Usage, wrongBook } from "./Collecting.ts"
import * as ExchangeProcess from "./ExchangeProcess.ts"
import type { HoseSettings } from "./Hose.ts"

const roundMillisMax = 120_000

const forgetfulTier = Layer.effect(
  HotTier,
  Effect.map(HotTier, (tier) => HotTier.of({ ...tier, append: () => Effect.void }))
).pipe(Layer.provide(HotTier.layerMemory))

/** Records into a tape in `folder`. Rejects when a book at the end is not the exchange's. */
export const record = (settings: HoseSettings, folder: string): Promise<Usage & { readonly frameBytesMean: number }> =>
  Effect.gen(function* () {
    const address = yield* ExchangeProcess.start(settings)
    const usage = yield* Effect.gen(function* () {
      const collector = yield* Collector
      const { tape } = collector.recording()
      const recordsWanted = settings.changes + address.outcomes.length
      const measured = yield* measure(address, ({ recordsCommitted }) => recordsCommitted >= recordsWanted)
      if (tape.synced() < recordsWanted) return yield* Effect.die("what was committed is not on the tape")
      const problem = wrongBook(collector, address)
      return problem === undefined ? measured : yield* Effect.die(problem)
    }).pipe(Effect.provide(collectorOf(address)))
    return { ...usage, frameBytesMean: address.frameBytesMean }
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Audits.layerMemory,
        ChannelGaps.layerMemory,
        Epochs.layerMemory,
        forgetfulTier,
        MarketCatalog.layerMemory,
        TapePlace.layer(join(folder, "tape"))
      )
    ),
    Effect.scoped,
    Effect.timeout(Duration.millis(roundMillisMax)),
    Effect.provideService(References.MinimumLogLevel, "Error"),
    Effect.runPromise
  )
