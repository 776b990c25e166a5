/** What there is to buy, from the one table of prices. */
import { useQuery } from "@tanstack/react-query"
import type { Pricing } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Answered } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"

type Tier = Pricing["tiers"][number]

const priceOf = (tier: Tier, packages: Pricing["packages"]): readonly [string, string] => {
  const [first] = packages
  if (tier.credit_price_dollars !== null) return [Numbers.dollars(tier.credit_price_dollars), "a credit"]
  if (tier.tier === "project" && first !== undefined) {
    return [Numbers.dollars(first.price_dollars), `for ${Numbers.count(first.credits)} credits`]
  }
  return tier.credits_monthly > 0
    ? ["$0", `${Numbers.count(tier.credits_monthly)} credits a month`]
    : ["Talk to us", ""]
}

export const Tiers = () => (
  <Answered query={useQuery(Queries.pricing)} lines={6}>
    {({ packages, tiers }) => (
      <ul className="grid gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-2 xl:grid-cols-4">
        {tiers.map((tier) => {
          const [name = "", lead = ""] = tier.title.split(/: (.*)/)
          const [price, unit] = priceOf(tier, packages)
          return (
            <li key={tier.tier} className="bg-panel p-5">
              <h3 className="font-semibold">{name}</h3>
              <p className="min-h-10 text-sm text-soft text-balance first-letter:uppercase">{lead}</p>
              <p className="mt-4">
                <span className="text-xl font-semibold tracking-tight">{price}</span>{" "}
                <span className="text-soft">{unit}</span>
              </p>
              <dl className="mt-4 grid gap-1.5 text-sm">
                <Limit name="Requests a second" value={tier.requests_per_second} />
                <Limit name="Open streams" value={tier.connections} />
                <Limit name="Replay speed" value={`${Numbers.count(tier.replay_speed_max)}×`} />
                <Limit
                  name="Downloads kept"
                  value={`${tier.download_days} ${tier.download_days === 1 ? "day" : "days"}`}
                />
              </dl>
            </li>
          )
        })}
      </ul>
    )}
  </Answered>
)

const Limit = (props: { readonly name: string; readonly value: number | string }) => (
  <div className="flex justify-between gap-3">
    <dt className="text-soft">{props.name}</dt>
    <dd className="font-medium">{typeof props.value === "number" ? Numbers.count(props.value) : props.value}</dd>
  </div>
)
