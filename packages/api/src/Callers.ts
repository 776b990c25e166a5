/**
 * Who asks, by what a request carries: a key or whatever else a program recognises (`Authenticators`). Whoever sends many tokens that are
 * not valid waits, by his address, before the next is looked at.
 */
import { KeyInvalid, RateLimited } from "@kalshibook/core/contract/ProblemsOfAccess"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { Pepper } from "@kalshibook/store/KeyHash"
import type { Keys } from "@kalshibook/store/Keys"
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import * as AddressBuckets from "./AddressBuckets.ts"
import { wrongKeysBucket } from "./ApiLimits.ts"
import { type NotRecognised, OtherAuthenticators } from "./Authenticators.ts"
import type { Caller } from "./Caller.ts"
import * as KeyAuthenticator from "./KeyAuthenticator.ts"
import { RequestMeta } from "./RequestMeta.ts"

type Request = HttpServerRequest.HttpServerRequest
type Refusal = KeyInvalid | RateLimited | HotTierError

export class Callers extends Context.Service<
  Callers,
  {
    /** Who asks; `None` when no key was sent. Fails for a key that is not valid. */
    readonly callerOf: (request: Request) => Effect.Effect<Option.Option<Caller>, Refusal, RequestMeta>
    /** Who asks with a ticket, which is used up: for websockets of browsers, which cannot send a header. */
    readonly callerOfTicket: (request: Request, ticket: string) => Effect.Effect<Caller, Refusal, RequestMeta>
    /** A key was changed just now: this node looks it up again. */
    readonly forget: (prefix: string) => Effect.Effect<void>
  }
>()("@kalshibook/api/Callers") {
  static readonly layer: Layer.Layer<Callers, never, Keys | Pepper> = Layer.effect(
    Callers,
    Effect.gen(function* () {
      const byKey = yield* KeyAuthenticator.make
      const authenticators = [...(yield* OtherAuthenticators), byKey]
      const wrongKeys = AddressBuckets.make(wrongKeysBucket)

      const guarded = Effect.fnUntraced(function* <A>(
        request: Request,
        recognise: Effect.Effect<A, NotRecognised | HotTierError>
      ) {
        const { requestId } = yield* RequestMeta
        const address = addressOf(request)
        const waitMicros = wrongKeys.waitMicros(address, (yield* Clock.currentTimeMillis) * 1_000)
        if (waitMicros > 0) {
          const seconds = Math.ceil(waitMicros / 1_000_000)
          const detail = `Too many keys of this address were not valid. Try again in ${seconds} seconds.`
          return yield* new RateLimited({ detail, retry_after_seconds: seconds, request_id: requestId })
        }
        return yield* Effect.catchTag(recognise, "NotRecognised", ({ detail }) =>
          Effect.gen(function* () {
            wrongKeys.take(address, (yield* Clock.currentTimeMillis) * 1_000)
            return yield* new KeyInvalid({ detail, request_id: requestId })
          })
        )
      })

      const recognised = Effect.fnUntraced(function* (token: string, request: Request) {
        for (const { callerOf } of authenticators) {
          const caller = yield* callerOf(token, request)
          if (Option.isSome(caller)) return caller
        }
        return Option.none<Caller>()
      })

      return Callers.of({
        callerOf: (request) => {
          const token = tokenOf(request)
          return token === undefined ? Effect.succeedNone : guarded(request, recognised(token, request))
        },
        callerOfTicket: (request, ticket) => guarded(request, byKey.callerOfTicket(ticket)),
        forget: byKey.forget
      })
    })
  )
}

/**
 * What the headers have: the first of `Authorization: Bearer`, `X-API-Key`, and `KALSHI-ACCESS-KEY`, where programs for the exchange put
 * theirs. What they sign with is not ours to check: the key is the secret.
 */
const tokenOf = ({ headers }: Request): string | undefined => {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers["authorization"] ?? "") ?? []
  return bearer ?? headers["x-api-key"]?.trim() ?? headers["kalshi-access-key"]?.trim()
}

export const addressOf = (request: Request): string => Option.getOrElse(request.remoteAddress, () => "unknown")
