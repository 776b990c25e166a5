/** Everything that was seen on the exchange, with search and filters; for who has no key, what is open to everybody. */
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useDeferredValue, useState } from "react"
import type { Market, SeriesPage } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { MarketTable } from "../catalog/MarketTable.tsx"
import { Callout } from "../design/Badge.tsx"
import { Button } from "../design/Button.tsx"
import { SelectField, TextField } from "../design/Field.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"
import { useOperations } from "../playground/Operations.ts"
import { useKnown } from "../session/Known.ts"

const pageMarkets = 100
const statuses = ["active", "initialized", "inactive", "closed", "determined", "finalized"] as const

export const Explore = () => {
  const key = useKnown()
  const settings = useQuery(Queries.settings)
  const search = useSearch({ from: "/explore" })
  const navigate = useNavigate({ from: "/explore" })
  const demo = settings.data?.demo_series ?? []
  const set = (name: string, value: string) =>
    void navigate({
      search: (before: Readonly<Record<string, string>>) => {
        const { [name]: _, ...rest } = before
        return value === "" ? rest : { ...rest, [name]: value }
      },
      replace: true
    })
  const series = search["series"] ?? (key === undefined ? (demo[0] ?? "") : "")
  return (
    <Page
      title="Explore"
      lead="Every series, event and market that was seen on the exchange. Each market leads to its book at any moment."
    >
      <div className="grid gap-4">
        {key === undefined ? (
          <Callout
            title={
              demo.length > 0 ? `You are looking at the open series: ${demo.join(", ")}` : "A key opens the catalogue"
            }
          >
            Its markets are whole and need no key. The rest of the exchange does:{" "}
            <Link to="/keys" className="link">
              use a key
            </Link>
            , a thousand credits a month are free.
          </Callout>
        ) : (
          <SeriesPicker chosen={series} onChoose={(ticker) => set("series", ticker)} />
        )}
        {key === undefined && demo.length === 0 ? null : (
          <Panel flush>
            <Filters search={search} onChange={set} canSeries={key !== undefined} />
            <Found
              key={`${series}-${search["status"] ?? ""}-${search["event"] ?? ""}`}
              series={series}
              status={search["status"] ?? ""}
              event={search["event"] ?? ""}
              words={search["q"] ?? ""}
            />
          </Panel>
        )}
      </div>
    </Page>
  )
}

const Filters = (props: {
  readonly search: Readonly<Record<string, string>>
  readonly onChange: (name: string, value: string) => void
  readonly canSeries: boolean
}) => (
  <div className="grid gap-3 p-4 sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_minmax(0,1fr)]">
    <TextField
      name="Search"
      type="search"
      placeholder="Words of the title, or part of a ticker"
      defaultValue={props.search["q"] ?? ""}
      onChange={(event) => props.onChange("q", event.target.value)}
    />
    <SelectField
      name="Status"
      value={props.search["status"] ?? ""}
      onChange={(event) => props.onChange("status", event.target.value)}
    >
      <option value="">Any</option>
      {statuses.map((status) => (
        <option key={status}>{status}</option>
      ))}
    </SelectField>
    <TextField
      name="Event ticker"
      placeholder="KXBTC15M-26NOV211415"
      defaultValue={props.search["event"] ?? ""}
      onBlur={(event) => props.onChange("event", event.target.value.trim())}
      onKeyDown={(event) =>
        event.key === "Enter" ? props.onChange("event", event.currentTarget.value.trim()) : undefined
      }
    />
  </div>
)

const wordsOf = (market: Market): string =>
  [market.ticker, market["title"], market["yes_sub_title"], market["subtitle"]].join(" ").toLowerCase()

/** Whether the API itself finds markets by words: asked when there are any. Else those of the page are gone through here. */
const useCanSearch = (isWanted: boolean): boolean =>
  useOperations(isWanted).data?.some(
    ({ id, parameters }) => id === "listMarkets" && parameters.some(({ name }) => name === "q")
  ) ?? false

const Found = (props: {
  readonly series: string
  readonly status: string
  readonly event: string
  readonly words: string
}) => {
  const [cursors, setCursors] = useState<ReadonlyArray<string>>([])
  const typed = useDeferredValue(props.words.trim())
  const isServerSearching = useCanSearch(typed !== "")
  const words = isServerSearching ? [] : typed.toLowerCase().split(/\s+/).filter(Boolean)
  const query = {
    series_ticker: props.series,
    status: props.status,
    event_ticker: props.event,
    q: isServerSearching ? typed : undefined,
    limit: pageMarkets,
    cursor: cursors.at(-1)
  }
  const found = useQuery({ ...Queries.markets(query), placeholderData: keepPreviousData })
  const markets = found.data?.markets.filter((market) => words.every((word) => wordsOf(market).includes(word))) ?? []
  return (
    <Answered query={found} lines={10}>
      {({ cursor, markets: all }) => (
        <>
          {markets.length === 0 ? (
            <Empty title="No market fits">
              {all.length > 0 && cursor !== ""
                ? "On this page, that is: the next may have some."
                : "Take a filter away."}
            </Empty>
          ) : (
            <MarketTable markets={markets} />
          )}
          <div className="flex items-center justify-between gap-3 border-t border-line px-4 py-2 text-xs text-faint">
            <span aria-live="polite">
              {Numbers.count(markets.length)} {markets.length === 1 ? "market" : "markets"} on this page
            </span>
            <span className="flex gap-1">
              <Button disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>
                Previous
              </Button>
              <Button disabled={cursor === ""} onClick={() => setCursors([...cursors, cursor])}>
                Next
              </Button>
            </span>
          </div>
        </>
      )}
    </Answered>
  )
}

/** All series by category: fewer than a page. */
const SeriesPicker = (props: { readonly chosen: string; readonly onChoose: (ticker: string) => void }) => (
  <Panel title="Series" aside={<span className="text-xs text-faint">Events that recur</span>}>
    <Answered query={useQuery(Queries.seriesList({ limit: 1_000 }))} lines={4}>
      {(page) => (
        <div className="flex max-h-64 flex-wrap gap-x-8 gap-y-4 overflow-y-auto">
          <Group name="All" entries={[["", "every series"]]} {...props} />
          {byCategory(page).map(([category, entries]) => (
            <Group key={category} name={category} entries={entries} {...props} />
          ))}
        </div>
      )}
    </Answered>
  </Panel>
)

const byCategory = ({ series }: SeriesPage) => {
  const groups = new Map<string, Array<readonly [string, string]>>()
  for (const one of series) {
    const category = String(one["category"] ?? "Other")
    groups.set(category, [...(groups.get(category) ?? []), [one.ticker, String(one["title"] ?? "")]])
  }
  return [...groups].sort(([one], [other]) => one.localeCompare(other))
}

const Group = (props: {
  readonly name: string
  readonly entries: ReadonlyArray<readonly [string, string]>
  readonly chosen: string
  readonly onChoose: (ticker: string) => void
}) => (
  <div>
    <h3 className="mb-1 text-xs text-faint">{props.name}</h3>
    <ul className="flex flex-wrap gap-1">
      {props.entries.map(([ticker, title]) => (
        <li key={ticker}>
          <Button
            className="min-h-7 px-2 text-xs font-normal aria-pressed:bg-accent aria-pressed:text-on-accent"
            aria-pressed={ticker === props.chosen}
            title={title}
            onClick={() => props.onChoose(ticker)}
          >
            {ticker === "" ? "every series" : ticker}
          </Button>
        </li>
      ))}
    </ul>
  </div>
)
