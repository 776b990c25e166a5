/** How much of a market's open time is known, by hour, and every gap with its cause. */
import { useQuery } from "@tanstack/react-query"
import * as Queries from "../api/Queries.ts"
import * as Causes from "../book/Causes.ts"
import { Losses } from "../calendar/Losses.tsx"
import { Button } from "../design/Button.tsx"
import { Fact, Facts, Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import type { Life } from "./Life.ts"
import { of as gapsOf } from "./MarketGaps.ts"

const hourMicros = 3_600_000_000
const daysMax = 31

export const MarketCoverage = (props: {
  readonly ticker: string
  readonly life: Life
  readonly onMoment: (atMicros: number) => void
}) => {
  const times = useTimes()
  const toMicros = Math.ceil(props.life.toMicros / hourMicros) * hourMicros
  const fromMicros = Math.max(props.life.fromMicros, toMicros - daysMax * 24 * hourMicros)
  const query = useQuery(
    Queries.marketCoverage(props.ticker, { from: Instant.isoShort(fromMicros), to: Instant.isoShort(toMicros) })
  )
  return (
    <Answered query={query}>
      {(coverage) => {
        const gaps = gapsOf(coverage)
        const { totals } = coverage
        return (
          <div>
            <div className="grid gap-5 p-4">
              <Facts>
                <Fact name="Known of its open time">
                  {totals.trusted_ratio === null ? "not open yet" : Numbers.percent(totals.trusted_ratio, 4)}
                </Fact>
                <Fact name="Open">{Numbers.duration(totals.open_seconds)}</Fact>
                <Fact name="Known">{Numbers.duration(totals.trusted_seconds)}</Fact>
                <Fact name="Records">{Numbers.count(totals.records)}</Fact>
              </Facts>
              <Losses losses={totals.lost} />
            </div>
            {gaps.length === 0 ? (
              <Empty title="No gaps">Every moment since its first record is known.</Empty>
            ) : (
              <Table label="Gaps">
                <thead>
                  <tr>
                    <th>From</th>
                    <th>To</th>
                    <th>Cause</th>
                    <th className="!text-right">Record</th>
                    <th>
                      <span className="sr-only">Book</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {gaps.map((gap) => (
                    <tr key={gap.offset}>
                      <td className="whitespace-nowrap">{times.moment(gap.fromMicros)}</td>
                      <td className="whitespace-nowrap">
                        {gap.toMicros === undefined ? "still open" : times.moment(gap.toMicros)}
                      </td>
                      <td>{Causes.short(gap.cause)}</td>
                      <td className="text-right">{Numbers.count(gap.offset)}</td>
                      <td className="!py-0 text-right">
                        <Button
                          look="quiet"
                          className="min-h-7 px-2 text-xs"
                          onClick={() => props.onMoment(gap.fromMicros)}
                        >
                          Show
                        </Button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </Table>
            )}
          </div>
        )
      }}
    </Answered>
  )
}
