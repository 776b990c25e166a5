/** One market: its book at any moment of its recorded life, what was traded, what is known of it and what is not. */
import { useQuery } from "@tanstack/react-query"
import { Link, useParams, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import type { Market as MarketAnswer } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Badge, statusTone } from "../design/Badge.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import { Answered, Empty, Loading, Refused } from "../design/States.tsx"
import { nowMicros, useNowMicros } from "../format/Clock.ts"
import { useTimes } from "../format/Zone.ts"
import { instantOf, useLife } from "../market/Life.ts"
import { MarketBook } from "../market/MarketBook.tsx"
import { useOpening } from "../market/MarketGaps.ts"
import { momentOf } from "../market/MomentText.ts"

export const Market = () => {
  const { ticker } = useParams({ from: "/markets/$ticker" })
  return (
    <Answered query={useQuery(Queries.market(ticker))} lines={10}>
      {({ market }) => <OfMarket key={ticker} market={market} />}
    </Answered>
  )
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const OfMarket = ({ market }: { readonly market: MarketAnswer }) => {
  const { at } = useSearch({ from: "/markets/$ticker" })
  const times = useTimes()
  const settings = useQuery(Queries.settings)
  const isDemo = settings.data?.demo_series.includes(market.ticker.split("-", 1)[0] ?? "") ?? false
  const { isEmpty, life, problem } = useLife(market, useNowMicros())
  // The address follows what is shown, so only what it was at first says where to begin.
  const [named] = useState(() => (at === undefined ? undefined : momentOf(at)))
  const found = useOpening(market.ticker, named === undefined ? life : undefined)
  const opening = named ?? found
  const close = instantOf(market["close_time"])
  const eventTicker = textOf(market["event_ticker"])
  return (
    <Page
      title={textOf(market["title"]) || market.ticker}
      lead={textOf(market["yes_sub_title"])}
      aside={
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-soft">
          <Badge tone={statusTone(market["status"])} dot>
            {textOf(market["status"]) || "status unknown"}
          </Badge>
          {close === undefined ? null : (
            <span>
              {close > nowMicros() ? "closes" : "closed"} {times.moment(close)}
            </span>
          )}
          <Link to="/events/$ticker" params={{ ticker: eventTicker }} className="link">
            its event
          </Link>
          <code className="rounded bg-hover px-1.5 py-0.5 font-mono">{market.ticker}</code>
        </div>
      }
    >
      {problem !== null ? (
        <Panel>
          <Refused problem={problem} />
        </Panel>
      ) : isEmpty ? (
        <Panel>
          <Empty title="Nothing was recorded of this market">
            It has not opened yet, or it is not among the recorded markets. Its coverage says which.
          </Empty>
        </Panel>
      ) : life === undefined || opening === undefined || settings.data === undefined ? (
        <Panel>
          <Loading lines={12} />
        </Panel>
      ) : (
        <MarketBook market={market} life={life} isOpenToAll={isDemo} at={named} openingMicros={opening} />
      )}
    </Page>
  )
}
