/**
 * Sessions of people who are signed in. A refresh token is good once: whoever comes with one that was used before has stolen it, or was
 * robbed of it, so the whole session ends. Only for some seconds may it be used again, for two tabs that refresh at once.
 */
import { during, type HotTierError } from "@kalshibook/store/HotTierError"
import { int8 } from "@kalshibook/store/PgNumbers"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as AuthError from "./AuthError.ts"
import { refreshReuseSeconds } from "./AuthSettings.ts"
import * as Secrets from "./Secrets.ts"
import { nowMicros } from "./Users.ts"

/** How somebody has shown who they are: `amr` of the token. */
export type SignInMethod = "password" | "otp" | "magiclink" | "recovery" | "email/signup" | "email_change"

export interface Session {
  readonly sessionId: string
  readonly userId: string
  readonly method: string
  /** Unix microseconds. */
  readonly createdMicros: number
}

/** Which sessions of a person end: this one, all, or all but this one. */
export type LogoutScope = "local" | "global" | "others"

export class Sessions extends Context.Service<
  Sessions,
  {
    readonly begin: (
      userId: string,
      method: SignInMethod
    ) => Effect.Effect<{ readonly session: Session; readonly refreshToken: string }, HotTierError>
    /** The next refresh token for one that is good. One that was used before ends its session. */
    readonly refresh: (
      refreshToken: string
    ) => Effect.Effect<{ readonly session: Session; readonly refreshToken: string }, AuthError.AuthError | HotTierError>
    readonly find: (sessionId: string) => Effect.Effect<Option.Option<Session>, HotTierError>
    readonly end: (session: Session, scope: LogoutScope) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/auth/Sessions") {
  static readonly layerNoDeps: Layer.Layer<Sessions, never, SqlClient.SqlClient> = Layer.effect(
    Sessions,
    Effect.map(SqlClient.SqlClient, (sql) => Sessions.of(inPostgres(sql)))
  )
}

interface SessionRow {
  readonly session_id: string
  readonly user_id: string
  readonly method: string
  readonly ts_created_micros: number
}

const sessionOf = (row: SessionRow): Session => ({
  sessionId: row.session_id,
  userId: row.user_id,
  method: row.method,
  createdMicros: row.ts_created_micros
})

const inPostgres = (sql: SqlClient.SqlClient): Sessions["Service"] => {
  const issue = Effect.fnUntraced(function* (sessionId: string, micros: number) {
    const refreshToken = Secrets.newToken()
    yield* sql`insert into embedded_auth.refresh_tokens (token_hash, session_id, ts_created_micros)
      values (${Secrets.hash(refreshToken)}, ${sessionId}::text::uuid, ${int8(micros)})`
    return refreshToken
  })

  /** `undefined` where the session has just been ended. */
  const rotate = (refreshToken: string) =>
    Effect.gen(function* () {
      const micros = yield* nowMicros
      const tokenHash = Secrets.hash(refreshToken)
      const [row] = yield* sql<SessionRow & { readonly ts_used_micros: number | null }>`
        select sessions.*, ts_used_micros from embedded_auth.refresh_tokens
        join embedded_auth.sessions using (session_id)
        where token_hash = ${tokenHash} for update`
      if (row === undefined) return yield* AuthError.refreshTokenNotFound()
      const isReused = row.ts_used_micros !== null && micros - row.ts_used_micros > refreshReuseSeconds * 1_000_000
      if (isReused) {
        yield* sql`delete from embedded_auth.sessions where session_id = ${row.session_id}::text::uuid`
        return undefined
      }
      yield* sql`update embedded_auth.refresh_tokens
        set ts_used_micros = coalesce(ts_used_micros, ${int8(micros)}) where token_hash = ${tokenHash}`
      return { session: sessionOf(row), refreshToken: yield* issue(row.session_id, micros) }
    }).pipe(
      sql.withTransaction,
      Effect.catchTag("SqlError", (error) => during("refreshSession")(Effect.fail(error)))
    )

  return {
    begin: (userId, method) =>
      Effect.gen(function* () {
        const micros = yield* nowMicros
        const [row] = yield* sql<SessionRow>`
          insert into embedded_auth.sessions (user_id, method, ts_created_micros)
          values (${userId}::text::uuid, ${method}, ${int8(micros)}) returning *`
        const session = sessionOf(row as SessionRow)
        return { session, refreshToken: yield* issue(session.sessionId, micros) }
      }).pipe(sql.withTransaction, during("beginSession")),
    refresh: (refreshToken) =>
      Effect.flatMap(rotate(refreshToken), (rotated) =>
        rotated === undefined ? Effect.fail(AuthError.refreshTokenAlreadyUsed()) : Effect.succeed(rotated)
      ),
    find: (sessionId) =>
      sql<SessionRow>`select * from embedded_auth.sessions where session_id = ${sessionId}::text::uuid`.pipe(
        Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), sessionOf)),
        during("findSession")
      ),
    end: ({ sessionId, userId }, scope) =>
      sql`delete from embedded_auth.sessions
          where user_id = ${userId}::text::uuid
            and (${scope} = 'global' or (session_id = ${sessionId}::text::uuid) = (${scope} = 'local'))`.pipe(
        Effect.asVoid,
        during("endSession")
      )
  }
}
