/**
 * What the collector reads from the exchange's REST API: which series, events and markets there are, and books to compare with.
 *
 * Paces itself below the exchange's limit, retries what is transient (429, 5xx, no answer) with growing delays, and signs every
 * request. Bodies are passed on as they came.
 */
import type { BookLevels, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Rest from "@kalshibook/core/kalshi/Rest"
import * as Signing from "@kalshibook/core/kalshi/Signing"
import { Context, Duration, Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import * as Pace from "./Pace.ts"

/** The exchange's REST API did not answer, or not with what it promises. */
export class RestFailed extends Schema.TaggedError<RestFailed>()("RestFailed", {
  path: Schema.String,
  detail: Schema.String,
  /** With which HTTP status; `null` when there was no answer, or not one that could be read. */
  status: Schema.NullOr(Schema.Number)
}) {
  override get message(): string {
    return `${this.path}: ${this.detail}`
  }
}

/** Attempts of one request; after the last the caller decides. */
const attemptsMax = 6
/** How long one attempt may take, from the request to the head of the answer, and how long the body. */
const requestMillisMax = 30_000
/** Tickers in one request; longer addresses are refused by proxies. */
const tickersPerRequest = 100
/** Books in one request: the exchange's own limit. */
export const orderbooksPerRequestMax = 100

/** Which events: those that have open markets, or whose markets are about to open; of one series, or of all. */
export interface OpenEventsQuery {
  readonly status: "open" | "unopened"
  readonly seriesTicker?: string | undefined
}

/** Or combos: of one collection, or `all`. */
export interface CombosQuery {
  readonly combosOf: string
}

export type EventsQuery = OpenEventsQuery | CombosQuery

/** Trades of a span of time, in whole seconds, both included. */
export interface TradesQuery {
  readonly fromSeconds: number
  readonly toSeconds: number
}

/** Trades in one page; more are refused. */
const tradesPerPage = 1_000

export class KalshiRest extends Context.Service<
  KalshiRest,
  {
    /** One page of events with their markets; begin with an empty cursor, an empty one ends. */
    readonly events: (query: EventsQuery, cursor: string) => Effect.Effect<Rest.EventsReply, RestFailed>
    readonly event: (eventTicker: string) => Effect.Effect<Rest.EventReply, RestFailed>
    /** The markets with these names; unknown names are left out. */
    readonly markets: (tickers: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Rest.Market>, RestFailed>
    readonly allSeries: Effect.Effect<ReadonlyArray<Rest.Series>, RestFailed>
    readonly series: (seriesTicker: string) => Effect.Effect<Rest.Series, RestFailed>
    /** The whole books of at most `orderbooksPerRequestMax` markets, in one request; unknown markets are left out. */
    readonly orderbooks: (
      tickers: ReadonlyArray<MarketTicker>
    ) => Effect.Effect<ReadonlyMap<MarketTicker, BookLevels>, RestFailed>
    /** One page of trades, newest first; begin with an empty cursor, an empty one ends. */
    readonly trades: (query: TradesQuery, cursor: string) => Effect.Effect<Rest.TradesReply, RestFailed>
    /** From when on it knows of trades, and of other things. */
    readonly historicalCutoff: Effect.Effect<Rest.HistoricalCutoff, RestFailed>
    readonly exchangeStatus: Effect.Effect<Rest.ExchangeStatus, RestFailed>
    readonly exchangeSchedule: Effect.Effect<Rest.ExchangeSchedule, RestFailed>
  }
>()("@kalshibook/collector/KalshiRest") {
  static readonly layerNoDeps: Layer.Layer<KalshiRest, never, ExchangeAccess | HttpClient.HttpClient | Settings> =
    Layer.effect(
      KalshiRest,
      Effect.gen(function* () {
        const access = yield* ExchangeAccess
        const settings = yield* Settings
        const { turn } = Pace.make(settings.restRequestsPerSecondMax)
        const client = (yield* HttpClient.HttpClient).pipe(
          HttpClient.mapRequestEffect((request) =>
            turn.pipe(
              Effect.andThen(access.headers(request.method, new URL(request.url).pathname)),
              Effect.map((headers) => HttpClientRequest.setHeaders(request, headers))
            )
          ),
          HttpClient.transformResponse(Effect.timeout(Duration.millis(requestMillisMax))),
          HttpClient.filterStatusOk,
          HttpClient.retryTransient({
            retryOn: "errors-only",
            times: attemptsMax - 1,
            schedule: backoff(settings.retryMillisMin, settings.retryMillisMax)
          })
        )

        const get = <S extends Schema.Decoder<unknown>>(
          path: string,
          query: Readonly<Record<string, string | ReadonlyArray<string>>>,
          schema: S
        ): Effect.Effect<S["Type"], RestFailed> =>
          client.get(`${access.restUrl}${path}`, { urlParams: query }).pipe(
            Effect.flatMap((response) =>
              HttpClientResponse.schemaBodyJson(schema)(response).pipe(
                Effect.timeout(Duration.millis(requestMillisMax))
              )
            ),
            Effect.mapError(
              (error) => new RestFailed({ path: `${Signing.restPathPrefix}${path}`, ...problemOf(error) })
            )
          )

        return KalshiRest.of({
          events: (query, cursor) =>
            get(
              "combosOf" in query ? "/events/multivariate" : "/events",
              {
                ...filterOf(query),
                with_nested_markets: "true",
                limit: String(settings.eventsPerPageMax),
                ...cursorOf(cursor)
              },
              Rest.EventsReply
            ),
          event: (eventTicker) =>
            get(`/events/${encodeURIComponent(eventTicker)}`, { with_nested_markets: "true" }, Rest.EventReply),
          markets: Effect.fnUntraced(function* (tickers) {
            const found: Array<Rest.Market> = []
            for (let from = 0; from < tickers.length; from += tickersPerRequest) {
              const chunk = tickers.slice(from, from + tickersPerRequest)
              const reply = yield* get(
                "/markets",
                { tickers: chunk.join(","), limit: String(chunk.length) },
                Rest.MarketsReply
              )
              found.push(...reply.markets)
            }
            return found
          }),
          allSeries: Effect.map(get("/series", {}, Rest.SeriesListReply), (reply) => reply.series),
          series: (seriesTicker) =>
            Effect.map(
              get(`/series/${encodeURIComponent(seriesTicker)}`, {}, Rest.SeriesReply),
              (reply) => reply.series
            ),
          orderbooks: (tickers) =>
            Effect.map(
              get("/markets/orderbooks", { tickers }, Rest.OrderbooksReply),
              ({ orderbooks }) =>
                new Map(orderbooks.map(({ orderbook_fp, ticker }) => [ticker, Rest.bookLevels(orderbook_fp)]))
            ),
          trades: ({ fromSeconds, toSeconds }, cursor) =>
            get(
              "/markets/trades",
              {
                min_ts: String(fromSeconds),
                max_ts: String(toSeconds),
                limit: String(tradesPerPage),
                ...cursorOf(cursor)
              },
              Rest.TradesReply
            ),
          historicalCutoff: get("/historical/cutoff", {}, Rest.HistoricalCutoff),
          exchangeStatus: get("/exchange/status", {}, Rest.ExchangeStatus),
          exchangeSchedule: Effect.map(
            get("/exchange/schedule", {}, Rest.ExchangeScheduleReply),
            (reply) => reply.schedule
          )
        })
      })
    )
}

const filterOf = (query: EventsQuery): Readonly<Record<string, string>> => {
  if ("combosOf" in query) return query.combosOf === "all" ? {} : { collection_ticker: query.combosOf }
  const { seriesTicker, status } = query
  return seriesTicker === undefined ? { status } : { status, series_ticker: seriesTicker }
}

const cursorOf = (cursor: string): Readonly<Record<string, string>> => (cursor === "" ? {} : { cursor })

/** In a few words: what an answer was, or why there was none. */
const problemOf = (
  error: HttpClientError.HttpClientError | Error
): { readonly detail: string; readonly status: number | null } => {
  if (!HttpClientError.isHttpClientError(error) || error.response === undefined) {
    return { detail: error.message, status: null }
  }
  const { status } = error.response
  return { detail: `HTTP ${status}`, status }
}
