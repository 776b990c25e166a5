/** The catalogue in Postgres: per kind, a table of what is current and a table of every version. */
import { Effect, Option } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import { during } from "./HotTierError.ts"
import type {
  CatalogBody,
  CatalogEntry,
  CatalogKind,
  CatalogPage,
  CatalogVersion,
  EventFilter,
  MarketCatalog,
  MarketFilter,
  SeriesFilter
} from "./MarketCatalog.ts"
import { type CatalogSearch, searchFor } from "./MarketSearchPostgres.ts"
import { jsonText } from "./PgJson.ts"
import { int8, int8s, texts } from "./PgNumbers.ts"

/** A statement's arrays stay below some megabytes: a market's body has about 2 kB. */
const entriesPerStatementMax = 1_000

interface Row {
  readonly ticker: string
  readonly body: CatalogBody
  readonly ts_observed_micros: number
  readonly version: number
}

const versionOf = (row: Row): CatalogVersion => ({
  ticker: row.ticker,
  body: row.body,
  tsObservedMicros: row.ts_observed_micros,
  version: row.version
})

export const make = (sql: SqlClient.SqlClient): MarketCatalog["Service"] => {
  const seen = (entries: ReadonlyArray<CatalogEntry>) => sql`
    select ticker, body::jsonb as body, ts_observed_micros
    from unnest(${texts(entries.map((entry) => entry.ticker))}, ${texts(entries.map((entry) => jsonText(entry.body)))},
                ${int8s(entries.map((entry) => entry.tsObservedMicros))}) as seen (ticker, body, ts_observed_micros)`

  // Each compares before it writes: an upsert of an unchanged row would lock it, and so write it.
  const observeSeries = (entries: ReadonlyArray<CatalogEntry>) => sql`
    with seen as (${seen(entries)}), changed as (
      insert into series as known (ticker, category, version, ts_observed_micros, body)
      select ticker, seen.body ->> 'category', 1, seen.ts_observed_micros, seen.body
      from seen left join series using (ticker) where series.body is distinct from seen.body
      order by ticker collate "C"
      on conflict (ticker) do update set category = excluded.category, version = known.version + 1,
        ts_observed_micros = excluded.ts_observed_micros, body = excluded.body
      returning ticker, version, ts_observed_micros, body
    )
    insert into series_versions (ticker, version, ts_observed_micros, body)
    select ticker, version, ts_observed_micros, body from changed`

  const observeEvents = (entries: ReadonlyArray<CatalogEntry>) => sql`
    with seen as (${seen(entries)}), changed as (
      insert into events as known (ticker, series_ticker, category, version, ts_observed_micros, body)
      select ticker, seen.body ->> 'series_ticker', seen.body ->> 'category', 1, seen.ts_observed_micros, seen.body
      from seen left join events using (ticker) where events.body is distinct from seen.body
      order by ticker collate "C"
      on conflict (ticker) do update set series_ticker = excluded.series_ticker, category = excluded.category,
        version = known.version + 1, ts_observed_micros = excluded.ts_observed_micros, body = excluded.body
      returning ticker, version, ts_observed_micros, body
    )
    insert into event_versions (ticker, version, ts_observed_micros, body)
    select ticker, version, ts_observed_micros, body from changed`

  const observeMarkets = (entries: ReadonlyArray<CatalogEntry>) => sql`
    with seen as (${seen(entries)}), changed as (
      insert into markets as known (ticker, event_ticker, status, version, ts_observed_micros, body)
      select ticker, seen.body ->> 'event_ticker', seen.body ->> 'status', 1, seen.ts_observed_micros, seen.body
      from seen left join markets using (ticker) where markets.body is distinct from seen.body
      order by ticker collate "C"
      on conflict (ticker) do update set event_ticker = excluded.event_ticker, status = excluded.status,
        version = known.version + 1, ts_observed_micros = excluded.ts_observed_micros, body = excluded.body
      returning market_id, version, ts_observed_micros, body
    )
    insert into market_versions (market_id, version, ts_observed_micros, body)
    select market_id, version, ts_observed_micros, body from changed`

  const observe = (sight: Parameters<MarketCatalog["Service"]["observe"]>[0]) =>
    Effect.gen(function* () {
      for (const entries of statementsOf(sight.series)) yield* observeSeries(entries)
      for (const entries of statementsOf(sight.events)) yield* observeEvents(entries)
      for (const entries of statementsOf(sight.markets)) yield* observeMarkets(entries)
    }).pipe(sql.withTransaction)

  const list = (
    from: Statement.Fragment,
    conditions: ReadonlyArray<readonly [Statement.Fragment, string | ReadonlyArray<string> | undefined]>,
    page: CatalogPage,
    search?: CatalogSearch
  ) => {
    const clauses: Array<Statement.Fragment> = [sql`one.version > 0`]
    for (const [column, value] of conditions) {
      if (typeof value === "string") clauses.push(sql`${column} = ${value}`)
      else if (value !== undefined) clauses.push(sql`${column} = any(${texts(value)})`)
    }
    if (search !== undefined) clauses.push(...search.conditions)
    const place: Statement.Fragment = search === undefined ? sql`one.ticker` : sql`${search.rank}, one.ticker`
    const after: Statement.Fragment =
      search === undefined ? sql`${page.after ?? ""}` : sql`${page.afterRank ?? 0}, ${page.after ?? ""}`
    if (page.after !== undefined) clauses.push(sql`(${place}) > (${after})`)
    return sql<Row>`
      select one.ticker, one.body, one.ts_observed_micros, one.version from ${from} where ${sql.and(clauses)}
      order by ${place} limit ${page.entriesMax}`.pipe(Effect.map((rows) => rows.map(versionOf)))
  }

  /** The tables with what is known now, or in their place the versions of a moment. */
  const tables = (asOfMicros: number | undefined) => {
    if (asOfMicros === undefined) {
      return {
        markets: () => sql`markets one`,
        events: () => sql`events one`,
        series: sql`series one`,
        eventOf: (ticker: Statement.Fragment) => sql`left join events event on event.ticker = ${ticker}`,
        seriesOf: (ticker: Statement.Fragment) => sql`left join series on series.ticker = ${ticker}`
      }
    }
    const newest = sql`ts_observed_micros <= ${int8(asOfMicros)} order by version desc limit 1`
    return {
      // A version that has the ticker at any time is found by an index; then it counts which one holds at the moment.
      markets: (filter: MarketFilter) => sql`(
        select known.market_id, known.ticker, version.* from markets known cross join lateral (
          select version, ts_observed_micros, body, event_ticker, status,
            search_words(market_search_text(known.ticker, body)) as search from market_versions
          where market_id = known.market_id and ${newest}) as version
        where ${sql.and([
          ...(filter.eventTicker === undefined
            ? []
            : [
                sql`known.market_id in (select market_id from market_versions where event_ticker = ${filter.eventTicker})`
              ]),
          ...(filter.seriesTicker === undefined
            ? []
            : [
                sql`known.market_id in (select market_id from market_versions where event_ticker in (
                  select ticker from event_versions where series_ticker = ${filter.seriesTicker}))`
              ])
        ])}) as one`,
      events: (filter: EventFilter) => sql`(
        select known.ticker, version.* from events known cross join lateral (
          select version, ts_observed_micros, body, series_ticker, category from event_versions
          where ticker = known.ticker and ${newest}) as version
        where ${sql.and(
          filter.seriesTicker === undefined
            ? []
            : [sql`known.ticker in (select ticker from event_versions where series_ticker = ${filter.seriesTicker})`]
        )}) as one`,
      series: sql`(
        select known.ticker, version.* from series known cross join lateral (
          select version, ts_observed_micros, body, category from series_versions
          where ticker = known.ticker and ${newest}) as version) as one`,
      eventOf: (ticker: Statement.Fragment) => sql`left join lateral (
        select series_ticker, category, search_words(event_search_text(ticker, body)) as search
        from event_versions where ticker = ${ticker} and ${newest}) as event on true`,
      seriesOf: (ticker: Statement.Fragment) => sql`left join lateral (
        select category, search_words(series_search_text(ticker, body)) as search
        from series_versions where ticker = ${ticker} and ${newest}) as series on true`
    }
  }

  // An event's series may be unknown still: then its own category counts.
  const markets = (filter: MarketFilter, page: CatalogPage) => {
    const at = tables(page.asOfMicros)
    return list(
      sql`${at.markets(filter)} ${at.eventOf(sql`one.event_ticker`)} ${at.seriesOf(sql`event.series_ticker`)}`,
      [
        [sql`event.series_ticker`, filter.seriesTicker],
        [sql`one.event_ticker`, filter.eventTicker],
        [sql`one.status`, filter.status],
        [sql`coalesce(series.category, event.category)`, filter.category],
        [sql`one.ticker`, filter.tickers]
      ],
      page,
      filter.question === undefined ? undefined : searchFor(sql, filter.question, page.asOfMicros)
    )
  }

  const events = (filter: EventFilter, page: CatalogPage) => {
    const at = tables(page.asOfMicros)
    return list(
      sql`${at.events(filter)} ${at.seriesOf(sql`one.series_ticker`)}`,
      [
        [sql`one.series_ticker`, filter.seriesTicker],
        [sql`coalesce(series.category, one.category)`, filter.category]
      ],
      page
    )
  }

  const seriesList = (filter: SeriesFilter, page: CatalogPage) =>
    list(tables(page.asOfMicros).series, [[sql`one.category`, filter.category]], page)

  const only = (from: Statement.Fragment, ticker: string) =>
    Effect.map(list(from, [[sql`one.ticker`, ticker]], { entriesMax: 1 }), ([entry]) => Option.fromNullishOr(entry))

  const versionsOf: Readonly<Record<CatalogKind, (ticker: string) => Statement.Statement<Row>>> = {
    market: (ticker) => sql`
      select known.ticker, version.version, version.ts_observed_micros, version.body
      from market_versions version join markets known using (market_id) where known.ticker = ${ticker} order by version`,
    event: (ticker) => sql`
      select ticker, version, ts_observed_micros, body from event_versions where ticker = ${ticker} order by version`,
    series: (ticker) => sql`
      select ticker, version, ts_observed_micros, body from series_versions where ticker = ${ticker} order by version`
  }

  return {
    observe: (sight) => observe(sight).pipe(during("observe"), Effect.withSpan("MarketCatalog.observe")),
    markets: (filter, page) => markets(filter, page).pipe(during("markets")),
    market: (ticker, asOfMicros) => only(tables(asOfMicros).markets({}), ticker).pipe(during("market")),
    events: (filter, page) => events(filter, page).pipe(during("events")),
    event: (ticker, asOfMicros) => only(tables(asOfMicros).events({}), ticker).pipe(during("event")),
    seriesList: (filter, page) => seriesList(filter, page).pipe(during("seriesList")),
    series: (ticker, asOfMicros) => only(tables(asOfMicros).series, ticker).pipe(during("series")),
    versions: (kind, ticker) =>
      versionsOf[kind](ticker).pipe(
        Effect.map((rows) => rows.map(versionOf)),
        during("versions")
      )
  }
}

/**
 * The entries in pieces in which no ticker appears twice: one statement cannot make two versions of the same thing. In the order of
 * tickers, which every writer of these tables keeps to: two transactions that meet must not wait for one another.
 */
const statementsOf = (entries: ReadonlyArray<CatalogEntry>): ReadonlyArray<ReadonlyArray<CatalogEntry>> => {
  /** The first entries of all tickers, then the second ones, ... */
  const rounds: Array<Array<CatalogEntry>> = []
  const entriesOf = new Map<string, number>()
  for (const entry of entries.toSorted(byTicker)) {
    const round = entriesOf.get(entry.ticker) ?? 0
    entriesOf.set(entry.ticker, round + 1)
    const known = rounds[round]
    if (known === undefined) rounds.push([entry])
    else known.push(entry)
  }
  return rounds.flatMap((round) =>
    Array.from({ length: Math.ceil(round.length / entriesPerStatementMax) }, (_, index) =>
      round.slice(index * entriesPerStatementMax, (index + 1) * entriesPerStatementMax)
    )
  )
}

const byTicker = (one: CatalogEntry, other: CatalogEntry): number =>
  one.ticker < other.ticker ? -1 : one.ticker > other.ticker ? 1 : 0
