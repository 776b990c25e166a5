/**
 * Which streams are open, over all nodes: a row each, alive by a lease that its node renews. So the limits of an account hold wherever its
 * streams are, and a node that died gives its places back by itself.
 */
import { type MemberRole, scopesOfRole } from "@kalshibook/core/contract/MemberRoles"
import { Clock, Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "./AccountsState.ts"
import { during, type HotTierError } from "./HotTierError.ts"
import { int8 } from "./PgNumbers.ts"

/** How long a place is kept for a node that says nothing: some times as long as it takes to renew it. */
const leaseMicros = 30_000_000

export interface ConnectionWish {
  /** A UUID. */
  readonly connectionId: string
  readonly accountId: string
  /** What the usage names the caller by. */
  readonly caller: string
  readonly accountMax: number
  /** Of this caller; `null` for as many as the account has. */
  readonly callerMax: number | null
}

export type Place =
  /** So many of the account are open, this one included. */
  | { readonly _tag: "open"; readonly open: number }
  | { readonly _tag: "full"; readonly whose: "account" | "caller"; readonly open: number }

/** A connection that its node has open. */
export interface HeldConnection {
  /** A UUID. */
  readonly connectionId: string
  readonly accountId: string
  readonly caller: string
  /** The public prefix of the key that was shown; `null` where none was. */
  readonly key: string | null
  /** The id of the member whose it is; `null` where it is a key's. */
  readonly member: string | null
}

/** With how many of its account and of its caller may be open now (`null`: as many as the account has). */
export type RenewedConnection = HeldConnection & Pick<ConnectionWish, "accountMax" | "callerMax">

/**
 * Why a connection has to end. `gone`: its account or key is not there any more. `member_left`: whose it is is no member any more, or one
 * whose role has no streams. `over_limit`: fewer may be open than when it was opened, and there are as many that are older.
 */
export type EndingReason = "key_revoked" | "key_expired" | "gone" | "member_left" | "over_limit"

export class ConnectionLeases extends Context.Service<
  ConnectionLeases,
  {
    /** A place, or how many there are already. */
    readonly open: (wish: ConnectionWish) => Effect.Effect<Place, HotTierError>
    /** Keeps the places of this node, and tells which connections have to end. */
    readonly renew: (
      held: ReadonlyArray<RenewedConnection>
    ) => Effect.Effect<ReadonlyArray<{ readonly connectionId: string; readonly reason: EndingReason }>, HotTierError>
    readonly close: (
      connection: Pick<HeldConnection, "connectionId" | "accountId">
    ) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/ConnectionLeases") {
  static readonly layerNoDeps: Layer.Layer<ConnectionLeases, never, SqlClient.SqlClient> = Layer.effect(
    ConnectionLeases,
    Effect.map(SqlClient.SqlClient, (sql) => ConnectionLeases.of(inPostgres(sql)))
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<ConnectionLeases> = Layer.effect(
    ConnectionLeases,
    Effect.map(AccountsState, (state) => ConnectionLeases.of(inMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}

const inPostgres = (sql: SqlClient.SqlClient): ConnectionLeases["Service"] => ({
  open: ({ accountId, accountMax, caller, callerMax, connectionId }) =>
    sql<{ refused_by: "account" | "caller" | null; open: number }>`
      select refused_by, open from open_connection(${connectionId}::text::uuid, ${accountId}::text::uuid, ${caller},
        ${accountMax}::integer, ${callerMax}::integer, ${int8(leaseMicros)}, null)`.pipe(
      Effect.map(([row]): Place => {
        const { open = 0, refused_by = null } = row ?? {}
        return refused_by === null ? { _tag: "open", open } : { _tag: "full", whose: refused_by, open }
      }),
      during("openConnection")
    ),
  renew: (held) =>
    sql<{ connection_id: string; reason: EndingReason }>`
      select connection_id, reason
      from renew_connections(${JSON.stringify(held.map(heldOf))}::text::jsonb, ${int8(leaseMicros)}, null)`.pipe(
      Effect.map((rows) => rows.map(({ connection_id, reason }) => ({ connectionId: connection_id, reason }))),
      during("renewConnections")
    ),
  close: ({ accountId, connectionId }) =>
    sql`select close_connection(${connectionId}::text::uuid, ${accountId}::text::uuid)`.pipe(
      Effect.asVoid,
      during("closeConnection")
    )
})

const heldOf = ({ accountId, accountMax, caller, callerMax, connectionId, key, member }: RenewedConnection) => ({
  connection: connectionId,
  account: accountId,
  caller,
  key,
  member,
  account_max: accountMax,
  caller_max: callerMax
})

const mayStream = (role: MemberRole | undefined): boolean => role !== undefined && scopesOfRole[role].includes("stream")

const inMemory = ({ accounts, closed, keys, members }: AccountsState["Service"]): ConnectionLeases["Service"] => {
  // In the order in which they were opened.
  const leases = new Map<string, HeldConnection & { readonly untilMicros: number }>()
  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)
  const endingOf = ({ accountId, key, member }: HeldConnection, nowMicros: number): EndingReason | undefined => {
    if (!accounts.has(accountId) || closed.has(accountId)) return "gone"
    if (member !== null && !mayStream(members.get(accountId)?.get(member)?.role)) return "member_left"
    if (key === null) return undefined
    const record = keys.get(key)
    if (record === undefined) return "gone"
    if (record.revokedMicros !== null) return "key_revoked"
    return record.expiresMicros !== null && record.expiresMicros <= nowMicros ? "key_expired" : undefined
  }
  const aliveOf = (accountId: string, nowMicros: number) =>
    [...leases.values()].filter((one) => one.accountId === accountId && one.untilMicros > nowMicros)
  const isOverLimit = (held: RenewedConnection, nowMicros: number): boolean => {
    const { accountId, accountMax, caller, callerMax, connectionId } = held
    const alive = aliveOf(accountId, nowMicros)
    const older = alive.slice(
      0,
      alive.findIndex((one) => one.connectionId === connectionId)
    )
    const isFull = callerMax !== null && older.filter((one) => one.caller === caller).length >= callerMax
    return isFull || older.length >= accountMax
  }
  return {
    open: ({ accountId, accountMax, caller, callerMax, connectionId }) =>
      Effect.map(now, (nowMicros) => {
        const alive = aliveOf(accountId, nowMicros)
        const ofCaller = alive.filter((one) => one.caller === caller).length
        if (alive.length >= accountMax) return { _tag: "full", whose: "account", open: alive.length }
        if (callerMax !== null && ofCaller >= callerMax) return { _tag: "full", whose: "caller", open: ofCaller }
        const untilMicros = nowMicros + leaseMicros
        leases.set(connectionId, { connectionId, accountId, caller, key: null, member: null, untilMicros })
        return { _tag: "open", open: alive.length + 1 }
      }),
    renew: (held) =>
      Effect.map(now, (nowMicros) => {
        for (const one of held) leases.set(one.connectionId, { ...one, untilMicros: nowMicros + leaseMicros })
        return held.flatMap((one) => {
          const reason = endingOf(one, nowMicros) ?? (isOverLimit(one, nowMicros) ? "over_limit" : undefined)
          return reason === undefined ? [] : [{ connectionId: one.connectionId, reason }]
        })
      }),
    close: ({ connectionId }) => Effect.sync(() => void leases.delete(connectionId))
  }
}
