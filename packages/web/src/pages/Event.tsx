/** An event, with its markets. */
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import * as Queries from "../api/Queries.ts"
import { MarketTable } from "../catalog/MarketTable.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"

export const Event = () => {
  const { ticker } = useParams({ from: "/events/$ticker" })
  const event = useQuery(Queries.event(ticker))
  const series = event.data?.event["series_ticker"]
  return (
    <Page
      title={String(event.data?.event["title"] ?? ticker)}
      lead={
        <>
          Event <code className="font-mono text-xs">{ticker}</code>
          {typeof series === "string" ? (
            <>
              {" "}
              of the series{" "}
              <Link to="/series/$ticker" params={{ ticker: series }} className="link">
                {series}
              </Link>
            </>
          ) : null}
        </>
      }
    >
      <Panel flush title="Markets">
        <Answered query={event}>
          {({ markets, markets_cursor }) =>
            markets.length === 0 ? (
              <Empty title="No market of this event was seen" />
            ) : (
              <>
                <MarketTable markets={markets} hasTitles={false} />
                {markets_cursor === "" ? null : (
                  <p className="border-t border-line px-4 py-3 text-sm text-soft">
                    The first {Numbers.count(markets.length)}.{" "}
                    <Link to="/explore" search={{ event: ticker }} className="link">
                      All of them
                    </Link>
                  </p>
                )}
              </>
            )
          }
        </Answered>
      </Panel>
    </Page>
  )
}
