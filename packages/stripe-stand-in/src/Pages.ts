/** The pages that people see in Stripe's place: checkout, the portal, an invoice, and the desk from which time and events are moved. */

import * as Checkout from "./Checkout.ts"
import { cancelling } from "./CustomerEndpoints.ts"
import { type Parameters, text, whole } from "./FormText.ts"
import * as Invoices from "./Invoices.ts"
import type { StandIn } from "./StandIn.ts"
import type { Event, Invoice, PortalSession, Session, State } from "./StandInState.ts"
import * as Time from "./Time.ts"

export type Page = { readonly html: string; readonly status?: number } | { readonly to: string }

const escaped = (value: unknown): string => String(value).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

const style =
  "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f6f4;color:#1c1c1a}main{max-width:34rem;margin:3rem auto;padding:1.5rem;background:#fff;border:1px solid #ddd;border-radius:8px}h1{font-size:1.25rem;margin:0 0 .5rem}button{font:inherit;padding:.5rem 1rem;border-radius:6px;border:1px solid #999;background:#fff;cursor:pointer}button.main{background:#1c1c1a;color:#fff;border-color:#1c1c1a}form{display:inline-block;margin:.25rem .5rem .25rem 0}.note{color:#5c5c58;font-size:.875rem}table{border-collapse:collapse;width:100%;font-size:.875rem}td,th{text-align:left;padding:.25rem .5rem;border-top:1px solid #ddd}@media(max-width:36rem){main{margin:0;border:0}}@media(prefers-color-scheme:dark){body{background:#161615;color:#ededea}main{background:#1f1f1d;border-color:#3a3a37}button{background:#1f1f1d;color:#ededea}button.main{background:#ededea;color:#1c1c1a}.note{color:#a8a8a2}}"

const document = (title: string, body: string): Page => ({
  html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escaped(title)}</title><style>${style}</style></head><body><main><h1>${escaped(title)}</h1>${body}<p class="note">A stand-in for Stripe on this machine: nobody is charged.</p></main></body></html>`
})

const button = (action: string, name: string, value: string, label: string, look = ""): string =>
  `<form method="post" action="${escaped(action)}"><button class="${look}" name="${name}" value="${escaped(value)}">${escaped(label)}</button></form>`

const money = (cents: number): string => `$${(cents / 100).toFixed(2)}`
const day = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 16).replace("T", " ")

const nothing: Page = { status: 404, ...(document("There is nothing here", "") as { readonly html: string }) }

const checkoutPage = (standIn: StandIn, session: Session, isDeclined: boolean): Page => {
  if (session.status !== "open") {
    return document("This checkout is over", `<p>It is ${escaped(session.status)}.</p>`)
  }
  const wish = standIn.state.wishes[session.id]
  const price = standIn.state.prices[wish?.price ?? ""]
  const product = standIn.state.products[price?.product ?? ""]
  const path = `/checkout/${session.id}`
  const cost =
    session.mode === "payment"
      ? money(session.amount_total ?? 0)
      : `${escaped(price?.unit_amount_decimal)} cents a credit, at the end of each month`
  return document(
    product?.name ?? "Checkout",
    `<p>${cost}</p>${isDeclined ? '<p role="alert">Your card was declined.</p>' : ""}` +
      button(path, "card", "good", session.mode === "payment" ? "Pay" : "Subscribe", "main") +
      button(path, "card", "refused", "Pay with a card that is declined") +
      button(path, "card", "later", "Pay with a card that fails next month") +
      `<p><a href="${escaped(session.cancel_url ?? "/")}">Cancel</a></p>`
  )
}

const completed = (standIn: StandIn, session: Session, card: string | undefined): Page => {
  if (card === "refused") return checkoutPage(standIn, session, true)
  Checkout.complete(standIn, session, card === "later" ? "later" : "good")
  return { to: (session.success_url ?? "/").replace("{CHECKOUT_SESSION_ID}", session.id) }
}

const invoiceLine = (invoice: Invoice): string =>
  `<tr><td>${escaped(invoice.number ?? "draft")}</td><td>${day(invoice.created)}</td><td>${money(invoice.total)}</td><td>${escaped(invoice.status)}</td></tr>`

const portalPage = (standIn: StandIn, session: PortalSession): Page => {
  const { cards, invoices, subscriptions } = standIn.state
  const path = `/portal/${session.id}`
  const own = Object.values(subscriptions).filter(({ customer }) => customer === session.customer)
  const live = own.filter(({ status }) => status !== "canceled")
  const bills = Object.values(invoices).filter(({ customer }) => customer === session.customer)
  const plans = live.map((one) =>
    one.cancel_at_period_end
      ? `<p>Ends ${day(one.cancel_at ?? 0)}.</p>${button(path, "keep", one.id, "Keep the plan", "main")}`
      : `<p>Renews ${day(one.items.data[0]?.current_period_end ?? 0)}; ${escaped(one.status)}.</p>${button(path, "cancel", one.id, "Cancel the plan")}`
  )
  const open = bills.filter(({ status }) => status === "open")
  return document(
    "Billing portal",
    `${live.length === 0 ? "<p>There is no plan.</p>" : plans.join("")}` +
      `<p>Card: ${escaped(cards[session.customer] ?? "none")}</p>` +
      button(path, "card", "good", "Use a card that is good") +
      button(path, "card", "refused", "Use a card that will be refused") +
      open.map((one) => button(path, "pay", one.id, `Pay ${money(one.amount_remaining)}`, "main")).join("") +
      `<table><caption class="note">Invoices</caption>${bills.map(invoiceLine).join("")}</table>` +
      `<p><a href="${escaped(session.return_url ?? "/")}">Back</a></p>`
  )
}

const portalDone = (standIn: StandIn, session: PortalSession, wish: Parameters): Page => {
  const { cards, customers, invoices, subscriptions } = standIn.state
  const ofCustomer = <One extends { readonly customer: string }>(one: One | undefined) =>
    one?.customer === session.customer ? one : undefined
  const cancelled = ofCustomer(subscriptions[text(wish, "cancel") ?? ""])
  const kept = ofCustomer(subscriptions[text(wish, "keep") ?? ""])
  const owed = ofCustomer(invoices[text(wish, "pay") ?? ""])
  const card = text(wish, "card")
  if (cancelled !== undefined && cancelled.status !== "canceled") cancelling(standIn, cancelled, true)
  if (kept !== undefined && kept.status !== "canceled") cancelling(standIn, kept, false)
  if (owed?.status === "open") Invoices.charge(standIn, owed)
  if (card === "good" || card === "refused") {
    cards[session.customer] = card
    standIn.happened("customer.updated", customers[session.customer] ?? {})
  }
  return { to: `/portal/${session.id}` }
}

const eventRow = (event: Event): string =>
  `<tr><td>${escaped(event.type)}</td><td>${day(event.created)}</td><td>${button("/", "again", event.id, "Send again")}</td></tr>`

const eventsShown = 50

const desk = (standIn: StandIn): Page =>
  document(
    "Stripe, stood in for",
    `<p>It is ${day(standIn.now())} UTC here.</p>` +
      button("/", "seconds", "3600", "An hour later") +
      button("/", "seconds", String(86_400), "A day later") +
      button("/", "seconds", String(31 * 86_400), "A month later") +
      `<p class="note">Customers: ${Object.keys(standIn.state.customers).length}; subscriptions: ${Object.keys(standIn.state.subscriptions).length}; meter events: ${standIn.state.meterEvents.length}.</p>` +
      `<table><caption class="note">Events, the last first</caption>${standIn.state.events.slice(-eventsShown).toReversed().map(eventRow).join("")}</table>`
  )

const at = <Kind extends "sessions" | "portalSessions" | "invoices">(
  state: State,
  kind: Kind,
  path: string
): State[Kind][string] | undefined =>
  (state[kind] as State[Kind])[path.split("/")[2] ?? ""] as State[Kind][string] | undefined

/** The page at a path, or where a form leads. `undefined`: this is no page. */
export const answer = (standIn: StandIn, method: string, path: string, form: Parameters): Page | undefined => {
  Time.catchUp(standIn)
  const { state } = standIn
  const isPost = method === "POST"
  if (path === "/") {
    if (!isPost) return desk(standIn)
    const again = state.events.find(({ id }) => id === text(form, "again"))
    if (again !== undefined) standIn.onEvent(again)
    Time.advance(standIn, whole(form, "seconds") ?? 0)
    return { to: "/" }
  }
  if (path.startsWith("/checkout/")) {
    const session = at(state, "sessions", path)
    if (session === undefined) return nothing
    return isPost ? completed(standIn, session, text(form, "card")) : checkoutPage(standIn, session, false)
  }
  if (path.startsWith("/portal/")) {
    const session = at(state, "portalSessions", path)
    if (session === undefined) return nothing
    return isPost ? portalDone(standIn, session, form) : portalPage(standIn, session)
  }
  if (path.startsWith("/invoices/")) {
    const invoice = at(state, "invoices", path)
    return invoice === undefined
      ? nothing
      : document(`Invoice ${invoice.number ?? ""}`, `<table>${invoiceLine(invoice)}</table>`)
  }
  return undefined
}
