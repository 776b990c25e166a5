/**
 * Answers that rest wholly on sealed history: they have an `ETag`, may be kept, and are not made again for whoever has them, free of charge.
 *
 * The tag is made of the question and of the revisions of the hours that answer it, so it is known before anything is read, and an hour
 * that is sealed again has another. It is weak: the same book is the same answer whatever the request's id. An answer that tells of a gap
 * or hole which has not ended has none, for its end may come to be known.
 */
import { questionHash } from "@kalshibook/store/KeyHash"
import { Context, Effect, Option } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { sealedSecondsMax } from "./ApiLimits.ts"
import { RequestMeta } from "./RequestMeta.ts"

/** What an answer rests on. */
export interface Foundation {
  /** The digest of the hours that it reads; `None` where they are not all sealed, or one is marked. */
  readonly digest: Effect.Effect<Option.Option<string>>
  /** What else its content depends on. */
  readonly also?: ReadonlyArray<string>
}

/** The answer with its tag, or 304 for whoever has it. */
export const whenSealed =
  ({ also = [], digest: read }: Foundation) =>
  <E, R>(
    answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | RequestMeta | HttpServerRequest.HttpServerRequest> =>
    Effect.withFiber((fiber) => {
      const meta = Context.getUnsafe(fiber.context, RequestMeta)
      if (meta.notes.meter?.estimate !== undefined) return answer
      return Effect.flatMap(read, (digest) => (Option.isNone(digest) ? answer : tagged(digest.value, also, answer)))
    })

const tagged = <E, R>(
  digest: string,
  also: ReadonlyArray<string>,
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) =>
  Effect.gen(function* () {
    const { notes, url } = yield* RequestMeta
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const etag = `W/"${questionHash([url, headers["accept"] ?? "", digest, ...also]).slice(0, 32)}"`
    const whose = notes.meter?.caller === undefined ? "public" : "private"
    const lasting = {
      etag,
      "cache-control": `${whose}, max-age=${sealedSecondsMax}, immutable`,
      vary: "Accept, Authorization, X-API-Key"
    }
    if (names(headers["if-none-match"], etag)) return HttpServerResponse.empty({ status: 304, headers: lasting })
    const response = yield* answer
    return notes.isOpenEnded ? response : HttpServerResponse.setHeaders(response, lasting)
  })

/** The answer tells of something that has not ended. */
export const noteOpenEnd = (isOpen: boolean): Effect.Effect<void, never, RequestMeta> =>
  isOpen
    ? Effect.map(RequestMeta, ({ notes }) => {
        notes.isOpenEnded = true
      })
    : Effect.void

/** Whether If-None-Match names the tag, weak or strong, among others. `*` does not: it says nothing of what its sender has. */
const names = (header: string | undefined, etag: string): boolean => {
  const plain = (tag: string): string => tag.trim().replace(/^W\//, "")
  return (header ?? "").split(",").some((tag) => plain(tag) === plain(etag))
}
