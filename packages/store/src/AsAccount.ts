/**
 * Acting for one account: as the role `kalshibook_api`, which does not bypass row level security, with the account named for as long as
 * the transaction. Whatever is forgotten in a statement's `where`, it sees and changes nothing of another account.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Settings that the policies of the tables look at. */
export interface Acting {
  readonly account_id?: string
  /** Prefix of a key that somebody presented. */
  readonly prefix?: string
  /** Hash of a ticket that somebody presented, hexadecimal. */
  readonly ticket?: string
  /** Somebody who asks in person: id of Supabase Auth. */
  readonly user_id?: string
}

/** Runs the statements in a transaction as the API's role. */
export const acting =
  (sql: SqlClient.SqlClient, as: Acting) =>
  <A, E, R>(statements: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
    sql`select set_config('role', 'kalshibook_api', true),
               set_config('kalshibook.account_id', ${as.account_id ?? ""}, true),
               set_config('kalshibook.prefix', ${as.prefix ?? ""}, true),
               set_config('kalshibook.ticket', ${as.ticket ?? ""}, true),
               set_config('kalshibook.user_id', ${as.user_id ?? ""}, true)`.pipe(
      Effect.andThen(statements),
      sql.withTransaction
    )
