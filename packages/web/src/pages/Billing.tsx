/** What the account pays for: plan, what is left, cap, invoices, and where to buy. */
import { useQuery } from "@tanstack/react-query"
import { useSearch } from "@tanstack/react-router"
import * as Queries from "../api/Queries.ts"
import { CapForm } from "../billing/CapForm.tsx"
import { InvoiceTable } from "../billing/InvoiceTable.tsx"
import { PlanFacts } from "../billing/PlanFacts.tsx"
import { Purchases } from "../billing/Purchases.tsx"
import { Callout } from "../design/Badge.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import { KeyEntry } from "../session/KeyEntry.tsx"
import { useKnown } from "../session/Known.ts"

/**
 * What was done on the payment service's pages is told to the server within seconds, but not before they lead back here: so the first half
 * minute looks often.
 */
const askAgainMillis = 2_000
const asksOften = 15
const askRarelyMillis = 60_000

export const Billing = () => {
  const known = useKnown()
  return (
    <Page title="Billing" lead="Months are calendar months in UTC: free credits, caps and invoices alike.">
      {known === undefined ? (
        <Panel>
          <KeyEntry lead="Enter a key with the scope admin to see the plan and the invoices of its account, and to buy." />
        </Panel>
      ) : (
        <OfAccount />
      )}
    </Page>
  )
}

const returned = {
  done: [
    "good",
    "Thank you.",
    "What you bought counts as soon as the payment service has told us, some seconds after it was paid."
  ],
  cancelled: ["plain", "Nothing was bought.", "The checkout was left before it was paid."]
} as const

const isReturn = (word: unknown): word is keyof typeof returned => word === "done" || word === "cancelled"

const OfAccount = () => {
  const { checkout } = useSearch({ from: "/billing" })
  const query = useQuery({
    ...Queries.billing,
    refetchInterval: ({ state }) => (state.dataUpdateCount < asksOften ? askAgainMillis : askRarelyMillis)
  })
  const back = isReturn(checkout) ? returned[checkout] : undefined
  return (
    <Answered query={query}>
      {(billing) => (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          {back === undefined ? null : (
            <Callout tone={back[0]} title={back[1]}>
              {back[2]}
            </Callout>
          )}
          <PlanFacts billing={billing} />
          <Purchases billing={billing} />
          <CapForm key={billing.month_credits_cap} capCredits={billing.month_credits_cap} />
          {/* Whatever changes the plan comes with an invoice. */}
          <InvoiceTable key={`${billing.plan} ${billing.credits_bought}`} />
        </div>
      )}
    </Answered>
  )
}
