/** Answers about the account, and about buying and having bought. */
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import * as AccountAnswer from "@kalshibook/core/contract/AccountAnswer"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { timeMicrosMax } from "@kalshibook/core/contract/Limits"
import * as PricingAnswer from "@kalshibook/core/contract/PricingAnswer"
import * as UsageAnswer from "@kalshibook/core/contract/UsageAnswer"
import { AccountSettings } from "@kalshibook/store/AccountSettings"
import type { Account } from "@kalshibook/store/Accounts"
import { Ledger } from "@kalshibook/store/Ledger"
import { Clock, Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Callers } from "./Callers.ts"
import * as CallerTerms from "./CallerTerms.ts"
import * as Failures from "./Failures.ts"
import * as RequestList from "./RequestList.ts"
import { answered, callerHere } from "./RequestMeta.ts"

/** Beginning of the UTC month of a moment, Unix microseconds. */
const monthStart = (micros: number): number => {
  const date = new Date(micros / 1_000)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) * 1_000
}

export const AccountHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "account",
  Effect.fn(function* (handlers) {
    const ledger = yield* Ledger
    const settings = yield* AccountSettings
    const callers = yield* Callers
    const listRequests = yield* RequestList.make

    /** The caller's account, as it may be since he was recognised. */
    const view = Effect.fnUntraced(function* (account: Account) {
      const { tier, ...caller } = yield* callerHere
      const { terms } = CallerTerms.callOf({ ...caller, tier, account })
      const balance = yield* ledger.balance(account.accountId, terms)
      return AccountAnswer.view({
        accountId: account.accountId,
        name: account.name,
        tierName: account.tier,
        tier,
        remaining: CreditBalance.remaining(balance, terms),
        boughtLeft: balance.boughtLeft,
        monthUsed: balance.monthUsed,
        monthHeld: balance.monthHeld,
        capCredits: account.capCredits
      })
    })

    return handlers.handleAll({
      pricing: () => answered(PricingAnswer.Pricing)(Effect.sync(PricingAnswer.view)),
      get: () =>
        Effect.flatMap(callerHere, ({ account }) => view(account)).pipe(
          answered(AccountAnswer.Account),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        ),
      change: ({ payload }) =>
        Effect.gen(function* () {
          const { account, name } = yield* callerHere
          const changed = yield* settings.setCap(account.accountId, payload.month_credits_cap)
          yield* callers.forget(name)
          return yield* view(Option.getOrElse(changed, () => account))
        }).pipe(answered(AccountAnswer.Account), Effect.catchTag("HotTierError", Failures.storeFailed)),
      usage: ({ query }) =>
        Effect.gen(function* () {
          const caller = yield* callerHere
          const { account } = caller
          const toMicros = query.to ?? (yield* Clock.currentTimeMillis) * 1_000
          const fromMicros = query.from ?? monthStart(toMicros)
          if (fromMicros > toMicros) return yield* Failures.rangeReversed(fromMicros, toMicros)
          const { terms } = CallerTerms.callOf(caller)
          const balance = yield* ledger.balance(account.accountId, terms)
          return UsageAnswer.view({
            tier: account.tier,
            fromMicros,
            toMicros,
            monthUsed: balance.monthUsed,
            capCredits: account.capCredits,
            remaining: CreditBalance.remaining(balance, terms),
            // Without an end also what the clock of the database, ahead of ours, has dated later.
            rows: yield* ledger.usage(account.accountId, { fromMicros, toMicros: query.to ?? timeMicrosMax })
          })
        }).pipe(answered(UsageAnswer.Usage), Effect.catchTag("HotTierError", Failures.storeFailed)),
      requests: ({ query }) => listRequests(query).pipe(Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)
