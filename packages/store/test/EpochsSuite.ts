/** What the numbering of connections promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect } from "effect"
import { batch, connection, watermark } from "./Batch.ts"

const opening = { url: "ws://127.0.0.1/trade-api/ws/v2", source: "simulator", tsOpenedMicros: 1_795_345_200_000_000 }

export const epochsSuite = (it: Vitest.MethodsNonLive<Epochs | HotTier>): void => {
  it.effect("numbers every connection greater than all before, also when they open at once", () =>
    Effect.gen(function* () {
      const epochs = yield* Epochs
      const first = yield* epochs.open(opening)
      const many = yield* Effect.all(
        Array.from({ length: 10 }, () => epochs.open(opening)),
        { concurrency: 10 }
      )
      const last = yield* epochs.open(opening)
      assert.isAbove(first, 0)
      assert.strictEqual(new Set(many).size, many.length)
      assert.isTrue(many.every((epoch) => epoch > first && epoch < last))
    })
  )

  it.effect("knows the greatest number ever stored, whoever gave it, and goes on behind it", () =>
    Effect.gen(function* () {
      const epochs = yield* Epochs
      const hot = yield* HotTier
      const before = yield* epochs.last
      const given = before + 10
      yield* hot.append(
        batch({ connections: [connection({ epoch: given }), connection({ epoch: given - 1, slot: 1 })] })
      )
      assert.strictEqual(yield* epochs.last, given)
      assert.strictEqual(yield* epochs.open(opening), given + 1)
      assert.strictEqual(yield* epochs.last, given + 1)
      yield* hot.append(batch({ watermark: watermark({ epoch: given + 5 }) }))
      assert.strictEqual(yield* epochs.last, given + 5)
    })
  )

  it.effect("notes the end of a connection, and takes no offence at one that does not exist", () =>
    Effect.gen(function* () {
      const epochs = yield* Epochs
      const epoch = yield* epochs.open(opening)
      yield* epochs.close(epoch, opening.tsOpenedMicros + 1, "connection_lost")
      yield* epochs.close(epoch, opening.tsOpenedMicros + 2, "silence")
      yield* epochs.close(1_000_000, opening.tsOpenedMicros, "silence")
    })
  )
}
