import { assert, layer } from "@effect/vitest"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { BeforeFirstRecord } from "@kalshibook/core/contract/ProblemsOfQuestions"
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import * as ApiTest from "./ApiTest.ts"
import * as Customer from "./Customer.ts"
import { port } from "./Http.ts"
import * as Seed from "./Seed.ts"

const client = Effect.flatMap(port, (number) =>
  HttpApiClient.make(KalshiBookApi, {
    baseUrl: `http://127.0.0.1:${number}`,
    transformClient: HttpClient.mapRequest((request) => HttpClientRequest.bearerToken(request, Customer.key()))
  })
)

layer(Layer.merge(ApiTest.layer(), FetchHttpClient.layer))("a client made from the contract", (it) => {
  it.effect("reads every answer of the server", () =>
    Effect.gen(function* () {
      const api = yield* client
      const params = { ticker: Seed.recorded }
      const book = yield* api.books.at({ params, query: { at: Seed.after(1_000), clock: "received", depth: 5 } })
      assert.strictEqual(book.provenance?.offset, 2)
      const log = yield* api.records.list({ params, query: { from: Seed.startMicros, limit: 4 } })
      assert.lengthOf(log.records, 4)
      const rest = yield* api.records.list({ params, query: { from: Seed.startMicros, cursor: log.cursor } })
      assert.lengthOf(rest.records, 2)
      assert.lengthOf((yield* api.trades.list({ params, query: {} })).trades, Seed.tradeCount)
      const tickers = [Seed.recorded, Seed.busy]
      assert.lengthOf((yield* api.markets.list({ query: { tickers, status: "open" } })).markets, 2)
      assert.strictEqual((yield* api.markets.get({ params, query: {} })).market.ticker, Seed.recorded)
      assert.lengthOf((yield* api.events.list({ query: {} })).events, 3)
      assert.lengthOf((yield* api.events.get({ params: { ticker: "KXBTCD-26NOV2117" }, query: {} })).markets, 21)
      assert.lengthOf((yield* api.series.list({ query: {} })).series, 3)
      assert.strictEqual(
        (yield* api.series.get({ params: { ticker: "KXBTCD" }, query: { as_of: Seed.startMicros } })).series.ticker,
        "KXBTCD"
      )
      assert.lengthOf((yield* api.lifecycle.list({ query: {} })).lifecycle, Seed.messages.length)
      assert.lengthOf((yield* api.lifecycle.ofMarket({ params, query: { limit: 1 } })).lifecycle, 1)
      assert.strictEqual((yield* api.coverage.market({ params, query: {} })).totals.records, 5)
      assert.strictEqual((yield* api.coverage.exchange({ query: {} })).totals.records, 5 + Seed.busyDeltas + 1)
      assert.isAbove((yield* api.account.pricing()).calls.length, 10)
      assert.isAbove((yield* api.account.usage({ query: {} })).credits_used, 10)
      assert.isTrue((yield* api.status.status()).source.simulated)
      assert.strictEqual((yield* api.health.healthz()).status, "ok")
      assert.include(yield* api.health.metrics(), "kalshibook_http_requests_total")
      assert.strictEqual((yield* api.health.index()).name, "KalshiBook")
      assert.strictEqual((yield* api.health.problem({ params: { code: "internal" } })).problem.status, 500)
    })
  )

  it.effect("tells problems apart by their class", () =>
    Effect.gen(function* () {
      const api = yield* client
      const error = yield* Effect.flip(api.books.at({ params: { ticker: Seed.recorded }, query: { at: 0 } }))
      assert.instanceOf(error, BeforeFirstRecord)
      if (error instanceof BeforeFirstRecord) assert.strictEqual(error.first_record, Seed.startIso)
    })
  )
})

layer(ApiTest.layerEmpty())("a server that has nothing yet", (it) => {
  it.effect("answers empty lists and says that it has nothing", () =>
    Effect.gen(function* () {
      const api = yield* client.pipe(Effect.provide(FetchHttpClient.layer))
      assert.deepStrictEqual((yield* api.markets.list({ query: {} })).markets, [])
      assert.isNull((yield* api.status.status()).watermark)
      const refused = yield* Effect.flip(api.books.at({ params: { ticker: Seed.recorded }, query: {} }))
      assert.isTrue("code" in refused && refused.code === "unknown_market")
    })
  )
})
