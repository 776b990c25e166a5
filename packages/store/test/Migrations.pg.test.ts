import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, layer } from "@effect/vitest"
import * as Migrations from "@kalshibook/store/Migrations"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "./PgTest.ts"

let databases = 0

/** A new, empty database for what is run in it. */
const inNewDatabase = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const server = yield* PgTest.Server
    const name = `migrations_${++databases}`
    yield* Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql.unsafe(`create database ${name}`)
    }).pipe(Effect.provide(PgTest.client(server, "postgres")))
    return yield* effect.pipe(Effect.provide(PgTest.client(server, name)))
  })

const roles = ["anon", "authenticated", "service_role", "kalshibook_api"]

/** A new, empty database of an owner who is no superuser, and its name. */
const ownedBy = Effect.fnUntraced(function* (owner: string) {
  const server = yield* PgTest.Server
  const name = `owned_${++databases}`
  yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe(`create database ${name} owner ${owner}`)
  }).pipe(Effect.provide(PgTest.client(server, "postgres")))
  return PgTest.client({ ...server, username: owner }, name)
})

/** A copy of the project's migrations, to be changed. */
const folderOfCopies = Effect.gen(function* () {
  const path = join(yield* PgTest.temporaryFolder, "migrations")
  yield* Effect.promise(() => mkdir(path).then(() => cp(Migrations.projectFolder, path, { recursive: true })))
  return { path, url: pathToFileURL(`${path}/`) }
})

const write = (folder: string, file: string, text: string) => Effect.promise(() => writeFile(join(folder, file), text))

layer(PgTest.Server.layer, { excludeTestServices: true })("Migrations", (it) => {
  it.effect("apply every file once, in order, and then nothing", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const files = yield* Effect.promise(() => readdir(Migrations.projectFolder))
        const names = files.toSorted().map((file) => file.replace(/^\d+_(.+)\.sql$/, "$1"))
        assert.deepStrictEqual(yield* Migrations.run(), names)
        assert.deepStrictEqual(yield* Migrations.run(), [])
      })
    )
  )

  it.effect("apply every file once when several programs start at once", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const applied = yield* Effect.all([Migrations.run(), Migrations.run(), Migrations.run()], { concurrency: 3 })
        assert.strictEqual(applied.filter((names) => names.length > 0).length, 1)
      })
    )
  )

  it.effect("refuse a file that was changed after it was applied", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const { path, url } = yield* folderOfCopies
        yield* Migrations.run(url)
        const file = "20261122100000_catalog.sql"
        const text = yield* Effect.promise(() => readFile(join(path, file), "utf8"))
        yield* write(path, file, `${text}-- changed\n`)
        const error = yield* Effect.flip(Migrations.run(url))
        assert.strictEqual(error._tag, "MigrationError")
        assert.match(error.message, /20261122100000_catalog\.sql was changed after the database had applied it/)
      })
    )
  )

  it.effect("refuse a database that a newer program has changed", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const { path, url } = yield* folderOfCopies
        yield* write(path, "20991231000000_future.sql", "create table from_the_future (year integer);")
        assert.include(yield* Migrations.run(url), "future")
        const error = yield* Effect.flip(Migrations.run())
        assert.match(
          error.message,
          /migration 20991231000000 \(future\), which this version of the program does not know/
        )
      })
    )
  )

  it.effect("refuse a file that is older than what was applied already", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const { path, url } = yield* folderOfCopies
        yield* Migrations.run(url)
        yield* write(path, "20200101000000_late.sql", "create table late (year integer);")
        const error = yield* Effect.flip(Migrations.run(url))
        assert.match(error.message, /20200101000000_late\.sql is older than/)
      })
    )
  )

  it.effect("leave the database as it was when one fails, and say which", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { path, url } = yield* folderOfCopies
        yield* write(path, "20991231000000_broken.sql", "create table half (year integer);\nselect 1 from nowhere;")
        const error = yield* Effect.flip(Migrations.run(url))
        assert.match(error.message, /20991231000000_broken\.sql failed: .*nowhere/)
        assert.deepStrictEqual(yield* sql`select relname from pg_class where relnamespace = 'public'::regnamespace`, [])
        assert.isAbove((yield* Migrations.run()).length, 0)
      })
    )
  )

  it.effect(
    "need no superuser: as on Supabase, an owner of the database is enough, and records are guarded all the same",
    () =>
      Effect.gen(function* () {
        const server = yield* PgTest.Server
        yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`create role owner login createrole`
          // Roles are the server's: another database may have this one already, of which the owner is told by whoever made it.
          yield* sql`
            do $$ begin create role kalshibook_api nologin noinherit; exception when duplicate_object then null; end $$`
          yield* sql`grant kalshibook_api to owner`
          yield* sql`create database owned owner owner`
        }).pipe(Effect.provide(PgTest.client(server, "postgres")))
        yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          assert.include(yield* Migrations.run(), "sealed_hours")
          yield* sql`select ensure_hour(0)`
          for (const statement of ["truncate records_1970010100", "truncate records", "select prune_hour(0)"]) {
            assert.match(
              String((yield* Effect.flip(sql.unsafe(statement))).reason.cause),
              /refused|no verified manifest/
            )
          }
        }).pipe(Effect.provide(PgTest.client({ ...server, username: "owner" }, "owned")))
      })
  )

  it.effect("leave no table without row level security: Supabase gives all of them to everybody by default", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Migrations.run()
        yield* sql`select ensure_hour(0)`
        const open = yield* sql`
          select relname from pg_class
          where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity`
        assert.deepStrictEqual(open, [])
      })
    )
  )

  it.effect("find out of logs that are stored already when each got its first snapshot", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { path, url } = yield* folderOfCopies
        const later = (yield* Effect.promise(() => readdir(path))).filter((file) => file >= "20261125100000")
        yield* Effect.forEach(later, (file) => Effect.promise(() => rm(join(path, file))))
        yield* Migrations.run(url)
        yield* sql`select ensure_hour(0)`
        yield* sql`insert into markets (ticker) values ('KXSOME'), ('KXNONE')`
        yield* sql`
          insert into records (market_id, record_offset, ts_received_micros, epoch, sid, seq, kind, levels, gap_cause,
                               ts_detected_micros)
          values (1, 1, 30, 1, 1, 1, 's', '', null, null), (1, 2, 40, 1, 1, 2, 's', '', null, null),
                 (2, 1, 20, 1, 1, 1, 'g', null, 'silence', 20)`
        yield* sql`
          insert into log_heads (market_id, record_offset, ts_received_micros, epoch, sid, seq, kind)
          values (1, 2, 40, 1, 1, 2, 's'), (2, 1, 20, 1, 1, 1, 'g')`
        assert.include(yield* Migrations.run(), "tape_and_channels")
        assert.deepStrictEqual(
          yield* sql`select ts_first_snapshot_micros as micros from log_heads order by market_id`,
          [{ micros: 30 }, { micros: null }]
        )
      })
    )
  )

  it.effect("accept what the Supabase CLI has applied", () =>
    inNewDatabase(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Migrations.run()
        // The CLI stores each migration as the list of its statements.
        yield* sql`update supabase_migrations.schema_migrations set statements = array['create table one', 'create table two']`
        assert.deepStrictEqual(yield* Migrations.run(), [])
      })
    )
  )

  it.effect("are applied by an owner who may make roles, or who was given them; others are told what is missing", () =>
    Effect.gen(function* () {
      const server = yield* PgTest.Server
      const asSuperuser = (...statements: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          for (const statement of statements) yield* sql.unsafe(statement)
        }).pipe(Effect.provide(PgTest.client(server, "postgres")))
      // As on a server that has never seen us.
      yield* asSuperuser(...roles.map((role) => `alter role ${role} rename to ${role}_before`))
      yield* asSuperuser("create role plain_owner login", "create role maker login createrole")
      const plain = yield* ownedBy("plain_owner")
      const refused = yield* Effect.flip(Migrations.run().pipe(Effect.provide(plain)))
      assert.match(
        refused.message,
        /permission denied to create role.*Let a superuser run.*grant kalshibook_api to plain_owner;/s
      )
      const [, told = ""] = /missing: (.*;) and start again/.exec(refused.message) ?? []
      const charge = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Migrations.run()
        yield* sql`select * from charge_calls('[]'::jsonb, 0)`
        return yield* sql<{
          role: string
        }>`select set_config('role', 'kalshibook_api', true), current_user as role`.pipe(sql.withTransaction)
      })
      const made = yield* charge.pipe(Effect.provide(yield* ownedBy("maker")))
      assert.lengthOf(made, 1)
      // Another server, on which a superuser did as he was told.
      yield* asSuperuser(...roles.map((role) => `alter role ${role} rename to ${role}_of_maker`))
      yield* asSuperuser(...told.split(";").filter((statement) => statement.trim() !== ""))
      assert.lengthOf(yield* charge.pipe(Effect.provide(plain)), 1)
    })
  )
})
