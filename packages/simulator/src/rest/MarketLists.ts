/** The lists of markets, events and trades: filters and pages. */
import { badRequest, ok, type RestAnswer } from "@kalshibook/core/kalshi/RestAnswer"
import * as RestQuery from "@kalshibook/core/kalshi/RestQuery"
import { Result } from "effect"
import type { Exchange } from "../exchange/Exchange.ts"
import type { MarketStatus, SimEvent, SimMarket } from "../exchange/MarketModel.ts"
import * as RestObjects from "./RestObjects.ts"

/** The words of the `status` filter, which are not those of the answers, and what each finds. */
const statusFilter: ReadonlyMap<string, ReadonlySet<MarketStatus>> = new Map([
  ["unopened", new Set<MarketStatus>(["initialized"])],
  ["open", new Set<MarketStatus>(["active", "inactive"])],
  ["paused", new Set<MarketStatus>(["inactive"])],
  ["closed", new Set<MarketStatus>(["closed", "determined", "disputed", "amended"])],
  ["settled", new Set<MarketStatus>(["finalized"])]
])

const readStatus = (query: URLSearchParams): RestQuery.Read<string | undefined> => {
  const word = RestQuery.text(query, "status")
  return word === undefined || statusFilter.has(word)
    ? Result.succeed(word)
    : Result.fail(badRequest(`status must be one of ${[...statusFilter.keys()].join(", ")}`))
}

/** The filters by time, which time they look at, and with which status they go. */
const timeFilters = [
  { name: "created_ts", of: (market: SimMarket) => market.tsCreatedMicros, statuses: ["unopened", "open"] },
  { name: "close_ts", of: (market: SimMarket) => market.tsCloseMicros, statuses: ["closed"] },
  { name: "settled_ts", of: (market: SimMarket) => market.tsSettledMicros, statuses: ["settled"] }
] as const

type Predicate = (market: SimMarket) => boolean

const readTimes = (query: URLSearchParams, status: string | undefined): RestQuery.Read<ReadonlyArray<Predicate>> =>
  Result.gen(function* () {
    const predicates: Array<Predicate> = []
    for (const { name, of, statuses } of timeFilters) {
      const low = yield* RestQuery.seconds(query, `min_${name}`)
      const high = yield* RestQuery.seconds(query, `max_${name}`)
      if (low === undefined && high === undefined) continue
      if (status !== undefined && !statuses.some((word) => word === status)) {
        return yield* Result.fail(badRequest(`min_${name} and max_${name} do not go with status ${status}`))
      }
      predicates.push((market) => {
        const micros = of(market)
        return micros !== undefined && micros >= (low ?? 0) && micros <= (high ?? Number.POSITIVE_INFINITY)
      })
    }
    const updated = yield* RestQuery.seconds(query, "min_updated_ts")
    if (updated !== undefined) {
      if (query.get("mve_filter") !== "exclude") {
        return yield* Result.fail(badRequest("min_updated_ts needs mve_filter=exclude"))
      }
      predicates.push((market) => market.tsUpdatedMicros >= updated)
    }
    return predicates
  })

interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly cursor: string
}

/** A page of what was created, in order of creation; the cursor is the index after the last one looked at. */
const pageOf = <A>(
  created: ReadonlyArray<A | undefined>,
  from: number,
  limit: number,
  accepts: (item: A) => boolean
): Page<A> => {
  const items: Array<A> = []
  for (let index = from; index < created.length; index++) {
    const item = created[index]
    if (item === undefined || !accepts(item)) continue
    if (items.length === limit) return { items, cursor: RestQuery.cursorText(index) }
    items.push(item)
  }
  return { items, cursor: "" }
}

export const markets = (exchange: Exchange, query: URLSearchParams): RestAnswer =>
  answer(
    Result.gen(function* () {
      const limit = yield* RestQuery.whole(query, "limit", { low: 1, high: 1000, fallback: 100 })
      const from = yield* RestQuery.cursorNumber(query)
      const status = yield* readStatus(query)
      const times = yield* readTimes(query, status)
      const eventTicker = RestQuery.text(query, "event_ticker")
      const seriesTicker = RestQuery.text(query, "series_ticker")
      const tickers = RestQuery.list(query, "tickers")
      const statuses = status === undefined ? undefined : statusFilter.get(status)
      // There are no combos here, so "only combos" finds nothing and "no combos" changes nothing.
      const onlyCombos = query.get("mve_filter") === "only"
      const page = pageOf(exchange.marketsCreated, from ?? 0, limit, (market) => {
        if (onlyCombos || (statuses !== undefined && !statuses.has(market.status))) return false
        if (eventTicker !== undefined && market.event.ticker !== eventTicker) return false
        if (seriesTicker !== undefined && market.event.series.ticker !== seriesTicker) return false
        if (tickers !== undefined && !tickers.includes(market.ticker)) return false
        return times.every((accepts) => accepts(market))
      })
      return ok({ markets: page.items.map(RestObjects.market), cursor: page.cursor })
    })
  )

const answer = (read: RestQuery.Read<RestAnswer>): RestAnswer => Result.getOrElse(read, (refused) => refused)

/** Whether an event counts as of the filter's status: by its most alive market. */
const eventHas = (event: SimEvent, status: string): boolean => {
  const order = ["open", "unopened", "closed", "settled"]
  const word = order.find((one) => event.markets.some((market) => statusFilter.get(one)?.has(market.status)))
  return status === "paused" ? event.markets.some((market) => market.status === "inactive") : word === status
}

/** An event as the lists show it. Settled events do not show their markets. */
const eventShown = (event: SimEvent, withMarkets: boolean): unknown => {
  const nested = withMarkets && !eventHas(event, "settled")
  return nested
    ? { ...RestObjects.event(event), markets: event.markets.map(RestObjects.market) }
    : RestObjects.event(event)
}

export const events = (exchange: Exchange, query: URLSearchParams): RestAnswer =>
  answer(
    Result.gen(function* () {
      const limit = yield* RestQuery.whole(query, "limit", { low: 1, high: 200, fallback: 200 })
      const from = yield* RestQuery.cursorNumber(query)
      const status = yield* readStatus(query)
      const nested = yield* RestQuery.flag(query, "with_nested_markets")
      const closes = yield* RestQuery.seconds(query, "min_close_ts")
      const updated = yield* RestQuery.seconds(query, "min_updated_ts")
      const seriesTicker = RestQuery.text(query, "series_ticker")
      const tickers = RestQuery.list(query, "tickers")
      const page = pageOf(exchange.eventsCreated, from ?? 0, limit, (event) => {
        if (status !== undefined && !eventHas(event, status)) return false
        if (seriesTicker !== undefined && event.series.ticker !== seriesTicker) return false
        if (tickers !== undefined && !tickers.includes(event.ticker)) return false
        if (updated !== undefined && event.tsUpdatedMicros < updated) return false
        return closes === undefined || event.markets.some((market) => market.tsCloseMicros >= closes)
      })
      const shown = page.items.map((event) => eventShown(event, nested === true))
      return ok({ events: shown, ...(query.has("with_milestones") ? { milestones: [] } : {}), cursor: page.cursor })
    })
  )

/** Newest first; the cursor is the number of the trade below which to go on. */
export const trades = (exchange: Exchange, query: URLSearchParams): RestAnswer =>
  answer(
    Result.gen(function* () {
      const limit = yield* RestQuery.whole(query, "limit", { low: 1, high: 1000, fallback: 100 })
      const below = yield* RestQuery.cursorNumber(query)
      const low = yield* RestQuery.seconds(query, "min_ts")
      const high = yield* RestQuery.seconds(query, "max_ts")
      const block = yield* RestQuery.flag(query, "is_block_trade")
      const ticker = RestQuery.text(query, "ticker")
      const found: Array<unknown> = []
      const { trades: all, settings } = exchange
      const oldest = Math.max(0, all.length - settings.tradesMax)
      for (let index = all.length - 1; index >= oldest; index--) {
        const trade = all[index]
        if (trade === undefined || (below !== undefined && trade.number >= below)) continue
        if (ticker !== undefined && trade.market.ticker !== ticker) continue
        // Older ones have no later times.
        if (trade.tsMicros < (low ?? 0)) break
        if (trade.tsMicros > (high ?? Number.POSITIVE_INFINITY)) continue
        if (block !== undefined && trade.isBlockTrade !== block) continue
        if (found.length === limit) return ok({ trades: found, cursor: RestQuery.cursorText(trade.number + 1) })
        found.push(RestObjects.trade(trade))
      }
      return ok({ trades: found, cursor: "" })
    })
  )

export const series = (exchange: Exchange, query: URLSearchParams): RestAnswer => {
  const category = RestQuery.text(query, "category")
  const tags = RestQuery.list(query, "tags")
  const shown = [...exchange.series.values()].filter(
    (one) =>
      (category === undefined || one.category === category) &&
      (tags === undefined || one.tags.some((tag) => tags.includes(tag)))
  )
  return ok({ series: shown.map(RestObjects.series) })
}
