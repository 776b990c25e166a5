/**
 * The end of an account at Stripe: pages that are open are closed, its subscription ends with the month, whose invoice has what was used until
 * then, and the customer loses the name that we gave it. May be done again; what is not there any more is done.
 */
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { Effect, Layer, Option } from "effect"
import { type ClosingStep, ClosingSteps, NotClosable } from "../AccountClosing.ts"
import type { DeskServices } from "./BillingDesk.ts"
import * as Ending from "./Ending.ts"
import { StripeClient } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

export const close = Effect.fn("Billing.close")(function* (accountId: string) {
  const linked = yield* (yield* BillingBook).linked(accountId)
  if (Option.isNone(linked)) return
  const { ask } = yield* StripeClient
  const { customerId } = linked.value
  // The pages first: whatever was paid before is a subscription by now.
  yield* Ending.closePages(customerId).pipe(Ending.ifThere)
  yield* Effect.flatMap(StripeFacts.factsAbout(customerId), ({ subscriptions }) =>
    Ending.endWithMonth(subscriptions)
  ).pipe(Ending.ifThere)
  yield* ask("forget a name", (stripe) => stripe.customers.update(customerId, { name: `closed ${accountId}` })).pipe(
    Ending.ifThere
  )
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
