/** The collector as a program of its own: records the exchange that the environment names into its database. */
import "@kalshibook/store/ProgramEngine"

import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage, rollUpLayer } from "@kalshibook/store/Coverage"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import * as FeedAddress from "@kalshibook/store/feed/FeedAddress"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import * as ProgramEnvironment from "@kalshibook/store/ProgramEnvironment"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Console, Effect, Layer } from "effect"
import { Collector } from "./Collector.ts"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import * as FeedListening from "./FeedListening.ts"
import * as MetricsServer from "./MetricsServer.ts"
import * as StatusPosting from "./StatusPosting.ts"

const stores = Layer.mergeAll(
  Audits.layerNoDeps,
  ChannelGaps.layerNoDeps,
  rollUpLayer.pipe(Layer.provide(Coverage.layerNoDeps)),
  Epochs.layerNoDeps,
  HotTier.layerNoDeps,
  MarketCatalog.layerNoDeps,
  StatusBoard.layerNoDeps
).pipe(Layer.provide(Database.layer))

// What is wrong with the credentials is said before a database is started.
const needs = stores.pipe(
  Layer.provideMerge(
    Layer.mergeAll(ExchangeAccess.layer, Settings.layer, TapePlace.layerConfig, NodeHttpClient.layerUndici)
  )
)

const recorder = StatusPosting.layer.pipe(
  Layer.provideMerge(Collector.layer),
  Layer.provide(needs),
  Layer.provideMerge(Layer.merge(FeedListening.layer(FeedAddress.listenDefault), MetricsServer.layer)),
  Layer.provide(FeedHub.layer)
)

/** Says in one line why it cannot start. */
const refuse = (error: { readonly message: string }) =>
  Effect.andThen(
    Console.error(`KalshiBook collector cannot start: ${error.message}`),
    Effect.sync(() => {
      process.exitCode = 1
    })
  )

Effect.flatMap(Collector, (running) => running.failed).pipe(
  Effect.provide(recorder),
  Effect.provide(Telemetry.layer("kalshibook-collector")),
  (program) => Effect.andThen(ProgramEnvironment.check("collector"), program),
  Effect.catchTags({
    ConfigError: ({ message }) => refuse({ message: message.replaceAll(/\s+/g, " ") }),
    CredentialsUnusable: refuse,
    DatabaseError: refuse,
    EnvironmentUnusable: refuse,
    FeedUnusable: refuse,
    HotTierError: refuse,
    ServeError: ({ cause }) => refuse({ message: `KALSHIBOOK_METRICS_PORT cannot be listened on: ${String(cause)}` }),
    TapeError: refuse
  }),
  NodeRuntime.runMain
)
