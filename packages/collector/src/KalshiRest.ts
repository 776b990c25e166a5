/**
 * What the collector reads from the exchange's REST API: which series, events and markets there are.
 *
 * Paces itself below the exchange's limit, retries what is transient (429, 5xx, no answer) with growing delays, and signs every
 * request. Bodies are passed on as they came.
 */
import * as Rest from "@kalshibook/core/kalshi/Rest"
import * as Signing from "@kalshibook/core/kalshi/Signing"
import { Context, Duration, Effect, Layer, Schema, Semaphore } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"

/** The exchange's REST API did not answer, or not with what it promises. */
export class RestFailed extends Schema.TaggedError<RestFailed>()("RestFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.detail}`
  }
}

/** Attempts of one request; after the last the caller decides. */
const attemptsMax = 6
const requestMillisMax = 30_000
const eventsPerPage = 200
/** Tickers in one request; longer addresses are refused by proxies. */
const tickersPerRequest = 100

export class KalshiRest extends Context.Service<
  KalshiRest,
  {
    /** One page of the events that have open markets, with their markets; begin with an empty cursor, an empty one ends. */
    readonly openEvents: (cursor: string) => Effect.Effect<Rest.EventsReply, RestFailed>
    readonly event: (eventTicker: string) => Effect.Effect<Rest.EventReply, RestFailed>
    /** The markets with these names; unknown names are left out. */
    readonly markets: (tickers: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Rest.Market>, RestFailed>
    readonly allSeries: Effect.Effect<ReadonlyArray<Rest.Series>, RestFailed>
    readonly series: (seriesTicker: string) => Effect.Effect<Rest.Series, RestFailed>
  }
>()("@kalshibook/collector/KalshiRest") {
  static readonly layerNoDeps: Layer.Layer<KalshiRest, never, ExchangeAccess | HttpClient.HttpClient | Settings> =
    Layer.effect(
      KalshiRest,
      Effect.gen(function* () {
        const access = yield* ExchangeAccess
        const settings = yield* Settings
        const paced = yield* pace(settings.restRequestsPerSecondMax)
        const client = (yield* HttpClient.HttpClient).pipe(
          HttpClient.mapRequestEffect((request) =>
            paced.pipe(
              Effect.andThen(access.headers(request.method, new URL(request.url).pathname)),
              Effect.map((headers) => HttpClientRequest.setHeaders(request, headers))
            )
          ),
          HttpClient.filterStatusOk,
          HttpClient.retryTransient({
            retryOn: "errors-only",
            times: attemptsMax - 1,
            schedule: backoff(settings.retryMillisMin, settings.retryMillisMax)
          })
        )

        const get = <S extends Schema.Decoder<unknown>>(
          path: string,
          query: Readonly<Record<string, string>>,
          schema: S
        ): Effect.Effect<S["Type"], RestFailed> =>
          client.get(`${access.restUrl}${path}`, { urlParams: query }).pipe(
            Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)),
            Effect.timeout(Duration.millis(requestMillisMax * attemptsMax)),
            Effect.mapError(
              (error) => new RestFailed({ path: `${Signing.restPathPrefix}${path}`, detail: error.message })
            )
          )

        return KalshiRest.of({
          openEvents: (cursor) =>
            get(
              "/events",
              {
                status: "open",
                with_nested_markets: "true",
                limit: String(eventsPerPage),
                ...(cursor === "" ? {} : { cursor })
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
            )
        })
      })
    )
}

/** Lets one caller through every 1/n second. */
const pace = (requestsPerSecondMax: number): Effect.Effect<Effect.Effect<void>> =>
  Effect.gen(function* () {
    const turn = yield* Semaphore.make(1)
    const rest = Effect.sleep(Duration.millis(1000 / requestsPerSecondMax))
    return turn.take(1).pipe(Effect.andThen(Effect.forkDetach(Effect.andThen(rest, turn.release(1)))), Effect.asVoid)
  })
