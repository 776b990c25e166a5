/** The gaps of a market in a day or an hour of it, each with its cause and both ends, and the way to its book. */
import { Link } from "@tanstack/react-router"
import type { MarketCoverage } from "../api/Answers.ts"
import * as Causes from "../book/Causes.ts"
import { Table } from "../design/Panel.tsx"
import { Empty } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"

export const HourGaps = (props: {
  readonly coverage: MarketCoverage
  readonly day: string
  readonly hour: string | undefined
}) => {
  const times = useTimes()
  const { coverage } = props
  const hours = coverage.hours.filter(({ hour }) =>
    props.hour === undefined ? hour.startsWith(props.day) : hour === props.hour
  )
  const gaps = hours.flatMap((hour) => hour.gaps.map((gap) => ({ ...gap, key: `${hour.hour}-${gap.offset}` })))
  if (gaps.length === 0) return <Empty title="No gaps in this time" />
  return (
    <Table label="Gaps" className="-mx-4 -mb-4 border-t border-line">
      <thead>
        <tr>
          <th>From</th>
          <th>To</th>
          <th>Cause</th>
          <th className="!text-right">Lost</th>
        </tr>
      </thead>
      <tbody>
        {gaps.map((gap) => (
          <tr key={gap.key}>
            <td className="whitespace-nowrap">
              <Link
                to="/markets/$ticker"
                params={{ ticker: coverage.market_ticker }}
                search={{ at: gap.from }}
                className="link"
              >
                {times.exact(Instant.micros(gap.from))}
              </Link>
            </td>
            <td className="whitespace-nowrap">
              {gap.to === null ? "still open" : times.exact(Instant.micros(gap.to))}
            </td>
            <td className="min-w-32">{Causes.short(gap.cause)}</td>
            <td className="text-right whitespace-nowrap">{Numbers.duration(gap.lost_seconds)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
