/** What there is to buy, and what each call costs. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import * as Queries from "../api/Queries.ts"
import { Page, Panel, Table } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"
import { useOperations } from "../playground/Operations.ts"
import { Tiers } from "../pricing/Tiers.tsx"

export const Pricing = () => {
  const operations = useOperations()
  const titles = new Map(operations.data?.map(({ id, summary }) => [id, summary]))
  return (
    <Page
      title="Pricing"
      lead="Credits are the one unit. Errors, empty lists, stale books and the same page again cost nothing, and every call can be asked beforehand what it would cost."
    >
      <div className="grid gap-6">
        <h2 className="sr-only">Tiers</h2>
        <Tiers />
        <Answered query={useQuery(Queries.pricing)}>
          {({ calls, packages }) => (
            <>
              <Panel flush title="Packages of the tier Project: they do not expire">
                <Table label="Packages">
                  <thead>
                    <tr>
                      <th className="!text-right">Credits</th>
                      <th className="!text-right">Price</th>
                      <th className="!text-right">A credit</th>
                    </tr>
                  </thead>
                  <tbody>
                    {packages.map(({ credits, price_dollars }) => (
                      <tr key={credits}>
                        <td className="text-right">{Numbers.count(credits)}</td>
                        <td className="text-right">{Numbers.dollars(price_dollars)}</td>
                        <td className="text-right">
                          ${Number((Numbers.e4(price_dollars) / 10_000 / credits).toFixed(5))}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </Table>
              </Panel>
              <Panel flush title="What calls cost">
                <Table label="Calls">
                  <thead>
                    <tr>
                      <th>Call</th>
                      <th className="!text-right">Credits</th>
                      <th>For</th>
                      <th>Key</th>
                      <th>Operation</th>
                    </tr>
                  </thead>
                  <tbody>
                    {calls.map((call) => (
                      <tr key={call.operation}>
                        <td className="min-w-40">{titles.get(call.operation) ?? call.operation}</td>
                        <td className="text-right">{call.credits === 0 ? "free" : call.credits}</td>
                        <td className="text-soft">
                          {call.credits === 0
                            ? ""
                            : call.rows_per_credit === null
                              ? "each answer"
                              : `each ${Numbers.count(call.rows_per_credit)} rows begun`}
                        </td>
                        <td className="text-soft">{call.key ? "needed" : "none"}</td>
                        <td className="font-mono text-xs">
                          {titles.has(call.operation) ? (
                            <Link to="/playground" search={{ op: call.operation }} className="link">
                              {call.operation}
                            </Link>
                          ) : (
                            call.operation
                          )}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </Table>
              </Panel>
            </>
          )}
        </Answered>
      </div>
    </Page>
  )
}
