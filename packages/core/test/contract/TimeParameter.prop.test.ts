import { assert, describe, it } from "@effect/vitest"
import { timeMicrosMax } from "@kalshibook/core/contract/Limits"
import { parse } from "@kalshibook/core/contract/TimeParameter"
import { isoFromMicros, unitsToDecimal } from "@kalshibook/core/Units"
import { Option } from "effect"
import * as fc from "fast-check"

describe("a time in a request", () => {
  it("reads back every moment that an answer writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: timeMicrosMax }), (micros) => {
        assert.deepStrictEqual(parse(isoFromMicros(micros)), Option.some(micros))
      })
    )
  })

  it("reads Unix seconds with six decimals to the microsecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: timeMicrosMax }), (micros) => {
        assert.deepStrictEqual(parse(unitsToDecimal(micros, 6)), Option.some(micros))
      })
    )
  })

  it("gives a moment between 1970 and 2255 or nothing, whatever is written", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.T:Z+-]{0,40}$/)), (text) => {
        const micros = Option.getOrElse(parse(text), () => 0)
        assert.isTrue(Number.isSafeInteger(micros) && micros >= 0)
      })
    )
  })
})
