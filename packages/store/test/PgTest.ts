/**
 * A Postgres of its own for a test file: an embedded one in a temporary folder, gone at the end.
 *
 * Building the folder takes a second; files run in their own processes, so each pays it once.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import * as Database from "@kalshibook/store/Database"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { makeTypes } from "@kalshibook/store/PgNumbers"
import { Context, Effect, Layer } from "effect"

/** A folder that is removed when the scope closes. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-test-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** `PgClient`, `SqlClient` and `Database` over a new, empty, migrated database. */
export const layer = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) =>
    Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "forget" })
  )
)

/** A server without our schema. */
export class Server extends Context.Service<Server, EmbeddedPostgres.Place>()("@kalshibook/store/test/PgTest/Server") {
  static readonly layer = Layer.effect(
    Server,
    Effect.flatMap(temporaryFolder, (folder) =>
      EmbeddedPostgres.start({ folder: join(folder, "postgres"), durability: "forget" })
    )
  )
}

/** `PgClient` and `SqlClient` of one of a server's databases. */
export const client = ({ socketFolder, port, username }: EmbeddedPostgres.Place, database: string) =>
  PgClient.layer({ host: socketFolder, port, username, database, types: makeTypes() })
