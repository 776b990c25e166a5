/** A call as the ledger needs to know it, read from the request before the schemas have spoken: what they will refuse costs nothing anyway. */
import { limitDefault, limitMax } from "@kalshibook/core/contract/Limits"
import { type Ceiling, ceilingOf, type Price } from "@kalshibook/core/contract/Pricing"
import { questionHash } from "@kalshibook/store/KeyHash"
import type { LedgerCall } from "@kalshibook/store/Ledger"
import { Context, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import { type HttpApiEndpoint, OpenApi } from "effect/http-api"
import type { Caller } from "./Caller.ts"
import * as CallerTerms from "./CallerTerms.ts"

export interface AskedCall {
  readonly operation: string
  readonly price: Price
  readonly ceiling: Ceiling
  readonly isDryRun: boolean
  /** Credits that the caller allows; `undefined` where he does not say. */
  readonly maxCredits: number | undefined
  /** What makes it the same page as another; `null` for what is no page behind the first. */
  readonly page: ReadonlyArray<string> | null
}

export const operationOf = (endpoint: HttpApiEndpoint.Top): string =>
  Option.getOrElse(Context.getOption(endpoint.annotations, OpenApi.Identifier), () => endpoint.name)

const wholeNumber = (value: unknown): number | undefined =>
  typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : undefined

export const of = (
  operation: string,
  price: Price,
  params: Readonly<Record<string, string | undefined>>,
  query: HttpServerRequest.ParsedSearchParams["Service"]
): AskedCall => {
  const rowsMax = Math.min(limitMax, wholeNumber(query["limit"]) ?? limitDefault)
  const { cursor } = query
  return {
    operation,
    price,
    ceiling: ceilingOf(price, rowsMax),
    isDryRun: query["dry_run"] === "true",
    maxCredits: wholeNumber(query["max_credits"]),
    page: typeof cursor === "string" && cursor !== "" ? pageOf(operation, params, query) : null
  }
}

const pageOf = (
  operation: string,
  params: Readonly<Record<string, string | undefined>>,
  { dry_run: _, max_credits: __, ...query }: HttpServerRequest.ParsedSearchParams["Service"]
): ReadonlyArray<string> => [
  operation,
  ...Object.entries({ ...params, ...query })
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${String(value)}`)
]

export const ledgerCallOf = (caller: Caller, asked: AskedCall, requestId: string): LedgerCall => {
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
