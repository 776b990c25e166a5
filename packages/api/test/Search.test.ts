import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { everyPage, type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const tickers = (markets: ReadonlyArray<Json>) => markets.map(({ ticker }) => ticker)

layer(ApiTest.layer())("/v1/markets?q=", (it) => {
  it.effect("finds markets by words, what can be traded first, and goes on from page to page", () =>
    Effect.gen(function* () {
      const { body, credits } = yield* json("/v1/markets?q=bitcoin&limit=4")
      assert.strictEqual(credits, 1)
      assert.deepStrictEqual(tickers(body.markets).slice(0, 3), [Seed.recorded, Seed.busy, Seed.unopened])
      const { entries } = yield* everyPage("/v1/markets?q=bitcoin", "markets", 5)
      assert.lengthOf(new Set(tickers(entries)), 23)
      const exact = yield* json(`/v1/markets?q=${Seed.busy}&limit=1`)
      assert.deepStrictEqual(tickers(exact.body.markets), [Seed.busy])
      const narrowed = yield* json("/v1/markets?q=up%2015&status=initialized")
      assert.deepStrictEqual(tickers(narrowed.body.markets), [Seed.unopened])
      const none = yield* json("/v1/markets?q=temperature")
      assert.deepStrictEqual([none.body.markets, none.credits], [[], 0])
    })
  )

  it.effect("refuses what has no word, or too many, and a cursor of another question", () =>
    Effect.gen(function* () {
      for (const question of ["", "%20", "?!", "a+b+c+d+e+f+g+h+i"]) {
        const { body } = yield* json(`/v1/markets?q=${question}`)
        assert.deepInclude(body, { code: "bad_parameter", parameter: "q" }, question)
      }
      const { body } = yield* json("/v1/markets?q=bitcoin&limit=1")
      for (const path of ["/v1/markets?q=btc", "/v1/markets?limit=1"]) {
        assert.strictEqual((yield* json(`${path}&cursor=${body.cursor}`)).body.code, "bad_cursor", path)
      }
    })
  )
})
