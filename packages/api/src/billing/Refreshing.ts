/**
 * Makes an account what its customer has paid for: asks Stripe, keeps the answer, and the tier follows. Everything that may change an account
 * ends here, a webhook, a checkout, the night's look, and each may come at any time and any number of times.
 */
import { surplus } from "@kalshibook/core/Standing"
import { BillingBook, type Kept, type Linked } from "@kalshibook/store/billing/BillingBook"
import { Clock, Effect } from "effect"
import * as Ending from "./Ending.ts"
import { StripeClient } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

/** `eventId`: the webhook for which it is done; it counts as dealt with when this has succeeded, and not before. */
export const refresh = Effect.fn("Billing.refresh")(function* (
  { accountId, customerId }: Linked,
  eventId: string | null
) {
  const book = yield* BillingBook
  const { ask } = yield* StripeClient
  const claim = yield* book.claim(accountId)
  const found = yield* StripeFacts.factsAbout(customerId)
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
  const second = surplus(found.subscriptions, nowMicros)
  for (const { subscriptionId } of second) {
    // Two checkouts were both paid: each would bill the same use.
    yield* ask("cancel a second subscription", (stripe) => stripe.subscriptions.cancel(subscriptionId)).pipe(
      Ending.ifThere
    )
    yield* Effect.logWarning("a second subscription was cancelled").pipe(
      Effect.annotateLogs({ accountId, subscriptionId })
    )
  }
  const facts = second.length === 0 ? found : yield* StripeFacts.factsAbout(customerId)
  const kept = yield* book.keep({ ...facts, accountId, claim, eventId, nowMicros })
  // A page was paid while the account was deleted: nobody could end it any more.
  if (kept.isClosed) yield* Ending.endWithMonth(facts.subscriptions)
  yield* tell(accountId, kept)
  return { ...kept, subscriptions: facts.subscriptions, hadSecond: second.length > 0 }
})

const tell = (accountId: string, { creditsAdded, tier, tierBefore }: Kept) => {
  const lines = [
    ...(tier === tierBefore ? [] : [`the account is ${tier} now, after ${tierBefore}`]),
    ...(creditsAdded === 0 ? [] : [`${creditsAdded} credits were bought`])
  ]
  return Effect.forEach(lines, (line) => Effect.logInfo(line).pipe(Effect.annotateLogs({ accountId })), {
    discard: true
  })
}
