/**
 * The API of the stand-in: a request as Stripe's clients send it, and the answer. Knows the endpoints that this system calls; others are
 * refused by name. A repetition under the same `Idempotency-Key` gets the same answer for a day, another request under it is refused.
 */

import { meters, prices, products } from "./CatalogueEndpoints.ts"
import { customers, invoices, portal, sessions, subscriptions } from "./CustomerEndpoints.ts"
import * as FormText from "./FormText.ts"
import type { Endpoint, Refused, StandIn } from "./StandIn.ts"
import * as Time from "./Time.ts"

export interface Request {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly body: string
  readonly idempotencyKey?: string | undefined
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** By method and path; `:id` is whatever stands there. */
const endpoints: Readonly<Record<string, Endpoint>> = {
  ...products,
  ...prices,
  ...meters,
  ...customers,
  ...sessions,
  ...subscriptions,
  ...invoices,
  ...portal
}

const day = 86_400

const routes = Object.entries(endpoints).map(([pattern, endpoint]) => {
  const [verb = "", shape = ""] = pattern.split(" ")
  return { verb, endpoint, shape: new RegExp(`^${shape.replace(":id", "([^/]+)")}$`) }
})

/** The first that fits: paths without an id stand before those with one. */
const routeOf = (method: string, path: string): readonly [Endpoint | undefined, string] => {
  for (const { endpoint, shape, verb } of routes) {
    const match = verb === method ? shape.exec(path) : null
    if (match !== null) return [endpoint, match[1] ?? ""]
  }
  return [undefined, ""]
}

const refusal = ({ status, ...error }: Refused): Answer => ({ status, body: { error } })

/** Answers one request; what it changes is there when it returns. */
export const answer = (standIn: StandIn, request: Request): Answer => {
  Time.catchUp(standIn)
  const { state } = standIn
  const [path = "", query = ""] = request.url.split("?", 2)
  const parameters = FormText.parse(request.method === "GET" ? query : request.body)
  const key = request.method === "GET" ? undefined : request.idempotencyKey
  const wording = `${request.method} ${request.url} ${request.body}`
  const before = key === undefined ? undefined : state.answered[key]
  if (before !== undefined && before.atSeconds > standIn.now() - day) {
    return before.request === wording
      ? { status: before.status, body: before.body }
      : refusal({
          status: 400,
          type: "idempotency_error",
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`
        })
  }
  const [endpoint, id] = routeOf(request.method, path)
  const result = endpoint?.(standIn, parameters, id) ?? {
    refused: {
      status: 404,
      type: "invalid_request_error",
      message: `Unrecognized request URL (${request.method}: ${path}): the stand-in does not have it.`
    } satisfies Refused
  }
  const made: Answer = "found" in result ? { status: 200, body: result.found } : refusal(result.refused)
  if (key !== undefined) state.answered[key] = { request: wording, ...made, atSeconds: standIn.now() }
  return made
}
