/** Markets in a table that leads to each. */
import { Link } from "@tanstack/react-router"
import type { Market } from "../api/Answers.ts"
import { Badge, statusTone } from "../design/Badge.tsx"
import { Table } from "../design/Panel.tsx"
import { useTimes } from "../format/Zone.ts"
import { instantOf } from "../market/Life.ts"

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

export const MarketTable = (props: { readonly markets: ReadonlyArray<Market>; readonly hasTitles?: boolean }) => {
  const times = useTimes()
  const moment = (value: unknown) => {
    const micros = instantOf(value)
    return micros === undefined ? "" : times.moment(micros)
  }
  return (
    <Table label="Markets">
      <thead>
        <tr>
          <th>Market</th>
          <th>Status</th>
          <th>Opened</th>
          <th>Closes</th>
          <th>Result</th>
        </tr>
      </thead>
      <tbody>
        {props.markets.map((market) => (
          <tr key={market.ticker}>
            <td>
              <Link to="/markets/$ticker" params={{ ticker: market.ticker }} className="group block min-w-56">
                {props.hasTitles === false ? null : <span className="block">{textOf(market["title"])}</span>}
                <span className="text-soft">{textOf(market["yes_sub_title"]) || textOf(market["subtitle"])}</span>{" "}
                <span className="block font-mono text-xs text-accent group-hover:underline">{market.ticker}</span>
              </Link>
            </td>
            <td>
              <Badge tone={statusTone(market["status"])}>{textOf(market["status"])}</Badge>
            </td>
            <td className="whitespace-nowrap text-soft">{moment(market["open_time"])}</td>
            <td className="whitespace-nowrap text-soft">{moment(market["close_time"])}</td>
            <td>{textOf(market["result"])}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
