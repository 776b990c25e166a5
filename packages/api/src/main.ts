/** The API as a program of its own: answers from the database that the environment names. */
import "@kalshibook/store/ProgramEngine"

import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { AccountSettings } from "@kalshibook/store/AccountSettings"
import { Accounts } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { Coverage } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import * as Database from "@kalshibook/store/Database"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import * as LedgerThinning from "@kalshibook/store/LedgerThinning"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Members } from "@kalshibook/store/Members"
import * as PepperFile from "@kalshibook/store/PepperFile"
import * as ProgramEnvironment from "@kalshibook/store/ProgramEnvironment"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { Console, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import * as ApiConfig from "./ApiConfig.ts"
import * as ApiServer from "./ApiServer.ts"
import * as BillingConfig from "./billing/BillingConfig.ts"
import * as KalshiRoutes from "./kalshi/KalshiRoutes.ts"
import * as LiveFeed from "./live/LiveFeed.ts"
import { RecorderStatusSource } from "./RecorderStatusSource.ts"
import * as SignIn from "./SignIn.ts"
import * as SignInSettings from "./SignInSettings.ts"
import * as Site from "./site/Site.ts"
import { StreamServer } from "./stream/StreamServer.ts"

const stores = Layer.mergeAll(
  ArchiveBoard.layerNoDeps,
  StatusBoard.layerNoDeps,
  ReplaySource.layerTiers.pipe(Layer.provideMerge(History.layerTiers), Layer.provideMerge(HotTier.layerNoDeps)),
  MarketCatalog.layerNoDeps,
  ChannelGaps.layerNoDeps,
  LifecycleLog.layerNoDeps,
  Settlements.layerNoDeps,
  Coverage.layerNoDeps,
  Accounts.layerNoDeps,
  BillingBook.layerNoDeps,
  MeterOutbox.layerNoDeps,
  Ledger.layerNoDeps,
  RequestLog.layerNoDeps,
  AccountSettings.layerNoDeps,
  ConnectionLeases.layerNoDeps,
  LedgerThinning.layer,
  Keys.layerNoDeps,
  Members.layerNoDeps
).pipe(
  Layer.merge(FileStores.layer.pipe(Layer.provide(MarketCatalog.layerNoDeps))),
  Layer.provideMerge(PepperFile.layer),
  Layer.provide(Database.layer)
)

/** Mails of the embedded auth server: whoever runs it reads them. */
const tell = (lines: ReadonlyArray<string>) => process.stdout.write(`${lines.join("\n")}\n`)

const server = Layer.unwrap(
  Effect.gen(function* () {
    const address = yield* ApiConfig.address
    const settings = yield* SignInSettings.fromEnvironment(address.host)
    if (settings._tag === "nowhere") yield* Effect.logWarning(`nobody can sign in. ${settings.why}`)
    const { around, routes } = yield* SignIn.make(settings, tell)
    return Layer.provide(ApiServer.layer(address, undefined, Layer.merge(KalshiRoutes.layer, routes)), around)
  })
).pipe(
  Layer.provide(StreamServer.layerNoDeps),
  Layer.provide(Layer.unwrap(Effect.map(ApiConfig.siteFolder, Site.layer))),
  Layer.provide(Layer.merge(RecorderStatusSource.layerDatabase, LiveFeed.layer)),
  Layer.provide(Layer.mergeAll(ApiConfig.mcpOrigins, ApiConfig.addressHeader, ApiConfig.demoSeries([]))),
  Layer.provide(
    Layer.unwrap(Effect.map(ApiConfig.address, ({ host, port }) => BillingConfig.layer(`http://${host}:${port}`)))
  ),
  Layer.provide(stores),
  Layer.provide(Database.layer)
)

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const place = address._tag === "UnixPathAddress" ? address.path : HttpServer.formatAddress(address)
  yield* Console.log(`KalshiBook API: ${place} (reference: ${place}/docs)`)
  return yield* Effect.never
})

/** Says in one line why it cannot start. */
const refuse = (error: { readonly message: string }) =>
  Effect.andThen(
    Console.error(`KalshiBook API cannot start: ${error.message}`),
    Effect.sync(() => {
      process.exitCode = 1
    })
  )

program.pipe(
  Effect.provide(server),
  Effect.provide(Telemetry.layer("kalshibook-api")),
  (served) => Effect.andThen(ProgramEnvironment.check("api"), served),
  Effect.catchTags({
    ConfigError: ({ message }) => refuse({ message: message.replaceAll(/\s+/g, " ") }),
    DatabaseError: refuse,
    EnvironmentUnusable: refuse,
    ObjectStoreError: refuse,
    BillingUnusable: refuse,
    ColdTierAway: refuse,
    HotTierError: refuse,
    ListenFailed: refuse,
    PepperError: refuse,
    SigningKeyError: refuse,
    SignInUnusable: refuse
  }),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
