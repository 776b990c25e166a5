/** Answers that we alone give in Kalshi's REST interface, in its own shapes. */
import { failure, type RestAnswer, tooManyRequests, unauthorized } from "@kalshibook/core/kalshi/RestAnswer"
import { HttpServerResponse } from "effect/http"

export const methodNotAllowed = failure(
  405,
  "method_not_allowed",
  "method not allowed",
  "KalshiBook has market data; orders are placed on the exchange"
)
/** The book is not known at this moment: better no answer than one that may be wrong. */
export const bookUnknown = (details: string): RestAnswer =>
  failure(503, "service_unavailable", "service unavailable", details)

/** A refusal of ours in the exchange's words. */
export const refused = (status: number, code: string, details: string): RestAnswer => {
  if (status === 401) return unauthorized(details)
  if (status === 429) return tooManyRequests
  return failure(status, code, code.replaceAll("_", " "), details)
}

export const toResponse = ({ body, status }: RestAnswer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status })
