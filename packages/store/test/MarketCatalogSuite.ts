/** What every catalogue promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import {
  type CatalogBody,
  type CatalogEntry,
  type CatalogVersion,
  MarketCatalog
} from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"

const entry = (ticker: string, body: CatalogBody, tsObservedMicros = 1): CatalogEntry => ({
  ticker,
  body,
  tsObservedMicros
})

const version = (ticker: string, body: CatalogBody, tsObservedMicros: number, number: number): CatalogVersion => ({
  ...entry(ticker, body, tsObservedMicros),
  version: number
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
      assert.deepStrictEqual(yield* catalog.market("KXSAME-1-A"), Option.some(version("KXSAME-1-A", body, 10, 1)))
      const closed = { ...body, status: "closed" }
      yield* catalog.observe({ ...nothing, markets: [entry("KXSAME-1-A", closed, 30)] })
      assert.deepStrictEqual(yield* catalog.market("KXSAME-1-A"), Option.some(version("KXSAME-1-A", closed, 30, 2)))
    })
  )

  it.effect("takes a ticker that was seen twice in the order of the list", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const first = entry("KXORDER", { title: "first" }, 1)
      const second = entry("KXORDER", { title: "second" }, 2)
      yield* catalog.observe({ series: [first, second], events: [second, first], markets: [] })
      assert.deepStrictEqual(yield* catalog.series("KXORDER"), Option.some({ ...second, version: 2 }))
      assert.deepStrictEqual(yield* catalog.event("KXORDER"), Option.some({ ...first, version: 2 }))
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
      const found = yield* catalog.markets({ eventTicker: "KXMANY" }, { entriesMax: 5_000 })
      assert.deepStrictEqual(
        found,
        markets.map((one) => ({ ...one, version: 1 }))
      )
    })
  )

  it.effect(
    "answers what was known at a moment: the newest version seen by then, and nothing that was seen later",
    () =>
      Effect.gen(function* () {
        const catalog = yield* MarketCatalog
        const bodies = [{ status: "initialized" }, { status: "active" }, { status: "closed" }]
        for (const [index, body] of bodies.entries()) {
          const seen = entry("KXTHEN-1-A", body, (index + 1) * 100)
          yield* catalog.observe({
            series: [{ ...seen, ticker: "KXTHEN" }],
            events: [{ ...seen, ticker: "KXTHEN-1" }],
            markets: [seen]
          })
        }
        const asOf = (micros: number) =>
          Effect.all([
            catalog.market("KXTHEN-1-A", micros),
            catalog.event("KXTHEN-1", micros),
            catalog.series("KXTHEN", micros)
          ])
        const tickers = ["KXTHEN-1-A", "KXTHEN-1", "KXTHEN"]
        assert.deepStrictEqual(yield* asOf(99), [Option.none(), Option.none(), Option.none()])
        for (const [micros, number] of [
          [100, 1],
          [199, 1],
          [200, 2],
          [300, 3],
          [10_000, 3]
        ] as const) {
          const expected = version("", bodies[number - 1] ?? {}, number * 100, number)
          assert.deepStrictEqual(
            yield* asOf(micros),
            tickers.map((ticker) => Option.some({ ...expected, ticker }))
          )
        }
        for (const [index, kind] of (["market", "event", "series"] as const).entries()) {
          const versions = yield* catalog.versions(kind, tickers[index] ?? "")
          assert.deepStrictEqual(
            versions,
            bodies.map((body, at) => version(tickers[index] ?? "", body, (at + 1) * 100, at + 1))
          )
          assert.deepStrictEqual(yield* catalog.versions(kind, "KXNEVER"), [])
        }
      })
  )

  it.effect("filters lists by the versions of the moment, of markets, events and series alike", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const market = (name: string, part: CatalogBody, micros: number) =>
        entry(`KXM-1-${name}`, { event_ticker: "KXM-1", status: "active", ...part }, micros)
      yield* catalog.observe({
        series: [entry("KXM", { category: "Old" }, 100)],
        events: [entry("KXM-1", { series_ticker: "KXM", category: "ignored" }, 150)],
        markets: [market("A", { status: "initialized" }, 100), market("B", {}, 100)]
      })
      yield* catalog.observe({
        series: [entry("KXM", { category: "New" }, 200)],
        events: [entry("KXM-1", { series_ticker: "KXMOVED", category: "ignored" }, 200)],
        markets: [market("A", {}, 200), market("B", { status: "closed" }, 200), market("C", {}, 300)]
      })
      const markets = (filter: Parameters<typeof catalog.markets>[0], asOfMicros?: number) =>
        Effect.map(catalog.markets(filter, { ...page, asOfMicros }), (found) =>
          found.map((one) => one.ticker.slice(-1)).join("")
        )
      const ofEvent = { eventTicker: "KXM-1" }
      assert.strictEqual(yield* markets(ofEvent), "ABC")
      assert.strictEqual(yield* markets(ofEvent, 299), "AB")
      assert.strictEqual(yield* markets(ofEvent, 99), "")
      assert.strictEqual(yield* markets({ ...ofEvent, status: "active" }, 150), "B")
      assert.strictEqual(yield* markets({ ...ofEvent, status: "active" }, 250), "A")
      assert.strictEqual(yield* markets({ seriesTicker: "KXM" }, 150), "AB")
      assert.strictEqual(yield* markets({ seriesTicker: "KXM" }, 149), "")
      assert.strictEqual(yield* markets({ seriesTicker: "KXM" }, 250), "")
      assert.strictEqual(yield* markets({ seriesTicker: "KXMOVED" }, 300), "ABC")
      assert.strictEqual(yield* markets({ category: "Old" }, 150), "AB")
      assert.strictEqual(yield* markets({ category: "Old" }), "")
      assert.strictEqual(yield* markets({ tickers: ["KXM-1-C", "KXM-1-B"] }, 200), "B")
      const events = (filter: Parameters<typeof catalog.events>[0], asOfMicros: number) =>
        Effect.map(catalog.events(filter, { ...page, asOfMicros }), tickersOf)
      assert.deepStrictEqual(yield* events({ seriesTicker: "KXM" }, 150), ["KXM-1"])
      assert.deepStrictEqual(yield* events({ seriesTicker: "KXM" }, 200), [])
      assert.deepStrictEqual(yield* events({ category: "Old" }, 199), ["KXM-1"])
      assert.deepStrictEqual(yield* events({ category: "Old" }, 149), [])
      const series = (category: string, asOfMicros: number) =>
        Effect.map(catalog.seriesList({ category }, { ...page, asOfMicros }), tickersOf)
      assert.deepStrictEqual(yield* series("Old", 199), ["KXM"])
      assert.deepStrictEqual(yield* series("Old", 200), [])
      assert.deepStrictEqual(yield* series("New", 200), ["KXM"])
      const first = yield* catalog.markets(ofEvent, { entriesMax: 1, asOfMicros: 250 })
      const rest = yield* catalog.markets(ofEvent, { entriesMax: 9, asOfMicros: 250, after: first[0]?.ticker })
      assert.deepStrictEqual(tickersOf([...first, ...rest]), ["KXM-1-A", "KXM-1-B"])
    })
  )
}
