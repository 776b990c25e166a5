/**
 * Pages of Stripe that are opened for a customer: a checkout, or the portal.
 *
 * Subscriptions are billed by calendar months in UTC, like grants and caps: whole hours fall into one month, and what is used of a month cannot
 * cost more than its cap. The first month is the rest of the one in which it begins.
 */
import type { PlanItem } from "@kalshibook/core/contract/PlanItems"
import { counting } from "@kalshibook/core/Standing"
import type { Linked } from "@kalshibook/store/billing/BillingBook"
import { Clock, Data, Effect, Option } from "effect"
import * as Ending from "./Ending.ts"
import * as Refreshing from "./Refreshing.ts"
import * as StripeCatalogue from "./StripeCatalogue.ts"
import { StripeClient } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

/** There is a subscription already. */
export class Subscribed extends Data.TaggedError("Subscribed")<{ readonly sinceMicros: number }> {}

/** An invoice has to be paid first. */
export class Owing extends Data.TaggedError("Owing")<{
  readonly number: string | null
  readonly cents: number
  readonly url: string | null
}> {}

/** Nobody has told Stripe what is sold. */
class NotForSale extends Data.TaggedError("NotForSale")<{ readonly item: string }> {}

/**
 * A page is open for less than a day, and for half an hour at least: Stripe's own bounds, by its clock and when the request has come there. So
 * some minutes are left off for clocks that differ.
 */
const openSecondsMax = 86_400 - 300
const openSecondsMin = 1_860

/** The beginning of the next month, Unix seconds. */
const nextMonth = (nowMillis: number): number => {
  const date = new Date(nowMillis)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / 1_000
}

/** A checkout for the item; leads back to `url`. */
export const checkout = Effect.fn("Billing.checkout")(function* (linked: Linked, item: PlanItem, url: string) {
  const { accountId, customerId: customer } = linked
  const { ask } = yield* StripeClient
  if (item.kind === "metered") yield* refuseSecond(linked)
  const price = yield* StripeCatalogue.priceId(item)
  if (price === undefined) return yield* new NotForSale({ item: item.name })
  const nowMillis = yield* Clock.currentTimeMillis
  const nowSeconds = Math.floor(nowMillis / 1_000)
  const anchor = nextMonth(nowMillis)
  const openSeconds =
    item.kind === "metered" ? Math.max(openSecondsMin, Math.min(openSecondsMax, anchor - nowSeconds)) : openSecondsMax
  const metadata = { [StripeFacts.accountField]: accountId, [StripeFacts.creditsField]: String(item.credits) }
  const session = yield* ask("open a checkout", (stripe) =>
    stripe.checkout.sessions.create({
      customer,
      client_reference_id: accountId,
      expires_at: nowSeconds + openSeconds,
      success_url: `${url}?checkout=done`,
      cancel_url: `${url}?checkout=cancelled`,
      metadata,
      ...(item.kind === "metered"
        ? {
            mode: "subscription",
            line_items: [{ price }],
            subscription_data: { billing_cycle_anchor: anchor, proration_behavior: "none", metadata }
          }
        : { mode: "payment", line_items: [{ price, quantity: 1 }], invoice_creation: { enabled: true } })
    })
  )
  return session.url ?? (yield* new NotForSale({ item: item.name }))
})

/** Whoever subscribes twice would pay twice for the same use. Pages that are open still are closed, too. */
const refuseSecond = Effect.fnUntraced(function* (linked: Linked) {
  const { customerId: customer } = linked
  const { subscriptions } = yield* Refreshing.refresh(linked, null)
  const [owed] = yield* StripeFacts.owedInvoices(customer)
  if (owed !== undefined) {
    return yield* new Owing({
      number: owed.number,
      cents: owed.amount_remaining,
      url: owed.hosted_invoice_url ?? null
    })
  }
  const live = counting(subscriptions, (yield* Clock.currentTimeMillis) * 1_000)
  if (live !== undefined) return yield* new Subscribed({ sinceMicros: live.createdMicros })
  yield* Ending.closePages(customer, "subscription")
})

/** The customer's portal; leads back to `url`. */
export const portal = Effect.fn("Billing.portal")(function* (customer: string, url: string) {
  const { ask } = yield* StripeClient
  const configuration = Option.fromUndefinedOr(yield* StripeCatalogue.portalConfiguration)
  const session = yield* ask("open the portal", (stripe) =>
    stripe.billingPortal.sessions.create({
      customer,
      return_url: url,
      ...Option.match(configuration, { onNone: () => ({}), onSome: (id) => ({ configuration: id }) })
    })
  )
  return session.url
})
