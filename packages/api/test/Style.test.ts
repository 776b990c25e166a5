/** What is the same on every route: fields, the names of parameters, requests that may be repeated, CORS. */
import { assert, layer } from "@effect/vitest"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { questionHash } from "@kalshibook/store/KeyHash"
import { Keys } from "@kalshibook/store/Keys"
import { Effect, Option } from "effect"
import { OpenApi } from "effect/http-api"
import * as ApiTest from "./ApiTest.ts"
import * as Customer from "./Customer.ts"
import { ask, type Json, json, post } from "./Http.ts"
import * as Seed from "./Seed.ts"

const market = `/v1/markets/${Seed.recorded}`

/** A page of each list, with a field of its rows. */
const lists: ReadonlyArray<readonly [path: string, list: string, field: string]> = [
  ["/v1/markets?limit=3", "markets", "open_time"],
  ["/v1/events?limit=3", "events", "title"],
  ["/v1/series?limit=3", "series", "category"],
  ["/v1/orderbooks?limit=3", "orderbooks", "best"],
  [`${market}/orderbook/samples?from=2026-11-21T14:00:00Z&to=2026-11-21T14:00:19Z&every=1s`, "samples", "trust"],
  [`${market}/deltas?limit=3`, "records", "delta_fp"],
  [`${market}/trades?limit=3`, "trades", "yes_price_dollars"],
  [`${market}/candles?interval=1m&from=2026-11-21T14:00:00Z`, "candles", "yes_bid"],
  [`${market}/lifecycle`, "lifecycle", "msg"],
  ["/v1/lifecycle?limit=3", "lifecycle", "msg"],
  ["/v1/settlements?limit=3", "settlements", "result"],
  ["/v1/usage/requests?limit=3", "requests", "time"]
]

layer(ApiTest.layer())("every list", (it) => {
  it.effect("gives the fields that are asked for, costs the same, and names the known ones for one that is not", () =>
    Effect.gen(function* () {
      for (const [path, list, field] of lists) {
        const whole = yield* json(path)
        const cut = yield* json(`${path}&fields=${field}`.replace(/^([^?]*)&/, "$1?"))
        assert.deepStrictEqual(
          cut.body[list],
          whole.body[list].map((row: Json) => (field in row ? { [field]: row[field] } : {})),
          path
        )
        assert.strictEqual(cut.body.cursor, whole.body.cursor, path)
        assert.strictEqual(cut.credits, whole.credits, path)
        const { body } = yield* json(`${path}&fields=${field},nothing`.replace(/^([^?]*)&/, "$1?"))
        assert.deepInclude(body, { code: "bad_parameter", parameter: "fields" }, path)
        assert.include(body.allowed, `\`${field}\``, path)
        assert.notInclude(body.suggestion, "fields", path)
      }
      for (const wrong of ["", "a,,b", "A", "a b", "title,title"]) {
        assert.strictEqual((yield* json(`/v1/markets?fields=${encodeURIComponent(wrong)}`)).status, 400, wrong)
      }
      const { body } = yield* json(`${market}/trades?fields=trade_id&format=csv`)
      assert.strictEqual(body.code, "not_acceptable")
    })
  )

  it.effect("has plural nouns in its path, and the same names for the same parameters", () =>
    Effect.sync(() => {
      const spec = OpenApi.fromApi(KalshiBookApi)
      const names = new Map<string, Set<string>>()
      const nouns =
        /^\/(v1\/(markets|events|series|orderbooks|lifecycle|settlements|coverage|datasets|downloads|pricing|usage|account|accounts|session|members|invitations|billing|keys|tickets|status)|healthz|metrics|problems|$)/
      for (const [path, item] of Object.entries(spec.paths)) {
        assert.match(path, nouns)
        for (const parameter of item.get?.parameters ?? []) {
          const kind = JSON.stringify({ ...parameter.schema, examples: undefined })
          names.set(parameter.name, (names.get(parameter.name) ?? new Set()).add(kind))
        }
      }
      for (const name of [
        "from",
        "to",
        "at",
        "as_of",
        "limit",
        "cursor",
        "fields",
        "tickers",
        "series_ticker",
        "event_ticker",
        "format",
        "interval"
      ]) {
        assert.strictEqual(names.get(name)?.size, 1, name)
      }
    })
  )

  it.effect("of books is narrowed by the names that other lists have, and by their short ones", () =>
    Effect.gen(function* () {
      const long = yield* json("/v1/orderbooks?event_ticker=KXBTC15M-26NOV211415&series_ticker=KXBTC15M&depth=1")
      const short = yield* json("/v1/orderbooks?event=KXBTC15M-26NOV211415&series=KXBTC15M&depth=1")
      assert.deepStrictEqual(long.body.orderbooks, short.body.orderbooks)
      assert.lengthOf(long.body.orderbooks, 1)
      const none = yield* json("/v1/orderbooks?event_ticker=KXNOTHING")
      assert.strictEqual(none.body.code, "unknown_event")
      assert.strictEqual(long.credits, 1)
    })
  )
})

layer(ApiTest.layer())("a request with a name of its own", (it) => {
  it.effect(
    "is refused for another body, while it is answered, and when its name is none; a failed one is forgotten",
    () =>
      Effect.gen(function* () {
        const keys = yield* IdempotencyKeys
        const prefix = Customer.key().slice("kb_live_".length).split("_")[0] ?? ""
        const { account } = Option.getOrThrow(yield* (yield* Keys).find(prefix))
        const body = { dates: ["2026-11-20"] }
        const send = (key: string, sent: object) => post("/v1/downloads", sent, { headers: { "idempotency-key": key } })
        // Nothing is sealed here, so it fails, and may be tried again with another body.
        assert.strictEqual((yield* send("first", body)).body.code, "not_sealed")
        assert.strictEqual((yield* send("first", { dates: ["2026-11-19"] })).body.code, "not_sealed")
        const claimed = { accountId: account.accountId, key: "second", requestHash: questionHash(["another"]) }
        yield* keys.claim(claimed)
        const other = yield* send("second", body)
        assert.deepStrictEqual([other.status, other.body.code], [422, "idempotency_key_reused"])
        for (const key of ["", "two words", "x".repeat(256)]) {
          assert.deepInclude(
            (yield* send(key, body)).body,
            { code: "bad_parameter", parameter: "idempotency-key" },
            key
          )
        }
      })
  )
})

layer(ApiTest.layer())("a browser of another site", (it) => {
  it.effect("may send what there is to send, and read what the answers say", () =>
    Effect.gen(function* () {
      const preflight = yield* ask("/v1/downloads", {
        method: "OPTIONS",
        headers: {
          origin: "https://example.com",
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,idempotency-key,content-type"
        }
      })
      assert.strictEqual(preflight.status, 204)
      assert.match(String(preflight.headers["access-control-allow-headers"]), /Idempotency-Key/)
      assert.match(String(preflight.headers["access-control-allow-methods"]), /POST/)
      const { headers } = yield* ask("/v1/status", { headers: { origin: "https://example.com" } })
      assert.strictEqual(headers["access-control-allow-origin"], "*")
      for (const name of ["ETag", "X-Request-Id", "Retry-After", "X-Credits-Used", "Idempotency-Replayed"]) {
        assert.include(String(headers["access-control-expose-headers"]), name)
      }
    })
  )
})
