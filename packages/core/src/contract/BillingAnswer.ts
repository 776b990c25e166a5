/** What an account pays for, as an answer: its plan, what this month costs, whether it is paid, and its invoices. */
import * as Schema from "effect/Schema"
import { dollarsFromPriceE4, isoFromMicros } from "../Units.ts"
import { planItems } from "./PlanItems.ts"
import { type TierName, tierNames, tiers } from "./Pricing.ts"
import { answerFields, Instant } from "./Scalars.ts"

const Money = Schema.String.annotate({
  description: "US dollars, a decimal with four fraction digits.",
  examples: ["12.3400"]
})

const Subscription = Schema.Struct({
  status: Schema.String.annotate({ description: "As the payment service has it.", examples: ["active"] }),
  period_start: Instant,
  period_end: Instant.annotate({ description: "When the running month ends and is billed." }),
  ends_at: Schema.NullOr(Instant).annotate({
    description: "When it ends, where it was cancelled; null where it goes on."
  })
}).annotate({ identifier: "Subscription", description: "The subscription to pay as you go." })

const PaymentView = Schema.Struct({
  state: Schema.Literals(["none", "good", "failed", "lapsed"]).annotate({
    description:
      "`none`: nothing is paid regularly. `good`. `failed`: an invoice is not paid, and the plan stays until `grace_until`. `lapsed`: the grace is over; paying brings the plan back."
  }),
  grace_until: Schema.NullOr(Instant).annotate({ description: "Until when an unpaid invoice changes nothing." }),
  notice: Schema.NullOr(Schema.String).annotate({
    description: "What to do, for a person; null where there is nothing."
  })
}).annotate({ identifier: "Payment", description: "Whether what is owed is paid." })

export const Billing = Schema.Struct({
  plan: Schema.Literals(tierNames),
  plan_title: Schema.String,
  credits_remaining: Schema.NullOr(Schema.Int).annotate({
    description: "Still to be used, by grant, purchases and cap; null where there is no end."
  }),
  credits_bought: Schema.Int.annotate({ description: "Of those that were bought, what is left; they do not expire." }),
  month_start: Instant.annotate({
    description: "Months are calendar months in UTC, for grants, caps and invoices alike."
  }),
  month_end: Instant,
  month_credits_used: Schema.Int.annotate({ description: "In this month so far." }),
  month_credits_cap: Schema.NullOr(Schema.Int).annotate({
    description: "At most, in a month; null for no cap. `PATCH /v1/account` sets it."
  }),
  month_credits_forecast: Schema.Int.annotate({
    description: "Used by the end of the month, if it goes on at the pace of the month so far; never above the cap."
  }),
  month_dollars: Money.annotate({ description: "What this month's use costs so far, beyond grants and purchases." }),
  month_dollars_forecast: Money.annotate({ description: "What it will cost by the forecast." }),
  subscription: Schema.NullOr(Subscription),
  payment: PaymentView,
  can_buy: Schema.Array(Schema.String).annotate({
    description: "What a checkout can be opened for now; empty where nothing can be bought.",
    examples: [["payg", "project_4000"]]
  }),
  has_portal: Schema.Boolean.annotate({ description: "Whether there is a customer portal for the account." }),
  ...answerFields
}).annotate({ identifier: "Billing", description: "What the account pays for." })

/** A place on this site to come back to. */
const ReturnPath = Schema.String.check(
  Schema.isPattern(/^\/(?![/\\])[\w\-./?=&%]*$/),
  Schema.isMaxLength(200)
).annotate({
  description: "Where on this site people come back to; `/billing` without it.",
  examples: ["/billing"]
})

export const CheckoutBody = Schema.Struct({
  buy: Schema.Literals(planItems.map(({ name }) => name)).annotate({
    description: "`payg` to pay as you go, or a package of credits.",
    examples: ["payg"]
  }),
  return_path: Schema.optionalKey(ReturnPath)
}).annotate({ identifier: "CheckoutBody", description: "What is to be bought." })

export const PortalBody = Schema.Struct({ return_path: Schema.optionalKey(ReturnPath) }).annotate({
  identifier: "PortalBody",
  description: "Where the portal leads back to."
})

export const PaymentPage = Schema.Struct({
  url: Schema.String.annotate({
    description: "A page of the payment service, for one person to open now.",
    examples: ["https://checkout.stripe.com/c/pay/cs_live_..."]
  }),
  ...answerFields
}).annotate({
  identifier: "PaymentPage",
  description:
    "Where to go. What was bought counts when the payment service has told us, some seconds after it was paid."
})

const InvoiceView = Schema.Struct({
  number: Schema.NullOr(Schema.String).annotate({ description: "null while it is not final." }),
  status: Schema.String.annotate({
    description: "`draft`, `open`, `paid`, `void` or `uncollectible`.",
    examples: ["paid"]
  }),
  created_at: Instant,
  period_start: Instant,
  period_end: Instant,
  total_dollars: Money,
  due_dollars: Money.annotate({ description: "What of it is not paid." }),
  url: Schema.NullOr(Schema.String).annotate({ description: "Where it can be seen and paid." }),
  pdf_url: Schema.NullOr(Schema.String)
}).annotate({ identifier: "Invoice", description: "An invoice of the payment service." })

export const Invoices = Schema.Struct({
  invoices: Schema.Array(InvoiceView).annotate({ description: "The newest first, at most a hundred." }),
  upcoming: Schema.NullOr(InvoiceView).annotate({
    description:
      "What the running month would cost if it ended now, by what was told to the payment service until the last full hour; null without a subscription."
  }),
  ...answerFields
}).annotate({ identifier: "Invoices", description: "The invoices of the account." })

export interface InvoiceFacts {
  readonly number: string | null
  readonly status: string
  readonly createdMicros: number
  readonly periodStartMicros: number
  readonly periodEndMicros: number
  readonly totalE4: number
  readonly dueE4: number
  readonly url: string | null
  readonly pdfUrl: string | null
}

export const invoiceView = (facts: InvoiceFacts): typeof InvoiceView.Type => ({
  number: facts.number,
  status: facts.status,
  created_at: isoFromMicros(facts.createdMicros),
  period_start: isoFromMicros(facts.periodStartMicros),
  period_end: isoFromMicros(facts.periodEndMicros),
  total_dollars: dollarsFromPriceE4(facts.totalE4),
  due_dollars: dollarsFromPriceE4(facts.dueE4),
  url: facts.url,
  pdf_url: facts.pdfUrl
})

export interface MonthFacts {
  readonly plan: TierName
  readonly remaining: number | null
  readonly boughtLeft: number
  readonly monthStartMicros: number
  readonly monthEndMicros: number
  readonly nowMicros: number
  readonly monthUsed: number
  readonly capCredits: number | null
  /** Credits of this month that are paid by use. */
  readonly onAccount: number
}

/** What follows from the ledger alone. */
export const monthView = (facts: MonthFacts) => {
  const { capCredits, monthEndMicros, monthStartMicros, monthUsed, nowMicros } = facts
  const part = Math.max(nowMicros - monthStartMicros, 1) / (monthEndMicros - monthStartMicros)
  const atPace = Math.max(monthUsed, Math.round(monthUsed / part))
  const forecast = Math.max(monthUsed, Math.min(atPace, capCredits ?? atPace))
  const priceE4 = tiers[facts.plan].creditPriceE4 ?? 0
  const onAccountForecast = facts.onAccount + Math.max(0, forecast - monthUsed - facts.boughtLeft)
  return {
    plan: facts.plan,
    plan_title: tiers[facts.plan].title,
    credits_remaining: facts.remaining,
    credits_bought: facts.boughtLeft,
    month_start: isoFromMicros(monthStartMicros),
    month_end: isoFromMicros(monthEndMicros),
    month_credits_used: monthUsed,
    month_credits_cap: capCredits,
    month_credits_forecast: forecast,
    month_dollars: dollarsFromPriceE4(facts.onAccount * (tiers.payg.creditPriceE4 ?? 0)),
    month_dollars_forecast: dollarsFromPriceE4(
      priceE4 === 0 ? facts.onAccount * (tiers.payg.creditPriceE4 ?? 0) : onAccountForecast * priceE4
    )
  }
}
