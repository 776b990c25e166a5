import { assert, describe, it } from "@effect/vitest"
import * as RequestGate from "@kalshibook/api/RequestGate"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

const gate = () => RequestGate.make({ requestsMax: 2, answerMillisMax: 1_000 })

describe("the gate of requests", () => {
  it.effect("refuses what is too much at once, and lets through again when there is room", () =>
    Effect.gen(function* () {
      const { inFlight, pass } = gate()
      const first = yield* Effect.forkChild(pass("req_1", Effect.never), { startImmediately: true })
      yield* Effect.forkChild(pass("req_2", Effect.never), { startImmediately: true })
      const refused = yield* Effect.flip(pass("req_3", Effect.void))
      assert.strictEqual(refused.code, "overloaded")
      assert.strictEqual(refused.request_id, "req_3")
      yield* Fiber.interrupt(first)
      assert.strictEqual(inFlight(), 1)
      yield* pass("req_4", Effect.void)
      assert.strictEqual(inFlight(), 1)
    })
  )

  it.effect("stops what takes too long", () =>
    Effect.gen(function* () {
      let isStopped = false
      const { inFlight, pass, watch } = gate()
      yield* Effect.forkChild(watch, { startImmediately: true })
      const slow = Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          isStopped = true
        })
      )
      let code = ""
      const asked = Effect.map(Effect.flip(pass("req_1", slow)), (refused) => {
        code = refused.code
      })
      // As the server begins requests.
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(asked), { startImmediately: true })
      yield* TestClock.adjust(999)
      assert.strictEqual(inFlight(), 1)
      yield* TestClock.adjust(1)
      yield* Fiber.await(fiber)
      assert.strictEqual(code, "timed_out")
      assert.isTrue(isStopped)
      assert.strictEqual(inFlight(), 0)
    })
  )

  it.effect("forgets a request that failed", () =>
    Effect.gen(function* () {
      const { inFlight, pass } = gate()
      yield* Effect.flip(pass("req_1", Effect.fail("no")))
      assert.strictEqual(inFlight(), 0)
    })
  )
})
