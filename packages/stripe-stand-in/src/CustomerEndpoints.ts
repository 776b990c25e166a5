/** Endpoints about who buys: customers, checkout, subscriptions, invoices, the portal. */
import { type Endpoints, found, isWanted, list, missing, one, refuse } from "./Answers.ts"
import { text, texts, whole } from "./FormText.ts"
import * as Invoices from "./Invoices.ts"
import type { StandIn } from "./StandIn.ts"
import type { Customer, Session, Subscription } from "./StandInState.ts"

export const customers: Endpoints = {
  "POST /v1/customers": (standIn, parameters) => {
    const customer: Customer = {
      id: standIn.id("cus"),
      object: "customer",
      created: standIn.now(),
      email: text(parameters, "email") ?? null,
      livemode: false,
      metadata: texts(parameters, "metadata"),
      name: text(parameters, "name") ?? null
    }
    standIn.state.customers[customer.id] = customer
    standIn.happened("customer.created", customer)
    return found(customer)
  },
  "GET /v1/customers": list(({ state }) => state.customers, "/v1/customers"),
  "GET /v1/customers/:id": one(({ state }) => state.customers, "customer"),
  "POST /v1/customers/:id": (standIn, parameters, id) => {
    const customer = standIn.state.customers[id]
    if (customer === undefined) return missing("customer", id)
    const changed = {
      ...customer,
      email: text(parameters, "email") ?? (parameters["email"] === "" ? null : customer.email),
      name: text(parameters, "name") ?? (parameters["name"] === "" ? null : customer.name)
    }
    standIn.state.customers[id] = changed
    standIn.happened("customer.updated", changed)
    return found(changed)
  }
}

/** How long a page of a checkout may be open, by the clock of whoever answers. */
const openSecondsMin = 1_800
const openSecondsMax = 86_400

export const sessions: Endpoints = {
  "GET /v1/checkout/sessions": list(
    ({ state }) => state.sessions,
    "/v1/checkout/sessions",
    (session, parameters) =>
      isWanted(parameters, "customer", session.customer) && isWanted(parameters, "status", session.status)
  ),
  "GET /v1/checkout/sessions/:id": one(({ state }) => state.sessions, "checkout.session"),
  "POST /v1/checkout/sessions": (standIn, parameters) => {
    const { state } = standIn
    const customer = text(parameters, "customer") ?? ""
    const price = state.prices[text(parameters, "line_items", "0", "price") ?? ""]
    const mode = text(parameters, "mode") === "payment" ? "payment" : "subscription"
    if (state.customers[customer] === undefined) return missing("customer", customer)
    if (price === undefined || !price.active)
      return missing("price", text(parameters, "line_items", "0", "price") ?? "")
    if ((price.type === "recurring") !== (mode === "subscription")) {
      return refuse({ message: "The price's type does not fit the session's mode." })
    }
    // Whoever asks knows nothing of days that were skipped here: the page is open for as long as he means.
    const wished = whole(parameters, "expires_at")
    const expires = wished === undefined ? standIn.now() + openSecondsMax : wished + state.aheadSeconds
    if (expires < standIn.now() + openSecondsMin || expires > standIn.now() + openSecondsMax) {
      const message =
        "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
      return refuse({ param: "expires_at", message })
    }
    const anchor = whole(parameters, "subscription_data", "billing_cycle_anchor") ?? null
    const id = standIn.id("cs_test")
    const session: Session = {
      id,
      object: "checkout.session",
      amount_total: price.unit_amount ?? 0,
      cancel_url: text(parameters, "cancel_url") ?? null,
      client_reference_id: text(parameters, "client_reference_id") ?? null,
      created: standIn.now(),
      currency: "usd",
      customer,
      expires_at: expires,
      invoice: null,
      livemode: false,
      metadata: texts(parameters, "metadata"),
      mode,
      payment_intent: null,
      payment_status: "unpaid",
      status: "open",
      subscription: null,
      success_url: text(parameters, "success_url") ?? null,
      url: `${standIn.origin}/checkout/${id}`
    }
    state.sessions[id] = session
    state.wishes[id] = {
      price: price.id,
      anchor,
      metadata: texts(parameters, "subscription_data", "metadata"),
      withInvoice: text(parameters, "invoice_creation", "enabled") === "true"
    }
    return found(session)
  },
  "POST /v1/checkout/sessions/:id/expire": (standIn, _, id) => {
    const session = standIn.state.sessions[id]
    if (session === undefined) return missing("checkout.session", id)
    if (session.status !== "open") {
      return refuse({ message: 'Only Checkout Sessions with a status in ["open"] can be expired.' })
    }
    const expired: Session = { ...session, status: "expired", url: null }
    standIn.state.sessions[id] = expired
    standIn.happened("checkout.session.expired", expired)
    return found(expired)
  }
}

export const subscriptions: Endpoints = {
  "GET /v1/subscriptions": list(
    ({ state }) => state.subscriptions,
    "/v1/subscriptions",
    (subscription, parameters) =>
      isWanted(parameters, "customer", subscription.customer) &&
      (text(parameters, "status") === undefined
        ? subscription.status !== "canceled"
        : isWanted(parameters, "status", subscription.status))
  ),
  "GET /v1/subscriptions/:id": one(({ state }) => state.subscriptions, "subscription"),
  "POST /v1/subscriptions/:id": (standIn, parameters, id) => {
    const subscription = standIn.state.subscriptions[id]
    if (subscription === undefined || subscription.status === "canceled") return missing("subscription", id)
    const changed = cancelling(standIn, subscription, text(parameters, "cancel_at_period_end") === "true")
    return found(changed)
  },
  "DELETE /v1/subscriptions/:id": (standIn, _, id) => {
    const subscription = standIn.state.subscriptions[id]
    if (subscription === undefined || subscription.status === "canceled") return missing("subscription", id)
    Invoices.end(standIn, subscription)
    return found(standIn.state.subscriptions[id] ?? subscription)
  }
}

/** Cancels at the end of the period, or takes that back. */
export const cancelling = (standIn: StandIn, subscription: Subscription, isWished: boolean): Subscription => {
  const [item] = subscription.items.data
  const changed: Subscription = {
    ...subscription,
    cancel_at_period_end: isWished,
    cancel_at: isWished ? (item?.current_period_end ?? null) : null,
    canceled_at: isWished ? standIn.now() : null
  }
  standIn.state.subscriptions[changed.id] = changed
  standIn.happened("customer.subscription.updated", changed)
  return changed
}

export const invoices: Endpoints = {
  "GET /v1/invoices": list(
    ({ state }) => state.invoices,
    "/v1/invoices",
    (invoice, parameters) =>
      isWanted(parameters, "customer", invoice.customer) &&
      isWanted(parameters, "status", invoice.status) &&
      isWanted(parameters, "subscription", invoice.parent?.subscription_details.subscription ?? null)
  ),
  "GET /v1/invoices/:id": one(({ state }) => state.invoices, "invoice"),
  "POST /v1/invoices/create_preview": (standIn, parameters) => {
    const id = text(parameters, "subscription") ?? ""
    const subscription = standIn.state.subscriptions[id]
    return subscription === undefined || subscription.status === "canceled"
      ? missing("subscription", id)
      : found(Invoices.preview(standIn, subscription))
  }
}

export const portal: Endpoints = {
  "GET /v1/billing_portal/configurations": list(
    ({ state }) => state.configurations,
    "/v1/billing_portal/configurations",
    (configuration, parameters) => isWanted(parameters, "active", String(configuration.active))
  ),
  "POST /v1/billing_portal/configurations": (standIn, parameters) => {
    const id = standIn.id("bpc")
    const configuration = {
      id,
      object: "billing_portal.configuration",
      active: true,
      created: standIn.now(),
      features: parameters["features"],
      is_default: false,
      livemode: false,
      metadata: texts(parameters, "metadata")
    } as const
    standIn.state.configurations[id] = configuration
    return found(configuration)
  },
  "POST /v1/billing_portal/sessions": (standIn, parameters) => {
    const customer = text(parameters, "customer") ?? ""
    if (standIn.state.customers[customer] === undefined) return missing("customer", customer)
    const id = standIn.id("bps")
    const session = {
      id,
      object: "billing_portal.session",
      configuration: text(parameters, "configuration") ?? "",
      created: standIn.now(),
      customer,
      livemode: false,
      return_url: text(parameters, "return_url") ?? null,
      url: `${standIn.origin}/portal/${id}`
    } as const
    standIn.state.portalSessions[id] = session
    return found(session)
  }
}
