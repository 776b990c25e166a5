/** What is ended at Stripe: pages that are open, subscriptions. Whatever is gone already counts as done. */
import { isLive, type SubscriptionFacts } from "@kalshibook/core/Standing"
import { Clock, Effect } from "effect"
import type Stripe from "stripe"
import { StripeClient, type StripeFailed } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

/** Where it is not there any more, that is as good. */
export const ifThere = <A, R>(asked: Effect.Effect<A, StripeFailed, R>) =>
  Effect.catchIf(
    asked,
    ({ code }) => code === "resource_missing",
    () => Effect.void
  )

/** Closes the customer's checkouts that nobody has paid yet: of one mode, or of both. */
export const closePages = Effect.fnUntraced(function* (customer: string, only?: Stripe.Checkout.Session.Mode) {
  const { ask } = yield* StripeClient
  for (const { id, mode } of yield* StripeFacts.openCheckouts(customer)) {
    if (only !== undefined && mode !== only) continue
    yield* ask("close a checkout", (stripe) => stripe.checkout.sessions.expire(id)).pipe(
      // It was paid or closed meanwhile.
      Effect.catchIf(
        ({ reason }) => reason === "refused",
        () => Effect.void
      )
    )
  }
})

/** Lets those that would go on end with the month, whose invoice has what was used until then. */
export const endWithMonth = Effect.fnUntraced(function* (subscriptions: ReadonlyArray<SubscriptionFacts>) {
  const { ask } = yield* StripeClient
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
  for (const one of subscriptions) {
    if (one.cancelMicros !== null || !isLive(one, nowMicros)) continue
    yield* ask("cancel a subscription", (stripe) =>
      stripe.subscriptions.update(one.subscriptionId, { cancel_at_period_end: true })
    ).pipe(ifThere)
  }
})
