/**
 * What is sold, at Stripe: products, prices and the meter, made from the pricing table. Prices are found by their lookup keys, so that it may be
 * done again at any time: what is there and right stays, what costs something else gets a new price, under the same key.
 */
import { type PlanItem, planItems } from "@kalshibook/core/contract/PlanItems"
import { Effect } from "effect"
import Stripe from "stripe"
import { StripeClient, StripeFailed } from "./StripeClient.ts"

export const meterEventName = "kalshibook_credits"
/** What marks the settings of the customer portal as ours. */
const portalMark = "kalshibook"

const pageMax = 100

const meter = Effect.gen(function* () {
  const { ask } = yield* StripeClient
  const { data } = yield* ask("list meters", (stripe) =>
    stripe.billing.meters.list({ status: "active", limit: pageMax })
  )
  return data.find(({ event_name }) => event_name === meterEventName)
})

/** The meter's id; it was archived, or never made, where this fails as refused. */
export const meterId = Effect.gen(function* () {
  const found = yield* meter
  if (found !== undefined) return found.id
  const detail = "there is no meter: npm run stripe -- sync"
  return yield* new StripeFailed({ operation: "find the meter", reason: "refused", code: null, detail })
})

/** The price of an item; `undefined` where it was never made. */
export const priceId = Effect.fnUntraced(function* (item: PlanItem) {
  const { ask } = yield* StripeClient
  const { data } = yield* ask("find a price", (stripe) =>
    stripe.prices.list({ lookup_keys: [item.lookupKey], active: true, limit: 1 })
  )
  return data[0]?.id
})

const ensureMeter = Effect.gen(function* () {
  const { ask } = yield* StripeClient
  const found = yield* meter
  if (found !== undefined) return { id: found.id, line: `meter ${meterEventName}: there` }
  const made = yield* ask("make the meter", (stripe) =>
    stripe.billing.meters.create({
      display_name: "KalshiBook credits",
      event_name: meterEventName,
      default_aggregation: { formula: "sum" },
      customer_mapping: { type: "by_id", event_payload_key: "stripe_customer_id" },
      value_settings: { event_payload_key: "value" }
    })
  )
  return { id: made.id, line: `meter ${meterEventName}: made` }
})

const ensureProduct = Effect.fnUntraced(function* ({ productId, title }: PlanItem) {
  const { ask } = yield* StripeClient
  const known = yield* ask("find a product", (stripe) => stripe.products.retrieve(productId)).pipe(
    Effect.catchIf(
      ({ code }) => code === "resource_missing",
      () => Effect.succeed(undefined)
    )
  )
  if (known === undefined) {
    yield* ask("make a product", (stripe) => stripe.products.create({ id: productId, name: title }))
  } else if (known.name !== title) {
    yield* ask("rename a product", (stripe) => stripe.products.update(productId, { name: title }))
  }
})

const ensurePrice = Effect.fnUntraced(function* (item: PlanItem, meterOfCredits: string) {
  const { ask } = yield* StripeClient
  const { data } = yield* ask("find a price", (stripe) =>
    stripe.prices.list({ lookup_keys: [item.lookupKey], active: true, limit: 1 })
  )
  const [known] = data
  const wanted = Stripe.Decimal.from(item.centsDecimal)
  const isRight = known?.unit_amount_decimal?.eq(wanted) === true && known.product === item.productId
  if (isRight) return `price ${item.lookupKey}: there`
  const made = yield* ask("make a price", (stripe) =>
    stripe.prices.create({
      product: item.productId,
      currency: "usd",
      lookup_key: item.lookupKey,
      transfer_lookup_key: true,
      unit_amount_decimal: wanted,
      ...(item.kind === "metered"
        ? { recurring: { interval: "month", usage_type: "metered", meter: meterOfCredits } }
        : {})
    })
  )
  if (known !== undefined) {
    yield* ask("retire a price", (stripe) => stripe.prices.update(known.id, { active: false }))
  }
  return `price ${item.lookupKey}: ${known === undefined ? "made" : "changed"} (${made.id})`
})

/** The portal's settings: cards, invoices, and cancellation at the end of a month. */
export const portalConfiguration = Effect.gen(function* () {
  const { ask } = yield* StripeClient
  const { data } = yield* ask("list portal settings", (stripe) =>
    stripe.billingPortal.configurations.list({ active: true, limit: pageMax })
  )
  return data.find(({ metadata }) => metadata?.["made_by"] === portalMark)?.id
})

const ensurePortal = Effect.gen(function* () {
  const { ask } = yield* StripeClient
  if ((yield* portalConfiguration) !== undefined) return "portal settings: there"
  yield* ask("make portal settings", (stripe) =>
    stripe.billingPortal.configurations.create({
      metadata: { made_by: portalMark },
      features: {
        customer_update: { enabled: true, allowed_updates: ["email", "name", "address", "tax_id"] },
        invoice_history: { enabled: true },
        payment_method_update: { enabled: true },
        subscription_cancel: { enabled: true, mode: "at_period_end" }
      }
    })
  )
  return "portal settings: made"
})

/** Makes what is missing; answers a line for each thing. */
export const sync = Effect.gen(function* () {
  const { id, line } = yield* ensureMeter
  const lines = [line]
  for (const item of planItems) {
    yield* ensureProduct(item)
    lines.push(yield* ensurePrice(item, id))
  }
  return [...lines, yield* ensurePortal]
})
