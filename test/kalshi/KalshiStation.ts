/**
 * A simulated exchange, recorded into memory, and our API over it, live feed included: for tests of Kalshi's protocol. Others may record
 * from the API as from the exchange.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as ApiServer from "@kalshibook/api/ApiServer"
import * as KalshiRoutes from "@kalshibook/api/kalshi/KalshiRoutes"
import { LiveMarkets } from "@kalshibook/api/live/LiveMarkets"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { Collector } from "@kalshibook/collector/Collector"
import { type CollectorSettings, Settings } from "@kalshibook/collector/CollectorSettings"
import { ExchangeAccess } from "@kalshibook/collector/ExchangeAccess"
import {
  type RunningExchange,
  type SimulatedExchangeOptions,
  startSimulatedExchange
} from "@kalshibook/simulator/SimulatedExchange"
import * as AccessKeys from "@kalshibook/simulator/server/AccessKeys"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { Epochs } from "@kalshibook/store/Epochs"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Settlements } from "@kalshibook/store/Settlements"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { HttpServer } from "effect/http"
import * as Customer from "../../packages/api/test/Customer.ts"

/** One key for all exchanges of a file: making one takes long. */
export const ownKey = AccessKeys.generate()

const stores = Layer.suspend(() =>
  Layer.mergeAll(
    ArchiveBoard.layerMemory,
    Audits.layerMemory,
    ChannelGaps.layerMemory,
    Epochs.layerMemory,
    LifecycleLog.layerMemory,
    Layer.merge(Coverage.layerMemory, Settlements.layerMemory).pipe(
      Layer.provideMerge(Layer.merge(HotTier.layerMemory, MarketCatalog.layerMemory))
    ),
    History.layerMemory,
    ReplaySource.layerMemory,
    FileStores.layerNone,
    FeedHub.layer,
    TapePlace.layerMemory(TapeMemory.make(), { syncMillisMax: 5 }),
    Layer.provideMerge(Customer.layer, Customer.storesInMemory)
  )
)

type Stores = Layer.Success<typeof stores>

const quick: Partial<CollectorSettings> = {
  replyMillisMax: 10_000,
  snapshotMillisMax: 10_000,
  chunkSettleMillisMax: 200,
  flushMillis: 10,
  watermarkMillis: 20,
  retryMillisMin: 20,
  retryMillisMax: 200,
  reconcileMillis: 60_000,
  auditMillis: 3_600_000,
  restRequestsPerSecondMax: 500,
  commandsPerSecondMax: 1_000,
  handshakesPerSecondMax: 200
}

/** Where a collector records from. */
export interface Place {
  readonly restUrl: string
  readonly wsUrl: string
  readonly keyId: string
}

/** Records from a place into stores of memory, until it is stopped. */
export const record = Effect.fnUntraced(function* (place: Place, into: Context.Context<Stores>) {
  const own = yield* Scope.fork(yield* Effect.scope)
  const layer = Collector.layer.pipe(
    Layer.provide(Settings.layerOf(quick)),
    Layer.provide(
      ExchangeAccess.layerOf({
        source: "simulator",
        restUrl: place.restUrl,
        wsUrl: place.wsUrl,
        keyId: place.keyId,
        privateKeyPem: Redacted.make(ownKey.privateKeyPem)
      })
    ),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provide(Logger.layer([]))
  )
  const built = yield* Layer.buildWithScope(layer, own).pipe(Effect.provide(into))
  return { collector: Context.get(built, Collector), stop: Scope.close(own, Exit.void) }
})

export const emptyStores: Effect.Effect<Context.Context<Stores>, never, Scope.Scope> = Effect.orDie(Layer.build(stores))

export interface KalshiStation {
  readonly exchange: RunningExchange
  readonly stored: Context.Context<Stores>
  readonly collector: Collector["Service"]
  readonly stop: Effect.Effect<void>
  /** Of our API, without a slash at the end. */
  readonly url: string
  /** Of ours, with the scopes of a program that reads and follows. */
  readonly key: string
}

export const start = Effect.fnUntraced(function* (options: SimulatedExchangeOptions = {}) {
  const exchange = yield* startSimulatedExchange({
    ownKey,
    seed: 7,
    marketsOpen: 12,
    deltasPerSecond: 400,
    quickLifeSeconds: 86_400,
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000,
    ...options
  })
  const stored = yield* emptyStores
  const { collector, stop } = yield* record(exchange, stored)
  const live = LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerSameProcess))
  const api = yield* Layer.build(
    ApiServer.layer({ host: "127.0.0.1", port: 0 }, undefined, KalshiRoutes.layer).pipe(
      Layer.provide(StreamServer.layerNoDeps),
      Layer.provide(live),
      Layer.provide(RecorderStatusSource.layerSameProcess(collector.status))
    )
  ).pipe(Effect.provide(stored))
  const { address } = Context.get(api, HttpServer.HttpServer)
  if (address._tag === "UnixPathAddress") return yield* Effect.die("the API listens on a TCP port")
  const url = `http://127.0.0.1:${address.port}`
  return { exchange, stored, collector, stop, url, key: Customer.key() } satisfies KalshiStation as KalshiStation
})

/** Waits until it is so; the test's timeout says when that is too long. */
export const until = (isSo: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(isSo, (is) => (is ? Effect.void : Effect.delay(Effect.fail("not yet"), 20))).pipe(Effect.eventually)
