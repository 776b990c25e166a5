/** What the account of the key used: by day, call and key, and request by request; and what is left. */
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Usage as UsageAnswer } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Button, Choice } from "../design/Button.tsx"
import { Fact, Facts, Page, Panel, Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import * as ApiKey from "../session/ApiKey.ts"
import { KeyEntry } from "../session/KeyEntry.tsx"
import { useKnown } from "../session/Known.ts"
import { CreditsChart } from "../usage/CreditsChart.tsx"
import { Requests } from "../usage/Requests.tsx"
import * as UsageRows from "../usage/UsageRows.ts"

const ranges = { month: "This month", days30: "30 days", days90: "90 days" } as const
type Range = keyof typeof ranges
const daysOf = { days30: 30, days90: 90 } as const
const dayMicros = 86_400_000_000

const fromOf = (range: Range): string | undefined =>
  range === "month" ? undefined : Instant.isoShort(Math.floor(nowMicros() / dayMicros - daysOf[range] + 1) * dayMicros)

export const Usage = () => {
  const key = useKnown()
  const [range, setRange] = useState<Range>("month")
  return (
    <Page
      title="Usage"
      lead="As soon as a call is answered it is counted here; errors within seconds. Days are UTC."
      aside={
        key === undefined ? null : (
          <div className="flex flex-wrap gap-2">
            <Choice
              label="Time"
              value={range}
              options={Object.entries(ranges) as ReadonlyArray<[Range, string]>}
              onChange={setRange}
            />
            {ApiKey.current() === undefined ? null : (
              <Button onClick={() => ApiKey.set(undefined)}>Forget the key</Button>
            )}
          </div>
        )
      }
    >
      {key === undefined ? (
        <Panel>
          <KeyEntry />
        </Panel>
      ) : (
        <OfRange from={fromOf(range)} />
      )}
    </Page>
  )
}

const OfRange = ({ from }: { readonly from: string | undefined }) => {
  const query = useQuery({ ...Queries.usage({ from }), placeholderData: keepPreviousData })
  return <Answered query={query}>{(usage) => <Used usage={usage} />}</Answered>
}

const groupings = { operation: "By call", key: "By key", day: "By day" } as const
type Grouping = keyof typeof groupings

const Used = ({ usage }: { readonly usage: UsageAnswer }) => {
  const [by, setBy] = useState<Grouping>("operation")
  const rows = UsageRows.grouped(usage.days, by)
  return (
    <div className="grid gap-4">
      <Panel>
        <Facts className="grid-cols-2 lg:grid-cols-4">
          <Fact name="Credits used in this time">{Numbers.count(usage.credits_used)}</Fact>
          <Fact name="Credits left">
            {usage.credits_remaining === null ? "no end" : Numbers.count(usage.credits_remaining)}
          </Fact>
          <Fact name="Used this month">{Numbers.count(usage.month_credits_used)}</Fact>
          <Fact name="Cap of a month">
            {usage.month_credits_cap === null ? "none" : Numbers.count(usage.month_credits_cap)}
          </Fact>
        </Facts>
      </Panel>
      {usage.days.length === 0 ? (
        <Panel>
          <Empty title="Nothing was used in this time">Calls of this account appear here at once.</Empty>
        </Panel>
      ) : (
        <>
          <Panel title="Credits by day">
            <CreditsChart
              days={usage.days}
              fromMicros={Instant.micros(usage.from)}
              toMicros={Instant.micros(usage.to)}
            />
          </Panel>
          <Panel
            flush
            title="Calls"
            aside={
              <div className="flex flex-wrap items-center gap-2">
                <Choice
                  label="Grouping"
                  value={by}
                  options={Object.entries(groupings) as ReadonlyArray<[Grouping, string]>}
                  onChange={setBy}
                />
                <a
                  className="link text-xs"
                  download="kalshibook-usage.csv"
                  href={`data:text/csv;charset=utf-8,${encodeURIComponent(UsageRows.csv(usage.days))}`}
                >
                  CSV
                </a>
              </div>
            }
          >
            <Table label="Usage">
              <thead>
                <tr>
                  <th>{by === "operation" ? "Call" : by === "key" ? "Key" : "Day"}</th>
                  <th className="!text-right">Calls</th>
                  <th className="!text-right">Rows</th>
                  <th className="!text-right">Credits</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.name}>
                    <td className="font-mono text-xs">{row.name}</td>
                    <td className="text-right">{Numbers.count(row.calls)}</td>
                    <td className="text-right">{Numbers.count(row.rows)}</td>
                    <td className="text-right">{Numbers.count(row.credits)}</td>
                  </tr>
                ))}
              </tbody>
            </Table>
          </Panel>
        </>
      )}
      <Requests from={usage.from} />
    </div>
  )
}
