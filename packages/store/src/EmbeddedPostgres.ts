/**
 * A native Postgres of our own in a folder, for one machine without a database server.
 *
 * It listens on a private unix socket only: no port to collide, no password to leak. It runs in its own session, so that a
 * Ctrl-C in the terminal does not reach it before its writers have finished, and it ends when its owner does, however the
 * owner ends: a pipe between the two is the order to stop (see `watched`). One owner per folder, by Postgres' own lock.
 *
 * adapter: Node's child processes, whose group and pipe must be chosen exactly
 */
import { type ChildProcess, spawn } from "node:child_process"
import { open, readFile, rename } from "node:fs/promises"
import { resolve } from "node:path"
import { Clock, Deferred, Effect, Option, type Scope } from "effect"
import { EmbeddedPostgresError, io } from "./EmbeddedPostgresError.ts"
import * as PostgresBinaries from "./PostgresBinaries.ts"
import * as PostgresFolder from "./PostgresFolder.ts"
import * as PostgresUser from "./PostgresUser.ts"
import * as PostmasterFile from "./PostmasterFile.ts"

export interface Options {
  /** Where everything of it lives (`PostgresFolder`); made when missing. */
  readonly folder: string
  /** `forget` does not wait for the disk: for tests, whose data nobody misses. */
  readonly durability: "keep" | "forget"
  /** As whom it runs; by default the way that `PostgresUser.choose` finds. */
  readonly user?: PostgresUser.PostgresUser
}

/** Where to connect. Trusts whoever can enter the socket's folder, which is only its owner. */
export interface Place {
  readonly socketFolder: string
  /** Only part of the socket's name: nothing listens on a port. */
  readonly port: number
  readonly username: string
  readonly database: string
}

/** Starting takes 0.1 s; after a crash it replays up to `max_wal_size` of log first. */
const startMillisMax = 300_000
/** A fast shutdown writes one checkpoint; after that it is told to leave at once, and replays its log at the next start. */
const stopMillisMax = 30_000
/** Before a server that ended by itself is started again; its last processes may need that long to notice. */
const restartMillis = 500
const pollMillis = 10
const port = 5432
const username = "postgres"
const database = "postgres"

const settings = (durability: Options["durability"]): ReadonlyArray<string> => [
  "listen_addresses=",
  `port=${port}`,
  "unix_socket_permissions=0700",
  "max_connections=60",
  // Every partition of a query takes a lock for its table and for each of its indexes.
  "max_locks_per_transaction=512",
  "shared_buffers=256MB",
  "max_wal_size=4GB",
  "checkpoint_timeout=15min",
  // One server, no replicas: less to log.
  "wal_level=minimal",
  "max_wal_senders=0",
  "wal_buffers=16MB",
  "random_page_cost=1.1",
  "jit=off",
  "timezone=UTC",
  "log_timezone=UTC",
  "log_checkpoints=off",
  // A refused batch would put thousands of rows into the log.
  "log_min_error_statement=panic",
  ...(durability === "forget" ? ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] : [])
]

/** Starts Postgres in the folder and stops it when the scope closes. Makes the database when there is none. */
export const start = Effect.fn("EmbeddedPostgres.start")(function* (
  options: Options
): Effect.fn.Return<Place, EmbeddedPostgresError | PostgresUser.PostgresUserError, Scope.Scope> {
  const folder = resolve(options.folder)
  const { initdb, postgres } = yield* PostgresBinaries.find
  yield* PostgresFolder.make(folder)
  const user = options.user ?? (yield* PostgresUser.choose(postgres, folder))
  yield* PostgresFolder.own(folder, user)
  yield* PostgresFolder.initialise(folder, { initdb, user, username, isFast: options.durability === "forget" })
  const socketFolder = yield* PostgresFolder.makeSocketFolder(folder, user)
  const args = ["-D", PostgresFolder.clusterOf(folder)]
  for (const setting of settings(options.durability)) args.push("-c", setting)
  args.push("-c", `unix_socket_directories=${socketFolder}`, "-c", PostmasterFile.ownerSetting(process.pid))
  yield* keepRunning(folder, [...user.prefix, postgres, ...args])
  return { socketFolder, port, username, database }
})

/** Where the server is that another process runs in the folder; `None` when none does. It goes when its owner does. */
export const found = Effect.fn("EmbeddedPostgres.found")(function* (folder: string) {
  const cluster = PostgresFolder.clusterOf(resolve(folder))
  const postmaster = yield* io("read postmaster.pid", () => PostmasterFile.read(cluster))
  const owner = yield* io("read postmaster.opts", () => PostmasterFile.readOwner(cluster))
  if (postmaster?.status !== "ready" || owner === undefined) return Option.none<Place>()
  if (!PostmasterFile.isAlive(postmaster.pid) || !PostmasterFile.isAlive(owner)) return Option.none<Place>()
  return Option.some<Place>({ socketFolder: postmaster.socketFolder, port, username, database })
})

/** Returns when the server is ready, and starts another one whenever it ends by itself (killed, out of memory, disk full). */
const keepRunning = Effect.fnUntraced(function* (folder: string, command: ReadonlyArray<string>) {
  const ready = yield* Deferred.make<void, EmbeddedPostgresError>()
  const life = Effect.scoped(
    launch(folder, command).pipe(
      Effect.tap(() => Deferred.succeed(ready, undefined)),
      Effect.flatMap(({ child }) => untilEnded(child))
    )
  )
  const again = life.pipe(
    Effect.catch(({ message }) => Effect.logError(`Postgres could not be started again. ${message}`)),
    Effect.delay(restartMillis)
  )
  yield* life.pipe(
    Effect.onError((cause) => Deferred.failCause(ready, cause)),
    Effect.andThen(Effect.forever(again)),
    Effect.forkScoped
  )
  yield* Deferred.await(ready)
})

/** Starts the server, for as long as the scope, and waits until it is ready. While a server that is ending still holds the folder, waits and tries again. */
const launch = Effect.fnUntraced(function* (folder: string, command: ReadonlyArray<string>) {
  const deadlineMillis = (yield* Clock.currentTimeMillis) + startMillisMax
  const readPostmaster = io("read postmaster.pid", () => PostmasterFile.read(PostgresFolder.clusterOf(folder)))
  while (true) {
    yield* waitUntilFree(folder, deadlineMillis)
    const server = yield* Effect.acquireRelease(spawnServer(folder, command), (server) => stop(server, folder))
    while (!hasEnded(server.child)) {
      const postmaster = yield* readPostmaster
      if (postmaster?.pid === server.child.pid && postmaster?.status === "ready") {
        server.isReady = true
        return server
      }
      if ((yield* Clock.currentTimeMillis) > deadlineMillis) {
        return yield* new EmbeddedPostgresError({
          message: `Postgres did not start in time. ${yield* logTail(folder)}`
        })
      }
      yield* Effect.sleep(pollMillis)
    }
    const other = yield* readPostmaster
    if (other === undefined || !PostmasterFile.isAlive(other.pid)) {
      return yield* new EmbeddedPostgresError({ message: `Postgres did not start. ${yield* logTail(folder)}` })
    }
  }
})

/** Returns when no server holds the folder. Fails at once when one does whose owner lives. */
const waitUntilFree = Effect.fnUntraced(function* (folder: string, deadlineMillis: number) {
  const cluster = PostgresFolder.clusterOf(folder)
  let isTold = false
  while (true) {
    const postmaster = yield* io("read postmaster.pid", () => PostmasterFile.read(cluster))
    if (postmaster === undefined || !PostmasterFile.isAlive(postmaster.pid)) return
    if (postmaster.status === "ready" && !isTold) {
      const owner = yield* io("read postmaster.opts", () => PostmasterFile.readOwner(cluster))
      if (owner !== undefined && PostmasterFile.isAlive(owner)) {
        return yield* new EmbeddedPostgresError({
          message:
            `The data folder ${folder} is in use by process ${owner} (its Postgres is process ${postmaster.pid}). ` +
            "Stop that one first, or set KALSHIBOOK_DATA_DIR to another folder."
        })
      }
      yield* Effect.logInfo(`stopping the Postgres (process ${postmaster.pid}) that an ended process left behind`)
      PostmasterFile.signal(postmaster.pid, "SIGINT")
      isTold = true
    }
    if ((yield* Clock.currentTimeMillis) > deadlineMillis) {
      return yield* new EmbeddedPostgresError({
        message: `The Postgres in ${folder} (process ${postmaster.pid}) does not end. End it, then start again.`
      })
    }
    yield* Effect.sleep(pollMillis)
  }
})

interface Server {
  readonly child: ChildProcess
  /** Whether it was ever ready: only then is its end before the order to stop worth a word. */
  isReady: boolean
}

/**
 * Waits in the background for the end of the pipe from the owner, then asks the server for a fast shutdown. The server takes
 * the place of the shell, so that its process is our child; `$$` is that process in the background part, too. The outer
 * parentheses make the background part nobody's child: Postgres takes the end of any child for a crash.
 */
const watched = 'exec 3<&0 </dev/null; ({ read -r _ <&3; kill -INT $$ 2>/dev/null; } &) ; exec "$@" 3<&-'

const spawnServer = (folder: string, command: ReadonlyArray<string>) =>
  io("start Postgres", async (): Promise<Server> => {
    const log = PostgresFolder.logOf(folder)
    await rename(log, `${log}.1`).catch(() => undefined)
    const output = await open(log, "a", 0o600)
    try {
      const child = spawn("sh", ["-c", watched, "sh", ...command], {
        cwd: folder,
        detached: true,
        stdio: ["pipe", output.fd, output.fd]
      })
      // Writing to a server that has ended fails; that it has is seen by its exit.
      child.stdin?.on("error", () => undefined)
      await new Promise((started, failed) => child.once("spawn", started).once("error", failed))
      return { child, isReady: false }
    } finally {
      await output.close()
    }
  })

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const untilEnded = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (hasEnded(child)) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

/** Closes the pipe, which is the order to stop, and waits for the end. */
const stop = Effect.fnUntraced(function* ({ child, isReady }: Server, folder: string) {
  if (hasEnded(child)) {
    child.stdin?.end()
    if (isReady) yield* Effect.logError(`Postgres had ended by itself. ${yield* Effect.orDie(logTail(folder))}`)
    return
  }
  child.stdin?.end()
  yield* untilEnded(child).pipe(
    Effect.timeoutOrElse({
      duration: stopMillisMax,
      orElse: () =>
        Effect.logWarning("Postgres did not stop in time and was told to leave at once").pipe(
          Effect.andThen(Effect.sync(() => child.kill("SIGQUIT")))
        )
    })
  )
})

const logLinesShown = 5

const logTail = (folder: string) =>
  io("read postgres.log", async () => {
    const log = PostgresFolder.logOf(folder)
    const text = await readFile(log, "utf8").catch(() => "")
    return `The end of ${log}:\n${text.trim().split("\n").slice(-logLinesShown).join("\n")}`
  })
