/** What becomes of a checkout session when somebody pays on its page. */
import * as Invoices from "./Invoices.ts"
import type { StandIn } from "./StandIn.ts"
import type { Card, Price, Session, Subscription } from "./StandInState.ts"
import { periodEndAfter } from "./Time.ts"

/** Paid with a card that is good now. `later`: one that is good now and refused from the next charge on. */
export const complete = (standIn: StandIn, session: Session, card: Card | "later"): void => {
  const { state } = standIn
  const wish = state.wishes[session.id]
  const price = state.prices[wish?.price ?? ""]
  if (session.status !== "open" || wish === undefined || price === undefined || card === "refused") return
  state.cards[session.customer] = card === "later" ? "refused" : "good"
  const done: Session = { ...session, status: "complete", payment_status: "paid", url: null }
  if (session.mode === "payment") {
    const invoice = wish.withInvoice
      ? Invoices.ofPayment(standIn, session.customer, price, state.products[price.product]?.name ?? "")
      : null
    state.sessions[session.id] = { ...done, payment_intent: standIn.id("pi"), invoice }
    standIn.happened("checkout.session.completed", state.sessions[session.id] ?? done)
    return
  }
  const subscription = begin(standIn, session.customer, price, wish)
  state.sessions[session.id] = { ...done, subscription: subscription.id, invoice: subscription.latest_invoice }
  standIn.happened("checkout.session.completed", state.sessions[session.id] ?? done)
}

const begin = (
  standIn: StandIn,
  customer: string,
  price: Price,
  wish: { readonly anchor: number | null; readonly metadata: Record<string, string> }
): Subscription => {
  const now = standIn.now()
  const id = standIn.id("sub")
  const anchor = wish.anchor ?? now
  const subscription: Subscription = {
    id,
    object: "subscription",
    billing_cycle_anchor: anchor,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    collection_method: "charge_automatically",
    created: now,
    currency: "usd",
    customer,
    ended_at: null,
    items: {
      object: "list",
      data: [
        {
          id: standIn.id("si"),
          object: "subscription_item",
          created: now,
          current_period_start: now,
          current_period_end: periodEndAfter(anchor, now),
          metadata: {},
          price,
          subscription: id
        }
      ],
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`
    },
    latest_invoice: null,
    livemode: false,
    metadata: wish.metadata,
    start_date: now,
    status: "active"
  }
  standIn.state.subscriptions[id] = subscription
  // The first invoice of metered use has nothing on it.
  const invoice = Invoices.begin(standIn, subscription, { start: now, end: now }, "subscription_create")
  const begun = { ...subscription, latest_invoice: invoice.id }
  standIn.state.subscriptions[id] = begun
  Invoices.finalize(standIn, invoice)
  standIn.happened("customer.subscription.created", begun)
  return begun
}
