/** The invoices of a customer, in our words. */
import type { InvoiceFacts } from "@kalshibook/core/contract/BillingAnswer"
import { Effect } from "effect"
import type Stripe from "stripe"
import { StripeClient } from "./StripeClient.ts"

const shownMax = 100

const micros = (seconds: number): number => seconds * 1_000_000
/** Cents as 1/10,000 dollar. */
const e4 = (cents: number): number => cents * 100

const factsOf = (invoice: Stripe.Invoice): InvoiceFacts => ({
  number: invoice.number,
  status: invoice.status ?? "draft",
  createdMicros: micros(invoice.created),
  periodStartMicros: micros(invoice.period_start),
  periodEndMicros: micros(invoice.period_end),
  totalE4: e4(invoice.total),
  dueE4: e4(invoice.amount_remaining),
  url: invoice.hosted_invoice_url ?? null,
  pdfUrl: invoice.invoice_pdf ?? null
})

/** The newest first. */
export const list = Effect.fnUntraced(function* (customer: string) {
  const { ask } = yield* StripeClient
  const { data } = yield* ask("list invoices", (stripe) => stripe.invoices.list({ customer, limit: shownMax }))
  return data.map(factsOf)
})

/** What the subscription's running month would cost now. */
export const upcoming = Effect.fnUntraced(function* (subscription: string) {
  const { ask } = yield* StripeClient
  return factsOf(yield* ask("preview an invoice", (stripe) => stripe.invoices.createPreview({ subscription })))
})
