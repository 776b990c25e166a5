import { assert, layer } from "@effect/vitest"
import { type CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { everyPage, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const minute = 60_000
const iso = (minutes: number) => `2026-11-21T14:${String(minutes).padStart(2, "0")}:00.000000Z`

const seen = (ticker: string, body: Readonly<Record<string, unknown>>, minutes: number): CatalogEntry => ({
  ticker,
  body,
  tsObservedMicros: Seed.after(minutes * minute)
})

/** A series whose category changes, an event that gets a second market, and a market that closes. At minute 40. */
const observed = Layer.effectDiscard(
  Effect.gen(function* () {
    const catalog = yield* MarketCatalog
    const market = (name: string, status: string, minutes: number) =>
      seen(`KXT-1-${name}`, { event_ticker: "KXT-1", status }, minutes)
    yield* catalog.observe({
      series: [seen("KXT", { category: "Old" }, 10)],
      events: [seen("KXT-1", { series_ticker: "KXT", title: "one" }, 10)],
      markets: [market("A", "active", 10)]
    })
    yield* catalog.observe({
      series: [seen("KXT", { category: "New" }, 20)],
      events: [seen("KXT-1", { series_ticker: "KXT", title: "two" }, 20)],
      markets: [market("A", "closed", 20), market("B", "active", 30)]
    })
    yield* TestClock.setTime(Seed.after(40 * minute) / 1_000)
  })
)

// The clock is set before the API begins: what it does every few seconds is not made up for.
layer(ApiTest.layerAround(observed))("with as_of", (it) => {
  it.effect("an object is what was known at the moment, and says which version that is and since when", () =>
    Effect.gen(function* () {
      const market = (minutes: number, version: number, status: string) => ({
        event_ticker: "KXT-1",
        status,
        ticker: "KXT-1-A",
        ts_observed: iso(minutes),
        version
      })
      const at = (path: string) => Effect.map(json(path), ({ body }) => body)
      assert.deepStrictEqual(yield* at(`/v1/markets/KXT-1-A?as_of=${iso(10)}`), {
        market: market(10, 1, "active"),
        as_of: iso(10)
      })
      assert.deepStrictEqual(yield* at("/v1/markets/KXT-1-A?as_of=2026-11-21T14:19:59.999999Z"), {
        market: market(10, 1, "active"),
        as_of: "2026-11-21T14:19:59.999999Z"
      })
      assert.deepStrictEqual(yield* at(`/v1/markets/KXT-1-A?as_of=${Seed.after(20 * minute)}`), {
        market: market(20, 2, "closed"),
        as_of: iso(20)
      })
      assert.deepStrictEqual(yield* at("/v1/markets/KXT-1-A"), { market: market(20, 2, "closed"), as_of: null })
      assert.strictEqual((yield* at(`/v1/series/KXT?as_of=${iso(15)}`)).series.category, "Old")
      const event = yield* at(`/v1/events/KXT-1?as_of=${iso(15)}`)
      assert.deepStrictEqual([event.event.title, event.markets.length, event.as_of], ["one", 1, iso(15)])
      assert.deepStrictEqual(event.markets, [market(10, 1, "active")])
      assert.lengthOf((yield* at("/v1/events/KXT-1")).markets, 2)
    })
  )

  it.effect("an object that was seen later is refused, with the moment since when it is known", () =>
    Effect.gen(function* () {
      for (const [path, kind, since] of [
        ["/v1/markets/KXT-1-B", "market", 30],
        ["/v1/events/KXT-1", "event", 10],
        ["/v1/series/KXT", "series", 10]
      ] as const) {
        const { body, status } = yield* json(`${path}?as_of=${iso(9)}`)
        assert.strictEqual(status, 404)
        assert.strictEqual(body.code, "not_known_yet")
        assert.strictEqual(body.known_since, iso(since))
        assert.include(body.detail, kind)
        const next = yield* json(body.suggestion)
        assert.strictEqual(next.body[kind].version, 1)
      }
      const unknown = yield* json(`/v1/markets/KXT-1-Z?as_of=${iso(9)}`)
      assert.strictEqual(unknown.body.code, "unknown_market")
    })
  )

  it.effect("lists leave out what was seen later, and filter by what was known", () =>
    Effect.gen(function* () {
      const tickers = (query: string) =>
        Effect.map(json(`/v1/markets?${query}`), ({ body }) =>
          body.markets.map((one: { ticker: string }) => one.ticker.slice(-1)).join("")
        )
      assert.strictEqual(yield* tickers(`as_of=${iso(9)}`), "")
      assert.strictEqual(yield* tickers(`as_of=${iso(29)}`), "A")
      assert.strictEqual(yield* tickers(`as_of=${iso(30)}`), "AB")
      assert.strictEqual(yield* tickers(`as_of=${iso(15)}&status=open`), "A")
      assert.strictEqual(yield* tickers(`as_of=${iso(35)}&status=open`), "B")
      assert.strictEqual(yield* tickers(`as_of=${iso(15)}&category=Old`), "A")
      assert.strictEqual(yield* tickers(`as_of=${iso(25)}&category=Old`), "")
      assert.lengthOf((yield* json(`/v1/series?as_of=${iso(15)}&category=Old`)).body.series, 1)
      assert.lengthOf((yield* json(`/v1/events?as_of=${iso(9)}&series_ticker=KXT`)).body.events, 0)
      assert.strictEqual((yield* json(`/v1/events?as_of=${iso(15)}`)).body.as_of, iso(15))
    })
  )

  it.effect("a cursor goes on at the same moment, and at no other", () =>
    Effect.gen(function* () {
      const { entries } = yield* everyPage(`/v1/markets?as_of=${iso(30)}`, "markets", 1)
      assert.lengthOf(entries, 2)
      const { cursor } = (yield* json(`/v1/markets?as_of=${iso(30)}&limit=1`)).body
      for (const query of [`as_of=${iso(31)}`, "limit=1"]) {
        assert.strictEqual((yield* json(`/v1/markets?${query}&cursor=${cursor}`)).body.code, "bad_cursor")
      }
    })
  )

  it.effect("a moment that has not come yet is refused, with the call for now", () =>
    Effect.gen(function* () {
      for (const path of ["/v1/markets", "/v1/markets/KXT-1-A", "/v1/events/KXT-1", "/v1/series"]) {
        const { body, status } = yield* json(`${path}?as_of=${iso(41)}`)
        assert.strictEqual(status, 400)
        assert.strictEqual(body.code, "time_in_future")
        assert.strictEqual(body.suggestion, path)
      }
    })
  )
})
