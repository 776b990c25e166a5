/**
 * Invoices of subscriptions: made when a period ends, open an hour later, so that late meter events count, then charged to the card, and
 * tried again for two weeks where it is refused.
 */
import type { StandIn } from "./StandIn.ts"
import type { Invoice, InvoiceLine, Price, Subscription } from "./StandInState.ts"
import * as Usage from "./Usage.ts"

/** From the end of a period to the invoice that is final. */
export const draftSeconds = 3_600

const day = 86_400
/** When a refused card is tried again, after the first time; after the last the subscription ends. */
const retrySeconds: ReadonlyArray<number> = [3 * day, 8 * day, 14 * day]

interface Period {
  readonly start: number
  readonly end: number
}

const lineOf = (standIn: StandIn, subscription: Subscription, period: Period): InvoiceLine => {
  const [item] = subscription.items.data
  const meter = item?.price.recurring?.meter ?? ""
  const quantity = Usage.used(standIn.state, { meter, customer: subscription.customer, ...period })
  return {
    id: `il_${subscription.id}_${period.start}`,
    object: "line_item",
    amount: item === undefined ? 0 : Usage.centsOf(item.price, quantity),
    currency: "usd",
    description: `${quantity} credits`,
    quantity,
    period
  }
}

/** A draft with one line. */
const blank = (standIn: StandIn, id: string, customer: string, line: InvoiceLine): Invoice => ({
  id,
  object: "invoice",
  amount_due: line.amount,
  amount_paid: 0,
  amount_remaining: line.amount,
  attempt_count: 0,
  attempted: false,
  billing_reason: null,
  collection_method: "charge_automatically",
  created: standIn.now(),
  currency: "usd",
  customer,
  hosted_invoice_url: null,
  invoice_pdf: null,
  lines: { object: "list", data: [line], has_more: false, url: `/v1/invoices/${id}/lines` },
  livemode: false,
  metadata: {},
  next_payment_attempt: null,
  number: null,
  parent: null,
  period_end: line.period.end,
  period_start: line.period.start,
  status: "draft",
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  subtotal: line.amount,
  total: line.amount
})

const invoiceOf = (
  standIn: StandIn,
  subscription: Subscription,
  facts: {
    readonly id: string
    readonly period: Period
    readonly reason: "subscription_create" | "subscription_cycle" | "upcoming"
  }
): Invoice => ({
  ...blank(standIn, facts.id, subscription.customer, lineOf(standIn, subscription, facts.period)),
  billing_reason: facts.reason,
  parent: {
    type: "subscription_details",
    quote_details: null,
    subscription_details: { subscription: subscription.id, metadata: null }
  }
})

/** The invoice of something that was paid once; its id. */
export const ofPayment = (standIn: StandIn, customer: string, price: Price, title: string): string => {
  const id = standIn.id("in")
  const [now, amount] = [standIn.now(), price.unit_amount ?? 0]
  const period = { start: now, end: now }
  const line: InvoiceLine = {
    id: `il_${id}`,
    object: "line_item",
    amount,
    currency: "usd",
    description: title,
    quantity: 1,
    period
  }
  const page = `${standIn.origin}/invoices/${id}`
  const paid: Invoice = {
    ...blank(standIn, id, customer, line),
    amount_paid: amount,
    amount_remaining: 0,
    attempt_count: 1,
    attempted: true,
    billing_reason: "manual",
    hosted_invoice_url: page,
    invoice_pdf: `${page}/pdf`,
    number: numberOf(id),
    status: "paid",
    status_transitions: { finalized_at: now, marked_uncollectible_at: null, paid_at: now, voided_at: null }
  }
  standIn.state.invoices[id] = paid
  standIn.happened("invoice.paid", paid)
  return id
}

const numberOf = (id: string): string => `KB-${id.slice(-6).toUpperCase()}`

/** What the running period would cost if it ended now. */
export const preview = (standIn: StandIn, subscription: Subscription): Invoice => {
  const [item] = subscription.items.data
  const period = { start: item?.current_period_start ?? 0, end: item?.current_period_end ?? 0 }
  return invoiceOf(standIn, subscription, { id: "upcoming", period, reason: "upcoming" })
}

/** The period's invoice, still a draft. */
export const begin = (
  standIn: StandIn,
  subscription: Subscription,
  period: Period,
  reason: "subscription_create" | "subscription_cycle"
): Invoice => {
  const invoice = invoiceOf(standIn, subscription, { id: standIn.id("in"), period, reason })
  standIn.state.invoices[invoice.id] = invoice
  standIn.happened("invoice.created", invoice)
  return invoice
}

const subscriptionOf = ({ parent }: Invoice): string => parent?.subscription_details.subscription ?? ""

/** Final, and charged. */
export const finalize = (standIn: StandIn, draft: Invoice): void => {
  const { state } = standIn
  const subscription = state.subscriptions[subscriptionOf(draft)]
  if (subscription === undefined) return
  const line = lineOf(standIn, subscription, { start: draft.period_start, end: draft.period_end })
  const page = `${standIn.origin}/invoices/${draft.id}`
  const open: Invoice = {
    ...draft,
    amount_due: line.amount,
    amount_remaining: line.amount,
    subtotal: line.amount,
    total: line.amount,
    lines: { ...draft.lines, data: [line] },
    hosted_invoice_url: page,
    invoice_pdf: `${page}/pdf`,
    number: numberOf(draft.id),
    status: "open",
    status_transitions: { ...draft.status_transitions, finalized_at: standIn.now() }
  }
  state.invoices[open.id] = open
  standIn.happened("invoice.finalized", open)
  charge(standIn, open)
}

/** Tries the card. */
export const charge = (standIn: StandIn, invoice: Invoice): void => {
  const { cards, invoices, subscriptions } = standIn.state
  const isPaid = invoice.amount_due === 0 || cards[invoice.customer] === "good"
  const attempts = invoice.attempt_count + 1
  const firstSeconds = invoice.status_transitions.finalized_at ?? standIn.now()
  const next = retrySeconds[attempts - 1]
  const charged: Invoice = isPaid
    ? {
        ...invoice,
        amount_paid: invoice.amount_due,
        amount_remaining: 0,
        attempt_count: attempts,
        attempted: true,
        next_payment_attempt: null,
        status: "paid",
        status_transitions: { ...invoice.status_transitions, paid_at: standIn.now() }
      }
    : {
        ...invoice,
        attempt_count: attempts,
        attempted: true,
        next_payment_attempt: next === undefined ? null : firstSeconds + next
      }
  invoices[charged.id] = charged
  standIn.happened(isPaid ? "invoice.paid" : "invoice.payment_failed", charged)
  const subscription = subscriptions[subscriptionOf(invoice)]
  if (subscription === undefined || subscription.status === "canceled") return
  const isOwing = Object.values(invoices).some(
    (one) => one.status === "open" && one.attempted && subscriptionOf(one) === subscription.id
  )
  const status = isOwing ? "past_due" : "active"
  if (!isPaid && next === undefined) end(standIn, subscription)
  if ((!isPaid && next === undefined) || status === subscription.status) return
  const changed: Subscription = { ...subscription, status }
  subscriptions[changed.id] = changed
  standIn.happened("customer.subscription.updated", changed)
}

/** The subscription is over. */
export const end = (standIn: StandIn, subscription: Subscription): void => {
  const now = standIn.now()
  const ended: Subscription = {
    ...subscription,
    status: "canceled",
    canceled_at: subscription.canceled_at ?? now,
    ended_at: now
  }
  standIn.state.subscriptions[ended.id] = ended
  standIn.happened("customer.subscription.deleted", ended)
}
