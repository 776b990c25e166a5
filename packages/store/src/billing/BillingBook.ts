/**
 * What is known of an account's payments: its customer at the payment service, and a mirror of what that service has. Acts as the owner of
 * the tables: only whoever has verified a webhook, or asked the service itself, writes here.
 *
 * What is kept is what was asked for last. Whoever is about to ask takes a claim first; an answer is kept unless the answer to a later claim
 * was. So webhooks may come in any order, twice, and to several nodes at once, and the mirror is never set back: the later question was
 * asked after everything that the earlier one was asked for had happened.
 */

import type { TierName } from "@kalshibook/core/contract/Pricing"
import type { PurchaseFacts, SubscriptionFacts } from "@kalshibook/core/Standing"
import { Context, Effect, Layer, type Option } from "effect"
import { SqlClient } from "effect/sql"
import { AccountsState } from "../AccountsState.ts"
import type { HotTierError } from "../HotTierError.ts"
import { billingInMemory } from "./BillingBookMemory.ts"
import { billingInPostgres } from "./BillingBookPostgres.ts"

/** An account that is a customer. */
export interface Linked {
  readonly accountId: string
  readonly customerId: string
  readonly linkedMicros: number
}

/** What the payment service said, and why it was asked. */
export interface Told {
  readonly accountId: string
  /** Taken before it was asked. */
  readonly claim: number
  readonly subscriptions: ReadonlyArray<SubscriptionFacts>
  readonly purchases: ReadonlyArray<PurchaseFacts>
  /** Of the webhook that it was asked for; `null` where nobody told. */
  readonly eventId: string | null
  readonly nowMicros: number
}

/** What keeping it changed. */
export interface Kept {
  readonly tierBefore: TierName
  readonly tier: TierName
  /** Credits that were added just now. */
  readonly creditsAdded: number
  readonly subscriptionsBefore: ReadonlyArray<SubscriptionFacts>
  /** Whether the account was deleted. */
  readonly isClosed: boolean
}

export class BillingBook extends Context.Service<
  BillingBook,
  {
    readonly linked: (accountId: string) => Effect.Effect<Option.Option<Linked>, HotTierError>
    readonly ofCustomer: (customerId: string) => Effect.Effect<Option.Option<Linked>, HotTierError>
    readonly all: Effect.Effect<ReadonlyArray<Linked>, HotTierError>
    /** The account is this customer, unless it is one already: the answer says which. */
    readonly link: (wish: Linked) => Effect.Effect<Linked, HotTierError>
    readonly claim: (accountId: string) => Effect.Effect<number, HotTierError>
    /** Keeps the mirror, adds what was bought, sets the tier and notes the webhook: all of it, or nothing. */
    readonly keep: (told: Told) => Effect.Effect<Kept, HotTierError>
    /** Whether a webhook was dealt with. */
    readonly isKept: (eventId: string) => Effect.Effect<boolean, HotTierError>
    /** The mirror, for the account itself. */
    readonly subscriptions: (accountId: string) => Effect.Effect<ReadonlyArray<SubscriptionFacts>, HotTierError>
    /** Sets the tiers that follow from nothing but the time: graces that are over, subscriptions whose end has come. Answers which accounts it changed. */
    readonly lapse: (nowMicros: number) => Effect.Effect<ReadonlyArray<string>, HotTierError>
  }
>()("@kalshibook/store/billing/BillingBook") {
  static readonly layerNoDeps: Layer.Layer<BillingBook, never, SqlClient.SqlClient> = Layer.effect(
    BillingBook,
    Effect.map(SqlClient.SqlClient, (sql) => BillingBook.of(billingInPostgres(sql)))
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<BillingBook> = Layer.effect(
    BillingBook,
    Effect.map(AccountsState, (state) => BillingBook.of(billingInMemory(state)))
  ).pipe(Layer.provide(AccountsState.layer))
}
