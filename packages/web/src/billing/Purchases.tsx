/** What can be bought: a button leads to the page of the payment service, and that page leads back. */
import { useMutation, useQuery } from "@tanstack/react-query"
import type { Billing, PaymentPage } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { Panel } from "../design/Panel.tsx"
import { Answered, Refused } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"

const leave = ({ url }: PaymentPage): void => window.location.assign(url)

export const Purchases = ({ billing }: { readonly billing: Billing }) => {
  const pricing = useQuery(Queries.pricing)
  const checkout = useMutation({
    mutationFn: (item: string) =>
      Client.ask<PaymentPage>({ method: "POST", path: "/v1/billing/checkout", body: { buy: item } }),
    onSuccess: leave
  })
  const portal = useMutation({
    mutationFn: () => Client.ask<PaymentPage>({ method: "POST", path: "/v1/billing/portal", body: {} }),
    onSuccess: leave
  })
  const isBusy = checkout.isPending || portal.isPending
  const buy = (item: string, label: string) => (
    <Button look="primary" disabled={isBusy || !billing.can_buy.includes(item)} onClick={() => checkout.mutate(item)}>
      {label}
    </Button>
  )
  return (
    <Panel
      title="Buy"
      aside={
        billing.has_portal ? (
          <Button disabled={isBusy} onClick={() => portal.mutate()}>
            Cards, invoices, cancelling
          </Button>
        ) : null
      }
    >
      <Answered query={pricing}>
        {({ packages, tiers }) => (
          <ul className="grid gap-px overflow-hidden rounded-md border border-line bg-line sm:grid-cols-2 xl:grid-cols-4">
            <li className="grid content-between gap-3 bg-panel p-4">
              <div>
                <h3 className="font-semibold">Pay as you go</h3>
                <p className="text-sm text-soft">
                  {Numbers.dollars(tiers.find(({ tier }) => tier === "payg")?.credit_price_dollars ?? "0")} a credit
                  that is used, billed by the month
                </p>
              </div>
              {buy("payg", billing.plan === "payg" ? "This is your plan" : "Pay as you go")}
            </li>
            {packages.map(({ credits, price_dollars }) => (
              <li key={credits} className="grid content-between gap-3 bg-panel p-4">
                <div>
                  <h3 className="font-semibold">{Numbers.count(credits)} credits</h3>
                  <p className="text-sm text-soft">{Numbers.dollars(price_dollars)} once; they do not expire</p>
                </div>
                {buy(`project_${credits}`, `Buy for ${Numbers.dollars(price_dollars)}`)}
              </li>
            ))}
          </ul>
        )}
      </Answered>
      {billing.can_buy.length > 0 ? null : (
        <p className="mt-3 text-sm text-soft">
          {billing.plan === "enterprise"
            ? "This account is billed by contract."
            : "Nothing can be bought on this server, or not before what is owed is paid."}
        </p>
      )}
      {checkout.error === null ? null : <Refused problem={checkout.error} />}
      {portal.error === null ? null : <Refused problem={portal.error} />}
    </Panel>
  )
}
