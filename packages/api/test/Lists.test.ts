import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { everyPage, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const deltas = (ticker: string) => `/v1/markets/${ticker}/deltas`

layer(ApiTest.layer())("a market's log", (it) => {
  it.effect("is given whole and in order, with the hole in it", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(deltas(Seed.recorded))
      assert.strictEqual(status, 200)
      assert.strictEqual(body.cursor, "")
      assert.deepStrictEqual(
        body.records.map((record: { offset: number; kind: string }) => [record.offset, record.kind]),
        [
          [1, "snapshot"],
          [2, "delta"],
          [3, "delta"],
          [4, "gap"],
          [5, "snapshot"],
          [6, "delta"]
        ]
      )
      assert.deepStrictEqual(body.records[1], {
        offset: 2,
        kind: "delta",
        market_ticker: Seed.recorded,
        epoch: 3,
        sid: 1,
        seq: 3,
        ts_exchange: "2026-11-21T14:00:00.980000Z",
        ts_received: "2026-11-21T14:00:01.000000Z",
        side: "yes",
        price_dollars: "0.3400",
        delta_fp: "-78.00"
      })
      assert.isNull(body.records[0].ts_exchange)
      assert.strictEqual(body.records[3].cause, "silence")
      assert.strictEqual(body.records[3].from, "2026-11-21T14:00:02.000001Z")
      assert.strictEqual(body.records[3].to, "2026-11-21T14:00:15.000000Z")
    })
  )

  it.effect("is cut to [from, to) by the receive clock", () =>
    Effect.gen(function* () {
      const offsets = (query: string) =>
        Effect.map(json(`${deltas(Seed.recorded)}?${query}`), ({ body }) =>
          body.records.map((record: { offset: number }) => record.offset)
        )
      assert.deepStrictEqual(yield* offsets("from=2026-11-21T14:00:01Z&to=2026-11-21T14:00:15Z"), [2, 3, 4])
      assert.deepStrictEqual(yield* offsets("from=2026-11-21T14:00:01.000001Z"), [3, 4, 5, 6])
      assert.deepStrictEqual(yield* offsets("to=1795269601"), [1])
      assert.deepStrictEqual(yield* offsets("from=1795269601&to=1795269601"), [])
      assert.deepStrictEqual(yield* offsets("from=2027-01-01"), [])
    })
  )

  it.effect("is read page by page to its end without loss or repeat, whatever the size of a page", () =>
    Effect.gen(function* () {
      const expected = Array.from({ length: Seed.busyDeltas + 1 }, (_, index) => index + 1)
      for (const limit of [1_000, 251, 250, 100, 7]) {
        const { entries, pages } = yield* everyPage(deltas(Seed.busy), "records", limit)
        assert.deepStrictEqual(
          entries.map(({ offset }) => offset),
          expected
        )
        assert.strictEqual(pages, Math.ceil(expected.length / limit))
      }
    })
  )

  it.effect("has a hundred records a page when no limit is given", () =>
    Effect.gen(function* () {
      const { body } = yield* json(deltas(Seed.busy))
      assert.lengthOf(body.records, 100)
      assert.isNotEmpty(body.cursor)
    })
  )

  it.effect("refuses a cursor of another market, another range or another list", () =>
    Effect.gen(function* () {
      const { cursor } = (yield* json(`${deltas(Seed.busy)}?limit=5&from=1795269600`)).body
      for (const path of [
        `${deltas(Seed.busy)}?limit=5&cursor=${cursor}`,
        `${deltas(Seed.busy)}?from=1795269601&cursor=${cursor}`,
        `${deltas(Seed.recorded)}?from=1795269600&cursor=${cursor}`,
        `/v1/markets/${Seed.busy}/trades?from=1795269600&cursor=${cursor}`,
        `/v1/markets?cursor=${cursor}`,
        "/v1/markets?cursor=x"
      ]) {
        const { body, status } = yield* json(path)
        assert.strictEqual(status, 400, path)
        assert.strictEqual(body.code, "bad_cursor", path)
        assert.strictEqual((yield* json(body.suggestion)).status, 200)
      }
      // The same moment written otherwise is the same question; so is another size of the page.
      const same = yield* json(`${deltas(Seed.busy)}?from=2026-11-21T14:00:00Z&limit=9&cursor=${cursor}`)
      assert.strictEqual(same.body.records[0].offset, 6)
    })
  )

  it.effect("refuses a range whose end lies before its beginning, and suggests the range between the two", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(`${deltas(Seed.recorded)}?from=1795269616&to=1795269600`)
      assert.strictEqual(status, 400)
      assert.strictEqual(body.parameter, "to")
      assert.lengthOf((yield* json(body.suggestion)).body.records, 5)
    })
  )

  it.effect("of a market that was not recorded, or is not known, says which", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* json(deltas(Seed.unopened))).body.code, "market_not_recorded")
      assert.strictEqual((yield* json(deltas("KXNOTHING"))).body.code, "unknown_market")
    })
  )
})

layer(ApiTest.layer())("a market's trades", (it) => {
  const trades = `/v1/markets/${Seed.recorded}/trades`

  it.effect("are given oldest first with Kalshi's fields, page by page without loss or repeat", () =>
    Effect.gen(function* () {
      for (const limit of [1_000, 30, 29, 4, 1]) {
        const { entries } = yield* everyPage(trades, "trades", limit)
        assert.deepStrictEqual(
          entries.map((entry) => entry.trade_id),
          Seed.trades.map(({ tradeId }) => tradeId)
        )
      }
      const { body } = yield* json(`${trades}?limit=1`)
      assert.deepStrictEqual(body.trades[0], {
        trade_id: "trade-000",
        ticker: Seed.recorded,
        count_fp: "1.00",
        yes_price_dollars: "0.3400",
        no_price_dollars: "0.6600",
        taker_outcome_side: "yes",
        taker_book_side: "bid",
        is_block_trade: false,
        created_time: Seed.startIso,
        ts_exchange: Seed.startIso,
        ts_received: "2026-11-21T14:00:00.030000Z",
        epoch: 3,
        sid: 2,
        seq: 1
      })
    })
  )

  it.effect("are cut to [from, to) by the exchange's clock", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`${trades}?from=1795269600.1&to=1795269600.3`)
      assert.deepStrictEqual(
        body.trades.map((trade: { trade_id: string }) => trade.trade_id),
        ["trade-011", "trade-012"]
      )
    })
  )

  it.effect("are an empty list for a market without any, and a refusal for one that is not known", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`/v1/markets/${Seed.unopened}/trades`)
      assert.deepStrictEqual(body, { trades: [], gaps: [], gaps_left_out: 0, cursor: "" })
      assert.strictEqual((yield* json("/v1/markets/KXNOTHING/trades")).body.code, "unknown_market")
    })
  )
})

layer(ApiTest.layer())("the catalogue", (it) => {
  const tickersAt = (path: string) =>
    Effect.map(json(path), ({ body, status }) => {
      assert.strictEqual(status, 200, path)
      return body.markets.map((market: { ticker: string }) => market.ticker)
    })

  it.effect("lists markets by ticker, page by page without loss or repeat", () =>
    Effect.gen(function* () {
      const expected = Seed.markets.map(({ ticker }) => ticker).sort()
      for (const limit of [1_000, 23, 22, 5, 1]) {
        const { entries } = yield* everyPage("/v1/markets", "markets", limit)
        assert.deepStrictEqual(
          entries.map(({ ticker }) => ticker),
          expected
        )
      }
    })
  )

  it.effect("passes on Kalshi's own fields, and says when it saw them", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`/v1/markets/${Seed.recorded}`)
      assert.deepStrictEqual(body.market, {
        ...Seed.markets[0]?.body,
        ts_observed: "2026-11-21T13:59:59.000000Z",
        version: 1
      })
    })
  )

  it.effect("filters markets by status in both vocabularies, series, event, category and ticker", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?status=initialized"), [Seed.unopened])
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?status=unopened"), [Seed.unopened])
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?status=open"), [Seed.recorded, Seed.busy])
      assert.lengthOf(yield* tickersAt("/v1/markets?status=settled"), 20)
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?series_ticker=KXBTC15M"), [Seed.recorded, Seed.unopened])
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?event_ticker=KXBTC15M-26NOV211430"), [Seed.unopened])
      assert.lengthOf(yield* tickersAt("/v1/markets?category=Crypto"), Seed.markets.length)
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?category=Climate%20and%20Weather"), [])
      assert.deepStrictEqual(yield* tickersAt(`/v1/markets?tickers=${Seed.busy},${Seed.recorded},KXNOTHING`), [
        Seed.recorded,
        Seed.busy
      ])
      assert.deepStrictEqual(yield* tickersAt("/v1/markets?status=active&series_ticker=KXBTCD"), [Seed.busy])
    })
  )

  it.effect("lists events and series with their filters", () =>
    Effect.gen(function* () {
      const events = yield* everyPage("/v1/events", "events", 2)
      assert.deepStrictEqual(
        events.entries.map((event) => event.event_ticker),
        Seed.events.map(({ ticker }) => ticker)
      )
      const ofSeries = yield* json("/v1/events?series_ticker=KXBTCD")
      assert.deepStrictEqual(
        ofSeries.body.events.map((event: { event_ticker: string }) => event.event_ticker),
        ["KXBTCD-26NOV2117"]
      )
      const series = yield* everyPage("/v1/series", "series", 1)
      assert.deepStrictEqual(
        series.entries.map(({ ticker }) => ticker),
        ["KXBTC15M", "KXBTCD", "KXHIGHNY"]
      )
      const climate = yield* json("/v1/series?category=Climate+and+Weather")
      assert.lengthOf(climate.body.series, 1)
    })
  )

  it.effect("gives an event with its markets, and one series", () =>
    Effect.gen(function* () {
      const { body } = yield* json("/v1/events/KXBTCD-26NOV2117")
      assert.strictEqual(body.event.event_ticker, "KXBTCD-26NOV2117")
      assert.lengthOf(body.markets, 21)
      assert.strictEqual(body.markets_cursor, "")
      assert.strictEqual((yield* json("/v1/series/KXHIGHNY")).body.series.title, "Temperature")
    })
  )

  it.effect("points from an unknown market, event or series to one that is known", () =>
    Effect.gen(function* () {
      const refused = (path: string) =>
        Effect.map(json(path), ({ body, status }) => [status, body.code, body.suggestion])
      assert.deepStrictEqual(yield* refused("/v1/markets/kxbtcd-26nov2117-t91999.99"), [
        404,
        "unknown_market",
        `/v1/markets/${Seed.busy}`
      ])
      assert.deepStrictEqual(yield* refused("/v1/events/kxbtcd-26nov2117"), [
        404,
        "unknown_event",
        "/v1/events/KXBTCD-26NOV2117"
      ])
      assert.deepStrictEqual(yield* refused("/v1/events/KXBTCD-26NOV2118"), [
        404,
        "unknown_event",
        "/v1/events?series_ticker=KXBTCD"
      ])
      assert.deepStrictEqual(yield* refused("/v1/events/KXNOTHING"), [404, "unknown_event", "/v1/events"])
      assert.deepStrictEqual(yield* refused("/v1/series/kxbtcd"), [404, "unknown_series", "/v1/series/KXBTCD"])
      assert.deepStrictEqual(yield* refused("/v1/series/KXNOTHING"), [404, "unknown_series", "/v1/series"])
    })
  )
})
