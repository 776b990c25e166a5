import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const at = "2026-11-21T14:00:16Z"

/** An answer about one market, without what names the request. */
const single = (ticker: string) => Effect.map(json(`/v1/markets/${ticker}/orderbook?at=${at}`), ({ body }) => body)

layer(ApiTest.layer())("books of many markets", (it) => {
  it.effect("are each what the answer about one market is, of the whole exchange in pages of one moment", () =>
    Effect.gen(function* () {
      const whole = yield* json(`/v1/orderbooks?at=${at}`)
      assert.strictEqual(whole.status, 200)
      assert.deepStrictEqual(whole.body.orderbooks, [yield* single(Seed.recorded), yield* single(Seed.busy)])
      assert.strictEqual(whole.body.cursor, "")
      const first = yield* json("/v1/orderbooks?limit=1")
      assert.deepStrictEqual(first.body.at, "2026-11-21T14:00:20.000000Z")
      assert.lengthOf(first.body.orderbooks, 1)
      const second = yield* json(`/v1/orderbooks?limit=1&cursor=${first.body.cursor}`)
      assert.strictEqual(second.body.at, first.body.at)
      assert.strictEqual(second.body.orderbooks[0].market_ticker, Seed.busy)
      assert.strictEqual(second.body.cursor, "")
      assert.strictEqual((yield* json(`/v1/orderbooks?limit=1&at=${at}&cursor=${first.body.cursor}`)).status, 400)
    })
  )

  it.effect("are those of an event or a series, or those that are named, of which the others are told", () =>
    Effect.gen(function* () {
      const tickersOf = (query: string) =>
        Effect.map(json(`/v1/orderbooks?at=${at}&${query}`), ({ body }) =>
          body.orderbooks.map((book: { readonly market_ticker: string }) => book.market_ticker)
        )
      assert.deepStrictEqual(yield* tickersOf("event=KXBTC15M-26NOV211415"), [Seed.recorded])
      assert.deepStrictEqual(yield* tickersOf("series=KXBTCD&depth=1"), [Seed.busy])
      assert.deepStrictEqual(yield* tickersOf("series=KXHIGHNY"), [])
      const named = yield* json(`/v1/orderbooks?at=${at}&tickers=${Seed.busy},${Seed.unopened},${Seed.recorded}`)
      assert.deepStrictEqual(named.body.not_recorded, [Seed.unopened])
      assert.lengthOf(named.body.orderbooks, 2)
      assert.strictEqual((yield* json("/v1/orderbooks?event=KXNONE")).body.code, "unknown_event")
      assert.strictEqual((yield* json("/v1/orderbooks?series=KXNONE")).body.code, "unknown_series")
      assert.strictEqual((yield* json("/v1/orderbooks?at=2026-11-21T15:00:00Z")).body.code, "time_in_future")
    })
  )
})

layer(ApiTest.layer())("books at regular moments", (it) => {
  const path = `/v1/markets/${Seed.recorded}/orderbook/samples`

  it.effect("are each the best levels of the book of that moment, page by page", () =>
    Effect.gen(function* () {
      const query = "from=2026-11-21T13:59:58.500Z&to=2026-11-21T14:00:18Z&every=500ms&depth=1&limit=7"
      const samples: Array<Record<string, unknown>> = []
      let cursor = ""
      do {
        const { body, status } = yield* json(`${path}?${query}&cursor=${cursor}`)
        assert.strictEqual(status, 200)
        assert.strictEqual(body.every_seconds, 0.5)
        samples.push(...body.samples)
        cursor = body.cursor
      } while (cursor !== "")
      assert.lengthOf(samples, 36)
      for (const sample of samples) {
        const { body } = yield* json(`/v1/markets/${Seed.recorded}/orderbook?at=${sample["at"]}&depth=1`)
        assert.deepStrictEqual(sample, {
          at: body.at,
          trust: body.trust.state,
          gap_cause: body.trust.gap?.cause ?? null,
          offset: body.provenance.offset,
          orderbook_fp: body.orderbook_fp
        })
      }
    })
  )

  it.effect("end where everything is stored, and refuse what they do not have", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`${path}?from=${at}&every=1s`)
      assert.strictEqual(body.samples.at(-1).at, "2026-11-21T14:00:20.000000Z")
      assert.lengthOf(body.samples, 5)
      for (const [query, parameter] of [
        [`from=${at}&every=0s`, "every"],
        [`from=${at}&every=2`, "every"],
        [`from=${at}&depth=0`, "depth"],
        [`from=${at}&depth=101`, "depth"]
      ] as const) {
        const refused = yield* json(`${path}?${query}`)
        assert.strictEqual(refused.status, 400, query)
        assert.strictEqual(refused.body.parameter, parameter, query)
      }
      const never = yield* json(`/v1/markets/${Seed.unopened}/orderbook/samples?from=${at}`)
      assert.strictEqual(never.body.code, "market_not_recorded")
    })
  )
})
