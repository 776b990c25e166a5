/**
 * What stands before every endpoint that is not for everybody.
 *
 * In this order: who asks; whether he may; what it costs at most, and whether that is allowed; tokens and credits from the ledger; the
 * call; what it cost, told to the ledger before the answer goes out, so that usage is right at once. Whatever fails costs nothing.
 */

import { limitDefault, limitMax } from "@kalshibook/core/contract/Limits"
import { Metered } from "@kalshibook/core/contract/Metered"
import { type Ceiling, ceilingOf, type Price, priceOf, type Scope } from "@kalshibook/core/contract/Pricing"
import * as Problems from "@kalshibook/core/contract/Problems"
import { HotTierError } from "@kalshibook/store/HotTierError"
import { questionHash } from "@kalshibook/store/KeyHash"
import { Ledger, type LedgerCall } from "@kalshibook/store/Ledger"
import { Clock, Context, Duration, Effect, Exit, Layer, Option } from "effect"
import { HttpRouter, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { type HttpApiEndpoint, OpenApi } from "effect/http-api"
import * as AddressBuckets from "./AddressBuckets.ts"
import { anonymousBucket, settleMillisMax } from "./ApiLimits.ts"
import type { Caller } from "./Caller.ts"
import { addressOf, Callers } from "./Callers.ts"
import * as CallerTerms from "./CallerTerms.ts"
import * as Failures from "./Failures.ts"
import * as MeteredAnswer from "./MeteredAnswer.ts"
import * as Refusals from "./Refusals.ts"
import { type Meter, RequestMeta } from "./RequestMeta.ts"
import * as RowPayments from "./RowPayments.ts"
import * as Sample from "./Sample.ts"
import { withParameter } from "./Suggestions.ts"

type Query = HttpServerRequest.ParsedSearchParams["Service"]

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
  | HotTierError

/** Calls that are no operation of the contract, at the price of one that is. */
export class MeteredCalls extends Context.Service<
  MeteredCalls,
  {
    readonly call: <E, R>(
      operation: string,
      call: Effect.Effect<Response, E, R>
    ) => Effect.Effect<
      Response,
      E | Refusal,
      R | RequestMeta | HttpServerRequest.HttpServerRequest | HttpServerRequest.ParsedSearchParams | HttpRouter.RouteContext
    >
  }
>()("@kalshibook/api/Metering/MeteredCalls") {}

const layerCalls: Layer.Layer<MeteredCalls, never, Callers | Ledger> = Layer.effect(
  MeteredCalls,
  Effect.gen(function* () {
    const callers = yield* Callers
    const ledger = yield* Ledger
    const demoSeries = yield* Sample.DemoSeries
    const anonymous = AddressBuckets.make(anonymousBucket)
    const refusals = Refusals.make()
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
        if (wait > 0) return yield* tooFast(wait)
        notes.meter = { ...anybody, price, paid: 0, charge: { rows: 0, credits: 0 } }
        return yield* call
      })

    const forCaller = <E, R>(
      caller: Caller,
      asked: AskedCall,
      call: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
    ) =>
      Effect.gen(function* () {
        const { notes, requestId } = yield* RequestMeta
        const { ceiling, isDryRun, price } = asked
        const ledgerCall = ledgerCallOf(caller, asked, requestId)
        const known = refusals.waitMicros(ledgerCall, (yield* Clock.currentTimeMillis) * 1_000)
        if (known > 0) return yield* tooFast(known)
        const admission = yield* ledger.admit(ledgerCall)
        Object.assign(notes.headers, MeteredAnswer.limitHeaders(caller.tier, admission))
        if (admission.verdict === "rate_limited") {
          refusals.note(ledgerCall, admission.waitMicros, (yield* Clock.currentTimeMillis) * 1_000)
          return yield* tooFast(admission.waitMicros)
        }
        yield* Failures.refuseUnpaid(admission, ceiling.credits)
        const meter: Meter = {
          caller,
          price,
          isFree: admission.verdict === "repeated",
          estimate: isDryRun ? ceiling : undefined,
          payments: counted(RowPayments.make(ledger, ledgerCall, price), (credits) => (meter.paid += credits)),
          paid: 0,
          charge: { rows: 0, credits: 0 }
        }
        notes.meter = meter
        let isSettled = false
        const settle = (isAnswered: boolean) =>
          Effect.suspend(() => {
            const isUsed = isAnswered && meter.estimate === undefined && price.kind !== "key"
            const { accountId } = ledgerCall
            return ledger.settle({ requestId, accountId, state: isUsed ? "used" : "returned", ...meter.charge })
          }).pipe(
            Effect.interruptible,
            Effect.timeout(Duration.millis(settleMillisMax)),
            Effect.tap((settled) => Effect.sync(() => (isSettled = settled))),
            // The hold lapses: the call costs nothing.
            Effect.catch((error) => Effect.logWarning(`a call could not be charged: ${error.message}`))
          )
        const response = yield* Effect.onExit(call, (exit) => settle(Exit.isSuccess(exit) && exit.value.status < 400))
        const credits = (isSettled ? meter.charge.credits : 0) + meter.paid
        Object.assign(notes.headers, MeteredAnswer.creditHeaders(admission, credits))
        return response
      })

    /** Keeps one account from taking all the places of the node. */
    const within = <A, E, R>({ account, tier }: Caller, call: Effect.Effect<A, E, R>) =>
      Effect.suspend((): Effect.Effect<A, E | Problems.RateLimited, R | RequestMeta> => {
        const running = atOnce.get(account.accountId) ?? 0
        if (running >= tier.limits.requestsAtOnce) {
          return tooFast(
            1_000_000,
            `${running} calls of this account are being answered, as many as its tier has at once.`
          )
        }
        atOnce.set(account.accountId, running + 1)
        const leave = Effect.sync(() => {
          const left = (atOnce.get(account.accountId) ?? 1) - 1
          if (left > 0) atOnce.set(account.accountId, left)
          else atOnce.delete(account.accountId)
        })
        return Effect.ensuring(call, leave)
      })

    const call = <E, R>(operation: string, httpEffect: Effect.Effect<Response, E, R>) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const query = yield* HttpServerRequest.ParsedSearchParams
        const { params } = yield* HttpRouter.RouteContext
        const price = priceOf(operation)
        const caller = yield* callers.callerOf(request)
        if (price.kind === "public") return yield* forAnybody(request, price, httpEffect)
        if (Option.isNone(caller)) {
          const { ticker } = params
          if (!Sample.isOpen({ operation, ticker, query }, demoSeries)) return yield* keyRequired()
          return yield* forAnybody(request, price, httpEffect)
        }
        yield* refuseScope(caller.value, price.scope)
        const asked = askedOf(operation, price, params, query)
        yield* refuseDear(asked)
        return yield* within(caller.value, forCaller(caller.value, asked, httpEffect))
      })
    return MeteredCalls.of({ call })
  })
)

export const layer: Layer.Layer<Metered | MeteredCalls, never, Callers | Ledger> = Layer.effect(
  Metered,
  Effect.map(MeteredCalls, ({ call }) => (httpEffect, { endpoint }) => call(operationOf(endpoint), httpEffect).pipe(insideRequest))
).pipe(Layer.provideMerge(layerCalls))

/**
 * Every route runs inside `Answering`, which provides what belongs to the request; the contract, where the middleware is declared, cannot
 * say so. What the store fails with is told as by any handler.
 */
const insideRequest = <A, E, R>(
  metered: Effect.Effect<A, E | HotTierError, R>
): Effect.Effect<A, Exclude<E, HotTierError>, Exclude<R, RequestMeta>> =>
  Effect.contextWith((context: Context.Context<never>) =>
    metered.pipe(
      Effect.catchIf(isStoreError, (error) => Effect.orDie(Failures.storeFailed(error))),
      Effect.provideService(RequestMeta, Context.getUnsafe(context, RequestMeta))
    )
  ) as Effect.Effect<A, Exclude<E, HotTierError>, Exclude<R, RequestMeta>>

const isStoreError = (error: unknown): error is HotTierError => error instanceof HotTierError

/** Whoever has no key pays nothing. */
const anybody = { caller: undefined, isFree: true, estimate: undefined, payments: RowPayments.free } as const

/** Tells the credits of each payment. */
const counted = (
  { hasPaid, payForRows, payOnce }: RowPayments.RowPayments,
  onPaid: (credits: number) => void
): RowPayments.RowPayments => {
  const told = (payment: RowPayments.Payment) => Effect.tap(payment, (credits) => Effect.sync(() => onPaid(credits)))
  return {
    payForRows: (rows) => told(payForRows(rows)),
    payOnce: (name, rows) => told(payOnce(name, rows)),
    hasPaid
  }
}

/** A call as the ledger needs to know it. */
interface AskedCall {
  readonly operation: string
  readonly price: Price
  readonly ceiling: Ceiling
  readonly isDryRun: boolean
  /** Credits that the caller allows; `undefined` where he does not say. */
  readonly maxCredits: number | undefined
  /** What makes it the same page as another; `null` for what is no page behind the first. */
  readonly page: ReadonlyArray<string> | null
}

const operationOf = (endpoint: HttpApiEndpoint.Top): string =>
  Option.getOrElse(Context.getOption(endpoint.annotations, OpenApi.Identifier), () => endpoint.name)

const wholeNumber = (value: unknown): number | undefined =>
  typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : undefined

/** Read before the schemas have spoken: what they will refuse costs nothing anyway. */
const askedOf = (
  operation: string,
  price: Price,
  params: Readonly<Record<string, string | undefined>>,
  query: Query
): AskedCall => {
  const { cursor, dry_run, max_credits, ...rest } = query
  const rowsMax = Math.min(limitMax, wholeNumber(query["limit"]) ?? limitDefault)
  const isBehindFirst = typeof cursor === "string" && cursor !== ""
  const named = Object.entries({ ...params, ...rest, cursor })
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${String(value)}`)
  return {
    operation,
    price,
    ceiling: ceilingOf(price, rowsMax),
    isDryRun: dry_run === "true",
    maxCredits: wholeNumber(max_credits),
    page: isBehindFirst ? [operation, ...named] : null
  }
}

const ledgerCallOf = (caller: Caller, asked: AskedCall, requestId: string): LedgerCall => {
  const creditsMax = asked.isDryRun ? 0 : asked.ceiling.credits
  const question =
    asked.page === null || asked.isDryRun ? null : questionHash([caller.account.accountId, ...asked.page])
  return {
    ...CallerTerms.callOf(caller),
    requestId,
    endpoint: asked.operation,
    question,
    creditsMax,
    cost: Math.max(1, creditsMax)
  }
}

const keyRequired = Effect.fnUntraced(function* () {
  const { requestId } = yield* RequestMeta
  const detail =
    "This call needs a key: `Authorization: Bearer kb_live_...`. Without one there are status, coverage, prices, and the first day of each month."
  return yield* new Problems.KeyRequired({ detail, request_id: requestId, suggestion: "/v1/pricing" })
})

const refuseScope = Effect.fnUntraced(function* ({ scopes, title }: Caller, scope: Scope) {
  if (scopes.includes(scope)) return
  const { requestId } = yield* RequestMeta
  const detail = `This needs \`${scope}\`; ${title} has ${scopes.map((one) => `\`${one}\``).join(", ") || "no scope"}.`
  return yield* new Problems.ScopeMissing({ detail, scope, request_id: requestId })
})

const refuseDear = Effect.fnUntraced(function* ({ ceiling, isDryRun, maxCredits }: AskedCall) {
  if (isDryRun || maxCredits === undefined || ceiling.credits <= maxCredits) return
  const { requestId, url } = yield* RequestMeta
  return yield* new Problems.MaxCreditsExceeded({
    detail: `The call costs up to ${ceiling.credits} credits; \`max_credits\` allows ${maxCredits}.`,
    credits_needed: ceiling.credits,
    request_id: requestId,
    suggestion: withParameter(url, "max_credits", String(ceiling.credits))
  })
})

const tooFast = Effect.fnUntraced(function* (waitMicros: number, why = "") {
  const { notes, requestId } = yield* RequestMeta
  const seconds = Math.max(1, Math.ceil(waitMicros / 1_000_000))
  notes.headers["retry-after"] = String(seconds)
  return yield* new Problems.RateLimited({
    detail: why === "" ? `There is more in ${seconds} seconds.` : why,
    retry_after_seconds: seconds,
    request_id: requestId
  })
})
