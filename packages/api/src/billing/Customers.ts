/** Accounts as customers of Stripe: made when something is bought first, known by our id in what is written to them. */
import type { Account } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { Clock, Effect, Option } from "effect"
import { StripeClient } from "./StripeClient.ts"
import * as StripeFacts from "./StripeFacts.ts"

/** The account's customer; made if there is none. Asking twice makes one: Stripe answers the same, and the first that is linked counts. */
export const ofAccount = Effect.fnUntraced(function* ({ accountId, name }: Account) {
  const book = yield* BillingBook
  const linked = yield* book.linked(accountId)
  if (Option.isSome(linked)) return linked.value
  const { ask } = yield* StripeClient
  const { id } = yield* ask("make a customer", (stripe) =>
    stripe.customers.create(
      { name, metadata: { [StripeFacts.accountField]: accountId } },
      { idempotencyKey: `kalshibook-customer-${accountId}` }
    )
  )
  return yield* book.link({ accountId, customerId: id, linkedMicros: (yield* Clock.currentTimeMillis) * 1_000 })
})
