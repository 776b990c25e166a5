/** The invoices of the account, and what the running month would cost. */
import { useQuery } from "@tanstack/react-query"
import type { Invoices } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Badge, type Tone } from "../design/Badge.tsx"
import { Panel, Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"

type Invoice = Invoices["invoices"][number]

const tones: Readonly<Record<string, Tone>> = { paid: "good", open: "warn", uncollectible: "bad" }

/** Invoices are in whole cents. */
const cents = (dollars: string): string => `$${dollars.slice(0, -2)}`

export const InvoiceTable = () => (
  <Panel flush title="Invoices">
    <Answered query={useQuery(Queries.invoices)}>
      {({ invoices, upcoming }) =>
        invoices.length === 0 && upcoming === null ? (
          <Empty title="There are no invoices">They appear here as soon as something was bought.</Empty>
        ) : (
          <Table label="Invoices">
            <thead>
              <tr>
                <th className="!text-left">Invoice</th>
                <th className="!text-left">For</th>
                <th className="!text-left">State</th>
                <th className="!text-right">Total</th>
                <th className="!text-right">To pay</th>
              </tr>
            </thead>
            <tbody>
              {upcoming === null ? null : <Row invoice={upcoming} name="running month" />}
              {invoices.map((invoice) => (
                <Row
                  key={`${invoice.number} ${invoice.created_at}`}
                  invoice={invoice}
                  name={invoice.number ?? "draft"}
                />
              ))}
            </tbody>
          </Table>
        )
      }
    </Answered>
  </Panel>
)

const Row = ({ invoice, name }: { readonly invoice: Invoice; readonly name: string }) => {
  const times = useTimes()
  const [start, end] = [Instant.micros(invoice.period_start), Instant.micros(invoice.period_end)]
  return (
    <tr>
      <td className="whitespace-nowrap">
        {invoice.url === null ? (
          name
        ) : (
          <a className="link" href={invoice.url}>
            {name}
          </a>
        )}
      </td>
      <td className="whitespace-nowrap text-soft">
        {start === end ? times.day(start) : `${times.day(start)} – ${times.day(end)}`}
      </td>
      <td>
        <Badge tone={tones[invoice.status] ?? "plain"}>{invoice.status}</Badge>
      </td>
      <td className="text-right">{cents(invoice.total_dollars)}</td>
      <td className="text-right">{cents(invoice.due_dollars)}</td>
    </tr>
  )
}
