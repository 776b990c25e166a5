/**
 * Brings a database up to the schema in `supabase/migrations`: plain SQL files, applied in order, each once.
 *
 * Keeps its list where the Supabase CLI keeps its own (`supabase_migrations.schema_migrations`), so that either may apply
 * them. Everything happens in one transaction under one lock: two programs that start at once are harmless, and a migration
 * that fails leaves the database as it was.
 *
 * adapter: Node's files
 */
import { readdir, readFile } from "node:fs/promises"
import { Data, Effect, Predicate } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** The database is not what these migrations lead to. The message says which one and what to do. */
export class MigrationError extends Data.TaggedError("MigrationError")<{ readonly message: string }> {}

interface Migration {
  /** Digits at the beginning of the file's name; migrations are applied in their order. */
  readonly version: string
  readonly name: string
  readonly text: string
}

/** The project's own migrations. */
export const projectFolder: URL = new URL("../../../supabase/migrations/", import.meta.url)

/** Applies what is missing and returns the names of what was applied. Changes nothing on failure. */
export const run = Effect.fn("Migrations.run")(function* (folder: URL = projectFolder) {
  const sql = yield* SqlClient.SqlClient
  const migrations = yield* readMigrations(folder)
  return yield* Effect.gen(function* () {
    yield* sql`select pg_advisory_xact_lock(hashtextextended('kalshibook.migrations', 0))`
    yield* sql`create schema if not exists supabase_migrations`
    yield* sql`create table if not exists supabase_migrations.schema_migrations (
      version text primary key, statements text[], name text)`
    const applied = yield* sql<Applied>`
      select version, name, statements from supabase_migrations.schema_migrations order by version`
    const missing = yield* check(migrations, applied)
    const [who] = yield* sql<{ user: string }>`select quote_ident(current_user) as user`
    for (const migration of missing) yield* apply(migration, who?.user ?? "")
    return missing.map((migration) => migration.name)
  }).pipe(sql.withTransaction)
})

interface Applied {
  readonly version: string
  readonly name: string | null
  readonly statements: ReadonlyArray<string> | null
}

/** The migrations that are still to be applied. Fails where applied ones are not a beginning of ours. */
const check = Effect.fnUntraced(function* (migrations: ReadonlyArray<Migration>, applied: ReadonlyArray<Applied>) {
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]))
  for (const one of applied) {
    const migration = byVersion.get(one.version)
    if (migration === undefined) {
      return yield* new MigrationError({
        message:
          `The database has migration ${one.version} (${one.name ?? "unnamed"}), which this version of the program does not ` +
          "know: it was changed by a newer one, or belongs to something else. Update the program, or use another database."
      })
    }
    // The Supabase CLI stores a migration statement by statement; only what we applied ourselves can be compared.
    if (one.statements?.length === 1 && one.statements[0] !== migration.text) {
      return yield* new MigrationError({
        message:
          `Migration ${one.version}_${migration.name}.sql was changed after the database had applied it. ` +
          "Restore the file, and put the change into a new migration."
      })
    }
  }
  const versions = new Set(applied.map((one) => one.version))
  const last = applied.at(-1)?.version ?? ""
  const missing = migrations.filter((migration) => !versions.has(migration.version))
  const late = missing.find((migration) => migration.version < last)
  if (late !== undefined) {
    return yield* new MigrationError({
      message: `Migration ${late.version}_${late.name}.sql is older than ${last}, which the database has already. Give it a later number.`
    })
  }
  return missing
})

const apply = Effect.fnUntraced(function* (migration: Migration, user: string) {
  const sql = yield* SqlClient.SqlClient
  // A file has many statements; the wire protocol in use takes one at a time, and `execute` takes many.
  yield* sql
    .unsafe(`do $kalshibook_do$ begin execute $kalshibook_file$${migration.text}$kalshibook_file$; end $kalshibook_do$`)
    .unprepared.pipe(Effect.mapError((error) => failed(migration, user, error)))
  yield* sql`insert into supabase_migrations.schema_migrations (version, name, statements)
    values (${migration.version}, ${migration.name}, array[${migration.text}])`
})

const failed = (migration: Migration, user: string, error: SqlError.SqlError) => {
  const { cause } = error.reason
  const isForbidden = Predicate.hasProperty(cause, "code") && cause.code === insufficientPrivilege
  return new MigrationError({
    message: `Migration ${migration.version}_${migration.name}.sql failed: ${String(cause)}${isForbidden ? `. ${rolesNeeded(user)}` : ""}`
  })
}

/** Postgres, "Error Codes". */
const insufficientPrivilege = "42501"

/** What somebody who may has to do for a user who may not make roles. */
const rolesNeeded = (user: string): string => {
  const created = ["anon", "authenticated", "service_role", "kalshibook_api"].map(
    (name) => `create role ${name} nologin noinherit;`
  )
  return `Accounts need roles that the user ${user} may not make. Let a superuser run, each where the role is missing: ${created.join(" ")} grant kalshibook_api to ${user}; and start again.`
}

const fileName = /^(\d+)_(.+)\.sql$/

const readMigrations = (folder: URL): Effect.Effect<ReadonlyArray<Migration>, MigrationError> =>
  Effect.tryPromise({
    try: async () => {
      const migrations: Array<Migration> = []
      for (const file of (await readdir(folder)).sort()) {
        const [, version, name] = fileName.exec(file) ?? []
        if (version === undefined || name === undefined) continue
        migrations.push({ version, name, text: await readFile(new URL(file, folder), "utf8") })
      }
      return migrations
    },
    catch: (cause) =>
      new MigrationError({ message: `The migrations in ${folder.pathname} could not be read: ${String(cause)}` })
  })
