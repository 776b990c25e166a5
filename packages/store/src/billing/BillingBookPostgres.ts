/** The book of payments in Postgres. */

import { type TierName, tierNames } from "@kalshibook/core/contract/Pricing"
import { type SubscriptionFacts, type SubscriptionStatus, tierAt } from "@kalshibook/core/Standing"
import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { acting } from "../AsAccount.ts"
import { during } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"
import type { BillingBook, Linked, Told } from "./BillingBook.ts"
import { referenceOf } from "./Purchases.ts"

/** A webhook is told again for three days; whatever comes later changes nothing either. */
const eventsKeptMicros = 30 * 86_400_000_000

interface LinkedRow {
  readonly account_id: string
  readonly customer_id: string
  readonly ts_linked_micros: number
}

interface SubscriptionRow {
  readonly subscription_id: string
  readonly status: SubscriptionStatus
  readonly ts_created_micros: number
  readonly ts_period_start_micros: number
  readonly ts_period_end_micros: number
  readonly ts_cancel_micros: number | null
  readonly ts_owing_micros: number | null
}

const linkedOf = (row: LinkedRow): Linked => ({
  accountId: row.account_id,
  customerId: row.customer_id,
  linkedMicros: row.ts_linked_micros
})

const factsOf = (row: SubscriptionRow): SubscriptionFacts => ({
  subscriptionId: row.subscription_id,
  status: row.status,
  createdMicros: row.ts_created_micros,
  periodStartMicros: row.ts_period_start_micros,
  periodEndMicros: row.ts_period_end_micros,
  cancelMicros: row.ts_cancel_micros,
  owingMicros: row.ts_owing_micros
})

const rowOf = (facts: SubscriptionFacts) => ({
  subscription_id: facts.subscriptionId,
  status: facts.status,
  ts_created_micros: facts.createdMicros,
  ts_period_start_micros: facts.periodStartMicros,
  ts_period_end_micros: facts.periodEndMicros,
  ts_cancel_micros: facts.cancelMicros,
  ts_owing_micros: facts.owingMicros
})

export const billingInPostgres = (sql: SqlClient.SqlClient): BillingBook["Service"] => {
  const subscriptionsOf = (accountId: string) =>
    sql<SubscriptionRow>`
      select subscription_id, status, ts_created_micros, ts_period_start_micros, ts_period_end_micros, ts_cancel_micros, ts_owing_micros
      from billing_subscriptions where account_id = ${accountId}::text::uuid order by ts_created_micros, subscription_id`.pipe(
      Effect.map((rows) => rows.map(factsOf))
    )

  /** The tier that follows from what is stored, under the lock of the account. */
  const setTier = Effect.fnUntraced(function* (accountId: string, nowMicros: number) {
    const [account] = yield* sql<{ tier: string; is_closed: boolean; has_bought: boolean }>`
      select tier, ts_closed_micros is not null as is_closed, exists (
        select from credit_grants
        where credit_grants.account_id = accounts.account_id and kind = 'bought'
      ) as has_bought
      from accounts where account_id = ${accountId}::text::uuid for update`
    const before: TierName = tierNames.find((name) => name === account?.tier) ?? "free"
    const facts = { subscriptions: yield* subscriptionsOf(accountId), hasBought: account?.has_bought === true }
    const tier = tierAt(before, facts, nowMicros)
    if (tier !== before) yield* sql`update accounts set tier = ${tier} where account_id = ${accountId}::text::uuid`
    return { before, tier, isClosed: account?.is_closed === true }
  })

  const keep = Effect.fnUntraced(function* (told: Told) {
    const { accountId, claim, eventId, nowMicros, purchases, subscriptions } = told
    const [locked] = yield* sql<{ kept_claim: number }>`
      select kept_claim from billing_accounts where account_id = ${accountId}::text::uuid for update`
    const subscriptionsBefore = yield* subscriptionsOf(accountId)
    if (eventId !== null) {
      yield* sql`insert into billing_events values (${eventId}, ${int8(nowMicros)}) on conflict do nothing`
    }
    if (claim > (locked?.kept_claim ?? 0)) {
      yield* sql`
        update billing_accounts set kept_claim = ${int8(claim)}, ts_kept_micros = ${int8(nowMicros)}
        where account_id = ${accountId}::text::uuid`
      yield* sql`delete from billing_subscriptions where account_id = ${accountId}::text::uuid`
      yield* sql`
        insert into billing_subscriptions (account_id, subscription_id, status, ts_created_micros, ts_period_start_micros,
          ts_period_end_micros, ts_cancel_micros, ts_owing_micros)
        select ${accountId}::text::uuid, one.*
        from jsonb_to_recordset(${JSON.stringify(subscriptions.map(rowOf))}::text::jsonb) as one (subscription_id text, status text,
          ts_created_micros bigint, ts_period_start_micros bigint, ts_period_end_micros bigint, ts_cancel_micros bigint,
          ts_owing_micros bigint)`
    }
    let creditsAdded = 0
    for (const purchase of purchases) {
      const [row] = yield* sql<{ bought: boolean }>`
        select buy_credits(${accountId}::text::uuid, ${int8(purchase.credits)}, ${referenceOf(purchase)}, null) as bought`
      if (row?.bought === true) creditsAdded += purchase.credits
    }
    const { before, isClosed, tier } = yield* setTier(accountId, nowMicros)
    return { tierBefore: before, tier, creditsAdded, subscriptionsBefore, isClosed }
  })

  return {
    linked: (accountId) =>
      sql<LinkedRow>`
        select account_id, customer_id, ts_linked_micros from billing_accounts where account_id = ${accountId}::text::uuid`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), linkedOf)),
        during("linkedAccount")
      ),
    ofCustomer: (customerId) =>
      sql<LinkedRow>`
        select account_id, customer_id, ts_linked_micros from billing_accounts where customer_id = ${customerId}`.pipe(
        Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), linkedOf)),
        during("accountOfCustomer")
      ),
    all: sql<LinkedRow>`
      select account_id, customer_id, ts_linked_micros from billing_accounts order by ts_linked_micros, account_id`.pipe(
      Effect.map((rows) => rows.map(linkedOf)),
      during("linkedAccounts")
    ),
    link: ({ accountId, customerId, linkedMicros }) =>
      sql`insert into billing_accounts (account_id, customer_id, ts_linked_micros)
          values (${accountId}::text::uuid, ${customerId}, ${int8(linkedMicros)}) on conflict (account_id) do nothing`.pipe(
        Effect.andThen(
          sql<LinkedRow>`
            select account_id, customer_id, ts_linked_micros from billing_accounts where account_id = ${accountId}::text::uuid`
        ),
        Effect.map(([row]) => (row === undefined ? { accountId, customerId, linkedMicros } : linkedOf(row))),
        during("linkAccount")
      ),
    claim: (accountId) =>
      sql<{ claims: number }>`
        update billing_accounts set claims = claims + 1 where account_id = ${accountId}::text::uuid returning claims`.pipe(
        Effect.map(([row]) => row?.claims ?? 0),
        during("claimAccount")
      ),
    keep: (told) => keep(told).pipe(sql.withTransaction, during("keepTold")),
    isKept: (eventId) =>
      sql`select from billing_events where event_id = ${eventId}`.pipe(
        Effect.map(({ length }) => length > 0),
        during("isKept")
      ),
    subscriptions: (accountId) =>
      subscriptionsOf(accountId).pipe(acting(sql, { account_id: accountId }), during("subscriptions")),
    lapse: (nowMicros) =>
      Effect.gen(function* () {
        yield* sql`delete from billing_events where ts_micros < ${int8(nowMicros - eventsKeptMicros)}`
        const due = yield* sql<{ account_id: string }>`
          select distinct account_id from billing_subscriptions
          where status = 'past_due' or (ts_cancel_micros <= ${int8(nowMicros)} and status not in ('canceled', 'incomplete_expired'))
          order by account_id`
        const changed: Array<string> = []
        for (const { account_id } of due) {
          const { before, tier } = yield* sql.withTransaction(setTier(account_id, nowMicros))
          if (before !== tier) changed.push(account_id)
        }
        return changed
      }).pipe(during("lapse"))
  }
}
