/** What the ledger has to know of a caller: whose credits, out of which buckets, up to which caps. */
import type { Tier } from "@kalshibook/core/contract/Pricing"
import type { LedgerCall } from "@kalshibook/store/Ledger"
import type { Caller } from "./Caller.ts"

export type CallerCall = Pick<LedgerCall, "accountId" | "prefix" | "buckets" | "terms" | "keyCapCredits">

const dayMicros = 86_400_000_000

/** How long a download is kept for accounts of a tier. */
export const keptMicrosOf = ({ limits }: Tier): number => limits.downloadDays * dayMicros

/** What is the same in every call of the caller. Put together once for each, as long as he is known. */
export const callOf = (caller: Caller): CallerCall => {
  const known = calls.get(caller)
  if (known !== undefined) return known
  const call = made(caller)
  calls.set(caller, call)
  return call
}

const calls = new WeakMap<Caller, CallerCall>()

const made = ({ account, bounds, name, tier }: Caller): CallerCall => {
  const { burst, requestsPerSecond } = tier.limits
  const share = bounds.requestsPerSecond === null ? 1 : Math.min(1, bounds.requestsPerSecond / requestsPerSecond)
  const ofAccount = { name: `account ${account.accountId}`, perSecond: requestsPerSecond, burst }
  const ofCaller = {
    name: `key ${name}`,
    perSecond: requestsPerSecond * share,
    burst: Math.max(1, Math.floor(burst * share))
  }
  return {
    accountId: account.accountId,
    prefix: name,
    buckets: share < 1 ? [ofAccount, ofCaller] : [ofAccount],
    terms: {
      creditsMonthly: tier.creditsMonthly,
      isPostpaid: tier.creditPriceE4 !== null,
      capCredits: account.capCredits
    },
    keyCapCredits: bounds.capCredits
  }
}
