/** Answers of Kalshi's REST interface, as values: what is wrong has the flat shape of the OpenAPI 3.30.0 (September 2026). */

export interface RestAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown): RestAnswer => ({ status: 200, body })

export const failure = (status: number, code: string, message: string, details: string): RestAnswer => ({
  status,
  body: { code, message, details }
})

export const badRequest = (details: string): RestAnswer => failure(400, "bad_request", "bad request", details)
export const notFound = (details: string): RestAnswer => failure(404, "not_found", "not found", details)
export const unauthorized = (details: string): RestAnswer =>
  failure(401, "authentication_error", "authentication error", details)
/** No Retry-After and no rate limit headers, as on the exchange. */
export const tooManyRequests: RestAnswer = { status: 429, body: { error: "too many requests" } }
