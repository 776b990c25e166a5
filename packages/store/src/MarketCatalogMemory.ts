/** The catalogue in memory: the same contract as in Postgres, by the plainest means, for tests. */
import * as MarketSearch from "@kalshibook/core/MarketSearch"
import { Effect, Option, Predicate } from "effect"
import type { CatalogEntry, CatalogPage, CatalogVersion, MarketCatalog } from "./MarketCatalog.ts"

/** By ticker, every version, the oldest first. */
type Versions = Map<string, ReadonlyArray<CatalogVersion>>

export const make = (): MarketCatalog["Service"] => {
  const series: Versions = new Map()
  const events: Versions = new Map()
  const markets: Versions = new Map()
  const kinds = { series, event: events, market: markets }

  const textOf = (entry: CatalogEntry | undefined, field: string): string | undefined => {
    const value = entry?.body[field]
    return Predicate.isString(value) ? value : undefined
  }
  /** What the versions of one moment say of each other. */
  const at = (asOfMicros: number | undefined) => {
    const eventOf = (market: CatalogEntry) => versionAt(events, textOf(market, "event_ticker") ?? "", asOfMicros)
    const categoryOf = (event: CatalogEntry | undefined) =>
      textOf(versionAt(series, textOf(event, "series_ticker") ?? "", asOfMicros), "category") ??
      textOf(event, "category")
    /** The words of a market, its event and its series. */
    const wordsAround = (market: CatalogVersion): ReadonlyArray<string> => {
      const event = eventOf(market)
      const ofSeries = versionAt(series, textOf(event, "series_ticker") ?? "", asOfMicros)
      return [
        MarketSearch.marketText(market.ticker, market.body),
        event === undefined ? "" : MarketSearch.eventText(event.ticker, event.body),
        ofSeries === undefined ? "" : MarketSearch.seriesText(ofSeries.ticker, ofSeries.body)
      ].flatMap(MarketSearch.wordsOf)
    }
    return { eventOf, categoryOf, wordsAround }
  }

  return {
    observe: (sight) =>
      Effect.sync(() => {
        for (const entry of sight.series) note(series, entry)
        for (const entry of sight.events) note(events, entry)
        for (const entry of sight.markets) note(markets, entry)
      }),
    markets: (filter, page) =>
      Effect.sync(() => {
        const { categoryOf, eventOf, wordsAround } = at(page.asOfMicros)
        return pageOf(
          markets,
          page,
          (market) =>
            [
              filter.seriesTicker === undefined || textOf(eventOf(market), "series_ticker") === filter.seriesTicker,
              filter.eventTicker === undefined || textOf(market, "event_ticker") === filter.eventTicker,
              filter.status === undefined || textOf(market, "status") === filter.status,
              filter.category === undefined || categoryOf(eventOf(market)) === filter.category,
              filter.tickers === undefined || filter.tickers.includes(market.ticker),
              filter.question === undefined ||
                MarketSearch.hasAll(wordsAround(market), MarketSearch.wordsOf(filter.question))
            ].every((passes) => passes),
          filter.question
        )
      }),
    market: (ticker, asOfMicros) => Effect.sync(() => Option.fromNullishOr(versionAt(markets, ticker, asOfMicros))),
    events: (filter, page) =>
      Effect.sync(() =>
        pageOf(events, page, (event) =>
          [
            filter.seriesTicker === undefined || textOf(event, "series_ticker") === filter.seriesTicker,
            filter.category === undefined || at(page.asOfMicros).categoryOf(event) === filter.category
          ].every((passes) => passes)
        )
      ),
    event: (ticker, asOfMicros) => Effect.sync(() => Option.fromNullishOr(versionAt(events, ticker, asOfMicros))),
    seriesList: (filter, page) =>
      Effect.sync(() =>
        pageOf(series, page, (one) => filter.category === undefined || textOf(one, "category") === filter.category)
      ),
    series: (ticker, asOfMicros) => Effect.sync(() => Option.fromNullishOr(versionAt(series, ticker, asOfMicros))),
    versions: (kind, ticker) => Effect.sync(() => kinds[kind].get(ticker) ?? [])
  }
}

/** Keeps the entry as a new version unless its body is the one that is known. */
const note = (entries: Versions, { body, ticker, tsObservedMicros }: CatalogEntry): void => {
  const known = entries.get(ticker) ?? []
  const last = known.at(-1)
  if (last !== undefined && canonical(last.body) === canonical(body)) return
  entries.set(ticker, [...known, { ticker, body, tsObservedMicros, version: known.length + 1 }])
}

const versionAt = (entries: Versions, ticker: string, asOfMicros: number | undefined): CatalogVersion | undefined =>
  entries.get(ticker)?.findLast((one) => asOfMicros === undefined || one.tsObservedMicros <= asOfMicros)

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
  entries: Versions,
  page: CatalogPage,
  passes: (entry: CatalogVersion) => boolean,
  question?: string
): ReadonlyArray<CatalogVersion> => {
  const { after, afterRank = 0, asOfMicros, entriesMax } = page
  return [...entries.keys()]
    .flatMap((ticker) => versionAt(entries, ticker, asOfMicros) ?? [])
    .filter(passes)
    .map((entry) => ({
      entry,
      rank: question === undefined ? 0 : MarketSearch.rankOf(question, entry.ticker, entry.body)
    }))
    .filter(
      ({ entry, rank }) => after === undefined || rank > afterRank || (rank === afterRank && entry.ticker > after)
    )
    .sort((left, right) => left.rank - right.rank || (left.entry.ticker < right.entry.ticker ? -1 : 1))
    .slice(0, entriesMax)
    .map(({ entry }) => entry)
}
