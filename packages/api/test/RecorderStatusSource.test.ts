import { assert, describe, it } from "@effect/vitest"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { recorderReportExample } from "@kalshibook/core/contract/RecorderReportExample"
import { HotTier } from "@kalshibook/store/HotTier"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Seed from "./Seed.ts"

const layer = RecorderStatusSource.layerDatabase.pipe(
  Layer.provideMerge(Layer.merge(HotTier.layerMemory, StatusBoard.layerMemory))
)

const startMillis = Seed.startMicros / 1_000

const commit = Effect.fnUntraced(function* (records: number, millis: number) {
  const hotTier = yield* HotTier
  yield* TestClock.setTime(startMillis + millis)
  yield* hotTier.append({
    records: Seed.log.slice(0, records),
    keyframes: [],
    trades: [],
    lifecycle: [],
    connections: [],
    channelGaps: [],
    watermark: { ...Seed.watermark, tsReceivedMicros: Seed.after(millis) }
  })
  return yield* Effect.flatMap(RecorderStatusSource, ({ status }) => status)
})

describe("a recorder in another process", () => {
  it.effect("is starting before its first commit, recording after it, and stopped when commits end", () =>
    Effect.gen(function* () {
      const { status } = yield* RecorderStatusSource
      assert.strictEqual((yield* status).state, "starting")
      assert.strictEqual((yield* commit(2, 1_000)).state, "recording")
      yield* TestClock.adjust("11 seconds")
      const stopped = yield* status
      assert.strictEqual(stopped.state, "stopped")
      assert.strictEqual(stopped.sinceMicros, Seed.after(1_000))
      assert.strictEqual(stopped.source, "unknown")
    }).pipe(Effect.provide(layer))
  )

  it.effect("is shown as it said last, and as stopped when it commits nothing any more", () =>
    Effect.gen(function* () {
      const said = {
        source: "simulator",
        url: "ws://127.0.0.1/trade-api/ws/v2",
        state: "reconnecting",
        sinceMicros: Seed.startMicros,
        marketsRecorded: 7,
        recordsPerSecond: 3.5,
        report: recorderReportExample
      } as const
      const board = yield* StatusBoard
      yield* board.post({ status: said, tsReportedMicros: Seed.after(900) })
      assert.deepStrictEqual(yield* commit(2, 1_000), said)
      yield* commit(2, 20_000)
      const { status } = yield* RecorderStatusSource
      // It commits, but says nothing any more.
      assert.deepInclude(yield* status, { state: "recording", marketsRecorded: 1, source: "simulator" })
      yield* TestClock.adjust("11 seconds")
      assert.deepInclude(yield* status, { state: "stopped", source: "simulator", report: recorderReportExample })
    }).pipe(Effect.provide(layer))
  )

  it.effect("records as fast as the ends of its logs move", () =>
    Effect.gen(function* () {
      assert.isNull((yield* commit(2, 0)).recordsPerSecond)
      const later = yield* commit(6, 8_000)
      assert.strictEqual(later.recordsPerSecond, 0.5)
      assert.strictEqual(later.marketsRecorded, 1)
      yield* TestClock.adjust("2 minutes")
      const { status } = yield* RecorderStatusSource
      assert.isNull((yield* status).recordsPerSecond)
    }).pipe(Effect.provide(layer))
  )
})
