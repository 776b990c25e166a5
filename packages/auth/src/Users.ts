/** The people who have signed up, in Postgres. Addresses are kept in lower case: one person, one address. */
import { during, type HotTierError } from "@kalshibook/store/HotTierError"
import { int8 } from "@kalshibook/store/PgNumbers"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"

export interface User {
  readonly userId: string
  readonly email: string
  /** `null` for somebody who only signs in by mail. */
  readonly passwordHash: string | null
  /** What the person's own client keeps here; we read nothing of it. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Unix microseconds; `null` until the address is known to be theirs. */
  readonly confirmedMicros: number | null
  readonly signedInMicros: number | null
  readonly createdMicros: number
  readonly updatedMicros: number
}

/** What can be changed of somebody. */
export type UserChange = Partial<Pick<User, "passwordHash" | "metadata" | "signedInMicros">>

/**
 * What somebody wants to be who has not shown yet that the address is theirs. Anybody can ask that for any address: it comes to be only by
 * what the mail to it carries.
 */
export type Pending = Pick<User, "passwordHash" | "metadata">

export const nothingPending: Pending = { passwordHash: null, metadata: {} }

type Found = Effect.Effect<Option.Option<User>, HotTierError>

export class Users extends Context.Service<
  Users,
  {
    /** Somebody without a password, and unconfirmed. `None` when the address is taken. */
    readonly create: (email: string) => Found
    readonly byEmail: (email: string) => Found
    readonly byId: (userId: string) => Found
    /** `None` when there is nobody of that id. */
    readonly change: (userId: string, change: UserChange) => Found
    /**
     * The address is theirs, or the new one where that is not `null`. Whoever was not confirmed before becomes what was pending and nothing
     * else; whoever was stays what they are. `None` when there is nobody of that id, or the new address is taken.
     */
    readonly confirm: (userId: string, pending: Pending, emailNew: string | null) => Found
  }
>()("@kalshibook/auth/Users") {
  static readonly layerNoDeps: Layer.Layer<Users, never, SqlClient.SqlClient> = Layer.effect(
    Users,
    Effect.map(SqlClient.SqlClient, (sql) => Users.of(inPostgres(sql)))
  )
}

export const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

interface UserRow {
  readonly user_id: string
  readonly email: string
  readonly password_hash: string | null
  readonly user_metadata: Record<string, unknown>
  readonly ts_confirmed_micros: number | null
  readonly ts_signed_in_micros: number | null
  readonly ts_created_micros: number
  readonly ts_updated_micros: number
}

const userOf = (row: UserRow): User => ({
  userId: row.user_id,
  email: row.email,
  passwordHash: row.password_hash,
  metadata: row.user_metadata,
  confirmedMicros: row.ts_confirmed_micros,
  signedInMicros: row.ts_signed_in_micros,
  createdMicros: row.ts_created_micros,
  updatedMicros: row.ts_updated_micros
})

const inPostgres = (sql: SqlClient.SqlClient): Users["Service"] => {
  const first = (rows: ReadonlyArray<UserRow>) => Option.map(Option.fromUndefinedOr(rows[0]), userOf)
  return {
    create: (email) =>
      Effect.gen(function* () {
        const now = int8(yield* nowMicros)
        const rows = yield* sql<UserRow>`
          insert into embedded_auth.users (email, ts_created_micros, ts_updated_micros) values (${email}, ${now}, ${now})
          on conflict (email) do nothing returning *`
        return first(rows)
      }).pipe(during("createUser")),
    byEmail: (email) =>
      sql<UserRow>`select * from embedded_auth.users where email = ${email}`.pipe(
        Effect.map(first),
        during("findUser")
      ),
    byId: (userId) =>
      sql<UserRow>`select * from embedded_auth.users where user_id = ${userId}::text::uuid`.pipe(
        Effect.map(first),
        during("findUser")
      ),
    change: (userId, { metadata, passwordHash, signedInMicros }) =>
      Effect.gen(function* () {
        const rows = yield* sql<UserRow>`
          update embedded_auth.users set
            password_hash = coalesce(${passwordHash ?? null}, password_hash),
            user_metadata = coalesce(${metadata === undefined ? null : JSON.stringify(metadata)}::text::jsonb, user_metadata),
            ts_signed_in_micros = coalesce(${int8(signedInMicros ?? null)}, ts_signed_in_micros),
            ts_updated_micros = ${int8(yield* nowMicros)}
          where user_id = ${userId}::text::uuid
          returning *`
        return first(rows)
      }).pipe(during("changeUser")),
    confirm: (userId, { metadata, passwordHash }, emailNew) =>
      Effect.gen(function* () {
        const now = int8(yield* nowMicros)
        const rows = yield* sql<UserRow>`
          update embedded_auth.users set
            email = coalesce(${emailNew}, email),
            password_hash = case when ts_confirmed_micros is null then ${passwordHash} else password_hash end,
            user_metadata = case when ts_confirmed_micros is null
                                 then ${JSON.stringify(metadata)}::text::jsonb else user_metadata end,
            ts_confirmed_micros = coalesce(ts_confirmed_micros, ${now}),
            ts_updated_micros = ${now}
          where user_id = ${userId}::text::uuid
            and not exists (select from embedded_auth.users
                            where email = ${emailNew} and user_id <> ${userId}::text::uuid)
          returning *`
        return first(rows)
      }).pipe(during("confirmUser"))
  }
}
