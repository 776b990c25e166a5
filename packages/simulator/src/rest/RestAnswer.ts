/** Requests of the REST interface, and the answers that the simulated exchange alone gives, as values. */
import { failure, type RestAnswer } from "@kalshibook/core/kalshi/RestAnswer"

export interface RestRequest {
  readonly method: string
  /** Without query, with `/trade-api/v2`. */
  readonly path: string
  readonly query: URLSearchParams
  /** The API key whose signature was verified; `undefined` for an anonymous request. */
  readonly keyId: string | undefined
}

export const methodNotAllowed: RestAnswer = failure(405, "method_not_allowed", "method not allowed", "")
export const serverError = (status: number): RestAnswer => failure(status, "internal_error", "internal error", "")
