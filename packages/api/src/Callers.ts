/**
 * Who asks, by what a request carries: a key, the token of somebody who is signed in, or whatever else a program recognises
 * (`Authenticators`). Whoever sends many tokens that are
 * not valid waits, by his address, before the next is looked at.
 */
import { KeyInvalid, RateLimited } from "@kalshibook/core/contract/ProblemsOfAccess"
import { NoAccount, SignInAway } from "@kalshibook/core/contract/ProblemsOfPeople"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { Pepper } from "@kalshibook/store/KeyHash"
import { Keys } from "@kalshibook/store/Keys"
import type { Person } from "@kalshibook/store/MemberRecord"
import type { Members } from "@kalshibook/store/Members"
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import * as AddressBuckets from "./AddressBuckets.ts"
import { retryAfterSeconds, wrongKeysBucket } from "./ApiLimits.ts"
import { NotRecognised, OtherAuthenticators, type Unrecognised } from "./Authenticators.ts"
import type { Caller } from "./Caller.ts"
import * as KeyAuthenticator from "./KeyAuthenticator.ts"
import * as MemberAuthenticator from "./MemberAuthenticator.ts"
import { RequestMeta } from "./RequestMeta.ts"

type Request = HttpServerRequest.HttpServerRequest
type Refusal = KeyInvalid | RateLimited | NoAccount | SignInAway | HotTierError

export class Callers extends Context.Service<
  Callers,
  {
    /** Who asks; `None` when no key was sent. Fails for a key that is not valid. */
    readonly callerOf: (request: Request) => Effect.Effect<Option.Option<Caller>, Refusal, RequestMeta>
    /** Who asks with a ticket, which is used up: for websockets of browsers, which cannot send a header. */
    readonly callerOfTicket: (request: Request, ticket: string) => Effect.Effect<Caller, Refusal, RequestMeta>
    /**
     * The same caller with the plan, caps and limits that count for him now, at most seconds old. Unchanged where he is nobody any more, or
     * the database does not say: what ends him is told otherwise.
     */
    readonly asOfNow: (caller: Caller) => Effect.Effect<Caller>
    /** Who is signed in, of an account or of none; `None` when the request carries no token of a person. */
    readonly personOf: (request: Request) => Effect.Effect<Option.Option<Person>, Refusal, RequestMeta>
    /** A key was changed just now: this node looks it up again. */
    readonly forget: (prefix: string) => Effect.Effect<void>
    /** The same for the memberships of somebody. */
    readonly forgetPerson: (userId: string) => Effect.Effect<void>
  }
>()("@kalshibook/api/Callers") {
  static readonly layer: Layer.Layer<Callers, never, Keys | Members | Pepper> = Layer.effect(
    Callers,
    Effect.gen(function* () {
      const byKey = yield* KeyAuthenticator.make
      const byMember = yield* MemberAuthenticator.make
      const keys = yield* Keys
      const others = yield* OtherAuthenticators
      const authenticators = [...others, byMember, byKey]
      /** Tokens of members are never written like keys. */
      const isKeysFirst = others.length === 0
      const wrongKeys = AddressBuckets.make(wrongKeysBucket)

      const guarded = Effect.fnUntraced(function* <A>(request: Request, recognise: Effect.Effect<A, Unrecognised>) {
        const { requestId } = yield* RequestMeta
        const address = addressOf(request)
        const waitMicros = wrongKeys.waitMicros(address, (yield* Clock.currentTimeMillis) * 1_000)
        if (waitMicros > 0) {
          const seconds = Math.ceil(waitMicros / 1_000_000)
          const detail = `Too many keys of this address were not valid. Try again in ${seconds} seconds.`
          return yield* new RateLimited({ detail, retry_after_seconds: seconds, request_id: requestId })
        }
        return yield* Effect.catchTags(recognise, {
          NotRecognised: ({ detail }) =>
            Effect.gen(function* () {
              wrongKeys.take(address, (yield* Clock.currentTimeMillis) * 1_000)
              return yield* new KeyInvalid({ detail, request_id: requestId })
            }),
          NotMember: ({ detail }) =>
            Effect.fail(new NoAccount({ detail, request_id: requestId, suggestion: "/v1/session" })),
          SignInUnverified: ({ cause }) =>
            Effect.gen(function* () {
              yield* Effect.logWarning("the auth server's keys cannot be read", cause)
              const detail = `Who is signed in cannot be verified now; try again in ${retryAfterSeconds} seconds.`
              return yield* new SignInAway({ detail, request_id: requestId })
            })
        })
      })

      const recognised = Effect.fnUntraced(function* (token: string, request: Request) {
        for (const { callerOf } of authenticators) {
          const caller = yield* callerOf(token, request)
          if (Option.isSome(caller)) return caller
        }
        return Option.none<Caller>()
      })

      const callerOfTicket = Effect.fnUntraced(function* (ticket: string) {
        const holder = yield* keys.takeTicket(ticket)
        if (Option.isNone(holder)) {
          const detail =
            "The ticket is not known, was used before, or is older than a minute: ask for one with POST /v1/tickets."
          return yield* new NotRecognised({ detail })
        }
        return yield* holder.value._tag === "key"
          ? byKey.callerOfKey(holder.value.prefix)
          : byMember.callerOfMember(holder.value.accountId, holder.value.userId)
      })

      return Callers.of({
        callerOf: (request) =>
          Effect.withFiber((fiber) => {
            const token = tokenOf(request)
            if (token === undefined) return Effect.succeedNone
            const nowMillis = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
            const mayKnow = isKeysFirst && wrongKeys.waitMicros(addressOf(request), nowMillis * 1_000) === 0
            const known = mayKnow ? byKey.known(token, nowMillis) : undefined
            return known === undefined
              ? guarded(request, recognised(token, request))
              : Effect.succeed(Option.some(known))
          }),
        callerOfTicket: (request, ticket) => guarded(request, callerOfTicket(ticket)),
        asOfNow: (caller) => {
          const { account, authentication } = caller
          const found =
            authentication._tag === "key"
              ? byKey.callerOfKey(authentication.key.prefix)
              : Effect.map(byMember.memberNow(authentication.person, account.accountId), (member) => ({
                  ...member,
                  title: caller.title,
                  bounds: caller.bounds
                }))
          return Effect.catch(found, () => Effect.succeed(caller))
        },
        personOf: (request) => {
          const token = tokenOf(request)
          return token === undefined ? Effect.succeedNone : guarded(request, byMember.personOf(token))
        },
        forget: byKey.forget,
        forgetPerson: byMember.forget
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
