/** What an account used, as an answer. */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { type TierName, tierNames } from "./Pricing.ts"
import { answerFields, Instant } from "./Scalars.ts"

const UsageDay = Schema.Struct({
  day: Schema.String.annotate({ description: "The UTC day.", examples: ["2026-11-21"] }),
  operation: Schema.String.annotate({ description: "The call, by its `operationId`.", examples: ["getOrderbook"] }),
  key: Schema.String.annotate({ description: "The public prefix of the key.", examples: ["7Yq0hT3kPa"] }),
  calls: Schema.Int,
  credits: Schema.Int,
  rows: Schema.Int.annotate({ description: "Entries of the answers." })
}).annotate({ identifier: "UsageDay", description: "What one key used of one call on one day." })

export const Usage = Schema.Struct({
  tier: Schema.Literals(tierNames),
  from: Instant,
  to: Instant,
  credits_used: Schema.Int.annotate({ description: "In [from, to)." }),
  month_credits_used: Schema.Int.annotate({ description: "In this month (UTC) so far." }),
  month_credits_cap: Schema.NullOr(Schema.Int).annotate({ description: "At most, in a month; null for no cap." }),
  credits_remaining: Schema.NullOr(Schema.Int).annotate({
    description: "Still to be used; null where there is no end."
  }),
  days: Schema.Array(UsageDay),
  ...answerFields
}).annotate({ identifier: "Usage", description: "What an account used, and what is left." })

export interface UsageFacts {
  readonly tier: TierName
  readonly fromMicros: number
  readonly toMicros: number
  readonly monthUsed: number
  readonly capCredits: number | null
  readonly remaining: number | null
  readonly rows: ReadonlyArray<{
    readonly dayMicros: number
    readonly endpoint: string
    readonly prefix: string
    readonly calls: number
    readonly credits: number
    readonly rows: number
  }>
}

export const view = ({ capCredits, fromMicros, monthUsed, remaining, rows, tier, toMicros }: UsageFacts) => ({
  tier,
  from: isoFromMicros(fromMicros),
  to: isoFromMicros(toMicros),
  credits_used: rows.reduce((sum, row) => sum + row.credits, 0),
  month_credits_used: monthUsed,
  month_credits_cap: capCredits,
  credits_remaining: remaining,
  days: rows.map((row) => ({
    day: isoFromMicros(row.dayMicros).slice(0, 10),
    operation: row.endpoint,
    key: row.prefix,
    calls: row.calls,
    credits: row.credits,
    rows: row.rows
  }))
})
