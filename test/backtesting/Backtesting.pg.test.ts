/** The examples of docs/backtesting.md, run as they stand there over sealed hours. */
import { spawn } from "node:child_process"
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import * as Book from "@kalshibook/core/Book"
import * as Replay from "@kalshibook/core/Replay"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { Segments } from "@kalshibook/store/cold/Segments"
import { Datasets } from "@kalshibook/store/downloads/Datasets"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { SignedObjects } from "@kalshibook/store/objects/SignedObjects"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Context, Effect, Layer, Option } from "effect"
import * as Customer from "../../packages/api/test/Customer.ts"
import { dayMicros, logs, seal, tickers } from "../../packages/store/test/downloads/SealedDay.ts"
import { pythonMissing, runPython } from "../../packages/store/test/export/Python.ts"
import * as PgTest from "../../packages/store/test/PgTest.ts"

const text = readFileSync(new URL("../../docs/backtesting.md", import.meta.url), "utf8")
const examples = (language: string): ReadonlyArray<string> =>
  [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, name, code = ""]) => (name === language ? [code] : []))

/** A folder with the sealed files in `data`, and where the API is. */
class Place extends Context.Service<Place, { readonly folder: string; readonly url: string }>()("Place") {}

/** A port that was free a moment ago: signed URLs name it before the server listens. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

const place = Effect.gen(function* () {
  const folder = yield* PgTest.temporaryFolder
  const port = yield* freePort
  const url = `http://127.0.0.1:${port}`
  const settings = { folder: join(folder, "objects"), baseUrl: `${url}/v1/objects`, secret: Option.none() }
  const objects = Layer.merge(ObjectStore.layerFolder(settings), SignedObjects.layerFolder(settings))
  const stores = Layer.mergeAll(
    ChannelGaps.layerNoDeps,
    LifecycleLog.layerNoDeps,
    Settlements.layerNoDeps,
    Coverage.layerNoDeps,
    MarketCatalog.layerNoDeps,
    StatusBoard.layerNoDeps,
    Segments.layerNoDeps,
    History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps)),
    Layer.provideMerge(Customer.layer, Customer.storesInPostgres)
  )
  const working = Layer.effectDiscard(Effect.flatMap(Downloads, ({ work }) => Effect.forkScoped(work))).pipe(
    Layer.provideMerge(
      Layer.merge(Downloads.layerNoDeps({ ...defaults, folder: join(folder, "work") }), IdempotencyKeys.layerNoDeps)
    )
  )
  yield* Layer.build(
    ApiServer.layer({ host: "127.0.0.1", port }).pipe(
      Layer.provide(RecorderStatusSource.layerDatabase),
      Layer.provide(StreamServer.layerMemory),
      Layer.provide(Layer.merge(Datasets.layerNoDeps, working)),
      Layer.provide(Layer.effectDiscard(seal).pipe(Layer.provideMerge(Layer.merge(stores, objects)))),
      Layer.provide(PgTest.layer)
    )
  )
  cpSync(join(folder, "objects", "v1"), join(folder, "data"), { recursive: true })
  return { folder, url }
})

/** The book that the examples are about, as they print it. */
const expected = ((): ReadonlyArray<string> => {
  const replay = Replay.make()
  Replay.applyUntil(replay, logs.get(tickers[0] ?? "") ?? [], dayMicros + 5_400_000_000, "received")
  assert.strictEqual(replay.trust._tag, "trusted")
  const { no, yes } = Book.levels(replay.book)
  const lines = (side: string, levels: typeof yes) =>
    levels.map(({ priceE4, sizeE2 }) => `${side} ${priceE4 / 10_000} ${sizeE2 / 100}`)
  return [...lines("no", no), ...lines("yes", yes)]
})()

layer(Layer.effect(Place, place), { excludeTestServices: true, timeout: 60_000 })(
  "the examples of backtesting",
  (it) => {
    it.effect("give the book of a market at a moment, in DuckDB", () =>
      Effect.gen(function* () {
        const { folder } = yield* Place
        const db = yield* Effect.promise(() => DuckDBInstance.create(":memory:"))
        const connection = yield* Effect.promise(() => db.connect())
        assert.strictEqual(examples("sql").length, 1)
        for (const sql of examples("sql")) {
          const found = sql.replace("'data/", `'${folder}/data/`)
          const rows = yield* Effect.promise(async () => (await connection.runAndReadAll(found)).getRows())
          assert.deepStrictEqual(
            rows.map((row) => row.join(" ")),
            expected
          )
        }
        connection.disconnectSync()
        db.closeSync()
      })
    )

    it.effect("download files by TypeScript, check them, and put them where they belong", () =>
      Effect.gen(function* () {
        const { folder, url } = yield* Place
        const [code = ""] = examples("ts")
        const program = join(folder, "example.ts")
        writeFileSync(program, code)
        const said = yield* Effect.callback<string>((resume) => {
          const child = spawn(process.execPath, [program], {
            cwd: folder,
            env: { ...process.env, KALSHIBOOK_API: url, KALSHIBOOK_KEY: Customer.key(), NODE_OPTIONS: "" }
          })
          let output = ""
          child.stdout.on("data", (piece: Buffer) => (output += piece.toString()))
          child.stderr.on("data", (piece: Buffer) => (output += piece.toString()))
          child.on("close", () => resume(Effect.succeed(output)))
        })
        const files = readdirSync(join(folder, "files")).sort()
        assert.deepStrictEqual(
          files,
          ["incremental_book_L2", "trades"].flatMap((type) =>
            tickers.slice(0, 2).map((ticker) => `kalshi_${type}_2026-11-26_${ticker}.csv.gz`)
          ),
          said
        )
      })
    )

    for (const module of ["polars", "pandas"]) {
      const missing = pythonMissing(module, "pyarrow")
      it.effect.skipIf(missing !== undefined)(
        `give the same book in ${module}${missing === undefined ? "" : ` (${missing})`}`,
        () =>
          Effect.gen(function* () {
            const { folder } = yield* Place
            const code = examples("python").filter((one) => one.includes(`import ${module}`))
            assert.strictEqual(code.length, 1)
            const lines = runPython(`import os; os.chdir(${JSON.stringify(folder)})\n${code[0]}`)
              .trimEnd()
              .split("\n")
            assert.deepStrictEqual(
              lines.map((line) => line.replaceAll(/\.0\b/g, "")),
              expected
            )
          })
      )
    }
  }
)
