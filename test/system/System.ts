/**
 * The whole system in one process for a test: a simulated exchange, the collector, an embedded Postgres and the API on a free
 * port; all of it stops with the scope.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { LiveMarkets } from "@kalshibook/api/live/LiveMarkets"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import type * as SignIn from "@kalshibook/api/SignIn"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { Collector } from "@kalshibook/collector/Collector"
import { type CollectorSettings, Settings } from "@kalshibook/collector/CollectorSettings"
import { ExchangeAccess, type ExchangeSource } from "@kalshibook/collector/ExchangeAccess"
import {
  type RunningExchange,
  type SimulatedExchangeOptions,
  startSimulatedExchange
} from "@kalshibook/simulator/SimulatedExchange"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { Epochs } from "@kalshibook/store/Epochs"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Keys } from "@kalshibook/store/Keys"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Settlements } from "@kalshibook/store/Settlements"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { HttpClient, HttpServer } from "effect/http"
import { SqlClient } from "effect/sql"
import * as Customer from "../../packages/api/test/Customer.ts"
import * as PgTest from "../../packages/store/test/PgTest.ts"

/** A collector that records. */
export interface Recording {
  readonly collector: Collector["Service"]
  /** Stops it: what was received is stored, and the logs say that they end. */
  readonly stop: Effect.Effect<void>
}

export interface RunningSystem extends Recording {
  readonly exchange: RunningExchange
  readonly sql: SqlClient.SqlClient
  readonly hotTier: HotTier["Service"]
  /** Starts another collector on the same stores, after the one before was stopped. */
  readonly startAgain: Effect.Effect<Recording>
  /** Where the API listens. */
  readonly url: string
  /** Makes further keys of the customer. */
  readonly keys: Keys["Service"]
  /** GET on the API: status and parsed body. */
  readonly get: <Body = unknown>(path: string) => Effect.Effect<{ readonly status: number; readonly body: Body }>
}

/** The stores over one Postgres, which other parts may share or outlive. */
const stores = Layer.mergeAll(
  FeedHub.layer,
  FileStores.layerNone,
  Audits.layerNoDeps,
  ChannelGaps.layerNoDeps,
  Epochs.layerNoDeps,
  HotTier.layerNoDeps,
  MarketCatalog.layerNoDeps,
  Layer.provideMerge(Customer.layer, Customer.storesInPostgres)
)

/** A tape in a folder of its own, which goes with the scope. */
const tapePlace = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-tape-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
    ),
    (folder) => TapePlace.layer(folder, { freeBytesMin: 0, freeBytesAlarm: 0 })
  )
)

/** The collector recording this exchange. */
const collectorOf = (
  exchange: RunningExchange,
  settings: Partial<CollectorSettings> = {},
  source: ExchangeSource = "simulator"
) =>
  Collector.layer.pipe(
    Layer.provide(Settings.layerOf({ reconcileMillis: 1_000, restRequestsPerSecondMax: 200, ...settings })),
    Layer.provide(
      ExchangeAccess.layerOf({
        source,
        restUrl: exchange.restUrl,
        wsUrl: exchange.wsUrl,
        keyId: exchange.keyId,
        privateKeyPem: Redacted.make(exchange.privateKeyPem)
      })
    ),
    Layer.provide(NodeHttpClient.layerUndici)
  )

/** The stream as the collector of this process tells it, from the same stores. */
const liveStream = StreamServer.layerNoDeps.pipe(
  Layer.provide(LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerSameProcess))),
  Layer.provide(Layer.merge(History.layerHot, ReplaySource.layerMemory))
)

/** What else the API is to know, the site for one; out of the stores that it has. */
type More = Layer.Layer<never, never, Layer.Success<typeof stores> | SqlClient.SqlClient>

/** The API on a free port, told by this collector how it is. */
const apiOf = (collector: Collector["Service"], more: More, signIn: SignIn.SignIn) =>
  ApiServer.layer({ host: "127.0.0.1", port: 0 }, undefined, signIn.routes).pipe(
    Layer.provide(liveStream),
    Layer.provide(signIn.around),
    Layer.provide(more),
    Layer.provide(
      Layer.mergeAll(
        History.layerHot,
        ChannelGaps.layerNoDeps,
        LifecycleLog.layerNoDeps,
        Settlements.layerNoDeps,
        Coverage.layerNoDeps
      )
    ),
    Layer.provide(RecorderStatusSource.layerSameProcess(collector.status))
  )

export const start = (
  options: SimulatedExchangeOptions,
  settings: Partial<CollectorSettings> = {},
  more: More = Layer.empty,
  signIn: SignIn.SignIn = { routes: Layer.empty, around: Layer.empty }
): Effect.Effect<RunningSystem, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const exchange = yield* startSimulatedExchange({ readTokensPerSecond: 100_000, readTokensMax: 100_000, ...options })
    const stored = yield* Layer.build(Layer.mergeAll(stores, tapePlace).pipe(Layer.provideMerge(PgTest.layer)))
    const source = options.recording === undefined ? "simulator" : "recording"
    const scope = yield* Effect.scope
    const record = Effect.gen(function* () {
      const own = yield* Scope.fork(scope)
      const built = yield* Layer.buildWithScope(collectorOf(exchange, settings, source), own)
      return { collector: Context.get(built, Collector), stop: Scope.close(own, Exit.void) }
    }).pipe(Effect.provide(stored), Effect.orDie)
    const first = yield* record
    const served = yield* Layer.build(apiOf(first.collector, more, signIn)).pipe(Effect.provide(stored))
    const { address } = Context.get(served, HttpServer.HttpServer)
    if (address._tag === "UnixPathAddress") return yield* Effect.die("the API listens on a TCP port")
    const client = Context.get(yield* Layer.build(NodeHttpClient.layerUndici), HttpClient.HttpClient)
    const base = `http://127.0.0.1:${address.port}`
    return {
      ...first,
      exchange,
      sql: Context.get(stored, SqlClient.SqlClient),
      hotTier: Context.get(stored, HotTier),
      startAgain: record,
      url: base,
      keys: Context.get(stored, Keys),
      get: <Body>(path: string) =>
        client.get(`${base}${path}`, { headers: { "X-API-Key": Customer.key() } }).pipe(
          Effect.flatMap((response) =>
            Effect.map(response.json, (body) => ({ status: response.status, body: body as Body }))
          ),
          Effect.orDie
        )
    }
  })

/** Waits until the collector is as wanted; the caller's timeout says when that is too long. */
export const until = (
  collector: Collector["Service"],
  wanted: (status: Effect.Success<Collector["Service"]["status"]>) => boolean
): Effect.Effect<void> =>
  Effect.suspend(() => Effect.map(collector.status, wanted)).pipe(
    Effect.flatMap((is) => (is ? Effect.void : Effect.delay(Effect.fail("not yet"), 20))),
    Effect.eventually
  )
