import { assert, layer } from "@effect/vitest"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { everyPage, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const trades = `/v1/markets/${Seed.recorded}/trades`
const lifecycle = `/v1/markets/${Seed.recorded}/lifecycle`

const tradeGap = {
  cause: "sequence_hole",
  from: "2026-11-21T14:00:01.800001Z",
  to: "2026-11-21T14:00:01.900000Z",
  ts_detected: "2026-11-21T14:00:01.900000Z",
  epoch: 3,
  sid: 2,
  seq_from: 6,
  seq_to: 8,
  filled_at: null,
  trades_filled: null
}

const lifecycleGap = {
  cause: "channel_error",
  from: "2026-11-21T14:00:05.000001Z",
  to: null,
  ts_detected: "2026-11-21T14:00:05.500000Z",
  epoch: 3,
  sid: 4,
  seq_from: 5,
  seq_to: null
}

layer(ApiTest.layer())("trades", (it) => {
  it.effect("come with the holes that touch their time, and say whether they were filled", () =>
    Effect.gen(function* () {
      const { body } = yield* json(trades)
      assert.deepStrictEqual([body.gaps, body.gaps_left_out], [[tradeGap], 0])
      const gaps = yield* ChannelGaps
      for (const gap of Seed.channelGaps.filter((one) => one.channel === "trade")) {
        const [found] = Seed.trades
        if (found === undefined) return
        yield* gaps.fill(gap, [{ ...found, tradeId: "late", epoch: 0, sid: 0, seq: 0 }], Seed.after(60_000))
      }
      const filled = (yield* json(trades)).body
      assert.deepStrictEqual(filled.gaps, [{ ...tradeGap, filled_at: "2026-11-21T14:01:00.000000Z", trades_filled: 1 }])
      assert.lengthOf(filled.trades, Seed.tradeCount + 1)
    })
  )

  it.effect("of other times have no holes, and page by page each hole is with the trades around it", () =>
    Effect.gen(function* () {
      const gapsOf = (query: string) => Effect.map(json(`${trades}?${query}`), ({ body }) => body.gaps.length)
      assert.strictEqual(yield* gapsOf("to=2026-11-21T14:00:00.8Z"), 0)
      assert.strictEqual(yield* gapsOf("from=2026-11-21T14:00:03Z"), 0)
      assert.strictEqual(yield* gapsOf("from=2026-11-21T14:00:02.5Z"), 1)
      assert.strictEqual(yield* gapsOf("limit=5"), 0)
      const { cursor } = (yield* json(`${trades}?limit=5`)).body
      assert.strictEqual(yield* gapsOf(`limit=25&cursor=${cursor}`), 1)
    })
  )
})

layer(ApiTest.layer())("lifecycle messages", (it) => {
  it.effect("are given as received, with where they came from and the holes of their channel", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(lifecycle)
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(
        body.lifecycle.map((one: { event_type: string }) => one.event_type),
        ["created", "deactivated", "activated"]
      )
      assert.deepStrictEqual(body.lifecycle[1], {
        ticker: Seed.recorded,
        event_type: "deactivated",
        msg: { market_ticker: Seed.recorded, event_type: "deactivated", odd: [3, null] },
        ts_received: "2026-11-21T14:00:05.000000Z",
        epoch: 3,
        sid: 4,
        seq: 3
      })
      assert.deepStrictEqual([body.gaps, body.gaps_left_out, body.cursor], [[lifecycleGap], 0, ""])
      const before = yield* json(`${lifecycle}?to=2026-11-21T14:00:05.000001Z`)
      assert.deepStrictEqual(before.body.gaps, [])
      const later = yield* json(`${lifecycle}?from=2026-11-21T18:00:00Z`)
      assert.deepStrictEqual([later.body.lifecycle, later.body.gaps], [[], [lifecycleGap]])
    })
  )

  it.effect("of everything are read page by page without loss or repeat, also where several came at once", () =>
    Effect.gen(function* () {
      for (const limit of [1_000, 3, 2, 1]) {
        const { entries } = yield* everyPage("/v1/lifecycle", "lifecycle", limit)
        assert.deepStrictEqual(
          entries.map(({ seq }) => seq),
          Seed.messages.map(({ seq }) => seq)
        )
      }
      const { entries } = yield* everyPage(lifecycle, "lifecycle", 1)
      assert.lengthOf(entries, 3)
      const { body } = yield* json("/v1/lifecycle?from=2026-11-21T14:00:00.1Z&to=2026-11-21T14:00:05.000001Z")
      assert.deepStrictEqual(
        body.lifecycle.map((one: { seq: number }) => one.seq),
        [2, 3, 4]
      )
    })
  )

  it.effect("are an empty list for a market without any, and a refusal for one that is not known", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`/v1/markets/${Seed.unopened}/lifecycle?to=${Seed.startIso}`)
      assert.deepStrictEqual(body, { lifecycle: [], gaps: [], gaps_left_out: 0, cursor: "" })
      assert.strictEqual((yield* json("/v1/markets/KXNOTHING/lifecycle")).body.code, "unknown_market")
      const { cursor } = (yield* json("/v1/lifecycle?limit=1")).body
      assert.strictEqual((yield* json(`${lifecycle}?cursor=${cursor}`)).body.code, "bad_cursor")
    })
  )
})
