/** Books by REST as the edge keeps them, against the truth; and lies. */
import type { BookLevels } from "@kalshibook/core/BookRecord"
import { contractsFromSizeE2, dollarsFromPriceE4 } from "@kalshibook/core/Units"
import { assert, describe } from "vitest"
import { inflict, type TestExchange } from "../TestExchange.ts"
import { activeTickers, both } from "../WithExchange.ts"

const shown = ({ no, yes }: BookLevels): string => {
  const side = (levels: BookLevels["yes"]) =>
    levels.map(({ priceE4, sizeE2 }) => [dollarsFromPriceE4(priceE4), contractsFromSizeE2(sizeE2)])
  return JSON.stringify({ yes_dollars: side(yes), no_dollars: side(no) })
}

const address = (tickers: ReadonlyArray<string>): string =>
  `/markets/orderbooks?${tickers.map((ticker) => `tickers=${ticker}`).join("&")}`

const booksOf = async (running: TestExchange, tickers: ReadonlyArray<string>): Promise<ReadonlyMap<string, string>> => {
  const { body } = await running.get(address(tickers))
  return new Map(
    body.orderbooks.map((one: { readonly ticker: string; readonly orderbook_fp: unknown }) => [
      one.ticker,
      JSON.stringify(one.orderbook_fp)
    ])
  )
}

/** Whether a book was the truth at some change from one number to another. */
const wasTrue = (running: TestExchange, ticker: string, book: string, from: number, until: number): boolean => {
  for (let changeNumber = until; ; ) {
    const truth = running.truth.bookAt(ticker, { changeNumber })
    if (truth._tag !== "book") return false
    if (shown(truth.levels) === book) return true
    if (truth.changeNumber <= from) return false
    changeNumber = truth.changeNumber - 1
  }
}

describe("books by REST", () => {
  both("are kept for as long as the edge keeps them, and say so", { restBookCacheMillis: 4_000 }, async (running) => {
    const tickers = activeTickers(running).slice(0, 20)
    const { header } = await running.get(address(tickers))
    assert.strictEqual(header("cache-control"), "public, max-age=4")
    const first = await booksOf(running, tickers)
    let changed = 0
    for (let half = 1; half <= 9; half++) {
      running.advance(500)
      const next = await booksOf(running, tickers)
      if ([...next].join() !== [...first].join()) changed ||= half
    }
    assert.isTrue(changed >= 1 && changed <= 8)
  })

  both(
    "are the truth of one moment of the time in which they can have been computed, often of a while ago",
    { restBookCacheMillis: 3_000, marketsOpen: 12 },
    async (running) => {
      const tickers = activeTickers(running)
      running.advance(4_000)
      let old = 0
      for (let look = 0; look < 20; look++) {
        const numberBefore = running.exchange.changeNumber
        running.advance(3_000)
        const asked = [...tickers.slice(look % tickers.length), ...tickers.slice(0, look % tickers.length)].slice(0, 5)
        const books = await booksOf(running, asked)
        const now = await Promise.all(asked.map((ticker) => running.get(`/markets/${ticker}/orderbook`)))
        if (now.some(({ body }, at) => JSON.stringify(body.orderbook_fp) !== books.get(asked[at] ?? ""))) old++
        for (const [ticker, book] of books) {
          assert.isTrue(wasTrue(running, ticker, book, numberBefore, running.exchange.changeNumber), ticker)
        }
      }
      assert.isTrue(old > 3 && old < 18, String(old))
    }
  )

  both("are always of now when nothing is kept", { restBookCacheMillis: 0 }, async (running) => {
    const [a = ""] = activeTickers(running)
    for (let look = 0; look < 20; look++) {
      running.step(30)
      const { body } = await running.get(`/markets/${a}/orderbook`)
      assert.strictEqual((await booksOf(running, [a])).get(a), JSON.stringify(body.orderbook_fp))
    }
  })

  both("may be wrong on command, as often as asked, in one market alone", { marketsOpen: 12 }, async (running) => {
    const [a = "", b = ""] = activeTickers(running)
    running.step(200)
    const right = await booksOf(running, [a, b])
    inflict(running, { fault: "wrong_rest_book", marketTicker: a, count: 2 })
    for (let answer = 0; answer < 2; answer++) {
      const wrong = await booksOf(running, [a, b])
      assert.strictEqual(wrong.get(b), right.get(b))
      assert.notStrictEqual(wrong.get(a), right.get(a))
      assert.isFalse(wasTrue(running, a, wrong.get(a) ?? "", 0, running.exchange.changeNumber))
    }
    assert.deepStrictEqual(await booksOf(running, [a, b]), right)
  })
})
