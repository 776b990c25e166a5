/**
 * What was made for a request that its sender may repeat: the account's own name of the request (`Idempotency-Key`), what was asked, and
 * the id of what came of it, for a day.
 *
 * A request is claimed before the work and completed after it. One whose node died in between can be claimed again after a minute.
 */
import { Clock, Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { acting } from "../AsAccount.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"

export interface IdempotentRequest {
  readonly accountId: string
  readonly key: string
  /** Of the whole request, hexadecimal. */
  readonly requestHash: string
}

/** What there is of a request. */
export type Claim =
  /** Nothing: it is to be done now, and completed or released. */
  | { readonly _tag: "claimed" }
  /** Somebody is doing it. */
  | { readonly _tag: "running" }
  /** It was done, and this came of it. */
  | { readonly _tag: "done"; readonly subject: string }
  /** The key belongs to another request. */
  | { readonly _tag: "other" }

/** How long a key is remembered: a day. */
export const keptMicros = 86_400_000_000
/** A claim that was not completed by then never will be: no answer takes longer. */
export const claimMicrosMax = 60_000_000

export class IdempotencyKeys extends Context.Service<
  IdempotencyKeys,
  {
    readonly claim: (request: IdempotentRequest) => Effect.Effect<Claim, HotTierError>
    /** Notes what came of a claimed request. */
    readonly complete: (request: IdempotentRequest, subject: string) => Effect.Effect<void, HotTierError>
    /** Forgets a claimed request that failed. */
    readonly release: (request: IdempotentRequest) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/downloads/IdempotencyKeys") {
  static readonly layerNoDeps: Layer.Layer<IdempotencyKeys, never, SqlClient.SqlClient> = Layer.effect(
    IdempotencyKeys,
    Effect.map(SqlClient.SqlClient, (sql) => IdempotencyKeys.of(inPostgres(sql)))
  )

  static readonly layerMemory: Layer.Layer<IdempotencyKeys> = Layer.sync(IdempotencyKeys, () =>
    IdempotencyKeys.of(inMemory())
  )
}

interface Entry {
  readonly requestHash: string
  readonly subject: string | null
}

const claimOf = (known: Entry, { requestHash }: IdempotentRequest): Claim => {
  if (known.requestHash !== requestHash) return { _tag: "other" }
  return known.subject === null ? { _tag: "running" } : { _tag: "done", subject: known.subject }
}

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

const inPostgres = (sql: SqlClient.SqlClient): IdempotencyKeys["Service"] => ({
  claim: (request) =>
    Effect.gen(function* () {
      const { accountId, key, requestHash } = request
      const now = yield* nowMicros
      yield* sql`delete from idempotency_keys where account_id = ${accountId}::uuid and ts_claimed_micros <= ${int8(now - keptMicros)}`
      const claimed = yield* sql`
        insert into idempotency_keys as known (account_id, key, request_hash, ts_claimed_micros)
        values (${accountId}::uuid, ${key}, ${requestHash}, ${int8(now)})
        on conflict (account_id, key) do update set ts_claimed_micros = excluded.ts_claimed_micros
        where known.subject is null and known.request_hash = excluded.request_hash
          and known.ts_claimed_micros <= ${int8(now - claimMicrosMax)}
        returning key`
      if (claimed.length > 0) return { _tag: "claimed" } satisfies Claim as Claim
      const [known] = yield* sql<{ request_hash: string; subject: string | null }>`
        select request_hash, subject from idempotency_keys where account_id = ${accountId}::uuid and key = ${key}`
      // Released in between: whoever comes again may claim it.
      if (known === undefined) return { _tag: "running" } satisfies Claim as Claim
      return claimOf({ requestHash: known.request_hash, subject: known.subject }, request)
    }).pipe(acting(sql, { account_id: request.accountId }), during("idempotencyClaim")),
  complete: ({ accountId, key, requestHash }, subject) =>
    sql`update idempotency_keys set subject = ${subject}
        where account_id = ${accountId}::uuid and key = ${key} and request_hash = ${requestHash}`.pipe(
      acting(sql, { account_id: accountId }),
      Effect.asVoid,
      during("idempotencyComplete")
    ),
  release: ({ accountId, key, requestHash }) =>
    sql`delete from idempotency_keys
        where account_id = ${accountId}::uuid and key = ${key} and request_hash = ${requestHash} and subject is null`.pipe(
      acting(sql, { account_id: accountId }),
      Effect.asVoid,
      during("idempotencyRelease")
    )
})

const inMemory = (): IdempotencyKeys["Service"] => {
  const entries = new Map<string, Entry & { readonly claimedMicros: number }>()
  const idOf = ({ accountId, key }: IdempotentRequest): string => `${accountId} ${key}`
  return {
    claim: (request) =>
      Effect.map(nowMicros, (now) => {
        const known = entries.get(idOf(request))
        const age = now - (known?.claimedMicros ?? 0)
        const isDead = known?.subject === null && known.requestHash === request.requestHash && age >= claimMicrosMax
        if (known !== undefined && age < keptMicros && !isDead) return claimOf(known, request)
        entries.set(idOf(request), { requestHash: request.requestHash, subject: null, claimedMicros: now })
        return { _tag: "claimed" }
      }),
    complete: (request, subject) =>
      Effect.sync(() => {
        const known = entries.get(idOf(request))
        if (known?.requestHash === request.requestHash) entries.set(idOf(request), { ...known, subject })
      }),
    release: (request) =>
      Effect.sync(() => {
        const known = entries.get(idOf(request))
        if (known?.requestHash === request.requestHash && known.subject === null) entries.delete(idOf(request))
      })
  }
}
