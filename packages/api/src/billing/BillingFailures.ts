/** What goes wrong with payments, as the problems that callers get. */
import { BillingOff, PaymentsAway } from "@kalshibook/core/contract/ProblemsOfBilling"
import { Internal } from "@kalshibook/core/contract/ProblemsOfServer"
import { Effect, Option } from "effect"
import { retryAfterSeconds } from "../ApiLimits.ts"
import { RequestMeta } from "../RequestMeta.ts"
import type { Desk } from "./BillingDesk.ts"
import type { StripeFailed } from "./StripeClient.ts"

/** The desk, or that there is none. */
export const deskAt = Effect.fnUntraced(function* (desk: Option.Option<Desk>) {
  return Option.isSome(desk) ? desk.value : yield* billingOff("This server takes no payments.")
})

export const billingOff = Effect.fnUntraced(function* (detail: string) {
  const { requestId } = yield* RequestMeta
  return yield* new BillingOff({ detail, request_id: requestId })
})

export const paymentsFailed = Effect.fnUntraced(function* (error: StripeFailed) {
  const { requestId, url } = yield* RequestMeta
  const log = error.isRetryable ? Effect.logWarning : Effect.logError
  yield* log(`the payment service failed at ${error.message}`).pipe(Effect.annotateLogs({ requestId, url }))
  if (error.isRetryable) {
    const detail = `The payment service cannot be reached; try again in ${retryAfterSeconds} seconds.`
    return yield* new PaymentsAway({ detail, request_id: requestId })
  }
  return yield* new Internal({ detail: "A fault of ours. It is logged under the request_id.", request_id: requestId })
})
