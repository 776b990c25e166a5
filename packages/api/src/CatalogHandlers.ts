/** Answers about markets, events and series, from the catalogue. */
import * as Answer from "@kalshibook/core/contract/CatalogAnswer"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { kalshiFields } from "@kalshibook/core/contract/KalshiFields"
import { eventMarketsMax } from "@kalshibook/core/contract/Limits"
import { marketStatus } from "@kalshibook/core/contract/Parameters"
import { rankOf } from "@kalshibook/core/MarketSearch"
import {
  type CatalogKind,
  type CatalogVersion,
  MarketCatalog,
  type MarketFilter
} from "@kalshibook/store/MarketCatalog"
import { Clock, Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { asOfInFuture, notKnownYet, storeFailed, unknownEvent, unknownMarket, unknownSeries } from "./Failures.ts"
import { type PageQuery, pageAfter, pageOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered } from "./RequestMeta.ts"

const tickerOf = (entry: CatalogVersion): string => entry.ticker

type Catalog = MarketCatalog["Service"]

/** The moment whose knowledge is asked for, Unix microseconds; `undefined` for now. */
const asOfOf = Effect.fnUntraced(function* (query: { readonly as_of?: number }) {
  const { as_of } = query
  if (as_of !== undefined && as_of > (yield* Clock.currentTimeMillis) * 1_000 + 999) return yield* asOfInFuture(as_of)
  return as_of
})

/** Fails where the object is known now, but was not at the moment. */
const refuseKnownLater = Effect.fnUntraced(function* (
  catalog: Catalog,
  kind: CatalogKind,
  ticker: string,
  asOfMicros: number | undefined
) {
  if (asOfMicros === undefined) return
  const [first] = yield* catalog.versions(kind, ticker)
  if (first !== undefined) return yield* notKnownYet(kind, ticker, first.tsObservedMicros)
})

/** The filters of `/v1/markets`, which is also the question that its cursors are bound to. */
interface MarketsQuestion {
  readonly q?: string | undefined
  readonly status?: string | undefined
  readonly series_ticker?: string | undefined
  readonly event_ticker?: string | undefined
  readonly category?: string | undefined
  readonly tickers?: ReadonlyArray<string> | undefined
  readonly as_of?: number | undefined
}

const marketsQuestion = (filters: MarketsQuestion): Cursor.Question => ({
  q: filters.q,
  status: filters.status,
  series_ticker: filters.series_ticker,
  event_ticker: filters.event_ticker,
  category: filters.category,
  tickers: filters.tickers,
  as_of: filters.as_of
})

export const MarketsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "markets",
  Effect.fn(function* (handlers) {
    const catalog = yield* MarketCatalog

    const listed = Effect.fnUntraced(function* (
      question: Cursor.Question,
      filter: MarketFilter,
      query: PageQuery,
      asOfMicros: number | undefined
    ) {
      const { after, cut, entriesMax } = yield* pageOf(Cursor.markets, question, query)
      const found = yield* catalog.markets(filter, { after: Option.getOrUndefined(after), entriesMax, asOfMicros })
      return cut(found, tickerOf)
    })

    /** The likeliest first. */
    const searched = Effect.fnUntraced(function* (
      text: string,
      question: Cursor.Question,
      filter: MarketFilter,
      query: PageQuery,
      asOfMicros: number | undefined
    ) {
      const { after, cut, entriesMax } = yield* pageOf(Cursor.foundMarkets, question, query)
      const [afterRank, ticker] = Option.getOrElse(after, () => [undefined, undefined] as const)
      const found = yield* catalog.markets(filter, { after: ticker, afterRank, entriesMax, asOfMicros })
      return cut(found, (one) => [rankOf(text, one.ticker, one.body), one.ticker] as const)
    })

    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          const asOfMicros = yield* asOfOf(query)
          const filter: MarketFilter = {
            question: query.q,
            status: query.status === undefined ? undefined : marketStatus(query.status),
            seriesTicker: query.series_ticker,
            eventTicker: query.event_ticker,
            category: query.category,
            tickers: query.tickers
          }
          const { cursor, entries } =
            query.q === undefined
              ? yield* listed(marketsQuestion(query), filter, query, asOfMicros)
              : yield* searched(query.q, marketsQuestion(query), filter, query, asOfMicros)
          return { markets: entries.map(Answer.marketView), cursor, ...Answer.asOfView(asOfMicros) }
        }).pipe(
          answered(
            Answer.Markets,
            only(Answer.Markets, "markets", query.fields, Object.keys(kalshiFields["Market"] ?? {}))
          ),
          Effect.catchTag("HotTierError", storeFailed)
        ),
      get: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const asOfMicros = yield* asOfOf(query)
          const market = yield* catalog.market(ticker, asOfMicros)
          if (Option.isNone(market)) {
            yield* refuseKnownLater(catalog, "market", ticker, asOfMicros)
            return yield* unknownMarket(catalog, ticker)
          }
          return { market: Answer.marketView(market.value), ...Answer.asOfView(asOfMicros) }
        }).pipe(answered(Answer.MarketOne), Effect.catchTag("HotTierError", storeFailed))
    })
  })
)

export const EventsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "events",
  Effect.fn(function* (handlers) {
    const catalog = yield* MarketCatalog
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          const asOfMicros = yield* asOfOf(query)
          const question = { series_ticker: query.series_ticker, category: query.category, as_of: query.as_of }
          const page = yield* pageOf(Cursor.events, question, query)
          const found = yield* catalog.events(
            { seriesTicker: query.series_ticker, category: query.category },
            { after: Option.getOrUndefined(page.after), entriesMax: page.entriesMax, asOfMicros }
          )
          const { entries, cursor } = page.cut(found, tickerOf)
          return { events: entries.map(Answer.eventView), cursor, ...Answer.asOfView(asOfMicros) }
        }).pipe(
          answered(
            Answer.Events,
            only(Answer.Events, "events", query.fields, Object.keys(kalshiFields["Event"] ?? {}))
          ),
          Effect.catchTag("HotTierError", storeFailed)
        ),
      get: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const asOfMicros = yield* asOfOf(query)
          const event = yield* catalog.event(ticker, asOfMicros)
          if (Option.isNone(event)) {
            yield* refuseKnownLater(catalog, "event", ticker, asOfMicros)
            return yield* unknownEvent(catalog, ticker)
          }
          const question = marketsQuestion({ event_ticker: ticker, as_of: asOfMicros })
          const page = pageAfter(Cursor.markets, question, eventMarketsMax)
          const found = yield* catalog.markets({ eventTicker: ticker }, { entriesMax: page.entriesMax, asOfMicros })
          const { entries, cursor } = page.cut(found, tickerOf)
          return {
            event: Answer.eventView(event.value),
            markets: entries.map(Answer.marketView),
            markets_cursor: cursor,
            ...Answer.asOfView(asOfMicros)
          }
        }).pipe(answered(Answer.EventOne), Effect.catchTag("HotTierError", storeFailed))
    })
  })
)

export const SeriesHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "series",
  Effect.fn(function* (handlers) {
    const catalog = yield* MarketCatalog
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          const asOfMicros = yield* asOfOf(query)
          const page = yield* pageOf(Cursor.series, { category: query.category, as_of: query.as_of }, query)
          const found = yield* catalog.seriesList(
            { category: query.category },
            { after: Option.getOrUndefined(page.after), entriesMax: page.entriesMax, asOfMicros }
          )
          const { entries, cursor } = page.cut(found, tickerOf)
          return { series: entries.map(Answer.seriesView), cursor, ...Answer.asOfView(asOfMicros) }
        }).pipe(
          answered(
            Answer.SeriesPage,
            only(Answer.SeriesPage, "series", query.fields, Object.keys(kalshiFields["Series"] ?? {}))
          ),
          Effect.catchTag("HotTierError", storeFailed)
        ),
      get: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const asOfMicros = yield* asOfOf(query)
          const series = yield* catalog.series(ticker, asOfMicros)
          if (Option.isNone(series)) {
            yield* refuseKnownLater(catalog, "series", ticker, asOfMicros)
            return yield* unknownSeries(catalog, ticker)
          }
          return { series: Answer.seriesView(series.value), ...Answer.asOfView(asOfMicros) }
        }).pipe(answered(Answer.SeriesOne), Effect.catchTag("HotTierError", storeFailed))
    })
  })
)
