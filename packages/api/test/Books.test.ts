import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const path = `/v1/markets/${Seed.recorded}/orderbook`

layer(ApiTest.layer())("the order book", (it) => {
  it.effect("now is the newest stored one, with its proof", () =>
    Effect.gen(function* () {
      const { body, requestId, responseTime, status } = yield* json(path)
      assert.strictEqual(status, 200)
      assert.match(requestId, /^req_[0-9a-f]{32}$/)
      assert.isAtLeast(responseTime, 0)
      const { book_hash, ...rest } = body
      assert.match(book_hash, /^[0-9a-f]{16}$/)
      assert.deepStrictEqual(rest, {
        market_ticker: Seed.recorded,
        at: "2026-11-21T14:00:20.000000Z",
        clock: "received",
        orderbook_fp: {
          yes_dollars: [
            ["0.4000", "1.00"],
            ["0.4010", "0.50"]
          ],
          no_dollars: []
        },
        best: {
          yes_bid_dollars: "0.4010",
          yes_bid_size_fp: "0.50",
          yes_ask_implied_dollars: null,
          yes_ask_implied_size_fp: null,
          spread_dollars: null,
          mid_dollars: null
        },
        trust: { state: "trusted", since_offset: 5, gap: null },
        provenance: {
          offset: 6,
          epoch: 3,
          sid: 1,
          seq: 7,
          ts_exchange: "2026-11-21T14:00:15.980000Z",
          ts_received: "2026-11-21T14:00:16.000000Z",
          keyframe_offset: null,
          records_applied: 6,
          tier: "hot",
          source: null
        }
      })
    })
  )

  it.effect("at a moment has every record up to and including it, however the moment is written", () =>
    Effect.gen(function* () {
      const times = [
        "2026-11-21T14:00:01Z",
        "2026-11-21T15:00:01%2B01:00",
        "2026-11-21T15:00:01+01:00",
        "1795269601",
        "1795269601000",
        "1795269601000000"
      ]
      for (const time of times) {
        const { body } = yield* json(`${path}?at=${time}`)
        assert.strictEqual(body.at, "2026-11-21T14:00:01.000000Z")
        assert.deepStrictEqual(body.orderbook_fp.yes_dollars, [["0.3390", "310.00"]])
        assert.strictEqual(body.provenance.offset, 2)
      }
      const { body } = yield* json(`${path}?at=2026-11-21T14:00:00.999999Z`)
      assert.strictEqual(body.provenance.offset, 1)
      assert.strictEqual(body.best.yes_ask_implied_dollars, "0.3510")
      assert.strictEqual(body.best.mid_dollars, "0.3455")
    })
  )

  it.effect("by the exchange's clock has what had happened there by then", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`${path}?at=2026-11-21T14:00:00.980Z&clock=exchange`)
      assert.strictEqual(body.clock, "exchange")
      assert.strictEqual(body.provenance.offset, 2)
      const received = yield* json(`${path}?at=2026-11-21T14:00:00.980Z&clock=received`)
      assert.strictEqual(received.body.provenance.offset, 1)
    })
  )

  it.effect("with `depth` has the best levels of each side", () =>
    Effect.gen(function* () {
      const whole = yield* json(`${path}?at=2026-11-21T14:00:00Z`)
      const top = yield* json(`${path}?at=2026-11-21T14:00:00Z&depth=1`)
      assert.deepStrictEqual(top.body.orderbook_fp, {
        yes_dollars: [["0.3400", "78.00"]],
        no_dollars: [["0.6490", "95.50"]]
      })
      assert.strictEqual(top.body.book_hash, whole.body.book_hash)
    })
  )

  it.effect("in a hole is stale with the gap and its end, and trusted again from the next snapshot on", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`${path}?at=2026-11-21T14:00:05Z`)
      assert.deepStrictEqual(body.trust, {
        state: "stale",
        since_offset: null,
        gap: {
          offset: 4,
          cause: "silence",
          from: "2026-11-21T14:00:02.000001Z",
          to: "2026-11-21T14:00:15.000000Z"
        }
      })
      assert.deepStrictEqual(body.orderbook_fp.no_dollars, [
        ["0.6490", "95.50"],
        ["0.6500", "1.00"]
      ])
      const later = yield* json(`${path}?at=2026-11-21T14:00:15Z`)
      assert.deepStrictEqual(later.body.trust, { state: "trusted", since_offset: 5, gap: null })
    })
  )

  it.effect("before the first record is refused, with the first moment that has one", () =>
    Effect.gen(function* () {
      const { body, status, type } = yield* json(`${path}?at=2026-11-21T13:59:59.999999Z&depth=3`)
      assert.strictEqual(status, 404)
      assert.strictEqual(type, "application/problem+json")
      assert.deepStrictEqual(body, {
        docs: "/docs/errors.md#before_first_record",
        type: "/problems/before_first_record",
        title: "The moment lies before the first record",
        status: 404,
        code: "before_first_record",
        detail: `The first record of ${Seed.recorded} is of ${Seed.startIso}.`,
        first_record: Seed.startIso,
        suggestion: `${path}?at=${Seed.startIso}&depth=3`
      })
      const next = yield* json(body.suggestion)
      assert.strictEqual(next.body.provenance.offset, 1)
    })
  )

  it.effect("in the future is refused, with the call for now", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(`${path}?depth=1&at=2026-11-21T14:00:21.001Z`)
      assert.strictEqual(status, 400)
      assert.strictEqual(body.code, "time_in_future")
      assert.strictEqual(body.suggestion, `${path}?depth=1`)
    })
  )

  it.effect("of a market that was never recorded says so, and when it opens", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(`/v1/markets/${Seed.unopened}/orderbook`)
      assert.strictEqual(status, 404)
      assert.strictEqual(body.code, "market_not_recorded")
      assert.include(body.detail, "it opens at 2026-11-21T14:15:00Z")
      assert.strictEqual((yield* json(body.suggestion)).status, 200)
    })
  )

  it.effect("of an unknown market points to the nearest that is known", () =>
    Effect.gen(function* () {
      const suggestionFor = (ticker: string) =>
        Effect.map(json(`/v1/markets/${ticker}/orderbook?depth=2`), ({ body, status }) => {
          assert.strictEqual(status, 404)
          assert.strictEqual(body.code, "unknown_market")
          return body.suggestion
        })
      assert.strictEqual(yield* suggestionFor(Seed.recorded.toLowerCase()), `${path}?depth=2`)
      assert.strictEqual(
        yield* suggestionFor("KXBTC15M-26NOV211415-99"),
        "/v1/markets?event_ticker=KXBTC15M-26NOV211415"
      )
      assert.strictEqual(yield* suggestionFor("KXBTC15M-26DEC011415-15"), "/v1/markets?series_ticker=KXBTC15M")
      assert.strictEqual(yield* suggestionFor("KXNOTHING"), "/v1/markets")
    })
  )
})
