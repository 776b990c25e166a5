/**
 * The market data part of Kalshi's REST interface over the simulated exchange (OpenAPI 3.30.0, September 2026). Pure: a
 * request is a value, and so is the answer.
 */

import * as Book from "@kalshibook/core/Book"
import { badRequest, notFound, ok, type RestAnswer, unauthorized } from "@kalshibook/core/kalshi/RestAnswer"
import * as RestQuery from "@kalshibook/core/kalshi/RestQuery"
import * as RestView from "@kalshibook/core/kalshi/RestView"
import { restPathPrefix } from "@kalshibook/core/kalshi/Signing"
import { timeText } from "@kalshibook/core/kalshi/WireText"
import { Result } from "effect"
import * as Exchange from "../exchange/Exchange.ts"
import * as ExchangeSchedule from "./ExchangeSchedule.ts"
import * as MarketLists from "./MarketLists.ts"
import * as OrderbookCache from "./OrderbookCache.ts"
import { methodNotAllowed, type RestRequest } from "./RestAnswer.ts"
import * as RestObjects from "./RestObjects.ts"

/** Books that one batch request may name. */
const orderbooksMax = 100
const orderbookDepthMax = 100

export interface RestLimits {
  /** Tokens a second, and how many gather; a request costs `tokensPerRequest`. What `GET /account/limits` shows. */
  readonly readTokensPerSecond: number
  readonly readTokensMax: number
  /** How old an answer about several books may be; 0: it is always fresh. */
  readonly restBookCacheMillis: number
}

/** Tokens that a request costs (default cost since April 2026). */
export const tokensPerRequest = 10

/** What is asked about, and within which limits. */
export interface RestParts {
  readonly exchange: Exchange.Exchange
  readonly bookCache: OrderbookCache.OrderbookCache
  readonly limits: RestLimits
}

export const answer = (parts: RestParts, request: RestRequest): RestAnswer => {
  const { exchange, limits } = parts
  const { path, query } = request
  if (path.length > 1 && path.endsWith("/")) {
    const search = query.toString()
    const location = `${path.replace(/\/+$/, "")}${search === "" ? "" : `?${search}`}`
    return { status: 301, body: undefined, headers: { location } }
  }
  if (!path.startsWith(`${restPathPrefix}/`)) return notFound(path)
  if (request.method !== "GET") return methodNotAllowed
  const words = path.slice(restPathPrefix.length + 1).split("/")
  switch (words[0]) {
    case "series":
      return seriesAnswer(exchange, words, query)
    case "events":
      return eventsAnswer(exchange, words, query)
    case "markets":
      return words.length === 2 && words[1] === "orderbooks"
        ? orderbooksAnswer(parts, query)
        : marketsAnswer(exchange, words, query)
    case "exchange":
      return exchangeAnswer(exchange, words)
    case "account":
      return accountAnswer(request, words, limits)
    default:
      return notFound(path)
  }
}

const seriesAnswer = (
  exchange: Exchange.Exchange,
  parts: ReadonlyArray<string>,
  query: URLSearchParams
): RestAnswer => {
  if (parts.length === 1) return MarketLists.series(exchange, query)
  const series = parts.length === 2 ? exchange.series.get(parts[1] ?? "") : undefined
  return series === undefined ? notFound(`no series ${parts[1]}`) : ok({ series: RestObjects.series(series) })
}

const eventsAnswer = (
  exchange: Exchange.Exchange,
  parts: ReadonlyArray<string>,
  query: URLSearchParams
): RestAnswer => {
  if (parts.length === 1) return MarketLists.events(exchange, query)
  // Combos: the simulated exchange has none.
  if (parts.length === 2 && parts[1] === "multivariate") return ok({ events: [], cursor: "" })
  const event = parts.length === 2 ? exchange.events.get(parts[1] ?? "") : undefined
  if (event === undefined) return notFound(`no event ${parts[1]}`)
  const markets = event.markets.map(RestObjects.market)
  return query.get("with_nested_markets") === "true"
    ? ok({ event: { ...RestObjects.event(event), markets } })
    : ok({ event: RestObjects.event(event), markets })
}

const marketsAnswer = (
  exchange: Exchange.Exchange,
  parts: ReadonlyArray<string>,
  query: URLSearchParams
): RestAnswer => {
  const [, ticker = "", part] = parts
  if (parts.length === 1) return MarketLists.markets(exchange, query)
  if (parts.length === 2 && ticker === "trades") return MarketLists.trades(exchange, query)
  const market = exchange.markets.get(ticker)
  if (market === undefined || parts.length > 3) return notFound(`no market ${ticker}`)
  if (part === undefined) return ok({ market: RestObjects.market(market) })
  if (part !== "orderbook") return notFound(part)
  const depth = RestQuery.whole(query, "depth", { low: 0, high: orderbookDepthMax, fallback: 0 })
  return Result.match(depth, {
    onFailure: (refused) => refused,
    onSuccess: (count) => ok({ orderbook_fp: RestView.orderbook(Book.levels(market.book, count)) })
  })
}

const orderbooksAnswer = ({ bookCache, limits }: RestParts, query: URLSearchParams): RestAnswer => {
  const tickers = RestQuery.list(query, "tickers")
  if (tickers === undefined || tickers.length > orderbooksMax) {
    return badRequest(`tickers must name 1 to ${orderbooksMax} markets`)
  }
  const ageMillisMax = limits.restBookCacheMillis
  const books = OrderbookCache.books(bookCache, query.toString(), tickers, ageMillisMax)
  const orderbooks = [...books].map(([ticker, levels]) => ({ ticker, orderbook_fp: RestView.orderbook(levels) }))
  const answered = ok({ orderbooks })
  if (ageMillisMax === 0) return answered
  return { ...answered, headers: { "cache-control": `public, max-age=${Math.ceil(ageMillisMax / 1000)}` } }
}

const exchangeAnswer = (exchange: Exchange.Exchange, words: ReadonlyArray<string>): RestAnswer => {
  const maintenance = Exchange.maintenanceNow(exchange)
  const status = {
    exchange_active: exchange.exchangeActive,
    trading_active: Exchange.isTrading(exchange),
    intra_exchange_transfers_active: true
  }
  if (words.length === 2 && words[1] === "status") {
    return ok({
      ...status,
      ...(maintenance === undefined ? {} : { exchange_estimated_resume_time: timeText(maintenance.untilMicros) }),
      exchange_index_statuses: [{ exchange_index: 0, description: "Default", ...status }]
    })
  }
  return words.length === 2 && words[1] === "schedule"
    ? ok(ExchangeSchedule.of(exchange.maintenance))
    : notFound(words.join("/"))
}

const accountAnswer = (request: RestRequest, parts: ReadonlyArray<string>, limits: RestLimits): RestAnswer => {
  if (request.keyId === undefined) return unauthorized("a signed request is needed")
  if (parts.length !== 2 || parts[1] !== "limits") return notFound(parts.join("/"))
  const bucket = { refill_rate: limits.readTokensPerSecond, bucket_capacity: limits.readTokensMax }
  return ok({ usage_tier: "basic", read: bucket, write: bucket, grants: [] })
}
