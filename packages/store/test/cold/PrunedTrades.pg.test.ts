/** Holes in the trades that are filled after their hours have left the hot tier: what is sealed is not stored once more. */
import { assert, layer } from "@effect/vitest"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { batch, hourStartMicros, trade, watermark } from "../Batch.ts"
import * as PgTest from "../PgTest.ts"

const hour = (index: number): number => hourStartMicros + index * hourMicros
const minute = 60_000_000
const marketTicker = "KXTRADES-1"

/** Every ten minutes of six hours; those of the second half of the fourth hour are lost, and nothing comes after the fifth. */
const trades = Array.from({ length: 30 }, (_, index) => {
  const tsReceivedMicros = hour(0) + index * 10 * minute
  return trade({ marketTicker, tradeId: `t${index}`, tsExchangeMicros: tsReceivedMicros - 5, tsReceivedMicros })
})
const isLost = ({ tsReceivedMicros }: TradeRecord): boolean =>
  tsReceivedMicros >= hour(3) + 30 * minute && tsReceivedMicros < hour(4)

const hole = (part: Partial<ChannelGap> = {}): ChannelGap => ({
  channel: "trade",
  epoch: 1,
  sid: 2,
  seqFrom: 100,
  seqTo: 104,
  cause: "sequence_hole",
  tsFromMicros: hour(3) + 20 * minute + 1,
  tsDetectedMicros: hour(4),
  tsToMicros: hour(4),
  ...part
})

const byRest = (tsReceivedMicros: number) =>
  trades.map((one): TradeRecord => ({ ...one, epoch: 0, sid: 0, seq: 0, tsReceivedMicros }))

const prune = Effect.fnUntraced(function* (index: number) {
  yield* (yield* Segments).commit({
    segment: {
      span: { _tag: "hour", fromMicros: hour(index) },
      revision: 1,
      manifestKey: `v1/manifests/${index}`,
      manifestSha256: "0".repeat(64),
      manifestBytes: 10,
      records: 0,
      rows: 0,
      bytes: 0,
      markets: 0,
      reason: null,
      sealedBy: "a test",
      tsSealedMicros: hour(index + 1),
      tsVerifiedMicros: hour(index + 1)
    },
    tickers: [],
    marks: [],
    madeOf: []
  })
  yield* (yield* HotHours).prune(hour(index), 1)
})

const idsOf = (table: "trades" | "pruned_trade_ids") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ trade_id: string }>`select trade_id from ${sql(table)} order by ts_exchange_micros`
    return rows.map((row) => row.trade_id)
  })

const stores = Layer.mergeAll(
  ChannelGaps.layerNoDeps,
  Coverage.layerNoDeps,
  HotHours.layerNoDeps,
  HotTier.layerNoDeps,
  Segments.layerNoDeps
)

layer(stores.pipe(Layer.provideMerge(PgTest.layer)), { excludeTestServices: true })("Trades that were pruned", (it) => {
  it.effect("are not stored again when a hole beside them is filled, and those that it lacked are", () =>
    Effect.gen(function* () {
      const channelGaps = yield* ChannelGaps
      yield* (yield* HotTier).append(
        batch({
          trades: trades.filter((one) => !isLost(one)),
          channelGaps: [hole()],
          watermark: watermark({ tsReceivedMicros: hour(5) })
        })
      )
      for (const index of [0, 1, 2, 3]) yield* prune(index)
      const known = yield* idsOf("pruned_trade_ids")
      // As much before the hole as clocks may be apart; older ones cannot come again.
      assert.notInclude(known, "t0")
      assert.includeMembers(known, ["t9", "t17", "t20"])

      // Read are all that are near enough: 20 of them, of which 3 were lost.
      const read = byRest(hour(5) + minute).slice(10)
      assert.lengthOf(yield* channelGaps.fillPart(read.slice(0, 12)), 1)
      assert.lengthOf(yield* channelGaps.fill(hole(), read.slice(12), hour(5) + minute, 1), 2)
      assert.deepStrictEqual(yield* idsOf("trades"), ["t21", "t22", "t23", "t24", "t25", "t26", "t27", "t28", "t29"])
      assert.deepStrictEqual(yield* channelGaps.unfilled("trade", 10), [])
    })
  )

  it.effect("are not stored again by a hole that is told when all of them have left", () =>
    Effect.gen(function* () {
      const channelGaps = yield* ChannelGaps
      const hot = yield* HotTier
      // The channel was still for hours: its hole begins behind its last trade.
      yield* hot.append(batch({ watermark: watermark({ tsReceivedMicros: hour(9) }) }))
      for (const index of [4, 5, 6, 7]) yield* prune(index)
      assert.deepStrictEqual(yield* idsOf("trades"), [])
      const late = hole({ seqFrom: 200, tsFromMicros: hour(5) - 10 * minute + 1, tsToMicros: hour(9) })
      yield* hot.append(batch({ channelGaps: [late], watermark: watermark({ tsReceivedMicros: hour(9) + 1 }) }))
      const lacked = trade({ marketTicker, tradeId: "lacked", epoch: 0, tsReceivedMicros: hour(9) + minute })
      const read = [...byRest(hour(9) + minute).slice(18), lacked]
      assert.deepStrictEqual(yield* channelGaps.fill(late, read, hour(9) + minute), [lacked])
      assert.deepStrictEqual(yield* idsOf("trades"), ["lacked"])
    })
  )

  it.effect("are forgotten once nothing can bring them again", () =>
    Effect.gen(function* () {
      const tsReceivedMicros = hour(20)
      const later = trade({ marketTicker, tradeId: "later", tsExchangeMicros: tsReceivedMicros, tsReceivedMicros })
      yield* (yield* HotTier).append(batch({ trades: [later], watermark: watermark({ tsReceivedMicros }) }))
      for (let index = 8; index < 13; index++) yield* prune(index)
      assert.deepStrictEqual(yield* idsOf("pruned_trade_ids"), [])
    })
  )
})
