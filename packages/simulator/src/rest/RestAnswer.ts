/** Requests and answers of the REST interface, as values. */

export interface RestRequest {
  readonly method: string
  /** Without query, with `/trade-api/v2`. */
  readonly path: string
  readonly query: URLSearchParams
  /** The API key whose signature was verified; `undefined` for an anonymous request. */
  readonly keyId: string | undefined
}

export interface RestAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown): RestAnswer => ({ status: 200, body })

/** The flat error shape of the OpenAPI 3.30.0 (September 2026). */
const failure = (status: number, code: string, message: string, details: string): RestAnswer => ({
  status,
  body: { code, message, details }
})

export const badRequest = (details: string): RestAnswer => failure(400, "bad_request", "bad request", details)
export const notFound = (details: string): RestAnswer => failure(404, "not_found", "not found", details)
export const unauthorized = (details: string): RestAnswer =>
  failure(401, "authentication_error", "authentication error", details)
export const methodNotAllowed: RestAnswer = failure(405, "method_not_allowed", "method not allowed", "")
/** No Retry-After and no rate limit headers, as on the exchange. */
export const tooManyRequests: RestAnswer = { status: 429, body: { error: "too many requests" } }
export const serverError = (status: number): RestAnswer => failure(status, "internal_error", "internal error", "")
