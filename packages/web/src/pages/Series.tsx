/** A series, with its events. */
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import * as Queries from "../api/Queries.ts"
import { Page, Panel, Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"

const eventsMax = 200

export const Series = () => {
  const { ticker } = useParams({ from: "/series/$ticker" })
  const times = useTimes()
  const series = useQuery(Queries.series(ticker))
  return (
    <Page
      title={String(series.data?.series["title"] ?? ticker)}
      lead={series.data === undefined ? undefined : `${String(series.data.series["category"] ?? "")} series ${ticker}`}
    >
      <Panel flush title="Events">
        <Answered query={useQuery(Queries.events({ series_ticker: ticker, limit: eventsMax }))}>
          {({ events }) =>
            events.length === 0 ? (
              <Empty title="No event of this series was seen" />
            ) : (
              <Table label="Events">
                <thead>
                  <tr>
                    <th>Event</th>
                    <th>Title</th>
                    <th>First seen</th>
                  </tr>
                </thead>
                <tbody>
                  {events.map((event) => (
                    <tr key={event.event_ticker}>
                      <td>
                        <Link
                          to="/events/$ticker"
                          params={{ ticker: event.event_ticker }}
                          className="link font-mono text-xs"
                        >
                          {event.event_ticker}
                        </Link>
                      </td>
                      <td>
                        {String(event["title"] ?? "")}{" "}
                        <span className="text-soft">{String(event["sub_title"] ?? "")}</span>
                      </td>
                      <td className="whitespace-nowrap text-soft">{times.moment(Instant.micros(event.ts_observed))}</td>
                    </tr>
                  ))}
                </tbody>
              </Table>
            )
          }
        </Answered>
      </Panel>
    </Page>
  )
}
