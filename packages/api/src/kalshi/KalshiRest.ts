/**
 * The market data of Kalshi's REST interface (OpenAPI 3.30.0, September 2026), answered at a moment out of what is recorded.
 *
 * Each path has the price of the operation of ours that gives the same.
 */
import { restPathPrefix } from "@kalshibook/core/kalshi/Signing"
import { isoFromMicros } from "@kalshibook/core/Units"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { type CatalogVersion, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option, Result } from "effect"
import { badRequest, bookUnknown, type KalshiAnswer, notFound, ok } from "./KalshiAnswer.ts"
import * as KalshiLists from "./KalshiLists.ts"
import { booksAt, type KalshiMoment, type KnownBook } from "./KalshiMoment.ts"
import * as KalshiObjects from "./KalshiObjects.ts"
import * as KalshiQuery from "./KalshiQuery.ts"

/** Books that one request may name, and levels that it may ask for. */
const orderbooksMax = 100
const depthMax = 100

/** The words of a path behind `/trade-api/v2/`. */
export const wordsOf = (path: string): ReadonlyArray<string> =>
  path.startsWith(`${restPathPrefix}/`) ? path.slice(restPathPrefix.length + 1).split("/") : []

/** The operation of ours whose price is paid; `undefined` where there is nothing. */
export const operationOf = ([first, second, third]: ReadonlyArray<string>): string | undefined => {
  switch (first) {
    case "series":
      return second === undefined ? "listSeries" : "getSeries"
    case "events":
      return second === undefined ? "listEvents" : "getEvent"
    case "markets":
      if (second === undefined) return "listMarkets"
      if (second === "trades") return "listTrades"
      if (second === "orderbooks") return "listOrderbooks"
      return third === "orderbook" ? "getOrderbook" : "getMarket"
    case "exchange":
      return "getStatus"
    default:
      return undefined
  }
}

export const answer = (words: ReadonlyArray<string>, moment: KalshiMoment, query: URLSearchParams) => {
  const [first, second, third] = words
  if (words.length > 3) return Effect.succeed(notFound(words.join("/")))
  switch (first) {
    case "series":
      return second === undefined ? KalshiLists.series(moment, query) : oneSeries(moment, words)
    case "events":
      if (second === "multivariate") return Effect.succeed(ok({ events: [], cursor: "" }))
      return second === undefined ? KalshiLists.events(moment, query) : oneEvent(moment, words, query)
    case "markets":
      if (second === undefined) return KalshiLists.markets(moment, query)
      if (second === "trades") return KalshiLists.trades(moment, query)
      if (second === "orderbooks") return orderbooks(moment, query)
      return third === undefined ? oneMarket(moment, second) : oneOrderbook(moment, words, query)
    case "exchange":
      return second === "status" && third === undefined ? status(moment) : Effect.succeed(notFound(words.join("/")))
    default:
      return Effect.succeed(notFound(words.join("/")))
  }
}

const asOfMicros = (moment: KalshiMoment): number | undefined => KalshiLists.asOf(moment).asOfMicros

const found = <E, R>(entry: Effect.Effect<Option.Option<CatalogVersion>, E, R>) =>
  Effect.map(entry, Option.getOrUndefined)

const oneSeries = Effect.fnUntraced(function* (moment: KalshiMoment, [, ticker = "", more]: ReadonlyArray<string>) {
  const catalog = yield* MarketCatalog
  const one = more === undefined ? yield* found(catalog.series(ticker, asOfMicros(moment))) : undefined
  return one === undefined ? notFound(`no series ${ticker}`) : ok({ series: one.body })
})

const oneEvent = Effect.fnUntraced(function* (
  moment: KalshiMoment,
  [, ticker = "", more]: ReadonlyArray<string>,
  query: URLSearchParams
) {
  const catalog = yield* MarketCatalog
  const one = more === undefined ? yield* found(catalog.event(ticker, asOfMicros(moment))) : undefined
  if (one === undefined) return notFound(`no event ${ticker}`)
  const markets = yield* KalshiLists.marketViews(moment, yield* KalshiLists.marketsOf(moment, ticker))
  return query.get("with_nested_markets") === "true"
    ? ok({ event: { ...one.body, markets } })
    : ok({ event: one.body, markets })
})

const oneMarket = Effect.fnUntraced(function* (moment: KalshiMoment, ticker: string) {
  const catalog = yield* MarketCatalog
  const one = yield* found(catalog.market(ticker, asOfMicros(moment)))
  if (one === undefined) return notFound(`no market ${ticker}`)
  const [market] = yield* KalshiLists.marketViews(moment, [one])
  return ok({ market })
})

const oneOrderbook = Effect.fnUntraced(function* (
  moment: KalshiMoment,
  [, ticker = "", part = ""]: ReadonlyArray<string>,
  query: URLSearchParams
) {
  if (part !== "orderbook") return notFound(part)
  const depth = KalshiQuery.whole(query, "depth", { low: 0, high: depthMax, fallback: 0 })
  if (Result.isFailure(depth)) return depth.failure
  const book = (yield* booksAt(moment, [ticker])).get(ticker)
  if (book === undefined) return notFound(`no market ${ticker} is recorded at this moment`)
  if (book._tag === "stale") return unknownBook(ticker, book)
  return ok({ orderbook_fp: KalshiObjects.orderbook(book.levels, depth.success) })
})

const unknownBook = (ticker: string, { gap }: KnownBook & { _tag: "stale" }): KalshiAnswer =>
  bookUnknown(`the book of ${ticker} is not known since ${isoFromMicros(gap.tsReceivedMicros)} (${gap.cause})`)

/** Those that are known: a market that is left out is not recorded, or its book is not known. */
const orderbooks = Effect.fnUntraced(function* (moment: KalshiMoment, query: URLSearchParams) {
  const tickers = KalshiQuery.list(query, "tickers")
  if (tickers === undefined || tickers.length > orderbooksMax) {
    return badRequest(`tickers must name 1 to ${orderbooksMax} markets`)
  }
  const books = yield* booksAt(moment, tickers)
  const shown = tickers.flatMap((ticker) => {
    const book = books.get(ticker)
    return book?._tag === "levels" ? [{ ticker, orderbook_fp: KalshiObjects.orderbook(book.levels, 0) }] : []
  })
  return ok({ orderbooks: shown })
})

/** The exchange rests while its maintenance has made a hole in the trades; whether it rested while it could be heard is not recorded. */
const status = Effect.fnUntraced(function* ({ atMicros }: KalshiMoment) {
  const gaps = yield* (yield* ChannelGaps).overlapping("trade", atMicros, atMicros + 1)
  const rests = gaps.some(({ cause }) => cause === "maintenance")
  const state = { exchange_active: true, trading_active: !rests, intra_exchange_transfers_active: true }
  return ok({ ...state, exchange_index_statuses: [{ exchange_index: 0, description: "Default", ...state }] })
})
