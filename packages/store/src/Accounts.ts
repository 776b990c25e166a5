/**
 * The customers, for whoever operates the service: made, moved to another tier, given credits. Runs as the owner of the tables, so nothing
 * of it is for the API to call on a customer's word.
 */
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import { type Terms, type TierName, tierNames } from "@kalshibook/core/contract/Pricing"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "./AccountsState.ts"
import { during, type HotTierError } from "./HotTierError.ts"
import type { Member } from "./MemberRecord.ts"
import { int8 } from "./PgNumbers.ts"

export interface Account {
  readonly accountId: string
  /** Told apart by it; unique. */
  readonly name: string
  readonly tier: TierName
  readonly terms: Terms
  /** Credits a month at most; `null` for no cap. */
  readonly capCredits: number | null
}

/** What can be changed of an account. */
export type AccountChange = Partial<Pick<Account, "tier" | "terms" | "capCredits">>

/** An account of this name is there already. */
export class AccountTaken extends Schema.TaggedError<AccountTaken>()("AccountTaken", { name: Schema.String }) {
  override get message(): string {
    return `There is an account "${this.name}" already.`
  }
}

export class Accounts extends Context.Service<
  Accounts,
  {
    readonly create: (made: {
      readonly name: string
      readonly tier: TierName
      readonly terms?: Terms
    }) => Effect.Effect<Account, HotTierError | AccountTaken>
    readonly find: (name: string) => Effect.Effect<Option.Option<Account>, HotTierError>
    readonly list: Effect.Effect<ReadonlyArray<Account>, HotTierError>
    /** `None` when there is no such account. The API follows within seconds. */
    readonly change: (accountId: string, change: AccountChange) => Effect.Effect<Option.Option<Account>, HotTierError>
    /** Lets a person of Supabase Auth see the account. */
    readonly addMember: (accountId: string, userId: string, role: MemberRole) => Effect.Effect<void, HotTierError>
    /** Adds credits that were bought. `false` when that reference was added before. */
    readonly buy: (accountId: string, credits: number, reference: string) => Effect.Effect<boolean, HotTierError>
  }
>()("@kalshibook/store/Accounts") {
  static readonly layerNoDeps: Layer.Layer<Accounts, never, SqlClient.SqlClient> = Layer.effect(
    Accounts,
    Effect.map(SqlClient.SqlClient, (sql) => Accounts.of(inPostgres(sql)))
  )

  /** The same contract in memory; knows no members. */
  static readonly layerMemory: Layer.Layer<Accounts> = Layer.effect(
    Accounts,
    Effect.map(AccountsState, (state) => Accounts.of(inMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}

/** A row of `accounts`. */
export interface AccountRow {
  readonly account_id: string
  readonly name: string
  readonly tier: string
  readonly terms: unknown
  readonly cap_credits: number | null
}

const TermsOfRow = Schema.Record(Schema.String, Schema.Number)

export const accountOf = (row: AccountRow): Account => ({
  accountId: row.account_id,
  name: row.name,
  tier: tierNames.find((name) => name === row.tier) ?? "free",
  terms: Option.getOrElse(Schema.decodeUnknownOption(TermsOfRow)(row.terms), () => ({})),
  capCredits: row.cap_credits
})

const inPostgres = (sql: SqlClient.SqlClient): Accounts["Service"] => {
  const first = (rows: ReadonlyArray<AccountRow>) => Option.map(Option.fromUndefinedOr(rows[0]), accountOf)
  return {
    create: ({ name, tier, terms = {} }) =>
      Effect.gen(function* () {
        const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
        const rows = yield* sql<AccountRow>`
          insert into accounts (name, tier, terms, ts_created_micros)
          values (${name}, ${tier}, ${JSON.stringify(terms)}::text::jsonb, ${int8(nowMicros)})
          on conflict (name) do nothing
          returning account_id, name, tier, terms, cap_credits`.pipe(during("createAccount"))
        const made = first(rows)
        return Option.isNone(made) ? yield* new AccountTaken({ name }) : made.value
      }),
    find: (name) =>
      sql<AccountRow>`select account_id, name, tier, terms, cap_credits from accounts where name = ${name}`.pipe(
        Effect.map(first),
        during("findAccount")
      ),
    list: sql<AccountRow>`select account_id, name, tier, terms, cap_credits from accounts order by name`.pipe(
      Effect.map((rows) => rows.map(accountOf)),
      during("listAccounts")
    ),
    change: (accountId, { capCredits, terms, tier }) =>
      sql<AccountRow>`
        update accounts set
          tier = coalesce(${tier ?? null}, tier),
          terms = coalesce(${terms === undefined ? null : JSON.stringify(terms)}::text::jsonb, terms),
          cap_credits = case when ${capCredits !== undefined} then ${int8(capCredits ?? null)} else cap_credits end
        where account_id = ${accountId}::text::uuid
        returning account_id, name, tier, terms, cap_credits`.pipe(Effect.map(first), during("changeAccount")),
    addMember: (accountId, userId, role) =>
      sql`insert into account_members values (${accountId}::text::uuid, ${userId}::text::uuid, ${role})
          on conflict (account_id, user_id) do update set role = excluded.role`.pipe(
        Effect.asVoid,
        during("addMember")
      ),
    buy: (accountId, credits, reference) =>
      sql<{ bought: boolean }>`
        select buy_credits(${accountId}::text::uuid, ${int8(credits)}, ${reference}, null) as bought`.pipe(
        Effect.map(([row]) => row?.bought === true),
        during("buyCredits")
      )
  }
}

const inMemory = (state: AccountsState["Service"]): Accounts["Service"] => ({
  create: ({ name, tier, terms = {} }) =>
    Effect.suspend(() => {
      if ([...state.accounts.values()].some((account) => account.name === name)) {
        return Effect.fail(new AccountTaken({ name }))
      }
      const accountId = globalThis.crypto.randomUUID()
      const account: Account = { accountId, name, tier, terms, capCredits: null }
      state.accounts.set(accountId, account)
      return Effect.succeed(account)
    }),
  find: (name) =>
    Effect.sync(() => Option.fromUndefinedOr([...state.accounts.values()].find((account) => account.name === name))),
  list: Effect.sync(() => [...state.accounts.values()]),
  change: (accountId, change) =>
    Effect.sync(() => {
      const account = state.accounts.get(accountId)
      if (account === undefined) return Option.none()
      const changed: Account = { ...account, ...change }
      state.accounts.set(accountId, changed)
      return Option.some(changed)
    }),
  addMember: (accountId, userId, role) =>
    Effect.sync(() => {
      const member: Member = { userId, email: "", role, joinedMicros: 0 }
      state.members.set(accountId, new Map(state.members.get(accountId)).set(userId, member))
    }),
  buy: (accountId, credits, reference) =>
    Effect.sync(() => {
      const once = `${accountId} ${reference}`
      if (state.purchases.has(once)) return false
      state.purchases.add(once)
      const balance = state.balanceOf(accountId)
      state.balances.set(accountId, { ...balance, boughtLeft: balance.boughtLeft + credits })
      return true
    })
})
