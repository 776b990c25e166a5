/** The collector as a program of its own: records the exchange that the environment names into its database. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer } from "effect"
import { Collector } from "./Collector.ts"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"

const stores = Layer.mergeAll(Epochs.layerNoDeps, HotTier.layerNoDeps, MarketCatalog.layerNoDeps).pipe(
  Layer.provide(Database.layer)
)

const collector = Collector.layer.pipe(
  Layer.provide(Layer.mergeAll(stores, ExchangeAccess.layer, Settings.layer, NodeHttpClient.layerUndici))
)

Effect.flatMap(Collector, (running) => running.failed).pipe(Effect.provide(collector), NodeRuntime.runMain)
