import { assert, describe, it } from "@effect/vitest"
import { limitMax, tickerCharsMax, tickersMax } from "@kalshibook/core/contract/Limits"
import * as Parameter from "@kalshibook/core/contract/Parameters"
import { Result, Schema } from "effect"

const accepts = (schema: Schema.ConstraintDecoder<unknown>, text: string): boolean =>
  Result.isSuccess(Schema.decodeUnknownResult(schema)(text))

describe("a parameter", () => {
  it("that is a whole number is plain digits within its range", () => {
    assert.strictEqual(Schema.decodeUnknownSync(Parameter.Limit)("1000"), 1_000)
    assert.strictEqual(Schema.decodeUnknownSync(Parameter.Depth)("0"), 0)
    for (const text of [
      "",
      "0",
      "-1",
      "+1",
      "1.0",
      "1e2",
      "0x10",
      " 1",
      "1 ",
      "ten",
      "NaN",
      "Infinity",
      "١",
      String(limitMax + 1),
      "9".repeat(30)
    ]) {
      assert.isFalse(accepts(Parameter.Limit, text), text)
    }
  })

  it("that is a ticker may have dots and is never anything that a database refuses", () => {
    assert.isTrue(accepts(Parameter.MarketTickerPath, "KXBTCD-26JUL0609-T62399.99"))
    for (const text of ["", "A B", "A\u0000", "A\n", "É", "\ud800", "A".repeat(tickerCharsMax + 1)]) {
      assert.isFalse(accepts(Parameter.MarketTickerPath, text), JSON.stringify(text))
    }
  })

  it("that lists tickers has a bound", () => {
    const tickers = (count: number) => Array.from({ length: count }, (_, index) => `K-${index}`).join(",")
    assert.deepStrictEqual(Schema.decodeUnknownSync(Parameter.Tickers)("K-1,K-2"), ["K-1", "K-2"])
    assert.isTrue(accepts(Parameter.Tickers, tickers(tickersMax)))
    for (const text of ["", ",", "K-1,", "K-1, K-2", tickers(tickersMax + 1)]) {
      assert.isFalse(accepts(Parameter.Tickers, text), text)
    }
  })

  it("that is a status may be a word of Kalshi's filter", () => {
    assert.strictEqual(Parameter.marketStatus("open"), "active")
    assert.strictEqual(Parameter.marketStatus("settled"), "finalized")
    assert.strictEqual(Parameter.marketStatus("determined"), "determined")
    assert.isFalse(accepts(Parameter.Status, "Active"))
  })

  it("that is a category is any text without control characters", () => {
    assert.isTrue(accepts(Parameter.Category, "Climate and Weather"))
    assert.isTrue(accepts(Parameter.Category, "Économie 🎯"))
    for (const text of ["", "a\u0000b", "a\nb", "\ud800", "x".repeat(101)]) {
      assert.isFalse(accepts(Parameter.Category, text), JSON.stringify(text))
    }
  })
})
