/** The account itself as JSON: what it is, what it may, what it has left. */
import * as Schema from "effect/Schema"
import { type Tier, type TierName, tierNames } from "./Pricing.ts"
import { LimitsView, limitsView } from "./PricingAnswer.ts"
import { answerFields } from "./Scalars.ts"

export const Account = Schema.Struct({
  account_id: Schema.String.annotate({ examples: ["3f0f7c4e-5a53-4c8e-9a55-2b1d6f0f9f10"] }),
  name: Schema.String.annotate({ examples: ["ada"] }),
  tier: Schema.Literals(tierNames),
  credits_monthly: Schema.Int.annotate({ description: "Credits that every month (UTC) begins with." }),
  credits_remaining: Schema.NullOr(Schema.Int).annotate({
    description: "Still to be used, by grant, purchases and cap; null where there is no end."
  }),
  credits_bought: Schema.Int.annotate({ description: "Of those that were bought, what is left; they do not expire." }),
  month_credits_used: Schema.Int.annotate({ description: "In this month (UTC) so far." }),
  month_credits_held: Schema.Int.annotate({ description: "Held for calls that are being answered and open streams." }),
  month_credits_cap: Schema.NullOr(Schema.Int).annotate({
    description: "At most, in a month, set by the customer; null for no cap."
  }),
  limits: LimitsView,
  ...answerFields
}).annotate({ identifier: "Account", description: "What the account is, what it may, and what it has left." })

export const ChangeAccountBody = Schema.Struct({
  month_credits_cap: Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999_999_999 }))).annotate({
    description: "Credits a month (UTC) at most, for all keys together; null for no cap.",
    examples: [10_000]
  })
}).annotate({ identifier: "ChangeAccountBody", description: "The hard cap of a month." })

export interface AccountFacts {
  readonly accountId: string
  readonly name: string
  readonly tierName: TierName
  readonly tier: Tier
  readonly remaining: number | null
  readonly boughtLeft: number
  readonly monthUsed: number
  readonly monthHeld: number
  readonly capCredits: number | null
}

export const view = (facts: AccountFacts) => ({
  account_id: facts.accountId,
  name: facts.name,
  tier: facts.tierName,
  credits_monthly: facts.tier.creditsMonthly,
  credits_remaining: facts.remaining,
  credits_bought: facts.boughtLeft,
  month_credits_used: facts.monthUsed,
  month_credits_held: facts.monthHeld,
  month_credits_cap: facts.capCredits,
  limits: limitsView(facts.tier)
})
