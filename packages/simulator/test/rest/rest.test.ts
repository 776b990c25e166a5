/** The REST interface over a real socket. */
import * as Rest from "@kalshibook/core/kalshi/Rest"
import { Result, Schema } from "effect"
import { assert, describe, it } from "vitest"
import type { RunningExchange } from "../../src/SimulatedExchange.ts"
import { signedHeaders } from "../TestClient.ts"
import { activeTickers, withExchange } from "../WithExchange.ts"

interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into as a foreign client would
  readonly body: any
  readonly headers: Headers
}

const get = async (running: RunningExchange, path: string, init: RequestInit = {}): Promise<Reply> => {
  const response = await fetch(`${running.restUrl}${path}`, { redirect: "manual", ...init })
  const text = await response.text()
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text), headers: response.headers }
}

/** All items of a list, page by page. */
const walk = async (
  running: RunningExchange,
  path: string,
  key: string
): Promise<ReadonlyArray<Record<string, string>>> => {
  const items: Array<Record<string, string>> = []
  let cursor = ""
  do {
    const { body } = await get(running, `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`)
    items.push(...body[key])
    cursor = body.cursor
  } while (cursor !== "")
  return items
}

describe("REST", () => {
  it(
    "answers in the shapes that clients of the exchange expect",
    withExchange({ marketsOpen: 250, quickLifeSeconds: 5, lifecycleSpeed: 200 }, async (running) => {
      running.advance(20_000)
      const [ticker = ""] = activeTickers(running)
      const event = running.exchange.markets.get(ticker)?.event
      const shapes: ReadonlyArray<readonly [string, Schema.ConstraintDecoder<unknown>]> = [
        ["/markets?limit=1000", Rest.MarketsReply],
        [`/markets/${ticker}`, Rest.MarketReply],
        ["/events?with_nested_markets=true", Rest.EventsReply],
        [`/events/${event?.ticker}`, Rest.EventReply],
        ["/series", Rest.SeriesListReply],
        [`/series/${event?.series.ticker}`, Rest.SeriesReply],
        ["/markets/trades?limit=1000", Rest.TradesReply],
        [`/markets/${ticker}/orderbook`, Rest.OrderbookReply],
        [`/markets/orderbooks?tickers=${ticker}`, Rest.OrderbooksReply],
        ["/exchange/status", Rest.ExchangeStatus],
        ["/exchange/schedule", Rest.ExchangeScheduleReply]
      ]
      for (const [path, shape] of shapes) {
        const { body } = await get(running, path)
        const decoded = Schema.decodeUnknownResult(shape)(body)
        assert.isTrue(Result.isSuccess(decoded), `${path}: ${Result.isFailure(decoded) ? decoded.failure : ""}`)
      }
    })
  )

  it(
    "pages through markets, events and trades without loss or repeat, and ends with an empty cursor",
    withExchange({ marketsOpen: 250 }, async (running) => {
      running.step(3_000)
      const markets = await walk(running, "/markets?limit=17", "markets")
      assert.deepStrictEqual(
        markets.map((market) => market.ticker),
        [...running.exchange.markets.keys()]
      )
      const events = await walk(running, "/events?limit=3", "events")
      assert.deepStrictEqual(
        events.map((event) => event.event_ticker),
        [...running.exchange.events.keys()]
      )
      const trades = await walk(running, "/markets/trades?limit=50", "trades")
      assert.deepStrictEqual(
        trades.map((trade) => trade.trade_id),
        running.exchange.trades.map((trade) => trade.tradeId).reverse()
      )
    })
  )

  it(
    "uses other words for status in filters than in answers",
    withExchange({ quickLifeSeconds: 4, lifecycleSpeed: 50, marketsOpen: 8 }, async (running) => {
      running.advance(60_000)
      const [paused = ""] = activeTickers(running)
      running.faults.inflict({ fault: "pause_market", marketTicker: paused })
      const found = async (status: string) =>
        new Set((await walk(running, `/markets?status=${status}`, "markets")).map((market) => market.status))
      assert.deepStrictEqual([...(await found("open"))].sort(), ["active", "inactive"])
      assert.deepStrictEqual([...(await found("paused"))], ["inactive"])
      assert.deepStrictEqual([...(await found("unopened"))], ["initialized"])
      assert.deepStrictEqual([...(await found("settled"))], ["finalized"])
      for (const status of await found("closed")) assert.include(["closed", "determined"], status)
      assert.strictEqual((await get(running, "/markets?status=active")).status, 400)
      assert.strictEqual((await get(running, "/events?status=finalized")).status, 400)
    })
  )

  it(
    "filters markets by event, series, tickers and times, and refuses filters that do not go together",
    withExchange({ marketsOpen: 60 }, async (running) => {
      const [first] = [...running.exchange.markets.values()]
      if (first === undefined) throw new Error("no market")
      const tickers = async (query: string) =>
        (await walk(running, `/markets?${query}`, "markets")).map((one) => one.ticker)
      assert.deepStrictEqual(
        await tickers(`event_ticker=${first.event.ticker}`),
        first.event.markets.map((market) => market.ticker)
      )
      assert.include(await tickers(`series_ticker=${first.event.series.ticker}`), first.ticker)
      const two = activeTickers(running).slice(0, 2)
      assert.sameMembers(await tickers(`tickers=${two.join(",")}`), [...two])
      const closeSeconds = Math.floor(first.tsCloseMicros / 1_000_000)
      assert.include(await tickers(`min_close_ts=${closeSeconds}&max_close_ts=${closeSeconds + 1}`), first.ticker)
      assert.deepStrictEqual(await tickers("mve_filter=only"), [])
      for (const query of [
        "status=open&min_close_ts=1",
        "status=closed&min_created_ts=1",
        "min_updated_ts=1",
        "limit=0",
        "limit=1001",
        "limit=ten",
        "cursor=%00",
        "max_close_ts=soon"
      ]) {
        const { body, status } = await get(running, `/markets?${query}`)
        assert.strictEqual(status, 400, query)
        assert.hasAllKeys(body, ["code", "message", "details"])
      }
    })
  )

  it(
    "15: shows an empty side as [], where the websocket leaves it out, and empty books as 0 and 1 in summaries",
    withExchange({ quickLifeSeconds: 2, marketsOpen: 5 }, async (running) => {
      running.advance(3_000)
      const market = [...running.exchange.markets.values()].find(
        (one) => one.status === "closed" || one.status === "initialized"
      )
      const { body } = await get(running, `/markets/${market?.ticker}/orderbook`)
      assert.deepStrictEqual(body, { orderbook_fp: { yes_dollars: [], no_dollars: [] } })
      const summary = (await get(running, `/markets/${market?.ticker}`)).body.market
      assert.deepInclude(summary, {
        yes_bid_dollars: "0.0000",
        yes_ask_dollars: "1.0000",
        no_bid_dollars: "0.0000",
        no_ask_dollars: "1.0000",
        yes_bid_size_fp: "0.00",
        yes_ask_size_fp: "0.00"
      })
      assert.notProperty(summary, "market_id")
    })
  )

  it(
    "shows books ascending with the best last, cut to the best with depth, one or many at a time",
    withExchange({}, async (running) => {
      running.step(500)
      const tickers = activeTickers(running)
      const query = tickers.map((ticker) => `tickers=${ticker}`).join("&")
      const { orderbooks } = (await get(running, `/markets/orderbooks?${query}`)).body
      assert.lengthOf(orderbooks, tickers.length)
      for (const { orderbook_fp, ticker } of orderbooks) {
        const single = (await get(running, `/markets/${ticker}/orderbook`)).body.orderbook_fp
        assert.deepStrictEqual(single, orderbook_fp)
        const cut = (await get(running, `/markets/${ticker}/orderbook?depth=3`)).body.orderbook_fp
        assert.deepStrictEqual(cut.yes_dollars, single.yes_dollars.slice(-3))
        const prices = single.no_dollars.map(([price]: readonly [string]) => price)
        assert.deepStrictEqual(prices, [...prices].sort())
        const { market } = (await get(running, `/markets/${ticker}`)).body
        assert.strictEqual(market.yes_bid_dollars, single.yes_dollars.at(-1)?.[0] ?? "0.0000")
        assert.strictEqual(market.no_bid_dollars, single.no_dollars.at(-1)?.[0] ?? "0.0000")
        assert.strictEqual(Number(market.yes_ask_dollars) + Number(market.no_bid_dollars), 1)
      }
      const many = Array.from({ length: 101 }, (_, index) => `tickers=T${index}`).join("&")
      assert.strictEqual((await get(running, `/markets/orderbooks?${many}`)).status, 400)
      assert.strictEqual((await get(running, `/markets/${tickers[0]}/orderbook?depth=101`)).status, 400)
    })
  )

  it(
    "nests markets in events on request, except in settled ones",
    withExchange({ quickLifeSeconds: 3, lifecycleSpeed: 300, marketsOpen: 8 }, async (running) => {
      running.advance(30_000)
      const open = await get(running, "/events?status=open&with_nested_markets=true")
      for (const event of open.body.events) assert.isNotEmpty(event.markets)
      const settled = await get(running, "/events?status=settled&with_nested_markets=true")
      assert.isNotEmpty(settled.body.events)
      for (const event of settled.body.events) assert.notProperty(event, "markets")
      const [event] = open.body.events
      const alone = (await get(running, `/events/${event.event_ticker}`)).body
      assert.deepStrictEqual(alone.markets, event.markets)
      const nested = (await get(running, `/events/${event.event_ticker}?with_nested_markets=true`)).body
      assert.deepStrictEqual(nested.event.markets, event.markets)
      assert.deepStrictEqual((await get(running, "/events/multivariate")).body, { events: [], cursor: "" })
    })
  )

  it(
    "lists series by category and tag, and one by its ticker",
    withExchange({ marketsOpen: 200 }, async (running) => {
      const all = (await get(running, "/series")).body.series
      const weather = (await get(running, "/series?category=Climate%20and%20Weather")).body.series
      assert.isAbove(weather.length, 1)
      assert.isBelow(weather.length, all.length)
      assert.deepStrictEqual((await get(running, "/series?tags=Fed,Oscars")).body.series.length, 2)
      assert.deepStrictEqual((await get(running, `/series/${all[0].ticker}`)).body.series, all[0])
    })
  )

  it(
    "answers 404, 405 and 401 in its error shape, and 301 for a slash at the end",
    withExchange({}, async (running) => {
      for (const path of [
        "/markets/NONE",
        "/events/NONE",
        "/series/NONE",
        "/nothing",
        "/markets/NONE/orderbook",
        "/exchange/announcements"
      ]) {
        const { body, status } = await get(running, path)
        assert.strictEqual(status, 404, path)
        assert.hasAllKeys(body, ["code", "message", "details"])
      }
      assert.strictEqual((await get(running, "/markets", { method: "POST" })).status, 405)
      assert.strictEqual((await get(running, "/account/limits")).status, 401)
      const moved = await get(running, "/markets/?limit=1")
      assert.strictEqual(moved.status, 301)
      assert.strictEqual(moved.headers.get("location"), "/trade-api/v2/markets?limit=1")
    })
  )

  it(
    "takes market data requests unsigned, and refuses those signed wrongly: with the query, or without the prefix",
    withExchange({}, async (running) => {
      const status = async (path: string, signed: string) =>
        (await get(running, path, { headers: signedHeaders(running, { path: signed }) })).status
      assert.strictEqual(await status("/account/limits", "/trade-api/v2/account/limits"), 200)
      assert.strictEqual(await status("/markets?limit=1", "/trade-api/v2/markets"), 200)
      assert.strictEqual(await status("/markets?limit=1", "/markets"), 401)
      const withQuery = signedHeaders(running, { path: "/trade-api/v2/markets%3Flimit=1" })
      assert.strictEqual((await get(running, "/markets?limit=1", { headers: withQuery })).status, 401)
    })
  )

  it(
    "answers 429 without any hint when the tokens are gone, to one caller and not to another",
    withExchange({ readTokensPerSecond: 0.001, readTokensMax: 30 }, async (running) => {
      const replies = []
      for (let count = 0; count < 4; count++) replies.push(await get(running, "/exchange/status"))
      assert.deepStrictEqual(
        replies.map((reply) => reply.status),
        [200, 200, 200, 429]
      )
      assert.deepStrictEqual(replies[3]?.body, { error: "too many requests" })
      assert.isNull(replies[3]?.headers.get("retry-after") ?? null)
      const headers = signedHeaders(running, { path: "/trade-api/v2/exchange/status" })
      assert.strictEqual((await get(running, "/exchange/status", { headers })).status, 200)
    })
  )
})
