/** What can be bought at a checkout, out of the pricing table: paying as you go, and each package of credits. */
import { packages, tiers } from "./Pricing.ts"

export interface PlanItem {
  /** As the API names it. */
  readonly name: string
  /** Whether it is paid by use, every month, or once. */
  readonly kind: "metered" | "once"
  /** Credits that it adds; 0 where they are paid when they are used. */
  readonly credits: number
  /** Of a credit that is used, or of all of it: 1/10,000 dollar. */
  readonly priceE4: number
  /** The same in cents, as a decimal. */
  readonly centsDecimal: string
  /** By which the payment service finds price and product. */
  readonly lookupKey: string
  readonly productId: string
  /** For people. */
  readonly title: string
}

const centsOf = (priceE4: number): string => {
  const [whole, fraction] = [Math.floor(priceE4 / 100), priceE4 % 100]
  return fraction === 0 ? String(whole) : `${whole}.${String(fraction).padStart(2, "0").replace(/0$/, "")}`
}

const item = (name: string, facts: Pick<PlanItem, "kind" | "credits" | "priceE4" | "title">): PlanItem => ({
  ...facts,
  name,
  centsDecimal: centsOf(facts.priceE4),
  lookupKey: `kalshibook_${name}`,
  productId: `kalshibook_${name}`
})

export const payAsYouGo: PlanItem = item("payg", {
  kind: "metered",
  credits: 0,
  priceE4: tiers.payg.creditPriceE4 ?? 0,
  title: "KalshiBook: pay as you go"
})

export const planItems: ReadonlyArray<PlanItem> = [
  payAsYouGo,
  ...packages.map(({ credits, priceE4 }) =>
    item(`project_${credits}`, {
      kind: "once",
      credits,
      priceE4,
      title: `KalshiBook: ${credits.toLocaleString("en-US")} credits`
    })
  )
]
