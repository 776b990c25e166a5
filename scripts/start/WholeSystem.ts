/**
 * All of KalshiBook in one process: the database, the archiver, the collector and the API, started in this order and stopped in the
 * reverse one, so that whatever was received is stored before its database goes.
 */
import path from "node:path"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as ApiConfig from "@kalshibook/api/ApiConfig"
import * as ApiServer from "@kalshibook/api/ApiServer"
import * as KalshiRoutes from "@kalshibook/api/kalshi/KalshiRoutes"
import { LiveMarkets } from "@kalshibook/api/live/LiveMarkets"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import * as SignIn from "@kalshibook/api/SignIn"
import type { SignInSettings } from "@kalshibook/api/SignInSettings"
import * as Site from "@kalshibook/api/site/Site"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import * as Archiver from "@kalshibook/archiver/Archiver"
import * as ArchiverParts from "@kalshibook/archiver/ArchiverParts"
import * as ArchiverSettings from "@kalshibook/archiver/ArchiverSettings"
import * as ParquetMaker from "@kalshibook/archiver/ParquetMaker"
import { Collector } from "@kalshibook/collector/Collector"
import { Settings } from "@kalshibook/collector/CollectorSettings"
import type { CollectorStatus } from "@kalshibook/collector/CollectorStatus"
import { ExchangeAccess } from "@kalshibook/collector/ExchangeAccess"
import * as FeedListening from "@kalshibook/collector/FeedListening"
import * as StatusPosting from "@kalshibook/collector/StatusPosting"
import { AccountSettings } from "@kalshibook/store/AccountSettings"
import { Accounts } from "@kalshibook/store/Accounts"
import { Audits } from "@kalshibook/store/Audits"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { Coverage, rollUpLayer } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import * as Database from "@kalshibook/store/Database"
import * as DemoAccount from "@kalshibook/store/DemoAccount"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { Epochs } from "@kalshibook/store/Epochs"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import * as LedgerThinning from "@kalshibook/store/LedgerThinning"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Members } from "@kalshibook/store/Members"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import * as PepperFile from "@kalshibook/store/PepperFile"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { siteFolder } from "../web/WebBuild.ts"
import * as Payments from "./Payments.ts"
import * as Progress from "./Progress.ts"
import type * as SimulatorProcess from "./SimulatorProcess.ts"
import type { StartSettings } from "./StartSettings.ts"
import * as Terminal from "./Terminal.ts"
import * as TryIt from "./TryIt.ts"

const stores = Layer.mergeAll(
  ArchiveBoard.layerNoDeps,
  Audits.layerNoDeps,
  ChannelGaps.layerNoDeps,
  Epochs.layerNoDeps,
  LifecycleLog.layerNoDeps,
  Settlements.layerNoDeps,
  Coverage.layerNoDeps,
  ReplaySource.layerTiers.pipe(Layer.provideMerge(History.layerTiers), Layer.provideMerge(HotTier.layerNoDeps)),
  MarketCatalog.layerNoDeps,
  StatusBoard.layerNoDeps,
  Accounts.layerNoDeps,
  BillingBook.layerNoDeps,
  MeterOutbox.layerNoDeps,
  Keys.layerNoDeps,
  Members.layerNoDeps,
  Ledger.layerNoDeps,
  RequestLog.layerNoDeps,
  AccountSettings.layerNoDeps,
  ConnectionLeases.layerNoDeps,
  LedgerThinning.layer
).pipe(Layer.provideMerge(PepperFile.layer))

/** The markets as the recorder of this process tells of them. */
const live = LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerSameProcess))

/** What an invented exchange shows to whoever has no key. */
const demoSeries = ["KXBTC15M"]

const archiver = Archiver.runLayer.pipe(
  Layer.provide(ArchiverParts.layer),
  Layer.provide(ParquetMaker.layer),
  Layer.provide(Layer.mergeAll(ObjectStore.layer, ArchiverSettings.Settings.layer))
)

/** Runs until it is interrupted; fails with an error whose message is for the one who typed the command. */
export const run = (settings: StartSettings, simulator: Option.Option<SimulatorProcess.SimulatorStarting>) =>
  runAll(settings, simulator).pipe(Effect.provide(Telemetry.layerOtlp("kalshibook")))

const runAll = Effect.fnUntraced(function* (
  settings: StartSettings,
  simulator: Option.Option<SimulatorProcess.SimulatorStarting>
) {
  const database = yield* Layer.build(Database.layer)
  const { kind, place } = Context.get(database, Database.Database)
  Terminal.fact("database", kind === "embedded" ? `Postgres in ${Terminal.shown(place)}` : `Postgres at ${place}`)
  const exchange = yield* Option.match(simulator, {
    onNone: realExchange,
    onSome: (starting) => ownExchange(starting, settings.exchange)
  })
  const stored = yield* Layer.build(Layer.provide(stores, Layer.succeedContext(database)))
  yield* Layer.build(Layer.provide(rollUpLayer, Layer.succeedContext(stored)))
  yield* Layer.build(Layer.provide(archiver, Layer.succeedContext(database)))
  // Outlives the collector, whose last word is told, too.
  const hub = yield* Layer.build(Layer.provideMerge(FeedListening.layer("off"), FeedHub.layer))
  let status: Effect.Effect<CollectorStatus> | undefined
  // Runs after the collector has stopped.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => (status === undefined ? Effect.void : Progress.tellLost(status)))
  )
  const collected = yield* Layer.build(
    StatusPosting.layer.pipe(
      Layer.provideMerge(Collector.layer),
      Layer.provide(Layer.succeedContext(hub)),
      Layer.provide(
        Layer.mergeAll(Layer.succeedContext(stored), exchange.access, Settings.layer, TapePlace.layerConfig)
      ),
      Layer.provide(NodeHttpClient.layerUndici)
    )
  )
  const collector = Context.get(collected, Collector)
  status = collector.status
  const files = yield* Layer.build(
    Layer.provide(FileStores.layer, Layer.mergeAll(Layer.succeedContext(database), Layer.succeedContext(stored)))
  )
  let url = ""
  const payments = yield* Payments.start({ ...settings, url: () => url })
  const signIn = yield* SignIn.make(settings.signIn, Terminal.mail)
  const routes = Layer.merge(KalshiRoutes.layer, signIn.routes)
  const api = yield* Layer.build(
    ApiServer.layer({ host: settings.apiHost, port: settings.apiPort }, undefined, routes).pipe(
      Layer.provide(signIn.around),
      Layer.provide(RecorderStatusSource.layerSameProcess(collector.status)),
      Layer.provide(Layer.merge(ApiConfig.mcpOrigins, ApiConfig.addressHeader)),
      Layer.provide(ApiConfig.demoSeries(settings.exchange === "kalshi" ? [] : demoSeries)),
      Layer.provide(payments.layer),
      Layer.provide(StreamServer.layerNoDeps),
      Layer.provide(Site.layer(settings.siteFolder ?? siteFolder)),
      Layer.provide(live.pipe(Layer.provide(Layer.succeedContext(hub)))),
      Layer.provide(Layer.mergeAll(Layer.succeedContext(stored), Layer.succeedContext(files))),
      Layer.provide(Layer.succeedContext(database))
    )
  )
  // Only where nobody else can reach the database: elsewhere accounts are made by whoever operates it.
  const demoKey = kind === "embedded" ? yield* Effect.provide(DemoAccount.ensure, stored) : Option.none()
  url = addressOf(Context.get(api, HttpServer.HttpServer), settings.apiHost)
  const show = Effect.gen(function* () {
    yield* Progress.untilRecording(collector.status)
    Terminal.line()
    Terminal.fact("site", url)
    Terminal.fact("API", url)
    Terminal.fact("docs", `${url}/docs`)
    Terminal.fact("payments", payments.told)
    Terminal.fact("sign-in", signInText(settings.signIn))
    Terminal.fact(
      "key",
      Option.match(demoKey, {
        onNone: () => "as it was told when it was made (another one: npm run accounts -- key demo)",
        onSome: (key) => `${Redacted.value(key)} (told this once)`
      })
    )
    Terminal.fact("log", Terminal.shown(path.join(settings.dataFolder, "kalshibook.log")))
    yield* TryIt.show(
      { url, key: Option.getOrUndefined(demoKey) },
      Context.get(stored, HotTier),
      Context.get(stored, MarketCatalog)
    ).pipe(
      // The examples may be missed; that the database is away is told next.
      Effect.catch((error) => Effect.logWarning(`no examples: ${error.message}`))
    )
    Terminal.line()
    Terminal.line("  Ctrl-C stops everything.")
    return yield* Progress.forEver(collector.status)
  })
  return yield* Effect.raceAllFirst([show, collector.failed, exchange.ended])
})

const signInText = (settings: SignInSettings): string => {
  switch (settings._tag) {
    case "supabase":
      return `by ${settings.url}`
    case "embedded":
      return "in the site; its mails are shown here"
    case "nowhere":
      return settings.why
  }
}

const realExchange = () =>
  Effect.sync(() => {
    Terminal.fact("exchange", "Kalshi")
    return { access: ExchangeAccess.layer, ended: Effect.never }
  })

const ownExchange = (starting: SimulatorProcess.SimulatorStarting, source: StartSettings["exchange"]) =>
  Effect.map(starting.ready, ({ restUrl, wsUrl, keyId, privateKeyPem, ended }) => {
    const { origin } = new URL(restUrl)
    if (source === "recording") Terminal.fact("exchange", `recorded frames, played back at ${origin}: not live`)
    else Terminal.fact("exchange", `simulated at ${origin}: THE DATA IS MADE UP`)
    Terminal.fact("", "(set KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH to record the real one)")
    const options = { source, restUrl, wsUrl, keyId, privateKeyPem: Redacted.make(privateKeyPem) }
    return { access: ExchangeAccess.layerOf(options), ended }
  })

/** Where a browser of this machine reaches the API. */
const addressOf = (server: HttpServer.HttpServer["Service"], host: string): string => {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host
  const port = server.address._tag === "UnixPathAddress" ? 0 : server.address.port
  return `http://${name}:${port}`
}
