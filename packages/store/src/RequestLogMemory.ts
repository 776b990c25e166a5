/** The single requests in memory: the entries of the ledger's twin, and errors beside them. */
import { Effect, Option } from "effect"
import type { AccountsState } from "./AccountsState.ts"
import type { LedgerEntry } from "./LedgerMemory.ts"
import type { LoggedRequest, RequestError, RequestLog, RequestOutcome, RequestPlace } from "./RequestLog.ts"

/** `undefined` for what is not listed. */
const outcomeOf = ({ sources, state }: LedgerEntry): RequestOutcome | undefined => {
  if (state === "used") return "answered"
  const isHolding = state === "held" && sources.grant + sources.bought + sources.onAccount > 0
  return isHolding ? "held" : undefined
}

/** As the database sorts; no two have one place. */
const newestFirst = (one: RequestPlace, other: RequestPlace): number =>
  other.tsMicros - one.tsMicros || Number(one.id < other.id) - Number(one.id > other.id)

export const requestLogInMemory = (state: AccountsState["Service"]): RequestLog["Service"] => {
  const { accounts, closed, entries, requestErrors } = state

  /** What a request cost, with its parts. */
  const paidFor = (accountId: string, id: string) => {
    const paid = { credits: 0, rows: 0 }
    for (const { call, credits, rows, state: became } of entries.values()) {
      if (call.accountId !== accountId || became !== "used") continue
      if (call.requestId !== id && !call.requestId.startsWith(`${id}/`)) continue
      paid.credits += credits
      paid.rows += rows
    }
    return paid
  }

  const calledOf = (accountId: string): ReadonlyArray<LoggedRequest> =>
    [...entries.values()].flatMap((entry) => {
      const { atMicros, call, credits, rows } = entry
      const id = call.requestId
      const isOnce = id.startsWith(`${accountId}/`)
      const outcome = outcomeOf(entry)
      if (call.accountId !== accountId || outcome === undefined) return []
      if ((id.includes("/") && !isOnce) || requestErrors.has(id)) return []
      return {
        ...{ id, tsMicros: atMicros, tsLastMicros: atMicros, endpoint: call.endpoint, prefix: call.prefix },
        ...{ outcome, status: null, code: null, count: 1 },
        ...(isOnce ? { credits, rows } : paidFor(accountId, id))
      }
    })

  const failedOf = (accountId: string): ReadonlyArray<LoggedRequest> =>
    [...requestErrors.values()].flatMap(({ accountId: whose, errorId: id, ...error }) =>
      whose === accountId ? { ...error, id, outcome: "failed" as const, ...paidFor(accountId, id) } : []
    )

  const keep = (error: RequestError): void => {
    if (!accounts.has(error.accountId) || closed.has(error.accountId)) return
    const before = requestErrors.get(error.errorId)
    requestErrors.set(error.errorId, {
      ...(before ?? error),
      count: Math.max(before?.count ?? 0, error.count),
      tsLastMicros: Math.max(before?.tsLastMicros ?? 0, error.tsLastMicros)
    })
  }

  return {
    note: (errors) => Effect.sync(() => errors.forEach(keep)),
    list: ({ accountId, after, endpoint, fromMicros, outcome, prefix, requestId, requestsMax, toMicros }) =>
      Effect.sync(() =>
        [...calledOf(accountId), ...failedOf(accountId)]
          .filter(
            (one) =>
              one.tsMicros >= fromMicros &&
              one.tsMicros < toMicros &&
              (endpoint === undefined || one.endpoint === endpoint) &&
              (prefix === undefined || one.prefix === prefix) &&
              (requestId === undefined || one.id === requestId) &&
              (outcome === undefined || one.outcome === outcome) &&
              (Option.isNone(after) || newestFirst(after.value, one) < 0)
          )
          .sort(newestFirst)
          .slice(0, requestsMax)
      )
  }
}
