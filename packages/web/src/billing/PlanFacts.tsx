/** The plan, what is left of it, and what this month costs; and whether it is paid. */
import type { Billing } from "../api/Answers.ts"
import { Badge, Callout, type Tone } from "../design/Badge.tsx"
import { Fact, Facts, Panel } from "../design/Panel.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"

const states: Readonly<Record<Billing["payment"]["state"], readonly [Tone, string]>> = {
  none: ["plain", "nothing to pay"],
  good: ["good", "paid"],
  failed: ["warn", "a payment failed"],
  lapsed: ["bad", "not paid"]
}

/** `$12.34`: whole cents, and every digit of what is less than a dollar. */
const money = (dollars: string): string => {
  const units = Numbers.e4(dollars)
  const [whole = "0", fraction = ""] = (units < 10_000 ? dollars : (Math.round(units / 100) / 100).toFixed(2)).split(
    "."
  )
  return `$${Numbers.count(Number(whole))}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`
}

export const PlanFacts = ({ billing }: { readonly billing: Billing }) => {
  const times = useTimes()
  const [tone, text] = states[billing.payment.state]
  const [name = ""] = billing.plan_title.split(":")
  const { payment, subscription } = billing
  return (
    <>
      {payment.notice === null ? null : (
        <Callout tone={payment.state === "failed" ? "warn" : "bad"} title={text}>
          {payment.notice}
          {payment.grace_until === null
            ? null
            : ` The plan stays until ${times.moment(Instant.micros(payment.grace_until))}.`}
        </Callout>
      )}
      <Panel title="Plan" aside={<Badge tone={tone}>{text}</Badge>}>
        <Facts className="grid-cols-2 lg:grid-cols-4">
          <Fact
            name="Plan"
            note={
              subscription === null
                ? undefined
                : subscription.ends_at === null
                  ? `billed on ${times.day(Instant.micros(subscription.period_end))}`
                  : `ends on ${times.day(Instant.micros(subscription.ends_at))}`
            }
          >
            {name}
          </Fact>
          <Fact
            name="Credits left"
            note={billing.credits_bought === 0 ? undefined : `${Numbers.count(billing.credits_bought)} bought`}
          >
            {billing.credits_remaining === null ? "no end" : Numbers.count(billing.credits_remaining)}
          </Fact>
          <Fact
            name="Credits used this month"
            note={`${Numbers.count(billing.month_credits_forecast)} by its end at this pace`}
          >
            {Numbers.count(billing.month_credits_used)}
          </Fact>
          <Fact
            name="Cost of this month so far"
            note={`${money(billing.month_dollars_forecast)} by its end at this pace`}
          >
            {money(billing.month_dollars)}
          </Fact>
        </Facts>
      </Panel>
    </>
  )
}
