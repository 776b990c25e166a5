/**
 * Requests that may be repeated: `Idempotency-Key` names one, and whoever sends it again with the same body gets what came of it, as it is
 * now, and pays nothing more. A request that failed is forgotten, so that it can be tried again.
 */
import { IdempotencyInProgress, IdempotencyKeyReused } from "@kalshibook/core/contract/ProblemsOfQuestions"
import type { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { questionHash } from "@kalshibook/store/KeyHash"
import { Effect } from "effect"
import { RequestMeta } from "./RequestMeta.ts"

export const make = (keys: IdempotencyKeys["Service"]) =>
  /** Does `work` unless it was done: then `again` gives what came of it, by the id that `subjectOf` told. */
  Effect.fnUntraced(function* <A, E, R, E2, R2>(
    key: string,
    body: object,
    work: Effect.Effect<A, E, R>,
    subjectOf: (made: A) => string,
    again: (subject: string) => Effect.Effect<A, E2, R2>
  ) {
    const { notes, requestId, url } = yield* RequestMeta
    const accountId = notes.meter?.caller?.account.accountId
    if (accountId === undefined) return yield* work
    const request = { accountId, key, requestHash: questionHash([url, JSON.stringify(body)]) }
    const claim = yield* keys.claim(request)
    switch (claim._tag) {
      case "other": {
        const detail = `The Idempotency-Key \`${key}\` belongs to another request.`
        return yield* new IdempotencyKeyReused({ detail, request_id: requestId })
      }
      case "running": {
        const detail = "The request with this Idempotency-Key is still being answered."
        return yield* new IdempotencyInProgress({ detail, request_id: requestId })
      }
      case "done":
        notes.headers["idempotency-replayed"] = "true"
        return yield* again(claim.subject)
      case "claimed": {
        const made = yield* Effect.onError(work, () => Effect.ignore(keys.release(request)))
        yield* keys.complete(request, subjectOf(made))
        return made
      }
    }
  })
