/** The lists of markets, events, series and trades in Kalshi's interface: filters and pages, as of a moment. */

import { isSelected, type MarketStatusFilter, filters as statusFilters } from "@kalshibook/core/kalshi/MarketStatus"
import { badRequest, ok } from "@kalshibook/core/kalshi/RestAnswer"
import * as RestQuery from "@kalshibook/core/kalshi/RestQuery"
import * as RestView from "@kalshibook/core/kalshi/RestView"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { type CatalogVersion, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Effect, Result } from "effect"
import { booksAt, type KalshiMoment } from "./KalshiMoment.ts"
import * as KalshiObjects from "./KalshiObjects.ts"

/** Markets that are looked at for one page: a filter that selects few of many gives a short page with a cursor. */
const lookedAtMax = 20_000
const pageEntries = 1_000
/** How far back trades are looked for, growing while there are too few: five minutes, then more, up to three months. */
const tradesBackFirstMicros = 300_000_000
const tradesBackMaxMicros = 7_776_000_000_000

const statusOf = (query: URLSearchParams): RestQuery.Read<MarketStatusFilter | undefined> => {
  const word = RestQuery.text(query, "status")
  if (word === undefined) return Result.succeed(undefined)
  const found = statusFilters.find((one) => one === word)
  return found === undefined
    ? Result.fail(badRequest(`status must be one of ${statusFilters.join(", ")}`))
    : Result.succeed(found)
}

/** By the word of the filter; `open` selects paused markets, too, as the exchange does. */
const hasStatus = (word: MarketStatusFilter | undefined, body: CatalogVersion["body"], atMicros: number): boolean => {
  if (word === undefined) return true
  const status = KalshiObjects.statusAt(body, atMicros)
  return isSelected(word, status) || (word === "open" && status === "inactive")
}

const timeFilters = ["created", "close", "settled"] as const
const timeFields = { created: "created_time", close: "close_time", settled: "settlement_ts" } as const

type Accepts = (entry: CatalogVersion) => boolean

const timesOf = (query: URLSearchParams): RestQuery.Read<ReadonlyArray<Accepts>> =>
  Result.gen(function* () {
    const found: Array<Accepts> = []
    for (const name of timeFilters) {
      const low = yield* RestQuery.seconds(query, `min_${name}_ts`)
      const high = yield* RestQuery.seconds(query, `max_${name}_ts`)
      if (low === undefined && high === undefined) continue
      found.push(({ body }) => {
        const micros = KalshiObjects.timeOf(body, timeFields[name])
        return micros !== undefined && micros >= (low ?? 0) && micros <= (high ?? Number.POSITIVE_INFINITY)
      })
    }
    const updated = yield* RestQuery.seconds(query, "min_updated_ts")
    if (updated !== undefined) found.push(({ tsObservedMicros }) => tsObservedMicros >= updated)
    const combos = RestQuery.text(query, "mve_filter")
    if (combos !== undefined) {
      found.push(({ body }) => (typeof body["mve_collection_ticker"] === "string") === (combos === "only"))
    }
    return found
  })

/** A page of entries that are accepted, in the order of tickers, out of pages of the catalogue. */
const pageOf = Effect.fnUntraced(function* <E, R>(
  after: string | undefined,
  limit: number,
  read: (after: string | undefined) => Effect.Effect<ReadonlyArray<CatalogVersion>, E, R>,
  accepts: Accepts
) {
  const entries: Array<CatalogVersion> = []
  let last = after
  for (let looked = 0; looked < lookedAtMax; looked += pageEntries) {
    const page = yield* read(last)
    for (const entry of page) {
      if (entries.length === limit) return { entries, next: last }
      last = entry.ticker
      if (accepts(entry)) entries.push(entry)
    }
    if (page.length < pageEntries) return { entries, next: undefined }
  }
  return { entries, next: last }
})

export const markets = Effect.fnUntraced(function* (moment: KalshiMoment, query: URLSearchParams) {
  const read = Result.gen(function* () {
    return {
      limit: yield* RestQuery.whole(query, "limit", { low: 1, high: 1_000, fallback: 100 }),
      after: yield* RestQuery.cursor(query),
      status: yield* statusOf(query),
      times: yield* timesOf(query)
    }
  })
  if (Result.isFailure(read)) return read.failure
  const { after, limit, status, times } = read.success
  const catalog = yield* MarketCatalog
  const filter = {
    eventTicker: RestQuery.text(query, "event_ticker"),
    seriesTicker: RestQuery.text(query, "series_ticker"),
    tickers: RestQuery.list(query, "tickers")
  }
  const { atMicros } = moment
  const { entries, next } = yield* pageOf(
    after,
    limit,
    (behind) => catalog.markets(filter, { after: behind, entriesMax: pageEntries, ...asOf(moment) }),
    (entry) => hasStatus(status, entry.body, atMicros) && times.every((accepts) => accepts(entry))
  )
  return ok({ markets: yield* marketViews(moment, entries), cursor: RestQuery.cursorText(next) })
})

/** What was known at the moment; live, what is known now. */
export const asOf = (moment: KalshiMoment): { readonly asOfMicros?: number } =>
  moment._tag === "live" ? {} : { asOfMicros: moment.atMicros }

export const marketViews = Effect.fnUntraced(function* (moment: KalshiMoment, entries: ReadonlyArray<CatalogVersion>) {
  const books = yield* booksAt(
    moment,
    entries.map(({ ticker }) => ticker)
  )
  return entries.map(({ body, ticker }) => {
    const book = books.get(ticker)
    return KalshiObjects.market(body, moment.atMicros, book?._tag === "levels" ? book.levels : undefined)
  })
})

export const events = Effect.fnUntraced(function* (moment: KalshiMoment, query: URLSearchParams) {
  const read = Result.gen(function* () {
    return {
      limit: yield* RestQuery.whole(query, "limit", { low: 1, high: 200, fallback: 200 }),
      after: yield* RestQuery.cursor(query),
      status: yield* statusOf(query),
      isNested: (yield* RestQuery.flag(query, "with_nested_markets")) ?? false,
      closes: yield* RestQuery.seconds(query, "min_close_ts"),
      updated: yield* RestQuery.seconds(query, "min_updated_ts")
    }
  })
  if (Result.isFailure(read)) return read.failure
  const { after, closes, isNested, limit, status, updated } = read.success
  const catalog = yield* MarketCatalog
  const tickers = RestQuery.list(query, "tickers")
  const filter = { seriesTicker: RestQuery.text(query, "series_ticker") }
  const found: Array<{ readonly event: CatalogVersion; readonly markets: ReadonlyArray<CatalogVersion> }> = []
  let last = after
  let next: string | undefined
  for (let looked = 0; looked < lookedAtMax && next === undefined; looked += pageEntries) {
    const page = yield* catalog.events(filter, { after: last, entriesMax: pageEntries, ...asOf(moment) })
    for (const event of page) {
      if (found.length === limit) {
        next = last
        break
      }
      last = event.ticker
      if (tickers !== undefined && !tickers.includes(event.ticker)) continue
      if (updated !== undefined && event.tsObservedMicros < updated) continue
      const needsMarkets = isNested || status !== undefined || closes !== undefined
      const own = needsMarkets ? yield* marketsOf(moment, event.ticker) : []
      if (status !== undefined && !own.some(({ body }) => hasStatus(status, body, moment.atMicros))) continue
      if (closes !== undefined && !own.some(({ body }) => (KalshiObjects.timeOf(body, "close_time") ?? 0) >= closes)) {
        continue
      }
      found.push({ event, markets: own })
    }
    if (page.length < pageEntries) break
  }
  const shown = yield* Effect.forEach(found, ({ event, markets: own }) =>
    isNested
      ? Effect.map(marketViews(moment, own), (views) => ({ ...event.body, markets: views }))
      : Effect.succeed(event.body)
  )
  const milestones = query.has("with_milestones") ? { milestones: [] } : {}
  return ok({ events: shown, ...milestones, cursor: RestQuery.cursorText(next) })
})

/** The markets of an event, as many as any has. */
export const marketsOf = Effect.fnUntraced(function* (moment: KalshiMoment, eventTicker: string) {
  const catalog = yield* MarketCatalog
  return yield* catalog.markets({ eventTicker }, { entriesMax: pageEntries, ...asOf(moment) })
})

export const series = Effect.fnUntraced(function* (moment: KalshiMoment, query: URLSearchParams) {
  const catalog = yield* MarketCatalog
  const category = RestQuery.text(query, "category")
  const tags = RestQuery.list(query, "tags")
  const found: Array<CatalogVersion["body"]> = []
  let after: string | undefined
  while (true) {
    const page = yield* catalog.seriesList({ category }, { after, entriesMax: pageEntries, ...asOf(moment) })
    for (const { body } of page) {
      const own: unknown = body["tags"]
      if (tags === undefined || (Array.isArray(own) && own.some((tag) => tags.includes(String(tag))))) found.push(body)
    }
    after = page.at(-1)?.ticker
    if (page.length < pageEntries) return ok({ series: found })
  }
})

/** Newest first, by receipt: what was known at the moment. The cursor names the last one given. */
export const trades = Effect.fnUntraced(function* (moment: KalshiMoment, query: URLSearchParams) {
  const read = Result.gen(function* () {
    return {
      limit: yield* RestQuery.whole(query, "limit", { low: 1, high: 1_000, fallback: 100 }),
      behind: yield* RestQuery.cursor(query),
      low: yield* RestQuery.seconds(query, "min_ts"),
      high: yield* RestQuery.seconds(query, "max_ts"),
      isBlock: yield* RestQuery.flag(query, "is_block_trade")
    }
  })
  if (Result.isFailure(read)) return read.failure
  const { behind, high = Number.POSITIVE_INFINITY, isBlock, limit, low = 0 } = read.success
  const [, behindMicros, behindId = ""] = /^(\d{1,16}) (.+)$/.exec(behind ?? "") ?? []
  if (behind !== undefined && behindMicros === undefined) return badRequest("cursor is not one of ours")
  const ticker = RestQuery.text(query, "ticker")
  const accepts = (trade: TradeRecord): boolean =>
    trade.tsExchangeMicros >= low &&
    trade.tsExchangeMicros <= high + 999_999 &&
    (isBlock === undefined || trade.isBlockTrade === isBlock) &&
    (behindMicros === undefined ||
      trade.tsReceivedMicros < Number(behindMicros) ||
      (trade.tsReceivedMicros === Number(behindMicros) && trade.tradeId < behindId))
  const found: Array<TradeRecord> = []
  let toMicros = behindMicros === undefined ? moment.atMicros + 1 : Number(behindMicros) + 1
  const lastMicros = Math.max(low, toMicros - tradesBackMaxMicros)
  for (let back = tradesBackFirstMicros; toMicros > lastMicros && found.length <= limit; back *= 4) {
    const fromMicros = Math.max(lastMicros, toMicros - back)
    const some = yield* tradesIn(ticker, fromMicros, toMicros)
    for (const trade of some.reverse()) if (accepts(trade)) found.push(trade)
    toMicros = fromMicros
  }
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const next = found.length > limit && last !== undefined ? `${last.tsReceivedMicros} ${last.tradeId}` : undefined
  return ok({ trades: shown.map(RestView.trade), cursor: RestQuery.cursorText(next) })
})

const tradesIn = Effect.fnUntraced(function* (ticker: string | undefined, fromMicros: number, toMicros: number) {
  const source = yield* ReplaySource
  const reader = yield* source.open({
    books: [],
    trades: ticker === undefined ? "all" : [ticker],
    lifecycle: false,
    fromMicros,
    toMicros
  })
  const found: Array<TradeRecord> = []
  while (true) {
    const entries = yield* reader.next
    if (entries === undefined) return found
    for (const entry of entries) if (entry.kind === "trade") found.push(entry.trade)
  }
})
