import { assert, describe, it } from "@effect/vitest"
import { startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Effect, Layer } from "effect"
import * as System from "../../../test/system/System.ts"
import { Collector } from "../src/Collector.ts"

const memory = Layer.mergeAll(Epochs.layerMemory, HotTier.layerMemory, MarketCatalog.layerMemory)

describe("the data watchdog", () => {
  it.live(
    "takes an exchange at rest for what it is: it asks for a snapshot and keeps the connection",
    () =>
      Effect.gen(function* () {
        const exchange = yield* startSimulatedExchange({ marketsOpen: 5, deltasPerSecond: 50, pingMillis: 100 })
        const built = yield* Layer.build(
          System.collectorOf(exchange, { dataSilenceMillisMax: 600, pingSilenceMillisMax: 5_000 })
        ).pipe(Effect.provide(yield* Layer.build(memory)))
        const collector = Context.get(built, Collector)
        yield* System.until(collector, (status) => status.marketsByState.live >= 5)
        exchange.faults.inflict({ fault: "pause_trading" })
        const before = yield* collector.status
        yield* System.until(collector, (status) => status.counts.frames >= before.counts.frames + 4)
        const after = yield* collector.status
        assert.strictEqual(after.epoch, 1)
        assert.strictEqual(after.marketsByState.waiting, 0)
      }).pipe(Effect.scoped, Effect.timeout(15_000)),
    20_000
  )
})
