/** Archivers as processes, ended by SIGKILL: what the system does with files, connections and locks of a dead one is real here. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Coverage } from "@kalshibook/store/Coverage"
import type * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer } from "effect"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

const program = fileURLToPath(new URL("./archive-once.ts", import.meta.url))
const compileCache = fileURLToPath(new URL("../../../node_modules/.cache/node", import.meta.url))

/** Runs a process to its end; what it printed, and the signal that ended it. */
const archive = (place: EmbeddedPostgres.Place, root: string, killAt: number) =>
  Effect.promise(
    () =>
      new Promise<{ output: string; signal: string | null }>((resolve) => {
        const { database, port, socketFolder, username } = place
        const args = [program, socketFolder, String(port), username, database, root, String(killAt)]
        const child = spawn(process.execPath, args, {
          env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let output = ""
        child.stdout.on("data", (chunk) => (output += chunk))
        child.stderr.on("data", (chunk) => (output += chunk))
        child.on("close", (_, signal) => resolve({ output, signal }))
      })
  )

layer(PgTest.Server.layer, { excludeTestServices: true })("Archivers as processes", (it) => {
  it.effect(
    "killed one after the other, also two at once, leave nothing half, and seal each hour once",
    () =>
      Effect.gen(function* () {
        const place = yield* PgTest.Server
        const root = yield* Scene.folder
        const client = PgTest.client(place, place.database)
        const stores = Layer.mergeAll(HotTier.layerNoDeps, Coverage.layerNoDeps).pipe(Layer.provideMerge(client))
        const whole = Scene.sealedWhole(root).pipe(
          Effect.provide(Scene.archiver(root).pipe(Layer.provideMerge(client)))
        )
        yield* Scene.record(2).pipe(Effect.provide(stores))
        // In the first hour: while it uploads, right before its manifest is put, right before the commit, right after it; then in the second.
        for (const steps of [[3], [7, 8], [11], [13], [6, 20]]) {
          const ended = yield* Effect.all(
            steps.map((killAt) => archive(place, root, killAt)),
            { concurrency: steps.length }
          )
          for (const { output, signal } of ended)
            assert.isTrue(signal === "SIGKILL" || output.startsWith("sealed"), output)
          yield* whole
        }
        const { output } = yield* archive(place, root, Number.MAX_SAFE_INTEGER)
        assert.match(output, /^sealed \d\n$/)
        const { named, rows, stored } = yield* whole
        assert.deepStrictEqual(
          rows.map(({ revision, span }) => [span.fromMicros, revision]),
          [0, 1].map((index) => [Scene.hour(index), 1])
        )
        assert.deepStrictEqual(
          [...stored.keys()].filter((key) => key.endsWith(".parquet")).sort(),
          [...named.keys()].sort()
        )
      }).pipe(Effect.scoped),
    120_000
  )
})
