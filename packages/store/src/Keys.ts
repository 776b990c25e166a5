/**
 * The keys of the API: made and shown once, found again by their public prefix, replaced with an overlap, revoked. And tickets: what a
 * browser's websocket brings in place of a key, good for one connection.
 *
 * Nothing here gives a key back: the database has its hash alone.
 */
import { Context, Effect, Layer, type Option, type Redacted } from "effect"
import { SqlClient } from "effect/sql"
import type { Account } from "./Accounts.ts"
import { AccountsState } from "./AccountsState.ts"
import type { HotTierError } from "./HotTierError.ts"
import { Pepper } from "./KeyHash.ts"
import type { KeyChange, KeyMaker, KeyRecord, KeyWish, NewKey } from "./KeyRecord.ts"
import { keysInMemory } from "./KeysMemory.ts"
import { keysInPostgres } from "./KeysPostgres.ts"

/** A key as it is stored, with whose it is. Whether it may be used is for the caller to say. */
export interface FoundKey {
  readonly record: KeyRecord
  readonly hash: Uint8Array
  readonly account: Account
}

/** In whose name a ticket opens its connection. */
export type TicketHolder =
  | { readonly _tag: "key"; readonly prefix: string }
  /** Somebody who is signed in, as a member of the account. */
  | { readonly _tag: "member"; readonly accountId: string; readonly userId: string }

export class Keys extends Context.Service<
  Keys,
  {
    readonly create: (wish: KeyWish) => Effect.Effect<NewKey, HotTierError>
    /** The key of a prefix, also one that is revoked or has expired. */
    readonly find: (prefix: string) => Effect.Effect<Option.Option<FoundKey>, HotTierError>
    /** The keys of an account, oldest first. */
    readonly list: (accountId: string) => Effect.Effect<ReadonlyArray<KeyRecord>, HotTierError>
    /** A new key like an old one, made by somebody else, which expires when the overlap is over. `None` when the account has no such key. */
    readonly rotate: (
      accountId: string,
      prefix: string,
      overlapMicros: number,
      maker: KeyMaker | null
    ) => Effect.Effect<Option.Option<NewKey>, HotTierError>
    /** The key as it is then. `None` when the account has no such key. */
    readonly change: (
      accountId: string,
      prefix: string,
      change: KeyChange
    ) => Effect.Effect<Option.Option<KeyRecord>, HotTierError>
    /** `false` when the account has no such key. Every node refuses it within seconds. */
    readonly revoke: (accountId: string, prefix: string) => Effect.Effect<boolean, HotTierError>
    /** A ticket for one connection, for as long as `ticketMicros`, in the name of a key of the account, or of a member. */
    readonly issueTicket: (accountId: string, holder: TicketHolder) => Effect.Effect<Redacted.Redacted, HotTierError>
    /** For whom a ticket was issued, the first time and in time; else `None`. */
    readonly takeTicket: (ticket: string) => Effect.Effect<Option.Option<TicketHolder>, HotTierError>
  }
>()("@kalshibook/store/Keys") {
  static readonly layerNoDeps: Layer.Layer<Keys, never, SqlClient.SqlClient | Pepper> = Layer.effect(
    Keys,
    Effect.gen(function* () {
      return Keys.of(keysInPostgres(yield* SqlClient.SqlClient, yield* Pepper))
    })
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<Keys, never, Pepper> = Layer.effect(
    Keys,
    Effect.gen(function* () {
      return Keys.of(keysInMemory(yield* AccountsState, yield* Pepper))
    })
  ).pipe(Layer.provide(AccountsState.layer))
}
