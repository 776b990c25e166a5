/** Keys and tickets in Postgres. Every statement acts for one account, or for the one key or ticket that somebody presented. */
import type { Scope } from "@kalshibook/core/contract/Pricing"
import { Clock, Effect, Option, Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { type AccountRow, accountOf } from "./Accounts.ts"
import { acting } from "./AsAccount.ts"
import { during } from "./HotTierError.ts"
import { hash } from "./KeyHash.ts"
import { draw, type KeyMaker, type KeyRecord, newTicket, overlapEnd, ticketMicros } from "./KeyRecord.ts"
import type { Keys, TicketHolder } from "./Keys.ts"
import { int8, texts } from "./PgNumbers.ts"

interface KeyRow {
  readonly prefix: string
  readonly account_id: string
  readonly secret_hash: Uint8Array
  readonly pepper_id: string
  readonly key_name: string
  readonly scopes: ReadonlyArray<Scope>
  readonly requests_per_second: number | null
  readonly connections: number | null
  readonly key_cap_credits: number | null
  readonly ts_created_micros: number
  readonly ts_expires_micros: number | null
  readonly ts_revoked_micros: number | null
  readonly ts_used_micros: number | null
  readonly maker_user_id: string | null
  readonly maker_email: string | null
  readonly maker_key: string | null
}

const makerOf = ({ maker_email, maker_key, maker_user_id }: KeyRow): KeyMaker | null => {
  if (maker_key !== null) return { _tag: "key", prefix: maker_key }
  return maker_user_id === null ? null : { _tag: "member", userId: maker_user_id, email: maker_email ?? "" }
}

const recordOf = (row: KeyRow): KeyRecord => ({
  prefix: row.prefix,
  accountId: row.account_id,
  pepperId: row.pepper_id,
  name: row.key_name,
  scopes: row.scopes,
  requestsPerSecond: row.requests_per_second,
  connections: row.connections,
  capCredits: row.key_cap_credits,
  createdMicros: row.ts_created_micros,
  expiresMicros: row.ts_expires_micros,
  revokedMicros: row.ts_revoked_micros,
  usedMicros: row.ts_used_micros,
  maker: makerOf(row)
})

interface TicketRow {
  readonly account_id: string
  readonly prefix: string | null
  readonly user_id: string | null
  readonly ts_expires_micros: number
}

/** The table has one of both. */
const holderOf = ({ account_id, prefix, user_id }: TicketRow): TicketHolder | null => {
  if (prefix !== null) return { _tag: "key", prefix }
  return user_id === null ? null : { _tag: "member", accountId: account_id, userId: user_id }
}

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

export const keysInPostgres = (sql: SqlClient.SqlClient, pepper: Redacted.Redacted): Keys["Service"] => {
  const columns = sql.literal(`prefix, api_keys.account_id, secret_hash, pepper_id, api_keys.name as key_name, scopes,
    requests_per_second, connections, api_keys.cap_credits as key_cap_credits, api_keys.ts_created_micros, ts_expires_micros,
    ts_revoked_micros, ts_used_micros, maker_user_id, maker_email, maker_key`)

  const insert = ({ hash, record }: Effect.Success<ReturnType<typeof draw>>) => {
    const member = record.maker?._tag === "member" ? record.maker : undefined
    const key = record.maker?._tag === "key" ? record.maker.prefix : null
    return sql`insert into api_keys (prefix, account_id, secret_hash, pepper_id, name, scopes, requests_per_second, connections, cap_credits,
                              ts_created_micros, ts_expires_micros, maker_user_id, maker_email, maker_key)
        values (${record.prefix}, ${record.accountId}::text::uuid, ${hash}, ${record.pepperId}, ${record.name},
                ${texts([...record.scopes])}, ${record.requestsPerSecond}, ${record.connections}, ${int8(record.capCredits)},
                ${int8(record.createdMicros)}, ${int8(record.expiresMicros)},
                ${member?.userId ?? null}::text::uuid, ${member?.email ?? null}, ${key})`
  }

  return {
    create: (wish) =>
      Effect.gen(function* () {
        const drawn = yield* draw(pepper, wish)
        yield* insert(drawn).pipe(acting(sql, { account_id: wish.accountId }), during("createKey"))
        return { key: drawn.key, record: drawn.record }
      }),
    find: (prefix) =>
      sql<KeyRow & AccountRow>`
        select ${columns}, accounts.name, tier, terms, accounts.cap_credits
        from api_keys join accounts on accounts.account_id = api_keys.account_id
        where prefix = ${prefix} and ts_closed_micros is null`.pipe(
        acting(sql, { prefix }),
        Effect.map(([row]) =>
          row === undefined
            ? Option.none()
            : Option.some({ record: recordOf(row), hash: row.secret_hash, account: accountOf(row) })
        ),
        during("findKey")
      ),
    list: (accountId) =>
      sql<KeyRow>`select ${columns} from api_keys order by ts_created_micros, prefix`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map((rows) => rows.map(recordOf)),
        during("listKeys")
      ),
    rotate: (accountId, prefix, overlapMicros, maker) =>
      Effect.gen(function* () {
        const [row] = yield* sql<KeyRow>`select ${columns} from api_keys where prefix = ${prefix} for update`
        if (row === undefined) return Option.none()
        const old = recordOf(row)
        const drawn = yield* draw(pepper, { ...old, maker })
        yield* insert(drawn)
        const endMicros = overlapEnd(old, yield* nowMicros, overlapMicros)
        yield* sql`update api_keys set ts_expires_micros = ${int8(endMicros)} where prefix = ${prefix}`
        return Option.some({ key: drawn.key, record: drawn.record })
      }).pipe(acting(sql, { account_id: accountId }), during("rotateKey")),
    change: (accountId, prefix, { capCredits, connections, name, requestsPerSecond }) =>
      sql<KeyRow>`
        update api_keys set
          name = coalesce(${name ?? null}, name),
          requests_per_second = case when ${requestsPerSecond !== undefined} then ${requestsPerSecond ?? null}::integer
                                     else requests_per_second end,
          connections = case when ${connections !== undefined} then ${connections ?? null}::integer else connections end,
          cap_credits = case when ${capCredits !== undefined} then ${int8(capCredits ?? null)} else cap_credits end
        where prefix = ${prefix} returning ${columns}`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), recordOf)),
        during("changeKey")
      ),
    revoke: (accountId, prefix) =>
      Effect.gen(function* () {
        const rows = yield* sql`
          update api_keys set ts_revoked_micros = coalesce(ts_revoked_micros, ${int8(yield* nowMicros)})
          where prefix = ${prefix} returning prefix`
        return rows.length > 0
      }).pipe(acting(sql, { account_id: accountId }), during("revokeKey")),
    issueTicket: (accountId, holder) =>
      Effect.gen(function* () {
        const ticket = newTicket()
        const now = yield* nowMicros
        yield* sql`delete from stream_tickets where ts_expires_micros < ${int8(now)}`
        const prefix = holder._tag === "key" ? holder.prefix : null
        const userId = holder._tag === "member" ? holder.userId : null
        yield* sql`insert into stream_tickets (ticket_hash, account_id, prefix, user_id, ts_expires_micros) values
          (${hash(pepper, ticket)}, ${accountId}::text::uuid, ${prefix}, ${userId}::text::uuid, ${int8(now + ticketMicros)})`
        return Redacted.make(ticket)
      }).pipe(acting(sql, { account_id: accountId }), during("issueTicket")),
    takeTicket: (ticket) =>
      Effect.gen(function* () {
        const ticketHash = hash(pepper, ticket)
        const rows = yield* sql<TicketRow>`
          delete from stream_tickets where ticket_hash = ${ticketHash}
          returning account_id, prefix, user_id, ts_expires_micros`.pipe(
          acting(sql, { ticket: Buffer.from(ticketHash).toString("hex") })
        )
        const now = yield* nowMicros
        return Option.flatMapNullishOr(
          Option.fromUndefinedOr(rows.find((row) => row.ts_expires_micros > now)),
          holderOf
        )
      }).pipe(during("takeTicket"))
  }
}
