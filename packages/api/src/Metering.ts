/**
 * What stands before every endpoint that is not for everybody.
 *
 * In this order: who asks; whether he may; what it costs at most, and whether that is allowed; then the call, for tokens and credits of the
 * ledger (`MeteredCalls`), which has what it cost before the answer goes out, so that usage is right at once. Whatever fails costs nothing.
 */

import { type MemberRole, memberRoles, scopesOfRole } from "@kalshibook/core/contract/MemberRoles"
import { Metered } from "@kalshibook/core/contract/Metered"
import { type Price, priceOf, type Scope } from "@kalshibook/core/contract/Pricing"
import * as Problems from "@kalshibook/core/contract/ProblemsOfAccess"
import * as ProblemsOfPeople from "@kalshibook/core/contract/ProblemsOfPeople"
import { HotTierError } from "@kalshibook/store/HotTierError"
import { Ledger } from "@kalshibook/store/Ledger"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { HttpRouter, HttpServerRequest, type HttpServerResponse } from "effect/http"
import * as AddressBuckets from "./AddressBuckets.ts"
import { anonymousBucket } from "./ApiLimits.ts"
import * as AskedCall from "./AskedCall.ts"
import type { Caller } from "./Caller.ts"
import { addressOf, Callers } from "./Callers.ts"
import * as Failures from "./Failures.ts"
import * as MeteredCalls from "./MeteredCalls.ts"
import { noteAsker, ofRequest, RequestMeta } from "./RequestMeta.ts"
import * as RowPayments from "./RowPayments.ts"
import * as Sample from "./Sample.ts"
import { withParameter } from "./Suggestions.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What a call may be refused with before it is made. */
export type Refusal =
  | Problems.CapReached
  | Problems.CreditsExhausted
  | Problems.KeyInvalid
  | Problems.KeyRequired
  | Problems.MaxCreditsExceeded
  | Problems.RateLimited
  | Problems.ScopeMissing
  | ProblemsOfPeople.NoAccount
  | ProblemsOfPeople.RoleMissing
  | ProblemsOfPeople.SignInAway
  | ProblemsOfPeople.SignInRequired
  | HotTierError

/** What every route has. */
type CallNeeds =
  | RequestMeta
  | HttpServerRequest.HttpServerRequest
  | HttpServerRequest.ParsedSearchParams
  | HttpRouter.RouteContext

/** What is asked, of which operation, by a request. */
export interface Asked {
  readonly operation: string
  readonly request: HttpServerRequest.HttpServerRequest
  /** Of the path. */
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: HttpServerRequest.ParsedSearchParams["Service"]
}

/** Calls that are no operation of the contract, at the price of one that is. */
export class PricedCalls extends Context.Service<
  PricedCalls,
  {
    /** The call that a route answers. */
    readonly call: <E, R>(
      operation: string,
      call: Effect.Effect<Response, E, R>
    ) => Effect.Effect<Response, E | Refusal, R | CallNeeds>
    /** The same, for a question that was read from the request without a route. */
    readonly ask: <E, R>(
      asked: Asked,
      call: Effect.Effect<Response, E, R>
    ) => Effect.Effect<Response, E | Refusal, R | RequestMeta>
  }
>()("@kalshibook/api/Metering/PricedCalls") {}

const layerCalls: Layer.Layer<PricedCalls, never, Callers | Ledger> = Layer.effect(
  PricedCalls,
  Effect.gen(function* () {
    const callers = yield* Callers
    const ledger = yield* Ledger
    const demoSeries = yield* Sample.DemoSeries
    const anonymous = AddressBuckets.make(anonymousBucket)
    const calls = MeteredCalls.make(ledger)
    const atOnce = new Map<string, number>()

    /** Somebody without a key, who may ask this, at the rate of his address. */
    const forAnybody = <A, E, R>(
      request: HttpServerRequest.HttpServerRequest,
      price: Price,
      call: Effect.Effect<A, E, R>
    ) =>
      Effect.gen(function* () {
        const { notes } = yield* RequestMeta
        const wait = anonymous.take(addressOf(request), (yield* Clock.currentTimeMillis) * 1_000)
        if (wait > 0) return yield* Failures.tooFast(wait)
        notes.meter = { ...anybody, price, paid: 0, charge: { rows: 0, credits: 0 } }
        return yield* call
      })

    /** Somebody who is signed in, of an account or of none, at the rate of his address. */
    const forPerson = <A, E, R>(
      request: HttpServerRequest.HttpServerRequest,
      price: Price,
      call: Effect.Effect<A, E, R>
    ) =>
      Effect.gen(function* () {
        const person = yield* callers.personOf(request)
        if (Option.isNone(person)) return yield* signInRequired()
        const { notes } = yield* RequestMeta
        notes.person = person.value
        return yield* forAnybody(request, price, call)
      })

    /** Keeps one account from taking all the places of the node. */
    const within = <A, E, R>({ account, tier }: Caller, call: Effect.Effect<A, E, R>) => {
      const { accountId } = account
      const running = atOnce.get(accountId) ?? 0
      if (running >= tier.limits.requestsAtOnce) {
        return Failures.tooFast(
          1_000_000,
          `${running} calls of this account are being answered, as many as its tier has at once.`
        )
      }
      let hasEntered = false
      const entered = Effect.suspend(() => {
        hasEntered = true
        atOnce.set(accountId, (atOnce.get(accountId) ?? 0) + 1)
        return call
      })
      return Effect.onExitPrimitive(entered, () => {
        if (!hasEntered) return undefined
        const left = (atOnce.get(accountId) ?? 1) - 1
        if (left > 0) atOnce.set(accountId, left)
        else atOnce.delete(accountId)
        return undefined
      })
    }

    /** Somebody without a key, where most need one. */
    const forNobody = <A, E, R>(
      { operation, params, query, request }: Asked,
      price: Price,
      call: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | Refusal, R | RequestMeta> => {
      if (price.kind === "member") return signInRequired()
      const isOpen = Sample.isOpen({ operation, ticker: params["ticker"], query }, demoSeries)
      return isOpen ? forAnybody(request, price, call) : keyRequired()
    }

    const ask = <E, R>(asked: Asked, httpEffect: Effect.Effect<Response, E, R>) => {
      const { operation, params, query, request } = asked
      const price = priceOf(operation)
      if (price.kind === "person") return forPerson(request, price, httpEffect)
      if (price.kind === "public") {
        // Whoever is of no account is anybody here.
        const recognised = Effect.catchTag(callers.callerOf(request), "NoAccount", () => Effect.succeedNone)
        return Effect.flatMap(recognised, (found) =>
          Effect.andThen(
            Option.isSome(found) ? noteAsker(found.value, operation) : Effect.void,
            forAnybody(request, price, httpEffect)
          )
        )
      }
      return Effect.flatMap(
        callers.callerOf(request),
        (found): Effect.Effect<Response, E | Refusal, R | RequestMeta> => {
          if (Option.isNone(found)) return forNobody(asked, price, httpEffect)
          const caller = found.value
          const call = AskedCall.of(operation, price, params, query)
          return Effect.flatMap(RequestMeta, (meta): Effect.Effect<Response, E | Refusal, R | RequestMeta> => {
            meta.notes.asker = { caller, operation }
            const refusal = refusalOfRights(caller, price, meta) ?? refusalOfDear(call, meta)
            return refusal === undefined ? within(caller, calls.run(caller, call, httpEffect)) : Effect.fail(refusal)
          })
        }
      )
    }

    const call = <E, R>(operation: string, httpEffect: Effect.Effect<Response, E, R>) =>
      Effect.withFiber<Response, E | Refusal, R | CallNeeds>(({ context }) => {
        const request = Context.getUnsafe(context, HttpServerRequest.HttpServerRequest)
        const query = Context.getUnsafe(context, HttpServerRequest.ParsedSearchParams)
        const { params } = Context.getUnsafe(context, HttpRouter.RouteContext)
        return ask({ operation, params, query, request }, httpEffect)
      })
    return PricedCalls.of({ ask, call })
  })
)

export const layer: Layer.Layer<Metered | PricedCalls, never, Callers | Ledger> = Layer.effect(
  Metered,
  Effect.map(
    PricedCalls,
    ({ call }) =>
      (httpEffect, { endpoint }) =>
        call(AskedCall.operationOf(endpoint), httpEffect).pipe(insideRequest)
  )
).pipe(Layer.provideMerge(layerCalls))

/**
 * Every route runs inside `Answering`, which provides what belongs to the request; the contract, where the middleware is declared, cannot
 * say so. What the store fails with is told as by any handler.
 */
export const insideRequest = <A, E, R>(
  metered: Effect.Effect<A, E | HotTierError, R>
): Effect.Effect<A, Exclude<E, HotTierError>, Exclude<R, RequestMeta>> =>
  metered.pipe(
    Effect.catchIf(isStoreError, (error) => Effect.orDie(Failures.storeFailed(error))),
    ofRequest
  ) as Effect.Effect<A, Exclude<E, HotTierError>, Exclude<R, RequestMeta>>

const isStoreError = (error: unknown): error is HotTierError => error instanceof HotTierError

/** Whoever has no key pays nothing. */
const anybody = { caller: undefined, isFree: true, estimate: undefined, payments: RowPayments.free } as const

const keyRequired = Effect.fnUntraced(function* () {
  const { requestId } = yield* RequestMeta
  const detail =
    "This call needs a key: `Authorization: Bearer kb_live_...`. Without one there are status, coverage, prices, and the first day of each month."
  return yield* new Problems.KeyRequired({ detail, request_id: requestId, suggestion: "/v1/pricing" })
})

const signInRequired = () => Effect.flatMap(RequestMeta, ({ requestId }) => Effect.fail(signInRefusal(requestId)))

const signInRefusal = (requestId: string) => {
  const detail = "This is for people: send the access token of a session as `Authorization: Bearer ...`."
  return new ProblemsOfPeople.SignInRequired({ detail, request_id: requestId })
}

/** Why a caller may not: his scope, or his role, is not one that the call is for. */
const refusalOfRights = (
  caller: Caller,
  price: Exclude<Price, { kind: "public" | "person" }>,
  { requestId }: RequestMeta["Service"]
) => {
  const { authentication, title } = caller
  if (authentication._tag === "key") {
    return price.kind === "member" ? signInRefusal(requestId) : refusalOfScope(caller, price.scope, requestId)
  }
  const roles = ("roles" in price ? price.roles : undefined) ?? rolesWith("scope" in price ? price.scope : "read")
  if (roles.includes(authentication.role)) return undefined
  const detail = `${title} is \`${authentication.role}\` of this account; this is for ${roles.map((role) => `\`${role}\``).join(" and ")}.`
  return new ProblemsOfPeople.RoleMissing({ detail, roles, request_id: requestId })
}

const rolesWith = (scope: Scope): ReadonlyArray<MemberRole> =>
  memberRoles.filter((role) => scopesOfRole[role].includes(scope))

const refusalOfScope = ({ scopes, title }: Caller, scope: Scope, requestId: string) => {
  if (scopes.includes(scope)) return undefined
  const detail = `This needs \`${scope}\`; ${title} has ${scopes.map((one) => `\`${one}\``).join(", ") || "no scope"}.`
  return new Problems.ScopeMissing({ detail, scope, request_id: requestId })
}

/** Refuses a caller who lacks the scope. */
export const refuseScope = (caller: Caller, scope: Scope) =>
  Effect.flatMap(RequestMeta, ({ requestId }) => {
    const refusal = refusalOfScope(caller, scope, requestId)
    return refusal === undefined ? Effect.void : Effect.fail(refusal)
  })

const refusalOfDear = (
  { ceiling, isDryRun, maxCredits }: AskedCall.AskedCall,
  { requestId, url }: RequestMeta["Service"]
) => {
  if (isDryRun || maxCredits === undefined || ceiling.credits <= maxCredits) return undefined
  return new Problems.MaxCreditsExceeded({
    detail: `The call costs up to ${ceiling.credits} credits; \`max_credits\` allows ${maxCredits}.`,
    credits_needed: ceiling.credits,
    request_id: requestId,
    suggestion: withParameter(url, "max_credits", String(ceiling.credits))
  })
}
