/** What the names of requests promise. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import type { Accounts } from "@kalshibook/store/Accounts"
import { claimMicrosMax, IdempotencyKeys, keptMicros } from "@kalshibook/store/downloads/IdempotencyKeys"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { newAccount } from "./AccountsSuite.ts"

const hash = (digit: string) => digit.repeat(64)

export const idempotencyKeysSuite = (it: Vitest.MethodsNonLive<IdempotencyKeys | Accounts>): void => {
  it.effect("give what came of a request to whoever repeats it, refuse another one, and are each account's own", () =>
    Effect.gen(function* () {
      const keys = yield* IdempotencyKeys
      const { accountId } = yield* newAccount()
      const request = { accountId, key: "mine", requestHash: hash("a") }
      assert.deepStrictEqual(yield* keys.claim(request), { _tag: "claimed" })
      assert.deepStrictEqual(yield* keys.claim(request), { _tag: "running" })
      yield* keys.complete(request, "dl_1")
      yield* keys.release(request)
      assert.deepStrictEqual(yield* keys.claim(request), { _tag: "done", subject: "dl_1" })
      assert.deepStrictEqual(yield* keys.claim({ ...request, requestHash: hash("b") }), { _tag: "other" })
      assert.deepStrictEqual(yield* keys.claim({ ...request, key: "another" }), { _tag: "claimed" })
      const other = yield* newAccount()
      const theirs = { ...request, accountId: other.accountId, requestHash: hash("c") }
      assert.deepStrictEqual(yield* keys.claim(theirs), { _tag: "claimed" })
    })
  )

  it.effect("forget what failed at once, what its node left after a minute, and all after a day", () =>
    Effect.gen(function* () {
      const keys = yield* IdempotencyKeys
      const { accountId } = yield* newAccount()
      const request = { accountId, key: "mine", requestHash: hash("a") }
      yield* keys.claim(request)
      yield* keys.release(request)
      assert.deepStrictEqual(yield* keys.claim(request), { _tag: "claimed" })
      yield* TestClock.adjust(`${claimMicrosMax / 1_000} millis`)
      assert.deepStrictEqual(yield* keys.claim({ ...request, requestHash: hash("b") }), { _tag: "other" })
      assert.deepStrictEqual(yield* keys.claim(request), { _tag: "claimed" })
      yield* keys.complete(request, "dl_2")
      yield* TestClock.adjust(`${keptMicros / 1_000 - 1} millis`)
      assert.deepStrictEqual(yield* keys.claim(request), { _tag: "done", subject: "dl_2" })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* keys.claim({ ...request, requestHash: hash("b") }), { _tag: "claimed" })
    })
  )
}
