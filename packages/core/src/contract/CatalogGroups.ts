/** The endpoints about what can be traded: markets, events and series, with Kalshi's own fields. */

import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import * as Answer from "./CatalogAnswer.ts"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll } from "./Problems.ts"
import {
  BadCursor,
  NotKnownYet,
  TimeInFuture,
  UnknownEvent,
  UnknownMarket,
  UnknownSeries
} from "./ProblemsOfQuestions.ts"

const asOf = { as_of: Schema.optionalKey(Parameter.AsOf), ...Parameter.charged }

const page = {
  limit: Schema.optionalKey(Parameter.Limit),
  cursor: Schema.optionalKey(Parameter.CursorText),
  fields: Schema.optionalKey(Parameter.Fields),
  ...asOf
}

export const MarketsGroup = HttpApiGroup.make("markets")
  .add(
    HttpApiEndpoint.get("list", "/v1/markets", {
      query: {
        q: Schema.optionalKey(Parameter.Question),
        status: Schema.optionalKey(Parameter.Status),
        series_ticker: Schema.optionalKey(Parameter.SeriesTicker),
        event_ticker: Schema.optionalKey(Parameter.EventTicker),
        category: Schema.optionalKey(Parameter.Category),
        tickers: Schema.optionalKey(Parameter.Tickers),
        ...page
      },
      success: Answer.Markets,
      error: [...problemsOfAll, BadCursor, TimeInFuture]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listMarkets",
        summary: "List markets",
        description:
          "Every market that was seen on the exchange, page by page in ascending ticker order. Filters are joined by *and*. With `q`, those that have its words, the likeliest first. With `as_of`, as they were known at a moment."
      })
    ),
    HttpApiEndpoint.get("get", "/v1/markets/:ticker", {
      params: { ticker: Parameter.MarketTickerPath },
      query: asOf,
      success: Answer.MarketOne,
      error: [...problemsOfAll, TimeInFuture, UnknownMarket, NotKnownYet]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getMarket",
        summary: "One market",
        description:
          "A market's metadata: rules, times, price grid, status, settlement; now, or as they were known at a moment."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Markets", description: "What can be traded." }))

export const EventsGroup = HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.get("list", "/v1/events", {
      query: {
        series_ticker: Schema.optionalKey(Parameter.SeriesTicker),
        category: Schema.optionalKey(Parameter.Category),
        ...page
      },
      success: Answer.Events,
      error: [...problemsOfAll, BadCursor, TimeInFuture]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listEvents",
        summary: "List events",
        description:
          "Every event that was seen on the exchange, page by page in ascending ticker order. With `as_of`, as they were known at a moment."
      })
    ),
    HttpApiEndpoint.get("get", "/v1/events/:ticker", {
      params: { ticker: Parameter.EventTickerPath },
      query: asOf,
      success: Answer.EventOne,
      error: [...problemsOfAll, TimeInFuture, UnknownEvent, NotKnownYet]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getEvent",
        summary: "One event",
        description: "An event's metadata and its markets, now or as they were known at a moment."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Events", description: "Groups of markets about one question." }))

export const SeriesGroup = HttpApiGroup.make("series")
  .add(
    HttpApiEndpoint.get("list", "/v1/series", {
      query: { category: Schema.optionalKey(Parameter.Category), ...page },
      success: Answer.SeriesPage,
      error: [...problemsOfAll, BadCursor, TimeInFuture]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listSeries",
        summary: "List series",
        description:
          "Every series that was seen on the exchange, page by page in ascending ticker order. With `as_of`, as they were known at a moment."
      })
    ),
    HttpApiEndpoint.get("get", "/v1/series/:ticker", {
      params: { ticker: Parameter.SeriesTickerPath },
      query: asOf,
      success: Answer.SeriesOne,
      error: [...problemsOfAll, TimeInFuture, UnknownSeries, NotKnownYet]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getSeries",
        summary: "One series",
        description: "A series' metadata, now or as it was known at a moment."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Series", description: "Events that recur." }))
