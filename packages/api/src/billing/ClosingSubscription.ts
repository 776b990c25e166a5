/**
 * The end of an account at Stripe: its subscription ends with the month, whose invoice has what was used until then, and the customer loses the
 * name that we gave it. May be done again.
 */
import { isLive } from "@kalshibook/core/Standing"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { Effect, Layer, Option } from "effect"
import { type ClosingStep, ClosingSteps, NotClosable } from "../AccountClosing.ts"
import type { DeskServices } from "./BillingDesk.ts"
import { StripeClient } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

export const close = Effect.fn("Billing.close")(function* (accountId: string) {
  const linked = yield* (yield* BillingBook).linked(accountId)
  if (Option.isNone(linked)) return
  const { ask } = yield* StripeClient
  const { customerId } = linked.value
  const { subscriptions } = yield* StripeFacts.factsAbout(customerId)
  for (const one of subscriptions.filter(isLive)) {
    if (one.cancelMicros !== null) continue
    yield* ask("cancel a subscription", (stripe) =>
      stripe.subscriptions.update(one.subscriptionId, { cancel_at_period_end: true })
    )
  }
  yield* ask("forget a name", (stripe) => stripe.customers.update(customerId, { name: `closed ${accountId}` }))
})

export const layer: Layer.Layer<never, never, DeskServices> = Layer.effect(
  ClosingSteps,
  Effect.gen(function* () {
    const others = yield* ClosingSteps
    const services = yield* Effect.context<DeskServices>()
    const step: ClosingStep = {
      close: ({ accountId }) =>
        close(accountId).pipe(
          Effect.provideContext(services),
          Effect.tapError((error) => Effect.logWarning(`a subscription could not be cancelled: ${error.message}`)),
          Effect.mapError(
            () => new NotClosable({ detail: "The subscription could not be cancelled; try again in some seconds." })
          )
        )
    }
    return [...others, step]
  })
)
