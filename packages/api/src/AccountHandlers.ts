/** Answers about buying and having bought. */
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { timeMicrosMax } from "@kalshibook/core/contract/Limits"
import * as PricingAnswer from "@kalshibook/core/contract/PricingAnswer"
import * as UsageAnswer from "@kalshibook/core/contract/UsageAnswer"
import { Ledger } from "@kalshibook/store/Ledger"
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as CallerTerms from "./CallerTerms.ts"
import * as Failures from "./Failures.ts"
import { answered, RequestMeta } from "./RequestMeta.ts"

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
    return handlers.handleAll({
      pricing: () => answered(PricingAnswer.Pricing)(Effect.sync(PricingAnswer.view)),
      usage: ({ query }) =>
        Effect.gen(function* () {
          const { caller } = (yield* RequestMeta).notes.meter ?? {}
          // impossible: the middleware lets nobody pass without a key
          if (caller === undefined) return yield* Effect.die("usage of nobody")
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
        }).pipe(answered(UsageAnswer.Usage), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)
