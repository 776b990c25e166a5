/**
 * People of a Supabase project, in the table of its auth server, which is in the project's database: `auth.users`. Whoever deletes his last
 * account is removed from there with all his sessions, by the owner of our tables; the project's service key is not needed, and not there.
 */
import { during, type HotTierError } from "@kalshibook/store/HotTierError"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { SignInRemoval } from "./SignInRemoval.ts"

/** Fails where the database is not that of the Supabase project, or its owner may not. */
export const remove = (userId: string): Effect.Effect<void, HotTierError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql`delete from auth.users where id = ${userId}::text::uuid`.pipe(Effect.asVoid, during("removeUser"))
  )

/** The account is gone by then: a person who cannot be removed is told of, and removed by hand. */
export const layerRemoval: Layer.Layer<never, never, SqlClient.SqlClient> = Layer.effect(
  SignInRemoval,
  Effect.map(
    SqlClient.SqlClient,
    (sql) => (userId: string) =>
      remove(userId).pipe(
        Effect.provideService(SqlClient.SqlClient, sql),
        Effect.catch((error) =>
          Effect.logError(
            `the sign-in of user ${userId} could not be removed: ${error.message}. Delete the user in Supabase's dashboard (Authentication, Users)`
          )
        )
      )
  )
)
