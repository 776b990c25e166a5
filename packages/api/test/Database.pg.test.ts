/**
 * The whole API over a real Postgres, which is stopped, locked and damaged while it is asked.
 */
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import * as RequestGate from "@kalshibook/api/RequestGate"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import * as Database from "@kalshibook/store/Database"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { Deferred, Effect, Fiber, FileSystem, Layer, Logger, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { recorder } from "./ApiTest.ts"
import { everyPage, json } from "./Http.ts"
import { storesInPostgres } from "./PostgresStores.ts"
import * as Seed from "./Seed.ts"

/** What breaks here is logged, as it should be, but nobody needs to read it. */
const silent = Logger.layer([])

const served = (gate?: RequestGate.RequestGate) =>
  ApiServer.layer({ host: "127.0.0.1", port: 0 }, gate).pipe(Layer.provide(StreamServer.layerMemory))

const apiOver = (gate?: RequestGate.RequestGate) =>
  served(gate).pipe(
    Layer.provide(RecorderStatusSource.layerDatabase),
    Layer.provideMerge(storesInPostgres),
    Layer.provideMerge(silent)
  )

const apiBesideRecorder = served().pipe(
  Layer.provide(recorder),
  Layer.provideMerge(storesInPostgres),
  Layer.provideMerge(silent)
)

/** Where a Postgres of this test lives. */
const postgresOptions = Effect.gen(function* () {
  const fileSystem = yield* FileSystem.FileSystem
  const folder = yield* fileSystem.makeTempDirectoryScoped({ prefix: "kalshibook-api-" })
  return { folder: join(folder, "postgres"), durability: "forget" } as const
}).pipe(Effect.provide(NodeFileSystem.layer))

/** The database of a Postgres that somebody else started, as by `DATABASE_URL`. */
const databaseAt = ({ database, port, socketFolder, username }: EmbeddedPostgres.Place) =>
  Database.layerUrl(
    Redacted.make(`postgres://${username}@localhost:${port}/${database}?host=${encodeURIComponent(socketFolder)}`)
  )

const book = `/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:01Z`

describe("the API over Postgres", () => {
  it.live("answers from it, says when it is away, and answers again when it is back", () =>
    Effect.gen(function* () {
      const options = yield* postgresOptions
      const running = yield* Scope.make()
      const place = yield* Scope.provide(EmbeddedPostgres.start(options), running)
      yield* Effect.gen(function* () {
        yield* Seed.store
        const { body } = yield* json(book)
        assert.strictEqual(body.provenance.offset, 2)
        assert.deepStrictEqual(body.orderbook_fp.yes_dollars, [["0.3390", "310.00"]])
        const log = yield* everyPage(`/v1/markets/${Seed.busy}/deltas`, "records", 60)
        assert.lengthOf(log.entries, Seed.busyDeltas + 1)
        const trades = yield* everyPage(`/v1/markets/${Seed.recorded}/trades`, "trades", 7)
        assert.deepStrictEqual(
          trades.entries.map((trade) => trade.trade_id),
          Seed.trades.map(({ tradeId }) => tradeId)
        )
        const markets = yield* everyPage("/v1/markets?category=Crypto", "markets", 10)
        assert.lengthOf(markets.entries, Seed.markets.length)
        assert.deepStrictEqual(markets.entries[0], {
          ...Seed.markets[0]?.body,
          ts_observed: "2026-11-21T13:59:59.000000Z",
          version: 1
        })
        assert.strictEqual((yield* json("/healthz")).status, 200)

        yield* Scope.close(running, yield* Effect.exit(Effect.void))
        for (const path of [`${book}&depth=1`, "/v1/markets", "/v1/status", "/healthz"]) {
          const away = yield* json(path)
          assert.strictEqual(away.status, 503, `${path} ${JSON.stringify(away.body)}`)
          assert.strictEqual(away.body.code, "database_away")
          assert.strictEqual(away.retryAfter, "5")
        }

        yield* EmbeddedPostgres.start(options)
        assert.strictEqual((yield* json("/healthz")).status, 200)
        assert.strictEqual((yield* json(book)).body.provenance.offset, 2)
      }).pipe(Effect.provide(apiOver().pipe(Layer.provide(databaseAt(place)))))
    })
  )

  it.live("tells how late the data is while the database is away, when the recorder runs in the same process", () =>
    Effect.gen(function* () {
      const options = yield* postgresOptions
      const running = yield* Scope.make()
      const place = yield* Scope.provide(EmbeddedPostgres.start(options), running)
      yield* Effect.gen(function* () {
        yield* Seed.store
        const { watermark } = (yield* json("/v1/status")).body
        yield* Scope.close(running, yield* Effect.exit(Effect.void))
        const away = yield* json("/v1/status")
        assert.strictEqual(away.status, 200)
        assert.strictEqual(away.body.watermark.ts_received, watermark.ts_received)
        assert.isAbove(away.body.watermark.lag_seconds, watermark.lag_seconds)
        assert.strictEqual((yield* json("/healthz")).status, 503)
      }).pipe(Effect.provide(apiBesideRecorder.pipe(Layer.provide(databaseAt(place)))))
    })
  )

  it.live("stops waiting for a database that does not answer, refuses what is too much, and hides what broke", () =>
    Effect.gen(function* () {
      const options = yield* postgresOptions
      const gate = RequestGate.make({ requestsMax: 1, answerMillisMax: 300 })
      yield* Effect.gen(function* () {
        yield* Seed.store
        const sql = yield* SqlClient.SqlClient
        const isLocked = yield* Deferred.make<void>()
        const release = yield* Deferred.make<void>()
        const lock = sql`lock table markets in access exclusive mode`.pipe(
          Effect.andThen(Deferred.succeed(isLocked, undefined)),
          Effect.andThen(Deferred.await(release)),
          sql.withTransaction
        )
        const locking = yield* Effect.forkChild(lock)
        yield* Deferred.await(isLocked)
        const waiting = yield* Effect.forkChild(json("/v1/markets"), { startImmediately: true })
        yield* Effect.repeat(Effect.yieldNow, { until: () => gate.inFlight() === 1 })
        const overloaded = yield* json("/v1/markets")
        assert.deepStrictEqual([overloaded.status, overloaded.body.code], [503, "overloaded"])
        const late = yield* Fiber.join(waiting)
        assert.deepStrictEqual([late.status, late.body.code], [503, "timed_out"])
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(locking)
        assert.strictEqual((yield* json("/v1/markets")).status, 200)

        yield* sql`alter table markets rename column body to gone`
        const broken = yield* json("/v1/markets")
        assert.deepStrictEqual([broken.status, broken.body.code], [500, "internal"])
        assert.notMatch(JSON.stringify(broken.body), /column|gone|select/i)
      }).pipe(Effect.provide(apiOver(gate).pipe(Layer.provideMerge(Database.layerEmbedded(options)))))
    })
  )
})
