/**
 * What Stripe tells us: verified, looked up, kept. An event is a reason to ask and nothing more: what it says may be old, come twice, or after
 * what came later. It is dealt with when what was asked is kept, together with its id; until then Stripe tells it again.
 */
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { Clock, Effect, Metric, Option } from "effect"
import * as Refreshing from "./Refreshing.ts"
import { StripeClient } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

const webhooks = Metric.counter("kalshibook_billing_webhooks_total", {
  description: "Webhooks of the payment service, by what became of them.",
  incremental: true
})

/** Fails with `WebhookForged` where it is not Stripe's; else what fails may be told again. */
export const take = Effect.fn("Webhooks.take")(function* (payload: Uint8Array, signature: string) {
  const { verified } = yield* StripeClient
  const event = yield* verified(payload, signature, yield* Clock.currentTimeMillis)
  const outcome = yield* deal(event.id, StripeFacts.customerOf(event))
  yield* Metric.update(Metric.withAttributes(webhooks, { outcome }), 1)
  return outcome
})

/** `kept`; `repeated`: it was dealt with before; `nobody`: it is about nobody that we know. */
const deal = Effect.fnUntraced(function* (eventId: string, customer: string | undefined) {
  const book = yield* BillingBook
  const linked = customer === undefined ? Option.none() : yield* book.ofCustomer(customer)
  if (Option.isNone(linked)) return "nobody" as const
  if (yield* book.isKept(eventId)) return "repeated" as const
  yield* Refreshing.refresh(linked.value, eventId)
  return "kept" as const
})
