/**
 * What belongs to one request while it is answered: its id, what was asked, and since when.
 */
import type { answerFields } from "@kalshibook/core/contract/Scalars"
import { Clock, Context, Effect } from "effect"
import { HttpServerResponse } from "effect/http"

export class RequestMeta extends Context.Service<
  RequestMeta,
  {
    /** Ours, never the client's: `req_` and 32 hexadecimal digits. */
    readonly requestId: string
    /** Path and query as they were asked. */
    readonly url: string
    /** When the request arrived, by the clock of the process. */
    readonly startedNanos: bigint
  }
>()("@kalshibook/api/RequestMeta") {}

/** A new id of a request. */
export const newRequestId = (): string => `req_${globalThis.crypto.randomUUID().replaceAll("-", "")}`

/** The fields that `answered` adds. */
type AnswerField = keyof typeof answerFields

/**
 * Writes the body as JSON, with `request_id` and `response_time`. That it is what the schema says is checked by the compiler
 * and by tests, not again for each answer: encoding a book of 200 levels through its schema costs ten times its JSON.
 */
export const answered =
  <Answer extends object>(_schema: { readonly Type: Answer }) =>
  <E, R>(body: Effect.Effect<Omit<Answer, AnswerField>, E, R>) =>
    Effect.gen(function* () {
      const meta = yield* RequestMeta
      const result = yield* body
      const nanos = (yield* Clock.currentTimeNanos) - meta.startedNanos
      const response_time = Math.round(Number(nanos) / 1_000) / 1_000_000
      return HttpServerResponse.jsonUnsafe({ ...result, request_id: meta.requestId, response_time })
    })
