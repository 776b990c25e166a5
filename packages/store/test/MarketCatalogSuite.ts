/** What every catalogue promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { type CatalogBody, type CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"

const entry = (ticker: string, body: CatalogBody, tsObservedMicros = 1): CatalogEntry => ({
  ticker,
  body,
  tsObservedMicros
})

const nothing = { series: [], events: [], markets: [] }

const tickersOf = (entries: ReadonlyArray<CatalogEntry>) => entries.map(({ ticker }) => ticker)

const page = { entriesMax: 100 }

export const marketCatalogSuite = (it: Vitest.MethodsNonLive<MarketCatalog>): void => {
  it.effect("keeps a body until it changes, and says since when it is so", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const body = {
        event_ticker: "KXSAME-1",
        status: "active",
        custom_strike: { a: 1, b: [2, { c: null }] },
        title: "one"
      }
      yield* catalog.observe({ ...nothing, markets: [entry("KXSAME-1-A", body, 10)] })
      const reordered = {
        title: "one",
        custom_strike: { b: [2, { c: null }], a: 1 },
        status: "active",
        event_ticker: "KXSAME-1"
      }
      yield* catalog.observe({ ...nothing, markets: [entry("KXSAME-1-A", reordered, 20)] })
      assert.deepStrictEqual(yield* catalog.market("KXSAME-1-A"), Option.some(entry("KXSAME-1-A", body, 10)))
      const closed = { ...body, status: "closed" }
      yield* catalog.observe({ ...nothing, markets: [entry("KXSAME-1-A", closed, 30)] })
      assert.deepStrictEqual(yield* catalog.market("KXSAME-1-A"), Option.some(entry("KXSAME-1-A", closed, 30)))
    })
  )

  it.effect("takes a ticker that was seen twice in the order of the list", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const first = entry("KXORDER", { title: "first" }, 1)
      const second = entry("KXORDER", { title: "second" }, 2)
      yield* catalog.observe({ series: [first, second], events: [second, first], markets: [] })
      assert.deepStrictEqual(yield* catalog.series("KXORDER"), Option.some(second))
      assert.deepStrictEqual(yield* catalog.event("KXORDER"), Option.some(first))
    })
  )

  it.effect("finds nothing under a ticker that was never seen", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      assert.deepStrictEqual(yield* catalog.market("KXNONE"), Option.none())
      assert.deepStrictEqual(yield* catalog.event("KXNONE"), Option.none())
      assert.deepStrictEqual(yield* catalog.series("KXNONE"), Option.none())
    })
  )

  it.effect("lists in the order of the tickers' bytes, page by page", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const tickers = ["KXP-1", "KXP-1.5", "KXP-10", "KXP-2", "KXP.2", "KXPA", "KXP_", "KXp"]
      yield* catalog.observe({
        ...nothing,
        markets: tickers.toReversed().map((ticker) => entry(ticker, { event_ticker: "KXPAGES" }))
      })
      const found: Array<string> = []
      let after: string | undefined
      do {
        const next = yield* catalog.markets({ eventTicker: "KXPAGES" }, { after, entriesMax: 3 })
        found.push(...tickersOf(next))
        after = next.at(-1)?.ticker
      } while (after !== undefined)
      assert.deepStrictEqual(found, tickers)
    })
  )

  it.effect("filters markets by series, event, status, category and ticker", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      yield* catalog.observe({
        series: [entry("KXF", { category: "Crypto" })],
        events: [
          entry("KXF-1", { series_ticker: "KXF", category: "ignored where the series is known" }),
          entry("KXG-1", { series_ticker: "KXG", category: "Weather" })
        ],
        markets: [
          entry("KXF-1-A", { event_ticker: "KXF-1", status: "active" }),
          entry("KXF-1-B", { event_ticker: "KXF-1", status: "closed" }),
          entry("KXG-1-A", { event_ticker: "KXG-1", status: "active" }),
          entry("KXH-1-A", { event_ticker: "KXH-1", status: "active" })
        ]
      })
      const markets = (filter: Parameters<typeof catalog.markets>[0]) =>
        Effect.map(catalog.markets(filter, page), tickersOf)
      assert.deepStrictEqual(yield* markets({ seriesTicker: "KXF" }), ["KXF-1-A", "KXF-1-B"])
      assert.deepStrictEqual(yield* markets({ eventTicker: "KXG-1" }), ["KXG-1-A"])
      assert.deepStrictEqual(yield* markets({ seriesTicker: "KXF", status: "closed" }), ["KXF-1-B"])
      assert.deepStrictEqual(yield* markets({ category: "Crypto" }), ["KXF-1-A", "KXF-1-B"])
      assert.deepStrictEqual(yield* markets({ category: "Weather", status: "active" }), ["KXG-1-A"])
      assert.deepStrictEqual(yield* markets({ tickers: ["KXH-1-A", "KXF-1-B", "KXZ"] }), ["KXF-1-B", "KXH-1-A"])
      assert.deepStrictEqual(yield* markets({ tickers: [] }), [])
      assert.deepStrictEqual(tickersOf(yield* catalog.events({ seriesTicker: "KXG" }, page)), ["KXG-1"])
      assert.deepStrictEqual(tickersOf(yield* catalog.events({ category: "Crypto" }, page)), ["KXF-1"])
      assert.deepStrictEqual(tickersOf(yield* catalog.events({ category: "Weather" }, page)), ["KXG-1"])
      assert.deepStrictEqual(tickersOf(yield* catalog.seriesList({ category: "Crypto" }, page)), ["KXF"])
    })
  )

  it.effect("takes thousands of markets at once", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const markets = Array.from({ length: 2_500 }, (_, index) =>
        entry(`KXMANY-${String(index).padStart(4, "0")}`, { event_ticker: "KXMANY", title: `number ${index}` })
      )
      yield* catalog.observe({ ...nothing, markets })
      assert.deepStrictEqual(yield* catalog.markets({ eventTicker: "KXMANY" }, { entriesMax: 5_000 }), markets)
    })
  )
}
