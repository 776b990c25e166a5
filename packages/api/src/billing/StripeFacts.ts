// adapter: pages of lists come as promises of the package `stripe`.
/** What Stripe has about a customer, in our words: subscriptions, what is owed, what was bought, invoices. Asked, never remembered. */
import type { PurchaseFacts, SubscriptionFacts } from "@kalshibook/core/Standing"
import { Effect } from "effect"
import type Stripe from "stripe"
import { StripeClient } from "./StripeClient.ts"

const pageMax = 100
/** More than any customer has: an account buys a package now and then. */
const objectsMax = 10_000

/** All pages; there is hardly ever a second. */
const allOf = async <One extends { readonly id: string }>(
  pages: Stripe.ApiListPromise<One>
): Promise<ReadonlyArray<One>> => {
  const first = await pages
  return first.has_more ? pages.autoPagingToArray({ limit: objectsMax }) : first.data
}

const micros = (seconds: number): number => seconds * 1_000_000

/** What we write to objects that we make, to know them again. */
export const creditsField = "kalshibook_credits"
export const accountField = "kalshibook_account"

const isOwed = ({ attempted, status }: Stripe.Invoice): boolean => status === "open" && attempted

const subscriptionOf = ({ parent }: Stripe.Invoice): string | undefined => {
  const found = parent?.subscription_details?.subscription
  return typeof found === "string" ? found : found?.id
}

const factsOf = (subscription: Stripe.Subscription, owed: ReadonlyArray<Stripe.Invoice>): SubscriptionFacts => {
  const [item] = subscription.items.data
  const since = owed
    .filter((invoice) => subscriptionOf(invoice) === subscription.id)
    .map((invoice) => micros(invoice.status_transitions.finalized_at ?? invoice.created))
  return {
    subscriptionId: subscription.id,
    status: subscription.status as SubscriptionFacts["status"],
    createdMicros: micros(subscription.created),
    periodStartMicros: micros(item?.current_period_start ?? subscription.created),
    periodEndMicros: micros(item?.current_period_end ?? subscription.created),
    cancelMicros: subscription.cancel_at === null ? null : micros(subscription.cancel_at),
    owingMicros: since.length === 0 ? null : Math.min(...since)
  }
}

/** Invoices that could not be charged. */
export const owedInvoices = Effect.fnUntraced(function* (customer: string) {
  const { ask } = yield* StripeClient
  const open = yield* ask("list open invoices", (stripe) =>
    allOf(stripe.invoices.list({ customer, status: "open", limit: pageMax }))
  )
  return open.filter(isOwed)
})

/** Pages that were opened, and neither paid nor closed. */
export const openCheckouts = Effect.fnUntraced(function* (customer: string) {
  const { ask } = yield* StripeClient
  return yield* ask("list open checkouts", (stripe) =>
    allOf(stripe.checkout.sessions.list({ customer, status: "open", limit: pageMax }))
  )
})

const purchaseOf = ({ id, metadata, mode, payment_status }: Stripe.Checkout.Session): ReadonlyArray<PurchaseFacts> => {
  const credits = Number(metadata?.[creditsField])
  return mode === "payment" && payment_status === "paid" && Number.isSafeInteger(credits) && credits > 0
    ? [{ reference: id, credits }]
    : []
}

/** All that decides what the customer may. */
export const factsAbout = Effect.fnUntraced(function* (customer: string) {
  const { ask } = yield* StripeClient
  const subscriptions = yield* ask("list subscriptions", (stripe) =>
    allOf(stripe.subscriptions.list({ customer, status: "all", limit: pageMax }))
  )
  const sessions = yield* ask("list checkouts", (stripe) =>
    allOf(stripe.checkout.sessions.list({ customer, status: "complete", limit: pageMax }))
  )
  const isOwing = subscriptions.some(({ status }) => status === "past_due" || status === "unpaid")
  const owed = isOwing ? yield* owedInvoices(customer) : []
  return {
    subscriptions: subscriptions.map((subscription) => factsOf(subscription, owed)),
    purchases: sessions.flatMap(purchaseOf)
  }
})

/** The customer of the object that an event is about; `undefined` where it has none. */
export const customerOf = (event: Stripe.Event): string | undefined => {
  const object: object = event.data.object
  if ("object" in object && object.object === "customer" && "id" in object) return String(object.id)
  if (!("customer" in object)) return undefined
  const { customer } = object
  if (typeof customer === "string") return customer
  return typeof customer === "object" && customer !== null && "id" in customer ? String(customer.id) : undefined
}
