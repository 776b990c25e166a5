import { type ChildProcess, spawn } from "node:child_process"
import { chown, mkdir, readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { HotTier, type HotTierError } from "@kalshibook/store/HotTier"
import * as PostgresUser from "@kalshibook/store/PostgresUser"
import * as PostmasterFile from "@kalshibook/store/PostmasterFile"
import { Effect, Exit, Fiber, Layer, Option, Schedule, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { batch, watermark } from "./Batch.ts"
import * as PgTest from "./PgTest.ts"

const isRoot = process.getuid?.() === 0
const isLinux = process.platform === "linux"
const ownerProgram = fileURLToPath(new URL("PostgresOwner.ts", import.meta.url))

interface Owner {
  readonly child: ChildProcess
  /** The next line that it says. */
  readonly line: Effect.Effect<string>
  readonly ended: Effect.Effect<void>
}

/** Starts the owner program in a process group of its own; what is left of it is killed when the scope closes. */
const startOwner = (folder: string, as: { readonly uid?: number; readonly gid?: number } = {}) =>
  Effect.acquireRelease(
    Effect.sync((): Owner => {
      const child = spawn(process.execPath, [ownerProgram, folder], {
        detached: true,
        stdio: ["ignore", "pipe", "inherit"],
        ...as
      })
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      return {
        child,
        line: Effect.promise(async () => (await lines.next()).value ?? ""),
        ended: Effect.promise(() => exit)
      }
    }),
    ({ child, ended }) =>
      Effect.andThen(
        Effect.sync(() => child.kill("SIGKILL")),
        ended
      )
  )

const postmasterOf = (line: string): number => {
  assert.match(line, /^ready \d+$/)
  return Number(line.slice("ready ".length))
}

const untilEnded = (pid: number) =>
  Effect.gen(function* () {
    while (PostmasterFile.isAlive(pid)) yield* Effect.sleep(20)
  })

/** The shells that wait for the end of the owner of the server in this folder. */
const watchersOf = (folder: string) =>
  Effect.promise(async () => {
    const watchers: Array<number> = []
    for (const entry of await readdir("/proc")) {
      const command = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "") : ""
      if (command.startsWith("sh\0") && command.includes(join(folder, "cluster"))) watchers.push(Number(entry))
    }
    return watchers
  })

const inFolder = <A, E, R>(body: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(PgTest.temporaryFolder, (folder) => body(join(folder, "postgres")))

const start = (folder: string, user?: PostgresUser.PostgresUser) =>
  EmbeddedPostgres.start({ folder, durability: "forget", ...(user === undefined ? {} : { user }) })

const answer = (place: EmbeddedPostgres.Place) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ answer: number }>`select 6 * 7 as answer`
    return row?.answer
  }).pipe(Effect.provide(PgTest.client(place, place.database)))

describe("EmbeddedPostgres", () => {
  it.live(
    "outlives the Ctrl-C that its owner answers, and is there again, with its data, after the owner was killed",
    () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const first = yield* startOwner(folder)
          const server = postmasterOf(yield* first.line)
          // What a terminal does: the signal goes to the whole group of the owner.
          process.kill(-(first.child.pid as number), "SIGINT")
          assert.strictEqual(yield* first.line, "answers 1")
          assert.isTrue(PostmasterFile.isAlive(server))

          // A second one in the same folder is told who has it.
          const second = yield* startOwner(folder)
          const refusal = yield* second.line
          assert.include(refusal, `The data folder ${folder} is in use by process ${first.child.pid}`)
          yield* second.ended

          // The owner dies without a word. Its server follows; who comes at once just waits for that.
          first.child.kill("SIGKILL")
          const third = yield* startOwner(folder)
          const next = postmasterOf(yield* third.line)
          assert.notStrictEqual(next, server)
          yield* untilEnded(server)
          third.child.kill("SIGINT")
          assert.strictEqual(yield* third.line, "answers 2")
          third.child.kill("SIGKILL")
          yield* third.ended
          yield* untilEnded(next)
        })
      )
  )

  it.live.runIf(isLinux)("takes over from a server that an ended owner left behind", () =>
    Effect.flatMap(PgTest.preparedFolder, (folder) =>
      Effect.gen(function* () {
        const owner = yield* startOwner(folder)
        const server = postmasterOf(yield* owner.line)
        // Without its watcher, the server does not notice that its owner ends.
        const watchers = yield* watchersOf(folder)
        assert.strictEqual(watchers.length, 1)
        for (const pid of watchers) process.kill(pid, "SIGKILL")
        owner.child.kill("SIGKILL")
        yield* owner.ended
        assert.isTrue(PostmasterFile.isAlive(server))
        assert.strictEqual(yield* answer(yield* start(folder)), 42)
        yield* untilEnded(server)
      })
    )
  )

  it.live("leaves nothing running when its scope closes, and can be started many times at once", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const folders = [join(folder, "one"), join(folder, "two")]
        const servers = yield* Effect.scoped(
          Effect.gen(function* () {
            const places = yield* Effect.all(
              folders.map((each) => start(each)),
              { concurrency: "unbounded" }
            )
            assert.deepStrictEqual(yield* Effect.all(places.map(answer)), [42, 42])
            return yield* Effect.promise(() =>
              Promise.all(folders.map((each) => readFile(join(each, "cluster", "postmaster.pid"), "utf8")))
            )
          })
        )
        for (const text of servers) assert.isFalse(PostmasterFile.isAlive(Number(text.split("\n")[0])))
        assert.strictEqual((yield* Effect.promise(() => stat(join(folder, "one", "socket")))).mode & 0o777, 0o700)
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(folder, "one", "socket"))), [])
      })
    )
  )

  it.live("a store whose server went away says that trying again may help, and it does when the server is back", () =>
    Effect.gen(function* () {
      const folder = yield* PgTest.preparedFolder
      const first = yield* Scope.make()
      const place = yield* Scope.provide(start(folder), first)
      yield* Effect.gen(function* () {
        const hot = yield* HotTier
        yield* hot.append(batch())
        yield* Scope.close(first, Exit.void)
        const errors = [yield* Effect.flip(hot.watermark), yield* Effect.flip(hot.append(batch()))]
        assert.deepStrictEqual(
          errors.map((error) => error.isRetryable),
          [true, true]
        )
        yield* start(folder)
        yield* hot.append(batch({ watermark: watermark({ epoch: 2 }) }))
        assert.deepStrictEqual(yield* hot.watermark, Option.some(watermark({ epoch: 2 })))
      }).pipe(Effect.provide(HotTier.layerNoDeps.pipe(Layer.provide(PgTest.client(place, place.database)))))
    })
  )

  it.live("is started again when it ends by itself, as often as that happens, and what was stored is there", () =>
    Effect.gen(function* () {
      const folder = yield* PgTest.preparedFolder
      const place = yield* EmbeddedPostgres.start({ folder, durability: "keep" })
      const server = Effect.promise(() => PostmasterFile.read(join(folder, "cluster")))
      const inTheEnd = <A>(effect: Effect.Effect<A, HotTierError>) =>
        effect.pipe(Effect.retry({ while: (error) => error.isRetryable, schedule: Schedule.spaced(20) }))
      yield* Effect.gen(function* () {
        const hot = yield* HotTier
        for (const epoch of [1, 2]) {
          yield* inTheEnd(hot.append(batch({ watermark: watermark({ epoch }) })))
          const { pid } = (yield* server) ?? assert.fail("no server")
          process.kill(pid, "SIGKILL")
          while (((yield* server)?.pid ?? pid) === pid) yield* Effect.sleep(20)
          assert.deepStrictEqual(yield* inTheEnd(hot.watermark), Option.some(watermark({ epoch })))
        }
      }).pipe(Effect.provide(HotTier.layerNoDeps.pipe(Layer.provide(PgTest.client(place, place.database)))))
    })
  )

  it.live("works in a folder whose path is too long for a socket", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const place = yield* start(join(folder, "a-long-name".repeat(10)))
        assert.notInclude(place.socketFolder, folder)
        assert.strictEqual(yield* answer(place), 42)
      })
    )
  )

  it.live(
    "leaves nothing behind when it is stopped while it makes its folder, nor what one that was killed has left",
    () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const entries = Effect.promise(() => readdir(folder).catch((): Array<string> => []))
          // No process has this number: it is beyond the greatest.
          yield* Effect.promise(() => mkdir(join(folder, "cluster.4194305", "base"), { recursive: true }))
          const starting = yield* Effect.forkChild(Effect.scoped(start(folder)))
          while (!(yield* entries).includes(`cluster.${process.pid}`)) yield* Effect.sleep(5)
          yield* Fiber.interrupt(starting)
          assert.deepStrictEqual(yield* entries, [])
          assert.strictEqual(yield* Effect.scoped(Effect.flatMap(start(folder), answer)), 42)
        })
      )
  )

  it.live("says what is wrong when Postgres does not start", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => mkdir(join(folder, "cluster"), { recursive: true }))
        const error = yield* Effect.flip(start(folder))
        assert.match(
          error.message,
          /Postgres did not start\. The end of .*postgres\.log:\n.*(postgresql.conf|data directory)/s
        )
      })
    )
  )

  it.live.runIf(isRoot && isLinux)("runs for root by every way there is, in a folder that only root may enter", () =>
    Effect.flatMap(PgTest.preparedFolder, (folder) =>
      Effect.gen(function* () {
        const account = yield* PostgresUser.accountForRoot
        for (const way of [PostgresUser.renumbered(account), PostgresUser.another(account)]) {
          assert.strictEqual(yield* Effect.scoped(Effect.flatMap(start(folder, way), answer)), 42)
        }
      })
    )
  )

  it.live.runIf(isRoot)("runs for a plain user", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const { uid, gid } = yield* PostgresUser.accountForRoot
        yield* Effect.promise(() => mkdir(folder).then(() => chown(folder, uid, gid)))
        yield* Effect.promise(() => chown(join(folder, ".."), uid, gid))
        const owner = yield* startOwner(folder, { uid, gid })
        const server = postmasterOf(yield* owner.line)
        owner.child.kill("SIGKILL")
        yield* owner.ended
        yield* untilEnded(server)
      })
    )
  )
})
