/**
 * A Postgres of the test's own that can be stopped, killed, frozen and cut off, with a network in front of it that can fail, too. It
 * keeps what it has committed, as far as no machine dies.
 */
import { cp, rm } from "node:fs/promises"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import * as PostgresFolder from "@kalshibook/store/PostgresFolder"
import * as PostmasterFile from "@kalshibook/store/PostmasterFile"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as Network from "./Network.ts"

export interface PostgresServer {
  /** Over the network that can fail. */
  readonly url: string
  readonly network: Network.Network
  /** A connection of the test's own, past that network: for stores, and for statements. */
  readonly connection: Context.Context<Layer.Success<ReturnType<typeof PgTest.client>>>
  readonly sql: SqlClient.SqlClient
  /** Another of those, for what holds on to something. */
  readonly client: Effect.Effect<SqlClient.SqlClient, never, Scope.Scope>
  /** Stops it in order, and starts it again. */
  readonly stop: Effect.Effect<void>
  readonly start: Effect.Effect<void>
  /** Copies all of its files into a new folder, for which it is stopped, and starts it again: a backup. Gives the folder. */
  readonly copy: Effect.Effect<string, never, Scope.Scope>
  /** Puts a copy in the place of what it has. */
  readonly restore: (copy: string) => Effect.Effect<void>
  /** Ends it with a signal (`SIGKILL`, `SIGQUIT`: at once, `SIGINT`: in order) and waits until it runs again, by itself. */
  readonly crash: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** No process of it goes on until it is thawed. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
  /** Ends the connections of the collector. Gives how many. */
  readonly terminate: Effect.Effect<number>
}

const applicationName = "kalshibook"
const pollMillis = 20

export const make: Effect.Effect<PostgresServer, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.orDie(PgTest.preparedFolder)
  const cluster = PostgresFolder.clusterOf(folder)
  const outer = yield* Effect.scope
  const startIn = Effect.gen(function* () {
    const scope = yield* Scope.fork(outer)
    const place = yield* EmbeddedPostgres.start({ folder, durability: "keep" }).pipe(Scope.provide(scope))
    return { place, scope }
  }).pipe(Effect.orDie)
  let server = yield* startIn
  const { place } = server
  const network = yield* Network.make(`${place.socketFolder}/.s.PGSQL.${place.port}`)
  const connect = Layer.build(PgTest.client(place, place.database)).pipe(Effect.orDie)
  const client = Effect.map(connect, Context.get(SqlClient.SqlClient))
  const connection = yield* connect
  const sql = Context.get(connection, SqlClient.SqlClient)

  const postmaster = Effect.promise(() => PostmasterFile.read(cluster))
  const untilReady = (pidBefore: number) =>
    Effect.gen(function* () {
      for (;;) {
        const found = yield* postmaster
        if (found !== undefined && found.pid !== pidBefore && found.status === "ready") return
        yield* Effect.sleep(pollMillis)
      }
    })

  /** Those that were frozen. */
  let frozen: ReadonlyArray<number> = []
  const thaw = Effect.sync(() => {
    for (const pid of frozen) PostmasterFile.signal(pid, "SIGCONT")
    frozen = []
  })
  // A frozen server cannot be stopped.
  yield* Effect.addFinalizer(() => thaw)

  const stop = Effect.suspend(() => Scope.close(server.scope, Exit.void))
  const start = Effect.map(startIn, (started) => {
    server = started
  })

  return {
    url: `postgres://${place.username}@127.0.0.1:${network.port}/${place.database}`,
    network,
    connection,
    sql,
    client,
    stop,
    start,
    copy: Effect.gen(function* () {
      const target = yield* PgTest.temporaryFolder
      yield* stop
      yield* Effect.promise(() => cp(cluster, PostgresFolder.clusterOf(target), { recursive: true }))
      yield* start
      return target
    }),
    restore: Effect.fnUntraced(function* (copy) {
      yield* stop
      yield* Effect.promise(async () => {
        await rm(cluster, { recursive: true })
        await cp(PostgresFolder.clusterOf(copy), cluster, { recursive: true })
      })
      yield* start
    }),
    crash: Effect.fnUntraced(function* (signal) {
      const found = yield* postmaster
      if (found === undefined) return yield* Effect.die("no server runs")
      PostmasterFile.signal(found.pid, signal)
      // Those that are frozen do not notice, and no other server can begin while they hold on to its memory.
      yield* thaw
      yield* untilReady(found.pid)
    }),
    freeze: Effect.gen(function* () {
      const found = yield* postmaster
      if (found === undefined) return yield* Effect.die("no server runs")
      const rows = yield* Effect.orDie(sql<{ pid: number }>`
        select pid from pg_stat_activity where pid <> pg_backend_pid()`)
      frozen = [found.pid, ...rows.map(({ pid }) => pid)]
      for (const pid of frozen) PostmasterFile.signal(pid, "SIGSTOP")
    }),
    thaw,
    terminate: Effect.map(
      Effect.orDie(sql`
        select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${applicationName}`),
      (rows) => rows.length
    )
  }
})
