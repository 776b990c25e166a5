/**
 * What a mail carries to show that its reader owns the address: a link's token, and six digits for whoever types. Each is good once and
 * for an hour; a newer one of the same kind replaces it. And the codes by which a link hands a session to the page that asked for it.
 */
import { during, type HotTierError } from "@kalshibook/store/HotTierError"
import { int8 } from "@kalshibook/store/PgNumbers"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { codeAttemptsMax, flowSeconds, mailSeconds } from "./AuthSettings.ts"
import * as Secrets from "./Secrets.ts"
import { nothingPending, nowMicros, type Pending } from "./Users.ts"

export type MailKind = "signup" | "magiclink" | "recovery" | "email_change"

/** What a PKCE client asked with (RFC 7636). */
export interface Challenge {
  readonly challenge: string
  readonly method: "s256" | "plain"
}

export interface MailToken {
  readonly userId: string
  readonly kind: MailKind
  /** The address that is to become theirs, of `email_change`. */
  readonly emailNew: string | null
  readonly challenge: Option.Option<Challenge>
  /** What the request that sent the mail asked to be; nobody else's. */
  readonly pending: Pending
}

export interface FlowCode {
  readonly userId: string
  readonly method: string
  readonly challenge: Challenge
}

export class MailTokens extends Context.Service<
  MailTokens,
  {
    readonly issue: (token: MailToken) => Effect.Effect<{ readonly token: string; readonly code: string }, HotTierError>
    /** Consumes the token of a link. */
    readonly take: (token: string) => Effect.Effect<Option.Option<MailToken>, HotTierError>
    /** Consumes the six digits of somebody; a wrong guess counts against the right one. */
    readonly takeCode: (
      userId: string,
      kinds: ReadonlyArray<MailKind>,
      code: string
    ) => Effect.Effect<Option.Option<MailToken>, HotTierError>
    /** Of the last mail by which somebody was to sign up, also if it is too old by now. */
    readonly pendingSignUp: (userId: string) => Effect.Effect<Pending, HotTierError>
    readonly issueFlowCode: (code: FlowCode) => Effect.Effect<string, HotTierError>
    readonly takeFlowCode: (code: string) => Effect.Effect<Option.Option<FlowCode>, HotTierError>
  }
>()("@kalshibook/auth/MailTokens") {
  static readonly layerNoDeps: Layer.Layer<MailTokens, never, SqlClient.SqlClient> = Layer.effect(
    MailTokens,
    Effect.map(SqlClient.SqlClient, (sql) => MailTokens.of(inPostgres(sql)))
  )
}

interface MailTokenRow {
  readonly user_id: string
  readonly kind: MailKind
  readonly email_new: string | null
  readonly code_challenge: string | null
  readonly challenge_method: "s256" | "plain" | null
  readonly password_hash: string | null
  readonly user_metadata: Record<string, unknown> | null
}

const pendingOf = (row: Pick<MailTokenRow, "password_hash" | "user_metadata">): Pending => ({
  passwordHash: row.password_hash,
  metadata: row.user_metadata ?? {}
})

const tokenOf = (row: MailTokenRow): MailToken => ({
  userId: row.user_id,
  kind: row.kind,
  emailNew: row.email_new,
  challenge:
    row.code_challenge === null || row.challenge_method === null
      ? Option.none()
      : Option.some({ challenge: row.code_challenge, method: row.challenge_method }),
  pending: pendingOf(row)
})

const inPostgres = (sql: SqlClient.SqlClient): MailTokens["Service"] => {
  const first = ([row]: ReadonlyArray<MailTokenRow>) => Option.map(Option.fromUndefinedOr(row), tokenOf)
  return {
    issue: ({ challenge, emailNew, kind, pending, userId }) =>
      Effect.gen(function* () {
        const token = Secrets.newToken()
        const code = Secrets.newCode()
        const pkce = Option.getOrNull(challenge)
        const expires = int8((yield* nowMicros) + mailSeconds * 1_000_000)
        yield* sql`
          insert into embedded_auth.mail_tokens
            (user_id, kind, token_hash, code_hash, email_new, code_challenge, challenge_method, ts_expires_micros,
             password_hash, user_metadata)
          values (${userId}::text::uuid, ${kind}, ${Secrets.hash(token)}, ${Secrets.hash(userId, code)}, ${emailNew},
                  ${pkce?.challenge ?? null}, ${pkce?.method ?? null}, ${expires},
                  ${pending.passwordHash}, ${JSON.stringify(pending.metadata)}::text::jsonb)
          on conflict (user_id, kind) do update set
            token_hash = excluded.token_hash, code_hash = excluded.code_hash, attempts = 0, email_new = excluded.email_new,
            code_challenge = excluded.code_challenge, challenge_method = excluded.challenge_method,
            ts_expires_micros = excluded.ts_expires_micros, password_hash = excluded.password_hash,
            user_metadata = excluded.user_metadata`
        return { token, code }
      }).pipe(during("issueMailToken")),
    take: (token) =>
      Effect.gen(function* () {
        const rows = yield* sql<MailTokenRow>`
          delete from embedded_auth.mail_tokens
          where token_hash = ${Secrets.hash(token)} and ts_expires_micros > ${int8(yield* nowMicros)} returning *`
        return first(rows)
      }).pipe(during("takeMailToken")),
    takeCode: (userId, kinds, code) =>
      Effect.gen(function* () {
        const asked = sql.in("kind", kinds)
        const rows = yield* sql<MailTokenRow>`
          delete from embedded_auth.mail_tokens
          where user_id = ${userId}::text::uuid and ${asked} and code_hash = ${Secrets.hash(userId, code)}
            and attempts < ${codeAttemptsMax} and ts_expires_micros > ${int8(yield* nowMicros)}
          returning *`
        if (rows.length === 0) {
          yield* sql`update embedded_auth.mail_tokens set attempts = attempts + 1
            where user_id = ${userId}::text::uuid and ${asked}`
        }
        return first(rows)
      }).pipe(sql.withTransaction, during("takeMailCode")),
    pendingSignUp: (userId) =>
      sql<MailTokenRow>`
        select * from embedded_auth.mail_tokens where user_id = ${userId}::text::uuid and kind = 'signup'`.pipe(
        Effect.map(([row]) => (row === undefined ? nothingPending : pendingOf(row))),
        during("findPendingSignUp")
      ),
    issueFlowCode: ({ challenge, method, userId }) =>
      Effect.gen(function* () {
        const code = Secrets.newToken()
        const micros = yield* nowMicros
        yield* sql`delete from embedded_auth.flow_codes where ts_expires_micros < ${int8(micros)}`
        yield* sql`insert into embedded_auth.flow_codes values
          (${Secrets.hash(code)}, ${userId}::text::uuid, ${method}, ${challenge.challenge}, ${challenge.method},
           ${int8(micros + flowSeconds * 1_000_000)})`
        return code
      }).pipe(during("issueFlowCode")),
    takeFlowCode: (code) =>
      Effect.gen(function* () {
        const [row] = yield* sql<{
          readonly user_id: string
          readonly method: string
          readonly code_challenge: string
          readonly challenge_method: "s256" | "plain"
          readonly ts_expires_micros: number
        }>`delete from embedded_auth.flow_codes where code_hash = ${Secrets.hash(code)} returning *`
        if (row === undefined || row.ts_expires_micros <= (yield* nowMicros)) return Option.none()
        const challenge = { challenge: row.code_challenge, method: row.challenge_method }
        return Option.some({ userId: row.user_id, method: row.method, challenge })
      }).pipe(during("takeFlowCode"))
  }
}
