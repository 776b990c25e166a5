/**
 * Other people's programs for Kalshi, from npm and unchanged, work against our API, live and in the past: only their base URL and key are
 * ours. (`pmxt-core` reads deltas as before March 2026, so its books are looked at while nothing trades.)
 */
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import { type BookLevels, emptyLevels } from "@kalshibook/core/BookRecord"
import { dollarsFromPriceE4, isoFromMicros, microsFromIso } from "@kalshibook/core/Units"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Option } from "effect"
import type * as KalshiTypescript from "kalshi-typescript"
import { afterEach, beforeEach, vi } from "vitest"
import * as KalshiStation from "./KalshiStation.ts"

const require = createRequire(import.meta.url)
const kalshi: typeof KalshiTypescript = require("kalshi-typescript")
const { KalshiWebSocket } = require("pmxt-core/dist/exchanges/kalshi/websocket.js")
const { KalshiAuth } = require("pmxt-core/dist/exchanges/kalshi/auth.js")

interface PmxtBook {
  readonly bids: ReadonlyArray<{ readonly price: number; readonly size: number }>
  readonly asks: ReadonlyArray<{ readonly price: number; readonly size: number }>
}

interface PmxtSocket {
  readonly watchOrderBooks: (tickers: ReadonlyArray<string>) => Promise<Record<string, PmxtBook>>
  readonly close: () => Promise<void>
}

/** Bids best first, asks on the yes scale, lowest first. */
const asPmxtShows = ({ no, yes }: BookLevels): PmxtBook => {
  const level = (priceE4: number, sizeE2: number) => ({ price: priceE4 / 10_000, size: sizeE2 / 100 })
  return {
    bids: yes.map((one) => level(one.priceE4, one.sizeE2)).reverse(),
    asks: no.map((one) => level(10_000 - one.priceE4, one.sizeE2)).reverse()
  }
}

const asRestShows = (levels: BookLevels["yes"]) =>
  levels.map(({ priceE4, sizeE2 }) => [dollarsFromPriceE4(priceE4), (sizeE2 / 100).toFixed(2)])

describe("clients of others", () => {
  // One of them tells the console of every connection.
  beforeEach(() => void vi.spyOn(console, "log").mockImplementation(() => {}))
  afterEach(() => void vi.restoreAllMocks())

  it.live(
    "see the exchange live through us, and any moment of the past behind another base URL",
    () =>
      Effect.gen(function* () {
        const station = yield* KalshiStation.start()
        const { collector, exchange, key, stored, url } = station
        const hot = Context.get(stored, HotTier)
        const history = Context.get(stored, History)
        const active = [...exchange.exchange.markets.values()].filter(({ status }) => status === "active")
        const tickers = active.map(({ ticker }) => ticker).sort()
        yield* KalshiStation.until(
          Effect.map(collector.status, ({ marketsByState }) => marketsByState.live >= tickers.length)
        )
        yield* Effect.sleep("700 millis")
        const pastMicros = Option.getOrThrow(yield* hot.watermark).tsReceivedMicros
        yield* Effect.sleep("500 millis")
        exchange.faults.inflict({ fault: "pause_trading" })
        yield* Effect.sleep("300 millis")

        const rest = (base: string) =>
          new kalshi.Configuration({
            apiKey: key,
            privateKeyPem: KalshiStation.ownKey.privateKeyPem,
            basePath: `${base}/trade-api/v2`
          })
        const open = (base: string): PmxtSocket =>
          new KalshiWebSocket(new KalshiAuth({ apiKey: key, privateKey: KalshiStation.ownKey.privateKeyPem }), {
            wsUrl: `${base.replace("http", "ws")}/trade-api/ws/v2`,
            reconnectIntervalMs: 50
          })
        const truthNow = (ticker: string): BookLevels => {
          const truth = exchange.truth.bookAt(ticker, exchange.truth.last())
          return truth._tag === "book" ? truth.levels : emptyLevels
        }
        // Its clock stands still, so that the moment is the same for all that is asked.
        const pastUrl = `${url}/replay/${isoFromMicros(pastMicros)}`
        const headers = { "KALSHI-ACCESS-KEY": key }
        const stopped = yield* Effect.promise(() => fetch(`${pastUrl}/pause`, { method: "POST", headers }))
        const { now } = yield* Effect.promise(() => stopped.json() as Promise<{ readonly now: string }>)
        const momentMicros = Option.getOrThrow(microsFromIso(now))
        const past = new Map<string, BookLevels>()
        for (const ticker of tickers) {
          const answer = yield* history.bookAt(ticker, momentMicros, "received")
          past.set(ticker, Book.levels(answer.book))
        }
        const places = [
          { base: url, bookOf: truthNow },
          {
            base: pastUrl,
            bookOf: (one: string) => past.get(one) ?? emptyLevels
          }
        ]

        for (const { base, bookOf } of places) {
          const markets = new kalshi.MarketApi(rest(base))
          const events = new kalshi.EventsApi(rest(base))
          yield* Effect.promise(async () => {
            assert.isTrue((await new kalshi.ExchangeApi(rest(base)).getExchangeStatus()).data.exchange_active)
            const found: Array<string> = []
            let cursor: string | undefined
            do {
              const { data } = await events.getEvents(5, cursor, true, undefined, "open")
              for (const event of data.events) found.push(...(event.markets ?? []).map((market) => market.ticker))
              cursor = data.cursor
            } while (cursor !== "")
            assert.includeMembers(found, tickers, base)
            const listed: Array<string> = []
            do {
              const { data } = await markets.getMarkets(5, cursor === "" ? undefined : cursor)
              listed.push(...data.markets.map((market) => market.ticker))
              cursor = data.cursor
            } while (cursor !== "")
            assert.includeMembers(listed, tickers, base)
            assert.strictEqual(new Set(listed).size, listed.length)
            for (const ticker of tickers) {
              const { orderbook_fp } = (await markets.getMarketOrderbook(ticker)).data
              assert.deepStrictEqual(orderbook_fp.yes_dollars, asRestShows(bookOf(ticker).yes), `${base} ${ticker}`)
              assert.deepStrictEqual(orderbook_fp.no_dollars, asRestShows(bookOf(ticker).no), `${base} ${ticker}`)
              const { market } = (await markets.getMarket(ticker)).data
              assert.strictEqual(market.yes_bid_dollars, dollarsFromPriceE4(bookOf(ticker).yes.at(-1)?.priceE4 ?? 0))
            }
            const socket = open(base)
            const books = await socket.watchOrderBooks(tickers)
            for (const ticker of tickers) {
              const { asks, bids } = books[ticker] as PmxtBook
              assert.deepStrictEqual({ bids, asks }, asPmxtShows(bookOf(ticker)), `${base} ${ticker}`)
            }
            await socket.close()
          })
        }
      }).pipe(Effect.scoped),
    120_000
  )
})
