import { assert, layer } from "@effect/vitest"
import * as RowPayments from "@kalshibook/api/RowPayments"
import type { Price } from "@kalshibook/core/contract/Pricing"
import { Ledger } from "@kalshibook/store/Ledger"
import { Effect } from "effect"

const price: Price = { kind: "rows", scope: "read", list: "records", rowsPerCredit: 250, bytesPerRow: 100 }
const terms = { creditsMonthly: 5, isPostpaid: false, capCredits: null }

layer(Ledger.layerMemory)("the rows of a stream", (it) => {
  it.effect("cost together what one list of them would, are one call in the usage, and end with the credits", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const accountId = globalThis.crypto.randomUUID()
      const call = {
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
      }
      const { creditsHeld } = yield* ledger.admit(call)
      let ofCall = { credits: 0, rows: 0 }
      const hold: RowPayments.Hold = {
        left: creditsHeld,
        use: (credits, rows) => {
          ofCall = { credits: ofCall.credits + credits, rows: ofCall.rows + rows }
        }
      }
      const pay = RowPayments.make(ledger, call, price, hold).payForRows
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
