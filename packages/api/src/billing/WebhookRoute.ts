/** Where Stripe tells us what happened: no operation of the contract, because only Stripe calls it. The bytes are checked as they came. */
import { WebhookRefused } from "@kalshibook/core/contract/ProblemsOfBilling"
import { Effect, type Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Failures from "../Failures.ts"
import { RequestMeta } from "../RequestMeta.ts"
import { webhookPath } from "../RouteTable.ts"
import { BillingDesk, type Desk } from "./BillingDesk.ts"
import { deskAt, paymentsFailed } from "./BillingFailures.ts"
import * as Webhooks from "./Webhooks.ts"

const take = (place: Option.Option<Desk>) =>
  Effect.gen(function* () {
    const desk = yield* deskAt(place)
    const request = yield* HttpServerRequest.HttpServerRequest
    const payload = new Uint8Array(yield* request.arrayBuffer)
    const outcome = yield* desk.run(Webhooks.take(payload, request.headers["stripe-signature"] ?? ""))
    return HttpServerResponse.jsonUnsafe({ outcome })
  }).pipe(
    Effect.catchTags({
      WebhookForged: ({ detail }) =>
        Effect.flatMap(RequestMeta, ({ requestId }) =>
          Effect.fail(new WebhookRefused({ detail, request_id: requestId }))
        ),
      HotTierError: Failures.storeFailed,
      StripeFailed: paymentsFailed
    })
  )

export const layer = HttpRouter.use((router) =>
  Effect.flatMap(BillingDesk, (place) => router.add("POST", webhookPath, take(place)))
)
