/**
 * The Postgres that everything of the hot tier lives in: the one that `DATABASE_URL` names, or an embedded one in the data
 * folder; with the schema brought up to date.
 */
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { Config, Context, Data, Duration, Effect, Layer, Option, Predicate, Redacted } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import * as EmbeddedPostgres from "./EmbeddedPostgres.ts"
import * as Migrations from "./Migrations.ts"
import { makeTypes } from "./PgNumbers.ts"

/** There is no usable database. The message is for the one who started us, and says what to do. */
export class DatabaseError extends Data.TaggedError("DatabaseError")<{ readonly message: string }> {}

/** Which database is in use. */
export class Database extends Context.Service<
  Database,
  {
    readonly kind: "embedded" | "url"
    /** For people: the data folder, or host, port and name; never a password. */
    readonly place: string
  }
>()("@kalshibook/store/Database") {}

type Provided = Database | PgClient.PgClient | SqlClient.SqlClient

/** One writer and a few readers at once; Supabase's smallest plan allows 60 connections in all. */
const connectionsMax = 10
/** A new connection has to be opened and to plan its first read of every hour that is stored: some ten milliseconds. */
const connectionIdleMinutesMax = 10
const pool = { maxConnections: connectionsMax, idleTimeout: Duration.minutes(connectionIdleMinutesMax) }
const applicationName = "kalshibook"
/** The port on which Supabase's pooler, and PgBouncer by custom, hand out a connection per transaction. */
const transactionPoolerPort = "6543"

/**
 * A prepared statement on a partitioned table turns into a generic plan after five runs, which looks at every partition: 40 ms
 * in place of 2. Ours are always planned for the values at hand.
 */
const startupParameters = { plan_cache_mode: "force_custom_plan" }

/** The database of the environment: `DATABASE_URL`, else an embedded one in `KALSHIBOOK_DATA_DIR` (`.kalshibook`). */
export const layer: Layer.Layer<Provided, DatabaseError | Config.ConfigError> = Layer.unwrap(
  Effect.suspend(() => fromEnvironment(layerEmbedded))
)

/** The same for a command beside a running system: where another process has started the embedded one, as its guest. */
export const layerBeside: Layer.Layer<Provided, DatabaseError | Config.ConfigError> = Layer.unwrap(
  Effect.suspend(() => fromEnvironment(layerEmbeddedBeside))
)

const fromEnvironment = Effect.fnUntraced(function* (
  embedded: (options: EmbeddedPostgres.Options) => Layer.Layer<Provided, DatabaseError>
) {
  const url = yield* Config.option(Config.Redacted("DATABASE_URL"))
  const folder = yield* Config.String("KALSHIBOOK_DATA_DIR").pipe(Config.withDefault(".kalshibook"))
  return Option.match(
    Option.filter(url, (text) => Redacted.value(text).trim() !== ""),
    {
      onNone: () => embedded({ folder: join(folder, "postgres"), durability: "keep" }),
      onSome: layerUrl
    }
  )
})

/** The database at a `postgres://` URL. */
export const layerUrl = (url: Redacted.Redacted): Layer.Layer<Provided, DatabaseError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const parsed = yield* Effect.try({
        try: () => new URL(Redacted.value(url)),
        catch: () =>
          new DatabaseError({ message: "DATABASE_URL is not a URL (postgres://user:password@host:port/name)." })
      })
      const place = `${parsed.host}${parsed.pathname}`
      const pooled = parsed.port === transactionPoolerPort || parsed.searchParams.get("pgbouncer") === "true"
      // Such a pooler knows neither prepared statements nor settings of a session; unnamed statements are planned each time.
      const client = pooled ? { prepare: false } : { startupParameters }
      return layerMigrated(
        { kind: "url", place },
        PgClient.layer({ url, applicationName, types: makeTypes(), ...pool, ...client }),
        (error) => `The database at ${place} (DATABASE_URL) cannot be used: ${reasonOf(error)}`
      )
    })
  )

/** An embedded database in a folder. */
export const layerEmbedded = (options: EmbeddedPostgres.Options): Layer.Layer<Provided, DatabaseError> =>
  Layer.unwrap(
    EmbeddedPostgres.start(options).pipe(
      Effect.mapError((error) => new DatabaseError({ message: error.message })),
      Effect.map((place) => layerAt(place, options.folder))
    )
  )

const layerEmbeddedBeside = (options: EmbeddedPostgres.Options): Layer.Layer<Provided, DatabaseError> =>
  Layer.unwrap(
    EmbeddedPostgres.found(options.folder).pipe(
      Effect.mapError((error) => new DatabaseError({ message: error.message })),
      Effect.map(
        Option.match({
          onNone: () => layerEmbedded(options),
          onSome: (place) => layerAt(place, options.folder)
        })
      )
    )
  )

/** A database of an embedded server that runs already; `folder` is what people are told. */
export const layerAt = (
  { database, port, socketFolder, username }: EmbeddedPostgres.Place,
  folder: string
): Layer.Layer<Provided, DatabaseError> =>
  layerMigrated(
    { kind: "embedded", place: folder },
    PgClient.layer({
      host: socketFolder,
      port,
      username,
      database,
      applicationName,
      types: makeTypes(),
      ...pool,
      startupParameters
    }),
    (error) => `The embedded database in ${folder} cannot be used: ${reasonOf(error)}`
  )

const layerMigrated = (
  database: Database["Service"],
  client: Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, SqlError.SqlError>,
  explain: (error: SqlError.SqlError | Migrations.MigrationError) => string
): Layer.Layer<Provided, DatabaseError> =>
  Layer.effectDiscard(Migrations.run()).pipe(
    Layer.provideMerge(client),
    Layer.merge(Layer.succeed(Database, database)),
    Layer.catch((error) => Layer.effectContext(Effect.fail(new DatabaseError({ message: explain(error) }))))
  )

const reasonOf = (error: SqlError.SqlError | Migrations.MigrationError): string => {
  const cause = SqlError.isSqlError(error) ? error.reason.cause : error
  return Predicate.isError(cause) ? cause.message : String(cause)
}
