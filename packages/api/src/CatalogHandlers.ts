/** Answers about markets, events and series, from the catalogue. */
import * as Answer from "@kalshibook/core/contract/CatalogAnswer"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { eventMarketsMax } from "@kalshibook/core/contract/Limits"
import { marketStatus } from "@kalshibook/core/contract/Parameters"
import { type CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { storeFailed, unknownEvent, unknownMarket, unknownSeries } from "./Failures.ts"
import { pageAfter, pageOf } from "./Paging.ts"
import { answered } from "./RequestMeta.ts"

const tickerOf = (entry: CatalogEntry): string => entry.ticker

/** The filters of `/v1/markets`, which is also the question that its cursors are bound to. */
interface MarketsQuestion {
  readonly status?: string | undefined
  readonly series_ticker?: string | undefined
  readonly event_ticker?: string | undefined
  readonly category?: string | undefined
  readonly tickers?: ReadonlyArray<string> | undefined
}

const marketsQuestion = (filters: MarketsQuestion): Cursor.Question => ({
  status: filters.status,
  series_ticker: filters.series_ticker,
  event_ticker: filters.event_ticker,
  category: filters.category,
  tickers: filters.tickers
})

export const MarketsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "markets",
  Effect.fn(function* (handlers) {
    const catalog = yield* MarketCatalog
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          const page = yield* pageOf(Cursor.markets, marketsQuestion(query), query)
          const found = yield* catalog.markets(
            {
              status: query.status === undefined ? undefined : marketStatus(query.status),
              seriesTicker: query.series_ticker,
              eventTicker: query.event_ticker,
              category: query.category,
              tickers: query.tickers
            },
            { after: Option.getOrUndefined(page.after), entriesMax: page.entriesMax }
          )
          const { entries, cursor } = page.cut(found, tickerOf)
          return { markets: entries.map(Answer.marketView), cursor }
        }).pipe(answered(Answer.Markets), Effect.catchTag("HotTierError", storeFailed)),
      get: ({ params }) =>
        Effect.gen(function* () {
          const market = yield* catalog.market(params.ticker)
          if (Option.isNone(market)) return yield* unknownMarket(catalog, params.ticker)
          return { market: Answer.marketView(market.value) }
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
          const question = { series_ticker: query.series_ticker, category: query.category }
          const page = yield* pageOf(Cursor.events, question, query)
          const found = yield* catalog.events(
            { seriesTicker: query.series_ticker, category: query.category },
            { after: Option.getOrUndefined(page.after), entriesMax: page.entriesMax }
          )
          const { entries, cursor } = page.cut(found, tickerOf)
          return { events: entries.map(Answer.eventView), cursor }
        }).pipe(answered(Answer.Events), Effect.catchTag("HotTierError", storeFailed)),
      get: ({ params: { ticker } }) =>
        Effect.gen(function* () {
          const event = yield* catalog.event(ticker)
          if (Option.isNone(event)) return yield* unknownEvent(catalog, ticker)
          const page = pageAfter(Cursor.markets, marketsQuestion({ event_ticker: ticker }), eventMarketsMax)
          const found = yield* catalog.markets({ eventTicker: ticker }, { entriesMax: page.entriesMax })
          const { entries, cursor } = page.cut(found, tickerOf)
          return {
            event: Answer.eventView(event.value),
            markets: entries.map(Answer.marketView),
            markets_cursor: cursor
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
          const page = yield* pageOf(Cursor.series, { category: query.category }, query)
          const found = yield* catalog.seriesList(
            { category: query.category },
            { after: Option.getOrUndefined(page.after), entriesMax: page.entriesMax }
          )
          const { entries, cursor } = page.cut(found, tickerOf)
          return { series: entries.map(Answer.seriesView), cursor }
        }).pipe(answered(Answer.SeriesPage), Effect.catchTag("HotTierError", storeFailed)),
      get: ({ params }) =>
        Effect.gen(function* () {
          const series = yield* catalog.series(params.ticker)
          if (Option.isNone(series)) return yield* unknownSeries(catalog, params.ticker)
          return { series: Answer.seriesView(series.value) }
        }).pipe(answered(Answer.SeriesOne), Effect.catchTag("HotTierError", storeFailed))
    })
  })
)
