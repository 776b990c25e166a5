import { assert, layer } from "@effect/vitest"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { everyPage, type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const settledAt = (at: number) => `2026-11-21T14:00:0${at}Z`

const settle = Effect.gen(function* () {
  const catalog = yield* MarketCatalog
  const markets = ["A", "B", "C"].map((name, at) => ({
    ticker: `KXBTCD-26NOV2117-${name}`,
    body: {
      event_ticker: "KXBTCD-26NOV2117",
      status: "finalized",
      result: "yes",
      settlement_value_dollars: "1.0000",
      close_time: "2026-11-21T13:59:00Z",
      settlement_ts: settledAt(at)
    },
    tsObservedMicros: Seed.after(10_000)
  }))
  yield* catalog.observe({ series: [], events: [], markets })
})

layer(ApiTest.layer())("/v1/settlements", (it) => {
  it.effect("says how markets ended and when, in [from, to), page by page", () =>
    Effect.gen(function* () {
      yield* settle
      const range = `from=${settledAt(0)}&to=${settledAt(2)}`
      const { body, credits } = yield* json(`/v1/settlements?${range}`)
      assert.strictEqual(credits, 1)
      assert.deepStrictEqual(body.settlements[0], {
        ticker: "KXBTCD-26NOV2117-A",
        event_ticker: "KXBTCD-26NOV2117",
        series_ticker: "KXBTCD",
        market_type: null,
        result: "yes",
        settlement_value_dollars: "1.0000",
        expiration_value: null,
        open_time: null,
        close_time: "2026-11-21T13:59:00Z",
        ts_settled: "2026-11-21T14:00:00.000000Z",
        ts_result_observed: "2026-11-21T14:00:10.000000Z",
        ts_observed: "2026-11-21T14:00:10.000000Z",
        version: 1
      })
      const tickers = (found: ReadonlyArray<Json>) => found.map(({ ticker }) => ticker)
      assert.deepStrictEqual(tickers(body.settlements), ["KXBTCD-26NOV2117-A", "KXBTCD-26NOV2117-B"])
      const { entries, pages } = yield* everyPage(`/v1/settlements?from=${settledAt(0)}`, "settlements", 2)
      assert.strictEqual(pages, 2)
      assert.deepStrictEqual(
        tickers(entries),
        ["A", "B", "C"].map((name) => `KXBTCD-26NOV2117-${name}`)
      )
      // Twenty of the seed were settled at a time that nobody told: they stand where they were seen.
      const all = yield* json("/v1/settlements?series_ticker=KXBTCD&limit=1000")
      assert.lengthOf(all.body.settlements, 23)
      assert.isNull(all.body.settlements[0].ts_settled)
      const free = yield* json("/v1/settlements?event_ticker=KXBTC15M-26NOV211415")
      assert.deepStrictEqual([free.body.settlements, free.credits], [[], 0])
      assert.strictEqual((yield* json("/v1/settlements?from=2&to=1")).body.code, "bad_parameter")
    })
  )
})
