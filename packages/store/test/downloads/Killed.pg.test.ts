/** A worker that is killed in the middle of a download: what a dead process leaves in the bucket, on the disk and in Postgres is real here. */
import { spawn } from "node:child_process"
import { readdir, utimes } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Segments } from "@kalshibook/store/cold/Segments"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import * as WorkFiles from "@kalshibook/store/downloads/WorkFiles"
import type * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option, Stream } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "../PgTest.ts"
import { ended, request } from "./Asked.ts"
import { seal, tickers } from "./SealedDay.ts"

const program = fileURLToPath(new URL("./download-worker.ts", import.meta.url))
const compileCache = fileURLToPath(new URL("../../../../node_modules/.cache/node", import.meta.url))
const leaseMicros = 30_000_000

/** Lets a worker work until it kills itself; the signal that ended it, or what it said. */
const worked = (place: EmbeddedPostgres.Place, root: string, work: string, killAt: number) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve) => {
        const { database, port, socketFolder, username } = place
        const args = [program, socketFolder, String(port), username, database, root, work, String(killAt)]
        const child = spawn(process.execPath, args, {
          env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
          stdio: ["ignore", "ignore", "pipe"]
        })
        let output = ""
        child.stderr.on("data", (chunk) => (output += chunk))
        child.on("close", (code, signal) => resolve(signal ?? `${code} ${output}`))
      })
  )

const leftIn = (folder: string) => Effect.promise(() => readdir(folder))

layer(PgTest.Server.layer, { excludeTestServices: true, timeout: 60_000 })("A download", (it) => {
  it.effect(
    "whose worker was killed in the middle is made by another one, each file once and whole",
    () =>
      Effect.gen(function* () {
        const place = yield* PgTest.Server
        const root = yield* PgTest.temporaryFolder
        const work = yield* PgTest.temporaryFolder
        const stores = Layer.mergeAll(
          ObjectStore.layerFolder({ folder: root, baseUrl: "http://localhost", secret: Option.none() }),
          Segments.layerNoDeps,
          MarketCatalog.layerNoDeps
        ).pipe(Layer.provideMerge(PgTest.client(place, place.database)))
        yield* Effect.gen(function* () {
          yield* seal
          const service = yield* Downloads
          const store = yield* ObjectStore
          const sql = yield* SqlClient.SqlClient
          // A file for each market; the second is never stored.
          const asked = request({ tickers, format: "tardis", kinds: ["records"] })
          const { id } = yield* service.create(asked)
          assert.strictEqual(yield* worked(place, root, work, 2), "SIGKILL")

          const now = yield* service.get(id)
          assert.deepStrictEqual([now.state, now.daysDone, now.parts], ["running", 0, []])
          const half = yield* Stream.runCollect(store.list(`downloads/${id}/`))
          assert.strictEqual(half.length, 1)
          assert.isNotEmpty(yield* leftIn(work))

          // Nobody renews its lease. (Time is the only thing that is made up.)
          yield* sql`update downloads set lease_until_micros = lease_until_micros - ${leaseMicros}::bigint where id = ${id}`
          const done = yield* ended(asked)
          assert.deepStrictEqual([done.id, done.state, done.parts.length], [id, "done", tickers.length])
          const whole = yield* Stream.runCollect(store.list(`downloads/${id}/`))
          assert.deepStrictEqual(whole.map(({ key }) => key).sort(), done.parts.map(({ key }) => key).sort())
          assert.include(
            whole.map(({ key }) => key),
            half[0]?.key
          )
          for (const { bytes, key, sha256 } of done.parts) {
            const head = Option.getOrThrow(yield* store.head(key))
            assert.deepStrictEqual([head.bytes, head.sha256], [bytes, Option.some(sha256)])
          }
          // What the dead one left on the disk goes once it has been silent for long.
          for (const name of yield* leftIn(work)) yield* Effect.promise(() => utimes(join(work, name), 1, 1))
          yield* WorkFiles.removeLeft(work)
          assert.deepStrictEqual(yield* leftIn(work), [])
        }).pipe(Effect.provide(Downloads.layerNoDeps({ ...defaults, folder: work })), Effect.provide(stores))
      }).pipe(Effect.scoped),
    120_000
  )
})
