// adapter: the package `stripe` reaches the network by a function like `fetch`; here it reaches the stand-in of the same process.
/** The stand-in without a network: the real client's requests are answered where they are made, at once. */
import * as Requests from "./Requests.ts"
import type { StandIn } from "./StandIn.ts"

/** For `Stripe.createFetchHttpClient`. `fate` may let a request fail before it is done, or lose its answer afterwards. */
export const make =
  (standIn: StandIn, fate: () => "answered" | "unsent" | "unanswered" = () => "answered"): typeof fetch =>
  async (input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input))
    const headers = new Headers(init?.headers)
    const became = fate()
    if (became === "unsent") throw new TypeError("fetch failed")
    const { body, status } = Requests.answer(standIn, {
      method: init?.method ?? "GET",
      url: `${url.pathname}${url.search}`,
      body: typeof init?.body === "string" ? init.body : "",
      idempotencyKey: headers.get("idempotency-key") ?? undefined
    })
    if (became === "unanswered") throw new TypeError("fetch failed")
    return Response.json(body, { status, headers: { "request-id": "req_stand_in" } })
  }
