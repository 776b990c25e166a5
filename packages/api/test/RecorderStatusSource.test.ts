import { assert, describe, it } from "@effect/vitest"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Seed from "./Seed.ts"

const layer = RecorderStatusSource.layerDatabase.pipe(Layer.provideMerge(HotTier.layerMemory))

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
