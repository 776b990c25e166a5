/** What is promised of lifecycle messages. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog, type LifecycleQuery } from "@kalshibook/store/LifecycleLog"
import { Effect, Option } from "effect"
import { batch, hourStartMicros, lifecycle } from "./Batch.ts"

/** An hour that no other test writes to. */
const from = hourStartMicros + 30 * 3_600_000_000
const at = (seconds: number) => from + seconds * 1_000_000

const all: LifecycleQuery = { fromMicros: from, toMicros: at(3_600), after: Option.none(), messagesMax: 100 }

const told = [
  lifecycle({
    ticker: "KXB",
    seq: 8,
    sid: 3,
    epoch: 7,
    tsReceivedMicros: at(5),
    body: { deep: { a: [1, null, "x"] } }
  }),
  lifecycle({ ticker: "KXA", seq: 2, sid: 4, epoch: 7, tsReceivedMicros: at(5) }),
  lifecycle({ ticker: "KXA", seq: 9, sid: 3, epoch: 7, tsReceivedMicros: at(1) }),
  lifecycle({ ticker: "KXB", seq: 1, sid: 1, epoch: 8, tsReceivedMicros: at(5) }),
  lifecycle({ ticker: "KXA", seq: 2, sid: 1, epoch: 8, tsReceivedMicros: at(9) })
]
const inOrder = [2, 0, 1, 3, 4].flatMap((index) => told[index] ?? [])

export const lifecycleLogSuite = (it: Vitest.MethodsNonLive<HotTier | LifecycleLog>): void => {
  it.effect("messages come as they were received, in the order of receipt, page by page, of one ticker or of all", () =>
    Effect.gen(function* () {
      const log = yield* LifecycleLog
      yield* Effect.flatMap(HotTier, (hot) => hot.append(batch({ lifecycle: told })))
      assert.deepStrictEqual(yield* log.messages(all), inOrder)
      const ofOne = inOrder.filter((one) => one.ticker === "KXA")
      assert.deepStrictEqual(yield* log.messages({ ...all, ticker: "KXA" }), ofOne)
      assert.deepStrictEqual(yield* log.messages({ ...all, ticker: "KXNONE" }), [])
      for (const [index, one] of inOrder.entries()) {
        const next = yield* log.messages({ ...all, after: Option.some(one), messagesMax: 2 })
        assert.deepStrictEqual(next, inOrder.slice(index + 1, index + 3))
      }
      const range = { ...all, fromMicros: at(5), toMicros: at(9) }
      assert.deepStrictEqual(yield* log.messages(range), inOrder.slice(1, 4))
    })
  )
}
