/** What search over the catalogue promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { rankOf } from "@kalshibook/core/MarketSearch"
import { type CatalogPage, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect } from "effect"

const market = (ticker: string, status: string, title: string, rest: Readonly<Record<string, unknown>> = {}) => ({
  ticker,
  body: { event_ticker: ticker.slice(0, ticker.lastIndexOf("-")), status, title, ...rest },
  tsObservedMicros: 100
})

const named = (ticker: string, body: Readonly<Record<string, unknown>>) => ({ ticker, body, tsObservedMicros: 100 })

const sight = {
  series: [named("SRCHBTC", { title: "Bitcoin up or down" }), named("SRCHRAIN", { title: "Rain in Z\u00fcrich" })],
  events: [
    named("SRCHBTC-1", { series_ticker: "SRCHBTC", title: "Price at noon", sub_title: "Nov 21 \u2013 2:15 PM" }),
    named("SRCHRAIN-1", { series_ticker: "SRCHRAIN", title: "How wet?" })
  ],
  markets: [
    market("SRCHBTC-1-A", "finalized", "Over $91,204.18?"),
    market("SRCHBTC-1-B", "active", "Under $91,204.18?", { yes_sub_title: "Below it" }),
    market("SRCHBTC-1-C", "initialized", "Bitcoin it is"),
    market("SRCHBTC-1-D", "active", "The bitcoin question"),
    market("SRCHRAIN-1-A", "active", "More than 5 mm?", { subtitle: "don't \\ 'ask' & | ! :*" })
  ]
}

export const marketSearchSuite = (it: Vitest.MethodsNonLive<MarketCatalog>): void => {
  const find = (question: string, page: Partial<CatalogPage> = {}) =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const found = yield* catalog.markets({ question }, { entriesMax: 100, ...page })
      return found.map(({ ticker }) => ticker).filter((ticker) => ticker.startsWith("SRCH"))
    })

  it.effect("finds what has each word as a beginning, in itself, its event or its series, the likeliest first", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      yield* catalog.observe(sight)
      const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
        ["bitc", ["SRCHBTC-1-D", "SRCHBTC-1-B", "SRCHBTC-1-C", "SRCHBTC-1-A"]],
        ["BITCOIN question", ["SRCHBTC-1-D"]],
        ["srchbtc-1-a", ["SRCHBTC-1-A", "SRCHBTC-1-B", "SRCHBTC-1-D", "SRCHBTC-1-C"]],
        ["91,204 bitcoin", ["SRCHBTC-1-B", "SRCHBTC-1-A"]],
        ["noon below", ["SRCHBTC-1-B"]],
        ["21 \u2013 srch", ["SRCHBTC-1-B", "SRCHBTC-1-D", "SRCHBTC-1-C", "SRCHBTC-1-A"]],
        ["z\u00fcrich", ["SRCHRAIN-1-A"]],
        ["don't 'ask'", ["SRCHRAIN-1-A"]],
        ["coin srch", []],
        ["nothing of this", []]
      ]
      for (const [question, expected] of cases) assert.deepStrictEqual(yield* find(question), expected, question)
    })
  )

  it.effect("goes on after a rank and a ticker, keeps to other filters, and searches what was known at a moment", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      yield* catalog.observe(sight)
      const pages: Array<string> = []
      let page: CatalogPage = { entriesMax: 1 }
      while (true) {
        const [found] = yield* catalog.markets({ question: "bitcoin", seriesTicker: "SRCHBTC" }, page)
        if (found === undefined) break
        pages.push(found.ticker)
        page = { entriesMax: 1, after: found.ticker, afterRank: rankOf("bitcoin", found.ticker, found.body) }
      }
      assert.deepStrictEqual(pages, yield* find("bitcoin"))
      const active = yield* catalog.markets({ question: "bitcoin", status: "active" }, { entriesMax: 1 })
      assert.deepStrictEqual(
        active.map(({ ticker }) => ticker),
        ["SRCHBTC-1-D"]
      )
      yield* catalog.observe({
        series: [],
        events: [],
        markets: [{ ...market("SRCHBTC-1-D", "closed", "Something else"), tsObservedMicros: 200 }]
      })
      assert.deepStrictEqual(yield* find("question"), [])
      assert.deepStrictEqual(yield* find("question", { asOfMicros: 150 }), ["SRCHBTC-1-D"])
      assert.deepStrictEqual(yield* find("bitcoin", { asOfMicros: 150 }), pages)
      assert.deepStrictEqual(yield* find("bitcoin", { asOfMicros: 50 }), [])
    })
  )
}
