/** The archiver as a program of its own: seals what the database of the environment holds into the bucket that it names. */
import "@kalshibook/store/ProgramEngine"

import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Database from "@kalshibook/store/Database"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import * as ProgramEnvironment from "@kalshibook/store/ProgramEnvironment"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { Console, Effect, Layer } from "effect"
import { runLayer } from "./Archiver.ts"
import * as ArchiverParts from "./ArchiverParts.ts"
import { Settings } from "./ArchiverSettings.ts"
import * as MetricsServer from "./MetricsServer.ts"
import * as ParquetMaker from "./ParquetMaker.ts"

// What is wrong with the settings is said before a database is started.
const needs = ArchiverParts.layer.pipe(
  Layer.provideMerge(ParquetMaker.layer),
  Layer.provideMerge(Database.layer),
  Layer.provideMerge(Layer.mergeAll(ObjectStore.layer, Settings.layer))
)

/** Says in one line why it cannot start. */
const refuse = (error: { readonly message: string }) =>
  Effect.andThen(
    Console.error(`KalshiBook archiver cannot start: ${error.message}`),
    Effect.sync(() => {
      process.exitCode = 1
    })
  )

Layer.launch(Layer.merge(runLayer, MetricsServer.layer).pipe(Layer.provide(needs))).pipe(
  Effect.provide(Telemetry.layer("kalshibook-archiver")),
  (program) => Effect.andThen(ProgramEnvironment.check("archiver"), program),
  Effect.catchTags({
    ConfigError: ({ message }) => refuse({ message: message.replaceAll(/\s+/g, " ") }),
    DatabaseError: refuse,
    DuckDbError: refuse,
    EnvironmentUnusable: refuse,
    ObjectStoreError: refuse,
    ServeError: ({ cause }) => refuse({ message: `KALSHIBOOK_METRICS_PORT cannot be listened on: ${String(cause)}` })
  }),
  NodeRuntime.runMain
)
