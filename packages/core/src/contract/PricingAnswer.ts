/** The pricing table as an answer. */
import * as Schema from "effect/Schema"
import { dollarsFromPriceE4 } from "../Units.ts"
import { type Price, packages, prices, streamPrices, type Tier, tierNames, tiers } from "./Pricing.ts"
import { answerFields, Dollars } from "./Scalars.ts"

const Whole = (description: string, example: number) => Schema.Int.annotate({ description, examples: [example] })

/** What an account may do at most. */
const limitFields = {
  requests_per_second: Whole("Credits' worth of calls a second; a free call counts as one.", 5),
  burst: Whole("As many at once after a rest.", 20),
  requests_at_once: Whole("Calls being answered at once.", 4),
  connections: Whole("Open streams.", 1),
  replay_speed_max: Whole("Replay at most so many times as fast as it happened.", 10),
  download_days: Whole("Days for which a finished download is kept.", 1)
}

export const LimitsView = Schema.Struct(limitFields).annotate({
  identifier: "Limits",
  description: "What an account may do at most."
})

export const limitsView = ({ limits }: Tier): typeof LimitsView.Type => ({
  requests_per_second: limits.requestsPerSecond,
  burst: limits.burst,
  requests_at_once: limits.requestsAtOnce,
  connections: limits.connections,
  replay_speed_max: limits.replaySpeedMax,
  download_days: limits.downloadDays
})

const TierView = Schema.Struct({
  tier: Schema.Literals(tierNames),
  title: Schema.String,
  credits_monthly: Whole("Credits that every month begins with.", 1_000),
  credit_price_dollars: Schema.NullOr(Dollars).annotate({
    description: "Of a credit when it is used; null where credits are bought beforehand, or not at all."
  }),
  ...limitFields
}).annotate({ identifier: "Tier", description: "What a kind of account gets." })

const PackageView = Schema.Struct({ credits: Schema.Int, price_dollars: Dollars }).annotate({
  identifier: "CreditPackage",
  description: "Credits of the tier `project`, which do not expire."
})

const CallPrice = Schema.Struct({
  operation: Schema.String.annotate({ description: "The call, by its `operationId`.", examples: ["getOrderbook"] }),
  key: Schema.Boolean.annotate({ description: "Whether it needs a key." }),
  credits: Whole("Credits of an answer, or of every `rows_per_credit` that are begun.", 1),
  rows_per_credit: Schema.NullOr(Schema.Int).annotate({
    description:
      "Entries of a list, rows of files or records of a stream for a credit; null where an answer has one price."
  })
}).annotate({ identifier: "CallPrice", description: "What a call costs." })

export const Pricing = Schema.Struct({
  tiers: Schema.Array(TierView),
  packages: Schema.Array(PackageView),
  calls: Schema.Array(CallPrice),
  ...answerFields
}).annotate({ identifier: "Pricing", description: "What there is to buy, and what calls cost." })

const tierView = (name: (typeof tierNames)[number], tier: Tier) => ({
  tier: name,
  title: tier.title,
  credits_monthly: tier.creditsMonthly,
  credit_price_dollars: tier.creditPriceE4 === null ? null : dollarsFromPriceE4(tier.creditPriceE4),
  ...limitsView(tier)
})

/** The whole table. */
export const view = () => ({
  tiers: tierNames.map((name) => tierView(name, tiers[name])),
  packages: packages.map(({ credits, priceE4 }) => ({ credits, price_dollars: dollarsFromPriceE4(priceE4) })),
  // What people do with their account in person is no call of a key, and costs nothing.
  calls: Object.entries<Price>({ ...prices, ...streamPrices })
    .filter(([, { kind }]) => kind !== "member" && kind !== "person")
    .map(([operation, price]) => ({
      operation,
      key: price.kind !== "public",
      credits: price.kind === "call" ? price.credits : "rowsPerCredit" in price ? 1 : 0,
      rows_per_credit: "rowsPerCredit" in price ? price.rowsPerCredit : null
    }))
})
