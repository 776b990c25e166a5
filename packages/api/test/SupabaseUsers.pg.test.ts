/** People who are removed from a Supabase project's own table, over a database that has one like it, and one that has none. */
import { assert, layer } from "@effect/vitest"
import { SignInRemoval } from "@kalshibook/api/SignInRemoval"
import * as SupabaseUsers from "@kalshibook/api/SupabaseUsers"
import { Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import * as PgTest from "../../store/test/PgTest.ts"

layer(PgTest.layer, { excludeTestServices: true })("Somebody who deletes his last account", (it) => {
  const lines: Array<string> = []
  const heard = Logger.layer([Logger.make(({ message }) => lines.push(String(message)))])
  const remove = (userId: string) =>
    Effect.flatMap(SignInRemoval, (removal) => removal(userId)).pipe(
      Effect.provide(Layer.merge(SupabaseUsers.layerRemoval, heard))
    )
  const [one, other] = [globalThis.crypto.randomUUID(), globalThis.crypto.randomUUID()]

  it.effect("is named in the log where the database is not that of the Supabase project", () =>
    Effect.gen(function* () {
      yield* remove(one)
      assert.match(lines.join("\n"), new RegExp(`the sign-in of user ${one} could not be removed: .*dashboard`))
    })
  )

  it.effect("leaves the table of Supabase's auth server, and nobody else does", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create schema if not exists auth`
      yield* sql`create table auth.users (id uuid primary key, email text)`
      yield* sql`insert into auth.users values (${one}::text::uuid, 'one@example.com'), (${other}::text::uuid, 'other@example.com')`
      yield* remove(one)
      assert.deepStrictEqual(yield* sql`select email from auth.users`, [{ email: "other@example.com" }])
    })
  )
})
