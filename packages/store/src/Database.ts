/**
 * The Postgres that everything of the hot tier lives in: the one that `DATABASE_URL` names, or an embedded one in the data
 * folder; with the schema brought up to date.
 */
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Context, Data, Duration, Effect, Layer, Option, Predicate, Redacted } from "effect"
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

type Clients = PgClient.PgClient | SqlClient.SqlClient
type Provided = Database | Clients

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
  const url = yield* Environment.config("DATABASE_URL")
  const authority = yield* Environment.config("KALSHIBOOK_DATABASE_CA")
  const folder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
  return Option.match(url, {
    onNone: () => embedded({ folder: join(folder, "postgres"), durability: "keep" }),
    onSome: (found) => layerUrl(found, Option.getOrUndefined(authority))
  })
})

/**
 * The database at a `postgres://` URL. With an authority (a certificate in PEM form) over TLS, to nobody but a server that it has
 * certified for this host.
 */
export const layerUrl = (url: Redacted.Redacted, authority?: string): Layer.Layer<Provided, DatabaseError> =>
  Layer.unwrap(
    Effect.map(parsed(url), ({ place, ...options }) =>
      layerMigrated(
        { kind: "url", place },
        clientAt(url, options, authority),
        (error) => `The database at ${place} (DATABASE_URL) cannot be used: ${reasonOf(error)}`
      )
    )
  )

/** The same to look at: it is not brought up to date, and nothing is written. */
export const layerReading = (url: Redacted.Redacted, authority?: string): Layer.Layer<Clients, DatabaseError> =>
  Layer.unwrap(
    Effect.map(parsed(url), ({ place, ...options }) =>
      clientAt(url, options, authority, { default_transaction_read_only: "on" }).pipe(
        Layer.catch((error) =>
          Layer.effectContext(
            Effect.fail(new DatabaseError({ message: `The database at ${place} cannot be read: ${reasonOf(error)}` }))
          )
        )
      )
    )
  )

const parsed = (url: Redacted.Redacted) =>
  Effect.map(
    Effect.try({
      try: () => new URL(Redacted.value(url)),
      catch: () =>
        new DatabaseError({ message: "DATABASE_URL is not a URL (postgres://user:password@host:port/name)." })
    }),
    ({ host, pathname, port, searchParams }) => ({
      place: `${host}${pathname}`,
      isPooled: port === transactionPoolerPort || searchParams.get("pgbouncer") === "true"
    })
  )

const clientAt = (
  url: Redacted.Redacted,
  { isPooled }: { readonly isPooled: boolean },
  authority: string | undefined,
  more: Readonly<Record<string, string>> = {}
) => {
  // Such a pooler knows neither prepared statements nor settings of a session; unnamed statements are planned each time.
  const client = isPooled ? { prepare: false } : { startupParameters: { ...startupParameters, ...more } }
  const tls = authority === undefined ? {} : { ssl: { ca: authority } }
  return PgClient.layer({ url, applicationName, types: makeTypes(), ...pool, ...client, ...tls })
}

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
