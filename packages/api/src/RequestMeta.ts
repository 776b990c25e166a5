/**
 * What belongs to one request while it is answered: its id, what was asked, and since when.
 */
import { Clock, Context, Effect } from "effect"

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

/** The body with `request_id` and `response_time`, as every JSON answer has them. */
export const answered = <Body extends object, E, R>(body: Effect.Effect<Body, E, R>) =>
  Effect.gen(function* () {
    const meta = yield* RequestMeta
    const result = yield* body
    const nanos = (yield* Clock.currentTimeNanos) - meta.startedNanos
    return { ...result, request_id: meta.requestId, response_time: Math.round(Number(nanos) / 1_000) / 1_000_000 }
  })
