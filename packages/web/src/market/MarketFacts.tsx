/** A market as the exchange describes it: its rules in full, and every field that came. */
import type { Market } from "../api/Answers.ts"
import { Fact, Facts, Table } from "../design/Panel.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"
import { instantOf } from "./Life.ts"

const shownAlready = new Set(["rules_primary", "rules_secondary"])

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value)

export const MarketFacts = ({ market }: { readonly market: Market }) => {
  const times = useTimes()
  const time = (field: string) => {
    const micros = instantOf(market[field])
    return micros === undefined ? "not known" : times.moment(micros)
  }
  const rest = Object.entries(market).filter(([name, value]) => !shownAlready.has(name) && textOf(value) !== "")
  return (
    <div>
      <div className="grid gap-5 p-4">
        <Facts>
          <Fact name="Opened">{time("open_time")}</Fact>
          <Fact name="Closes">{time("close_time")}</Fact>
          <Fact name="Expires">{time("expiration_time")}</Fact>
          <Fact name="Result">{textOf(market["result"]) || "none yet"}</Fact>
        </Facts>
        <div className="max-w-3xl space-y-2 text-pretty">
          <p>{textOf(market["rules_primary"]) || "The exchange gave no rules."}</p>
          {textOf(market["rules_secondary"]) === "" ? null : <p>{textOf(market["rules_secondary"])}</p>}
        </div>
        <p className="text-xs text-faint">
          Version {market.version} of its description, first seen {times.moment(Instant.micros(market.ts_observed))}.
        </p>
      </div>
      <Table label="All fields of the market">
        <thead>
          <tr>
            <th>Field</th>
            <th>Value</th>
          </tr>
        </thead>
        <tbody>
          {rest.map(([name, value]) => (
            <tr key={name}>
              <td className="font-mono text-xs text-soft">{name}</td>
              <td className="font-mono text-xs break-all">{textOf(value)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}
