/** What a client of the API sees of the cold tier when something of it is wrong, and what the cold tier sees of a client that leaves. */
import { readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import * as RequestGate from "@kalshibook/api/RequestGate"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { isoFromMicros } from "@kalshibook/core/Units"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { ColdTierAway } from "@kalshibook/store/cold/ColdDataProblem"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as FileStores from "@kalshibook/store/downloads/FileStores"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Logger } from "effect"
import * as Customer from "../../packages/api/test/Customer.ts"
import { ask } from "../../packages/api/test/Http.ts"
import { batch, delta, hourStartMicros, snapshot, watermark } from "../../packages/store/test/Batch.ts"
import * as SealedWorld from "../../packages/store/test/cold/SealedWorld.ts"
import * as TwoTiers from "../../packages/store/test/cold/TwoTiers.ts"

const hour = (index: number): number => hourStartMicros + index * hourMicros
const hours = 4
const ticker = "KXHTTP-1"
const log: ReadonlyArray<BookRecord> = [
  snapshot({ marketTicker: ticker, offset: 1, tsReceivedMicros: hour(0) }),
  ...Array.from({ length: hours }, (_, index) =>
    delta({ marketTicker: ticker, offset: index + 2, deltaE2: 100 + index, tsReceivedMicros: hour(index) + 5 })
  )
]

/** What the test does to the cold tier from beside it. */
class Hand extends Context.Service<
  Hand,
  {
    isAway: boolean
    /** While it is there, whole hours are read by a query that never ends by itself. */
    endless: { readonly begun: Deferred.Deferred<void>; readonly ended: Deferred.Deferred<Exit.Exit<void>> } | undefined
    readonly connection: DuckDb.Connection
  }
>()("Hand") {}

const hand = Layer.effect(
  Hand,
  Effect.gen(function* () {
    const duck = yield* DuckDb.make({ memoryMebibytes: 64, threads: 1, folders: [] })
    return Hand.of({ isAway: false, endless: undefined, connection: yield* duck.connect })
  })
)

const watched = Layer.effect(
  ColdTier,
  Effect.gen(function* () {
    const cold = yield* ColdTier
    const held = yield* Hand
    const away = new ColdTierAway({ key: "v1/records/somewhere", detail: "the bucket is away" })
    return ColdTier.of({
      ...cold,
      marketHour: (...asked) => (held.isAway ? Effect.fail(away) : cold.marketHour(...asked)),
      hourBooks: (...asked) =>
        Effect.suspend(() => {
          const { endless } = held
          if (endless === undefined) return cold.hourBooks(...asked)
          const query = held.connection.run("select sum(a.range * b.range) from range(1000000) a, range(1000000) b")
          return Deferred.succeed(endless.begun, undefined).pipe(
            Effect.andThen(Effect.orDie(query)),
            // DuckDB has stopped by then: whoever interrupts the query waits for it.
            Effect.onExit((exit) => Deferred.succeed(endless.ended, exit)),
            Effect.andThen(cold.hourBooks(...asked))
          )
        })
    })
  })
)

const stores = Layer.mergeAll(
  ChannelGaps.layerNoDeps,
  LifecycleLog.layerNoDeps,
  Settlements.layerNoDeps,
  Coverage.layerNoDeps,
  MarketCatalog.layerNoDeps,
  StatusBoard.layerNoDeps,
  FileStores.layerNone,
  Layer.provideMerge(Customer.layer, Customer.storesInPostgres)
)

/** So patient that nothing but the client's leaving ends a question. */
const gate = RequestGate.make({ requestsMax: 10, answerMillisMax: 3_600_000 })

const api = ApiServer.layer({ host: "127.0.0.1", port: 0 }, gate).pipe(
  Layer.provide(RecorderStatusSource.layerDatabase),
  Layer.provide(StreamServer.layerMemory),
  Layer.provide(stores),
  // Another history than that of `TwoTiers`.
  Layer.provide(Layer.fresh(History.layerNoDeps).pipe(Layer.provide(watched))),
  Layer.provideMerge(hand),
  Layer.provideMerge(TwoTiers.layer()),
  Layer.provideMerge(Logger.layer([]))
)

/** On a machine that is busy with other tests. */
const loadedMillisMax = 120_000

const pathAt = (index: number) => `/v1/markets/${ticker}/orderbook?at=${isoFromMicros(hour(index) + 60_000_000)}`
const bodyOf = (answer: { readonly text: string }) => JSON.parse(answer.text)

layer(api, { excludeTestServices: true, timeout: 60_000 })("The API over the cold tier", (it) => {
  it.effect(
    "tells of an object that is missing, damaged or away, and answers as soon as it is whole",
    () =>
      Effect.gen(function* () {
        const { path } = yield* TwoTiers.Folder
        const hot = yield* HotTier
        const sealing = yield* SealedWorld.make(path)
        yield* hot.append(batch({ records: log, watermark: watermark({ tsReceivedMicros: hour(hours + 1) }) }))
        const whole = { logs: new Map([[ticker, log]]), trades: [] }
        const keys: Array<string> = []
        for (let index = 0; index < hours; index++) {
          const { files } = yield* sealing.seal(whole, hour(index))
          keys.push(files.find((file) => file.kind === "records")?.key ?? "")
        }
        for (let index = 0; index < hours; index++) yield* sealing.prune(hour(index))
        const keyOf = (index: number): string => keys[index] ?? ""
        const object = (index: number): string => join(path, "objects", keyOf(index))

        yield* Effect.promise(() => rename(object(0), `${object(0)}.aside`))
        const missing = yield* ask(pathAt(0))
        assert.strictEqual(missing.status, 500)
        assert.match(String(missing.headers["content-type"]), /^application\/problem\+json/)
        assert.deepInclude(bodyOf(missing), { code: "cold_data_damaged" })
        assert.include(missing.text, keyOf(0))
        assert.notInclude(missing.text, "orderbook_fp")

        const bytes = yield* Effect.promise(() => readFile(object(1)))
        const changed = Buffer.from(bytes)
        changed[20] = (changed[20] ?? 0) ^ 1
        yield* Effect.promise(async () => {
          await rm(object(1))
          await writeFile(object(1), changed)
        })
        for (const path of [pathAt(1), `/v1/orderbooks?tickers=${ticker}&at=${isoFromMicros(hour(1) + 1_000)}`]) {
          const damaged = yield* ask(path)
          assert.deepStrictEqual([damaged.status, bodyOf(damaged).code], [500, "cold_data_damaged"], path)
          assert.include(damaged.text, keyOf(1))
        }
        // The hours beside them are answered.
        assert.deepInclude(bodyOf(yield* ask(pathAt(2))).provenance, { offset: 4, tier: "cold", source: keyOf(2) })

        const held = yield* Hand
        held.isAway = true
        const away = yield* ask(pathAt(3))
        assert.deepStrictEqual([away.status, bodyOf(away).code], [503, "cold_store_away"])
        assert.match(String(away.headers["retry-after"]), /^\d+$/)
        held.isAway = false

        yield* Effect.promise(async () => {
          await rename(`${object(0)}.aside`, object(0))
          await rm(object(1))
          await writeFile(object(1), bytes)
        })
        for (const index of [0, 1, 3]) {
          const { provenance } = bodyOf(yield* ask(pathAt(index)))
          assert.deepInclude(provenance, { offset: index + 2, tier: "cold", source: keyOf(index) })
        }
      }).pipe(Effect.scoped),
    loadedMillisMax
  )

  it.effect(
    "a client that leaves in the middle of a question stops DuckDB, and the next one is answered",
    () =>
      Effect.gen(function* () {
        const held = yield* Hand
        const path = `/v1/orderbooks?at=${isoFromMicros(hour(2) + 60_000_000)}`
        const begun = yield* Deferred.make<void>()
        const ended = yield* Deferred.make<Exit.Exit<void>>()
        held.endless = { begun, ended }
        const client = yield* Effect.forkChild(ask(path))
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(client)
        const exit = yield* Deferred.await(ended)
        assert.isTrue(Exit.hasInterrupts(exit))
        // Its connection is free for others, and so is the place among those who read whole hours.
        assert.strictEqual(yield* held.connection.forEachChunk("select 1", () => undefined), 1)
        held.endless = undefined
        assert.strictEqual(bodyOf(yield* ask(path)).orderbooks.length, 1)
      }),
    loadedMillisMax
  )
})
