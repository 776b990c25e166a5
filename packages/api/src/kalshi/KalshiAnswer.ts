/** Answers of Kalshi's REST interface, as values, in its own shapes: what is wrong is `{code, message, details}`. */
import { HttpServerResponse } from "effect/http"

export interface KalshiAnswer {
  readonly status: number
  readonly body: unknown
}

export const ok = (body: unknown): KalshiAnswer => ({ status: 200, body })

const failure = (status: number, code: string, message: string, details: string): KalshiAnswer => ({
  status,
  body: { code, message, details }
})

export const badRequest = (details: string): KalshiAnswer => failure(400, "bad_request", "bad request", details)
export const notFound = (details: string): KalshiAnswer => failure(404, "not_found", "not found", details)
export const methodNotAllowed = failure(
  405,
  "method_not_allowed",
  "method not allowed",
  "KalshiBook has market data; orders are placed on the exchange"
)
/** The book is not known at this moment: better no answer than one that may be wrong. */
export const bookUnknown = (details: string): KalshiAnswer =>
  failure(503, "service_unavailable", "service unavailable", details)

/** A refusal of ours in the exchange's words. */
export const refused = (status: number, code: string, details: string): KalshiAnswer => {
  if (status === 401) return failure(401, "authentication_error", "authentication error", details)
  if (status === 429) return { status, body: { error: "too many requests" } }
  return failure(status, code, code.replaceAll("_", " "), details)
}

export const toResponse = ({ body, status }: KalshiAnswer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status })
