import { assert, describe, it } from "@effect/vitest"
import * as RecordCopy from "@kalshibook/store/RecordCopy"
import { delta, snapshot } from "./Batch.ts"

const marketTicker = "KXCOPY"

// That Postgres reads the bytes as the records they were is what the hot tier's suite shows, over random logs.
describe("records for COPY", () => {
  it("are refused when a number does not fit its column, never rounded", () => {
    const records = [
      delta({ marketTicker, offset: 2 ** 53 }),
      delta({ marketTicker, offset: 1.5 }),
      delta({ marketTicker, offset: 1, priceE4: 40_000 }),
      delta({ marketTicker, offset: 1, epoch: 2 ** 31 }),
      snapshot({ marketTicker, offset: 1, tsReceivedMicros: Number.NaN })
    ]
    for (const record of records) assert.throws(() => RecordCopy.encode([record], () => 1), RangeError)
    assert.throws(() => RecordCopy.encode([delta({ marketTicker, offset: 1 })], () => Number.NaN), RangeError)
  })
})
