import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const path = `/v1/markets/${Seed.recorded}/coverage`
const hour = "2026-11-21T14:00:00.000000Z"

layer(ApiTest.layer())("coverage of a market", (it) => {
  it.effect("says hour by hour how much of the open time is known, and which gaps took the rest", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(`${path}?from=2026-11-21T13:30:00Z&to=2026-11-21T14:10:00Z`)
      assert.strictEqual(status, 200)
      const known = {
        open_seconds: 20.000001,
        trusted_seconds: 7.000002,
        trusted_ratio: 0.350000082,
        records: 5,
        lost: [{ cause: "silence", seconds: 12.999999, gaps: 1 }]
      }
      assert.deepStrictEqual(body, {
        market_ticker: Seed.recorded,
        from: "2026-11-21T13:00:00.000000Z",
        to: "2026-11-21T15:00:00.000000Z",
        counted_until: "2026-11-21T14:00:20.000000Z",
        totals: known,
        hours: [
          {
            hour: "2026-11-21T13:00:00.000000Z",
            open_seconds: 0,
            trusted_seconds: 0,
            trusted_ratio: null,
            records: 0,
            lost: [],
            gaps: [],
            gaps_left_out: 0
          },
          {
            hour,
            ...known,
            gaps: [
              {
                offset: 4,
                cause: "silence",
                from: "2026-11-21T14:00:02.000001Z",
                ts_detected: "2026-11-21T14:00:12.000000Z",
                to: "2026-11-21T14:00:15.000000Z",
                lost_seconds: 12.999999
              }
            ],
            gaps_left_out: 0
          }
        ]
      })
    })
  )

  it.effect("is of the last day where no range is given", () =>
    Effect.gen(function* () {
      const { body } = yield* json(path)
      assert.strictEqual(body.from, "2026-11-20T14:00:00.000000Z")
      assert.strictEqual(body.to, "2026-11-21T15:00:00.000000Z")
      assert.lengthOf(body.hours, 25)
    })
  )

  it.effect("of one that was never recorded is open time lost, and of one that is not known is refused", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`/v1/markets/${Seed.unopened}/coverage?from=${hour}`)
      assert.strictEqual(body.totals.open_seconds, 0)
      const nothing = yield* json("/v1/markets/KXNOTHING/coverage")
      assert.deepStrictEqual([nothing.status, nothing.body.code], [404, "unknown_market"])
      const small = yield* json(`/v1/markets/${Seed.busy.toLowerCase()}/coverage?from=${hour}`)
      assert.strictEqual((yield* json(small.body.suggestion)).body.market_ticker, Seed.busy)
    })
  )

  it.effect("of too many days, or of a range the wrong way round, is refused with a range that works", () =>
    Effect.gen(function* () {
      for (const query of [
        "from=2026-10-01&to=2026-11-02T00:00:01Z",
        "from=2026-10-01",
        "from=0&to=9007199254740991"
      ]) {
        for (const asked of [path, "/v1/coverage"]) {
          const { body, status } = yield* json(`${asked}?${query}`)
          assert.strictEqual(status, 400, query)
          assert.deepStrictEqual([body.code, body.parameter], ["bad_parameter", "to"])
          assert.include(body.detail, "31 days")
          assert.strictEqual((yield* json(body.suggestion)).status, 200)
        }
      }
      const month = yield* json(`${path}?from=2026-10-01&to=2026-11-01`)
      assert.lengthOf(month.body.hours, 31 * 24)
      const reversed = yield* json(`/v1/coverage?from=2026-11-02&to=2026-11-01`)
      assert.strictEqual((yield* json(reversed.body.suggestion)).status, 200)
    })
  )

  it.effect("of what has not come yet is an empty list, up to the last moment that can be told", () =>
    Effect.gen(function* () {
      for (const query of ["from=2027-01-01", "from=9007199254740991", "from=9007199254740990&to=9007199254740991"]) {
        for (const asked of [path, "/v1/coverage"]) {
          const { body, status } = yield* json(`${asked}?${query}`)
          assert.strictEqual(status, 200, query)
          assert.deepStrictEqual(body.hours, [])
          assert.isNull(body.totals.trusted_ratio)
        }
      }
    })
  )
})

layer(ApiTest.layer())("coverage of the exchange", (it) => {
  it.effect("adds up the markets, also those that were open and not recorded", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(`/v1/coverage?from=2026-11-21T13:00:00Z&to=2026-11-21T15:00:00Z`)
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(body.hours, [
        {
          hour: "2026-11-21T13:00:00.000000Z",
          open_market_seconds: 600,
          trusted_market_seconds: 0,
          trusted_ratio: 0,
          records: 0,
          lost: [{ cause: "not_recorded", seconds: 600, gaps: 0 }]
        },
        {
          hour,
          open_market_seconds: 40.000002,
          trusted_market_seconds: 27.000003,
          trusted_ratio: 0.675000041,
          records: 5 + Seed.busyDeltas + 1,
          lost: [{ cause: "silence", seconds: 12.999999, gaps: 1 }]
        }
      ])
      assert.strictEqual(body.totals.open_market_seconds, 640.000002)
      assert.strictEqual(body.totals.trusted_ratio, 0.042187504)
    })
  )

  it.effect("counts the time after the watermark as lost once no recorder runs, and says up to when", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Seed.after(3_600_000) / 1_000)
      const { body } = yield* json(`/v1/coverage?from=2026-11-21T14:00:00Z&to=2026-11-21T16:00:00Z`)
      assert.strictEqual(body.counted_until, "2026-11-21T15:00:00.000999Z")
      assert.lengthOf(body.hours, 2)
      const [first] = body.hours
      assert.deepStrictEqual(
        first.lost.map(({ cause }: { cause: string }) => cause),
        ["not_recorded", "recorder_stopped", "silence"]
      )
      assert.strictEqual(first.trusted_market_seconds, 27.000003)
      const book = yield* json(`/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:30:00Z`)
      assert.strictEqual(book.body.trust.gap.cause, "recorder_stopped")
    })
  )
})
