/**
 * Proof from outside: other people's Kalshi clients, from npm and unchanged, work against the simulated exchange.
 *
 * `kalshi-typescript` is the exchange's own client for REST. `pmxt-core` has a websocket client; its handling of deltas is for
 * the wire of before March 2026 and leaves a book as the last snapshot gave it, so books are compared while nothing trades.
 */
import { createRequire } from "node:module"
import type * as KalshiTypescript from "kalshi-typescript"
import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import type { RunningExchange } from "../src/SimulatedExchange.ts"
import { generate } from "../src/server/AccessKeys.ts"
import { activeTickers, withExchange } from "./WithExchange.ts"

const require = createRequire(import.meta.url)

describe("kalshi-typescript", () => {
  const kalshi: typeof KalshiTypescript = require("kalshi-typescript")
  const configuration = (running: RunningExchange, privateKeyPem = running.privateKeyPem) =>
    new kalshi.Configuration({ apiKey: running.keyId, privateKeyPem, basePath: running.restUrl })

  it(
    "walks series, events, markets, books and trades with signed requests",
    withExchange({ marketsOpen: 60 }, async (running) => {
      running.step(2_000)
      const markets = new kalshi.MarketApi(configuration(running))
      const events = new kalshi.EventsApi(configuration(running))
      const exchange = new kalshi.ExchangeApi(configuration(running))
      assert.isTrue((await exchange.getExchangeStatus()).data.trading_active)
      assert.isDefined((await exchange.getExchangeSchedule()).data.schedule.standard_hours)
      assert.isNotEmpty((await markets.getSeriesList()).data.series)

      const found: Array<string> = []
      let cursor: string | undefined
      do {
        const { data } = await events.getEvents(5, cursor, true, undefined, "open")
        for (const event of data.events) found.push(...(event.markets ?? []).map((market) => market.ticker))
        cursor = data.cursor
      } while (cursor !== "")
      assert.includeMembers(found, [...activeTickers(running)])

      const listed = (await markets.getMarkets(1000)).data.markets
      assert.deepStrictEqual(
        listed.map((market) => market.ticker),
        [...running.exchange.markets.keys()]
      )
      for (const ticker of activeTickers(running).slice(0, 10)) {
        const { orderbook_fp } = (await markets.getMarketOrderbook(ticker)).data
        const truth = running.truth.bookAt(ticker, running.truth.last())
        if (truth._tag !== "book") throw new Error(truth._tag)
        const shown = orderbook_fp.yes_dollars.map(([price, size]) =>
          [Number(price) * 10_000, Number(size) * 100].map(Math.round)
        )
        assert.deepStrictEqual(
          shown,
          truth.levels.yes.map((level) => [level.priceE4, level.sizeE2])
        )
        assert.strictEqual((await markets.getMarket(ticker)).data.market.ticker, ticker)
      }
      const { trades } = (await markets.getTrades(100)).data
      assert.deepStrictEqual(
        trades.map((trade) => trade.trade_id),
        running.exchange.trades
          .slice(-100)
          .reverse()
          .map((trade) => trade.tradeId)
      )
    })
  )

  it(
    "signs what it must sign: the exchange accepts its key, and answers 401 to another",
    withExchange({}, async (running) => {
      const [ticker = ""] = activeTickers(running)
      const own = new kalshi.AccountApi(configuration(running))
      assert.strictEqual((await own.getAccountApiLimits()).data.usage_tier, "basic")
      // Its clients sign through one shared axios, where the first key wins: the other key gets an axios of its own.
      const axios = createRequire(require.resolve("kalshi-typescript"))("axios").create()
      const stranger = configuration(running, generate().privateKeyPem)
      const other = new kalshi.MarketApi(stranger, running.restUrl, axios)
      const status = await other.getMarketOrderbook(ticker).then(
        () => 200,
        (error) => error.response?.status
      )
      assert.strictEqual(status, 401)
    })
  )
})

interface PmxtBook {
  readonly bids: ReadonlyArray<{ readonly price: number; readonly size: number }>
  readonly asks: ReadonlyArray<{ readonly price: number; readonly size: number }>
}

interface PmxtSocket {
  readonly watchOrderBooks: (tickers: ReadonlyArray<string>) => Promise<Record<string, PmxtBook>>
  readonly watchOrderBook: (ticker: string) => Promise<PmxtBook>
  readonly watchTrades: (ticker: string) => Promise<ReadonlyArray<{ readonly id: string }>>
  readonly close: () => Promise<void>
}

describe("pmxt-core", () => {
  // It tells the console of every connection.
  beforeEach(() => void vi.spyOn(console, "log").mockImplementation(() => {}))
  afterEach(() => void vi.restoreAllMocks())

  const { KalshiWebSocket } = require("pmxt-core/dist/exchanges/kalshi/websocket.js")
  const { KalshiAuth } = require("pmxt-core/dist/exchanges/kalshi/auth.js")
  const open = (running: RunningExchange): PmxtSocket => {
    const auth = new KalshiAuth({ apiKey: running.keyId, privateKey: running.privateKeyPem })
    return new KalshiWebSocket(auth, { wsUrl: running.wsUrl, reconnectIntervalMs: 50 })
  }

  /** The truth as this client shows books: bids best first, asks on the yes scale, lowest first. */
  const expected = (running: RunningExchange, ticker: string): PmxtBook => {
    const truth = running.truth.bookAt(ticker, running.truth.last())
    if (truth._tag !== "book") throw new Error(truth._tag)
    const level = (priceE4: number, sizeE2: number) => ({ price: priceE4 / 10_000, size: sizeE2 / 100 })
    return {
      bids: truth.levels.yes.map((one) => level(one.priceE4, one.sizeE2)).reverse(),
      asks: truth.levels.no.map((one) => level(10_000 - one.priceE4, one.sizeE2)).reverse()
    }
  }

  it(
    "connects with its own signature and sees the order books of the truth",
    withExchange({}, async (running) => {
      running.step(1_000)
      const tickers = activeTickers(running)
      const socket = open(running)
      const books = await socket.watchOrderBooks(tickers)
      for (const ticker of tickers) {
        const { asks, bids } = books[ticker] as PmxtBook
        assert.deepStrictEqual({ bids, asks }, expected(running, ticker), ticker)
      }
      await socket.close()
    })
  )

  it(
    "hears trades, and connects again after a cut",
    withExchange({}, async (running) => {
      const ticker = activeTickers(running)[0] as string
      const socket = open(running)
      await socket.watchOrderBook(ticker)
      running.faults.inflict({ fault: "cut" })
      const trades = socket.watchTrades(ticker)
      let isHeard = false
      void trades.then(() => {
        isHeard = true
      })
      for (let tries = 0; !isHeard && tries < 200; tries++) {
        const isBack = running.server.feed.followers.get("trade")?.has(ticker) === true
        if (isBack) running.step(200)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      const ids = new Set(running.exchange.trades.map((trade) => trade.tradeId))
      assert.isTrue((await trades).every((trade) => ids.has(trade.id)))
      await socket.close()
    })
  )

  it(
    "takes the snapshot of a market that does not exist for what it is",
    withExchange({}, async (running) => {
      const socket = open(running)
      const problem = await socket.watchOrderBook("KXNOSUCHMARKET-26NOV22-X").then(
        () => "found",
        (error: Error) => error.message
      )
      assert.include(problem, "market not found")
      await socket.close()
    })
  )
})
