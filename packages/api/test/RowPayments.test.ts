import { assert, layer } from "@effect/vitest"
import * as RowPayments from "@kalshibook/api/RowPayments"
import type { Price } from "@kalshibook/core/contract/Pricing"
import { Ledger, type LedgerCall } from "@kalshibook/store/Ledger"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"

const price: Price = { kind: "rows", scope: "read", list: "records", rowsPerCredit: 250, bytesPerRow: 100 }
const terms = { creditsMonthly: 5, isPostpaid: false, capCredits: null }

const callOf = (accountId: string): LedgerCall => ({
  requestId: "req_1",
  accountId,
  prefix: "0123456789",
  endpoint: "listDeltas",
  question: null,
  creditsMax: 1,
  cost: 1,
  buckets: [],
  terms,
  keyCapCredits: null
})

const dayMicros = 86_400_000_000

layer(Ledger.layerMemory)("the rows of files", (it) => {
  it.effect("are paid once for as long as the tier keeps them, and then again; also by two who ask at once", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const accountId = globalThis.crypto.randomUUID()
      const call = { ...callOf(accountId), terms: { ...terms, creditsMonthly: 100 } }
      const files: Price = { kind: "files", scope: "download", rowsPerCredit: 10_000 }
      const hold = { left: 0, use: () => {} }
      const { paidUntil, payOnce } = RowPayments.make(ledger, call, { price: files, hold, keptMicros: dayMicros })
      const twice = Effect.all([payOnce("dl_1", 20_001), payOnce("dl_1", 20_001)], { concurrency: 2 })
      assert.deepStrictEqual((yield* twice).toSorted(), [0, 3])
      assert.deepStrictEqual(yield* paidUntil("dl_1"), Option.some(dayMicros))
      assert.isTrue(Option.isNone(yield* paidUntil("dl_")))
      yield* TestClock.adjust("23 hours")
      assert.strictEqual(yield* payOnce("dl_1", 20_001), 0)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* paidUntil("dl_1")))
      assert.deepStrictEqual((yield* twice).toSorted(), [0, 3])
      assert.deepStrictEqual(yield* paidUntil("dl_1"), Option.some(2 * dayMicros))
    })
  )
})

layer(Ledger.layerMemory)("the rows of a stream", (it) => {
  it.effect("cost together what one list of them would, are one call in the usage, and end with the credits", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const accountId = globalThis.crypto.randomUUID()
      const call = callOf(accountId)
      const { creditsHeld } = yield* ledger.admit(call)
      let ofCall = { credits: 0, rows: 0 }
      const hold: RowPayments.Hold = {
        left: creditsHeld,
        use: (credits, rows) => {
          ofCall = { credits: ofCall.credits + credits, rows: ofCall.rows + rows }
        }
      }
      const pay = RowPayments.make(ledger, call, { price, hold, keptMicros: 0 }).payForRows
      yield* pay(100)
      assert.deepStrictEqual(ofCall, { credits: 1, rows: 100 }, "what the call held is used first")
      hold.left = 0
      yield* ledger.settle({ requestId: call.requestId, accountId, state: "used", ...ofCall })
      for (let portion = 0; portion < 9; portion++) yield* pay(100)
      assert.strictEqual((yield* ledger.balance(accountId, terms)).monthUsed, 4)
      yield* pay(250)
      const ended = yield* Effect.flip(pay(1))
      assert.deepInclude(ended, { verdict: "exhausted", rowsPaid: 1_250 })
      const usage = yield* ledger.usage(accountId, { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER })
      assert.deepStrictEqual(
        usage.map(({ calls, credits, rows }) => [calls, credits, rows]),
        [[1, 5, 1_250]]
      )
    })
  )
})
