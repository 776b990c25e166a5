/**
 * A Postgres of its own for a test file: an embedded one in a temporary folder, with our schema, gone at the end.
 *
 * Building the folder takes a second; files run in their own processes, so each pays it once.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Database from "@kalshibook/store/Database"
import { Effect, Layer } from "effect"

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
