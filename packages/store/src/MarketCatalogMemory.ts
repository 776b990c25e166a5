/** The catalogue in memory: the same contract as in Postgres, by the plainest means, for tests. */
import { Effect, Option, Predicate } from "effect"
import type { CatalogEntry, CatalogPage, MarketCatalog } from "./MarketCatalog.ts"

type Entries = Map<string, CatalogEntry>

export const make = (): MarketCatalog["Service"] => {
  const series: Entries = new Map()
  const events: Entries = new Map()
  const markets: Entries = new Map()

  const textOf = (entry: CatalogEntry | undefined, field: string): string | undefined => {
    const value = entry?.body[field]
    return Predicate.isString(value) ? value : undefined
  }
  const eventOf = (market: CatalogEntry) => events.get(textOf(market, "event_ticker") ?? "")
  const categoryOf = (event: CatalogEntry | undefined) =>
    textOf(series.get(textOf(event, "series_ticker") ?? ""), "category") ?? textOf(event, "category")

  return {
    observe: (sight) =>
      Effect.sync(() => {
        for (const entry of sight.series) note(series, entry)
        for (const entry of sight.events) note(events, entry)
        for (const entry of sight.markets) note(markets, entry)
      }),
    markets: (filter, page) =>
      Effect.sync(() =>
        pageOf(markets, page, (market) =>
          [
            filter.seriesTicker === undefined || textOf(eventOf(market), "series_ticker") === filter.seriesTicker,
            filter.eventTicker === undefined || textOf(market, "event_ticker") === filter.eventTicker,
            filter.status === undefined || textOf(market, "status") === filter.status,
            filter.category === undefined || categoryOf(eventOf(market)) === filter.category,
            filter.tickers === undefined || filter.tickers.includes(market.ticker)
          ].every((passes) => passes)
        )
      ),
    market: (ticker) => Effect.sync(() => Option.fromNullishOr(markets.get(ticker))),
    events: (filter, page) =>
      Effect.sync(() =>
        pageOf(events, page, (event) =>
          [
            filter.seriesTicker === undefined || textOf(event, "series_ticker") === filter.seriesTicker,
            filter.category === undefined || categoryOf(event) === filter.category
          ].every((passes) => passes)
        )
      ),
    event: (ticker) => Effect.sync(() => Option.fromNullishOr(events.get(ticker))),
    seriesList: (filter, page) =>
      Effect.sync(() =>
        pageOf(series, page, (one) => filter.category === undefined || textOf(one, "category") === filter.category)
      ),
    series: (ticker) => Effect.sync(() => Option.fromNullishOr(series.get(ticker)))
  }
}

/** Keeps the entry unless its body is the one that is known. */
const note = (entries: Entries, entry: CatalogEntry): void => {
  const known = entries.get(entry.ticker)
  if (known === undefined || canonical(known.body) !== canonical(entry.body)) entries.set(entry.ticker, entry)
}

/** JSON text that does not depend on the order of an object's fields. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (!Predicate.isObject(value)) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
    .join(",")}}`
}

const pageOf = (
  entries: Entries,
  page: CatalogPage,
  passes: (entry: CatalogEntry) => boolean
): ReadonlyArray<CatalogEntry> =>
  [...entries.values()]
    .filter((entry) => page.after === undefined || entry.ticker > page.after)
    .filter(passes)
    .sort((left, right) => (left.ticker < right.ticker ? -1 : 1))
    .slice(0, page.entriesMax)
