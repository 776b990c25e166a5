/**
 * The people of accounts: who opens one, who is let in, who leaves; and the end of an account. People are known by their id of Supabase
 * Auth, which whoever calls has verified.
 *
 * An account always has an owner, until it is closed. What is for owners is done only if whoever acts is one at that moment, whatever the
 * caller has believed before; and what an owner has invited goes when he is none any more.
 */
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import { Context, Effect, Layer, type Option } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "./AccountsState.ts"
import type { HotTierError } from "./HotTierError.ts"
import type {
  Invitation,
  InvitationWish,
  Member,
  MemberChange,
  MemberOutcome,
  Membership,
  Person
} from "./MemberRecord.ts"
import { membersInMemory } from "./MembersMemory.ts"
import { membersInPostgres } from "./MembersPostgres.ts"

export class Members extends Context.Service<
  Members,
  {
    /** The accounts of somebody that are not closed, by name. */
    readonly membershipsOf: (userId: string) => Effect.Effect<ReadonlyArray<Membership>, HotTierError>
    /** The first account of somebody, on the tier `free`; who owns one already gets that, however often it is asked at once. */
    readonly open: (
      person: Person
    ) => Effect.Effect<{ readonly membership: Membership; readonly isNew: boolean }, HotTierError>
    /** By the time at which they joined. */
    readonly list: (accountId: string) => Effect.Effect<ReadonlyArray<Member>, HotTierError>
    /** A new invitation, in place of an older one of that address. The token is shown once. `None` where no owner invites. */
    readonly invite: (
      accountId: string,
      wish: InvitationWish
    ) => Effect.Effect<Option.Option<{ readonly invitation: Invitation; readonly token: string }>, HotTierError>
    /** Those that are still good, oldest first. */
    readonly invitations: (accountId: string) => Effect.Effect<ReadonlyArray<Invitation>, HotTierError>
    /** `false` when the account has none of that id. */
    readonly withdraw: (accountId: string, invitationId: string) => Effect.Effect<boolean, HotTierError>
    /** `None` for a token that is not known, too old, or of another address. Who is a member already keeps the higher of both roles. */
    readonly accept: (token: string, person: Person) => Effect.Effect<Option.Option<Membership>, HotTierError>
    readonly setRole: (change: MemberChange, role: MemberRole) => Effect.Effect<MemberOutcome, HotTierError>
    /** Whoever leaves by himself need not be an owner. */
    readonly remove: (change: MemberChange) => Effect.Effect<MemberOutcome, HotTierError>
    /**
     * Ends the account: its keys at once, its people and their addresses with it. What invoices need stays. `false`, and nothing is done,
     * where no owner closes it.
     */
    readonly close: (accountId: string, by: string) => Effect.Effect<boolean, HotTierError>
  }
>()("@kalshibook/store/Members") {
  static readonly layerNoDeps: Layer.Layer<Members, never, SqlClient.SqlClient> = Layer.effect(
    Members,
    Effect.map(SqlClient.SqlClient, (sql) => Members.of(membersInPostgres(sql)))
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<Members> = Layer.effect(
    Members,
    Effect.map(AccountsState, (state) => Members.of(membersInMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}
