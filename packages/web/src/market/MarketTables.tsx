/** What was traded in a market, and what the exchange said of its life. */
import { useQuery } from "@tanstack/react-query"
import { memo } from "react"
import type { Trade } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Callout } from "../design/Badge.tsx"
import { Button } from "../design/Button.tsx"
import { Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"

const rowsMax = 100

/** The latest first. A row leads to the book of its moment. */
interface Props {
  readonly trades: ReadonlyArray<Trade>
  readonly gaps: number
  readonly onMoment: (atMicros: number) => void
}

export const TradesTable = memo((props: Props) => {
  const times = useTimes()
  const shown = props.trades.slice(-rowsMax).reverse()
  if (shown.length === 0) return <Empty title="No trades in this time">They appear here as they are received.</Empty>
  return (
    <>
      {props.gaps === 0 ? null : (
        <div className="p-4 pb-0">
          <Callout tone="warn">
            {Numbers.count(props.gaps)} {props.gaps === 1 ? "hole" : "holes"} of the trades' channel touch this time:
            some trades may be missing, unless they were read again from the exchange.
          </Callout>
        </div>
      )}
      <Table label="Trades" className="max-h-96 overflow-y-auto">
        <thead className="sticky top-0 bg-panel">
          <tr>
            <th>Time ({times.zone === "utc" ? "UTC" : "local"})</th>
            <th>Taker bought</th>
            <th className="!text-right">Yes price, ¢</th>
            <th className="!text-right">Contracts</th>
            <th>
              <span className="sr-only">Book</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((trade) => (
            <tr key={trade.trade_id}>
              <td className="font-mono text-xs whitespace-nowrap">{times.exact(Instant.micros(trade.ts_exchange))}</td>
              <td className={trade.taker_outcome_side === "yes" ? "text-yes" : "text-no"}>
                {trade.taker_outcome_side}
              </td>
              <td className="text-right">{Numbers.cents(Numbers.e4(trade.yes_price_dollars))}</td>
              <td className="text-right">{Numbers.contracts(Numbers.e2(trade.count_fp))}</td>
              <td className="!py-0 text-right">
                <Button
                  look="quiet"
                  className="min-h-7 px-2 text-xs"
                  onClick={() => props.onMoment(Instant.micros(trade.ts_received))}
                >
                  Book then
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      {props.trades.length > rowsMax ? (
        <p className="border-t border-line px-4 py-2 text-xs text-faint">
          The latest {rowsMax} of {Numbers.count(props.trades.length)} in the shown time.
        </p>
      ) : null}
    </>
  )
})

export const LifecycleTable = ({ ticker }: { readonly ticker: string }) => {
  const times = useTimes()
  return (
    <Answered query={useQuery(Queries.lifecycle(ticker))}>
      {({ lifecycle }) =>
        lifecycle.length === 0 ? (
          <Empty title="The exchange said nothing of this market's life yet">
            Openings and closings by schedule have no message; changes, results and settlements do.
          </Empty>
        ) : (
          <Table label="Lifecycle messages">
            <thead>
              <tr>
                <th>Received</th>
                <th>Message</th>
                <th>What it says</th>
              </tr>
            </thead>
            <tbody>
              {lifecycle.map((message) => (
                <tr key={`${message.ts_received}-${message.seq}-${message.event_type}`}>
                  <td className="whitespace-nowrap">{times.moment(Instant.micros(message.ts_received))}</td>
                  <td className="whitespace-nowrap">{message.event_type.replaceAll("_", " ")}</td>
                  <td className="font-mono text-xs break-all text-soft">{JSON.stringify(message.msg)}</td>
                </tr>
              ))}
            </tbody>
          </Table>
        )
      }
    </Answered>
  )
}
