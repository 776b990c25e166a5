/**
 * What the stand-in remembers: the objects that it answers with, in Stripe's own shapes, and what it has to know beside them. All of it is
 * plain JSON, so that a file can keep it.
 *
 * Of each object it has the fields that this system and Stripe's pages for people need; those are named and typed as in the package `stripe`.
 */
import type { Stripe } from "stripe"

export type Customer = Pick<Stripe.Customer, "id" | "object" | "created" | "email" | "livemode" | "metadata"> & {
  readonly name: string | null
}

export type Product = Pick<
  Stripe.Product,
  "id" | "object" | "active" | "created" | "description" | "livemode" | "metadata" | "name"
>

export type Price = Pick<
  Stripe.Price,
  | "id"
  | "object"
  | "active"
  | "billing_scheme"
  | "created"
  | "currency"
  | "livemode"
  | "lookup_key"
  | "metadata"
  | "type"
> & {
  product: string
  readonly recurring: {
    readonly interval: "month"
    readonly interval_count: 1
    readonly meter: string
    readonly usage_type: "metered"
  } | null
  readonly unit_amount: number | null
  /** Cents; text on the wire. */
  readonly unit_amount_decimal: string
}

export type Meter = Pick<
  Stripe.Billing.Meter,
  | "id"
  | "object"
  | "created"
  | "customer_mapping"
  | "default_aggregation"
  | "display_name"
  | "event_name"
  | "livemode"
  | "status"
  | "value_settings"
>

export type MeterEvent = Pick<
  Stripe.Billing.MeterEvent,
  "object" | "created" | "event_name" | "identifier" | "livemode" | "payload" | "timestamp"
>

export type Session = Pick<
  Stripe.Checkout.Session,
  | "id"
  | "object"
  | "amount_total"
  | "cancel_url"
  | "client_reference_id"
  | "created"
  | "currency"
  | "expires_at"
  | "livemode"
  | "metadata"
  | "mode"
  | "payment_status"
  | "status"
  | "success_url"
  | "url"
> & {
  readonly customer: string
  readonly subscription: string | null
  readonly payment_intent: string | null
  readonly invoice: string | null
}

export interface SubscriptionItem {
  readonly id: string
  readonly object: "subscription_item"
  readonly created: number
  readonly current_period_start: number
  readonly current_period_end: number
  readonly metadata: Readonly<Record<string, string>>
  readonly price: Price
  readonly subscription: string
}

export type Subscription = Pick<
  Stripe.Subscription,
  | "id"
  | "object"
  | "billing_cycle_anchor"
  | "cancel_at"
  | "cancel_at_period_end"
  | "canceled_at"
  | "collection_method"
  | "created"
  | "currency"
  | "ended_at"
  | "livemode"
  | "metadata"
  | "start_date"
  | "status"
> & {
  readonly customer: string
  readonly items: {
    readonly object: "list"
    readonly data: ReadonlyArray<SubscriptionItem>
    readonly has_more: false
    readonly url: string
  }
  readonly latest_invoice: string | null
}

export type Invoice = Pick<
  Stripe.Invoice,
  | "id"
  | "object"
  | "amount_due"
  | "amount_paid"
  | "amount_remaining"
  | "attempt_count"
  | "attempted"
  | "billing_reason"
  | "collection_method"
  | "created"
  | "currency"
  | "livemode"
  | "metadata"
  | "next_payment_attempt"
  | "number"
  | "period_end"
  | "period_start"
  | "status"
  | "status_transitions"
  | "subtotal"
  | "total"
> & {
  readonly customer: string
  readonly hosted_invoice_url: string | null
  readonly invoice_pdf: string | null
  readonly parent: {
    readonly type: "subscription_details"
    readonly quote_details: null
    readonly subscription_details: { readonly subscription: string; readonly metadata: null }
  } | null
  readonly lines: {
    readonly object: "list"
    readonly data: ReadonlyArray<InvoiceLine>
    readonly has_more: false
    readonly url: string
  }
}

export interface InvoiceLine {
  readonly id: string
  readonly object: "line_item"
  readonly amount: number
  readonly currency: string
  readonly description: string
  readonly quantity: number
  readonly period: { readonly start: number; readonly end: number }
}

export type PortalConfiguration = Pick<
  Stripe.BillingPortal.Configuration,
  "id" | "object" | "active" | "created" | "livemode"
> & {
  readonly is_default: boolean
  readonly metadata: Readonly<Record<string, string>>
  readonly features: unknown
}

export type PortalSession = Pick<
  Stripe.BillingPortal.Session,
  "id" | "object" | "created" | "livemode" | "return_url" | "url"
> & { readonly customer: string; readonly configuration: string }

export interface Event {
  readonly id: string
  readonly object: "event"
  readonly api_version: string
  readonly created: number
  readonly data: { readonly object: unknown }
  readonly livemode: false
  readonly pending_webhooks: number
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null }
  readonly type: string
}

/** Whether the customer's card is charged or refused; none before the first payment. */
export type Card = "good" | "refused"

export interface State {
  /** Seconds that its clock is ahead of the one it was given. */
  aheadSeconds: number
  lastNumber: number
  customers: Record<string, Customer>
  cards: Record<string, Card>
  products: Record<string, Product>
  prices: Record<string, Price>
  meters: Record<string, Meter>
  meterEvents: Array<MeterEvent>
  sessions: Record<string, Session>
  /** What a session was made with and does not show. */
  wishes: Record<
    string,
    {
      readonly price: string
      readonly anchor: number | null
      readonly metadata: Record<string, string>
      /** Whether what is paid once gets an invoice, too. */
      readonly withInvoice: boolean
    }
  >
  subscriptions: Record<string, Subscription>
  invoices: Record<string, Invoice>
  configurations: Record<string, PortalConfiguration>
  portalSessions: Record<string, PortalSession>
  events: Array<Event>
  /** Answers by idempotency key. */
  answered: Record<
    string,
    { readonly request: string; readonly status: number; readonly body: unknown; readonly atSeconds: number }
  >
}

export const empty = (): State => ({
  aheadSeconds: 0,
  lastNumber: 0,
  customers: {},
  cards: {},
  products: {},
  prices: {},
  meters: {},
  meterEvents: [],
  sessions: {},
  wishes: {},
  subscriptions: {},
  invoices: {},
  configurations: {},
  portalSessions: {},
  events: [],
  answered: {}
})
