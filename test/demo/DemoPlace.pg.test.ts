/** Where made-up days may be put, and where they may not. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { assert, layer } from "@effect/vitest"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { ConfigProvider, Effect, Layer } from "effect"
import { batch, watermark } from "../../packages/store/test/Batch.ts"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as DemoPlace from "../../scripts/demo/DemoPlace.ts"

const stores = () =>
  Layer.mergeAll(Epochs.layerNoDeps, HotTier.layerNoDeps, StatusBoard.layerNoDeps).pipe(
    Layer.provideMerge(PgTest.layer)
  )

/** 2026-11-21T00:00:00Z. */
const dayMicros = 1_795_219_200_000_000

layer(stores(), { excludeTestServices: true })("a database", (it) => {
  it.effect("takes days when it is empty, and later days behind them, but none before or in between", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* DemoPlace.epochLast(dayMicros), 0)
      const hotTier = yield* HotTier
      yield* hotTier.append(batch({ watermark: watermark({ epoch: 4, tsReceivedMicros: dayMicros }) }))
      assert.strictEqual(yield* DemoPlace.epochLast(dayMicros + 1), 4)
      const refused = yield* Effect.flip(DemoPlace.epochLast(dayMicros))
      assert.match(refused.message, /filled up to 2026-11-21 00:00 UTC already.*KALSHIBOOK_DATA_DIR/)
    })
  )

  it.effect("that holds data of the real exchange takes none", () =>
    Effect.gen(function* () {
      yield* (yield* Epochs).open({ url: "wss://kalshi.invalid", source: "kalshi", tsOpenedMicros: dayMicros })
      const refused = yield* Effect.flip(DemoPlace.epochLast(dayMicros + 1))
      assert.match(refused.message, /not made up/)
    })
  )
})

layer(Layer.empty)("a data folder", (it) => {
  it.effect("takes one at a time", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(path.join(tmpdir(), "kalshibook-demo-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
      )
      const config = ConfigProvider.layer(ConfigProvider.fromUnknown({ KALSHIBOOK_DATA_DIR: folder }))
      yield* DemoPlace.keepRecordersAway.pipe(Effect.provide(config))
      const refused = yield* Effect.flip(DemoPlace.keepRecordersAway.pipe(Effect.provide(config)))
      assert.match(refused.message, /A recorder runs on this data folder/)
    })
  )
})
