import * as Units from "@kalshibook/core/Units"
import * as Option from "effect/Option"
import { assert, describe, it } from "vitest"

describe("decimalToUnits", () => {
  it("reads plain decimals exactly", () => {
    const cases: ReadonlyArray<readonly [text: string, decimals: number, units: number]> = [
      ["0.3400", 4, 3400],
      ["0.34", 4, 3400],
      ["1", 4, 10_000],
      ["0.34000000", 4, 3400],
      ["-78.00", 2, -7800],
      ["15576897.00", 2, 1_557_689_700],
      ["007.5", 2, 750],
      ["3.0", 0, 3],
      ["90071992547409.91", 2, Number.MAX_SAFE_INTEGER],
      ["-90071992547409.91", 2, -Number.MAX_SAFE_INTEGER]
    ]
    for (const [text, decimals, units] of cases) {
      assert.deepStrictEqual(Units.decimalToUnits(text, decimals), Option.some(units), text)
    }
  })

  it("has no negative zero", () => {
    assert.isTrue(Object.is(Option.getOrThrow(Units.decimalToUnits("-0.00", 2)), 0))
  })

  it("refuses what it cannot hold exactly, and what is no plain decimal", () => {
    const refused = ["0.34001", "90071992547409.92", "1".repeat(400), "1e3", "0x10", "+1", "1_000", "1,5", " 1", "1 "]
    const malformed = ["", "-", ".", "-.5", ".5", "5.", "1.2.3", "--1", "1-", "NaN", "Infinity", "\u0661"]
    for (const text of [...refused, ...malformed]) {
      assert.isTrue(Option.isNone(Units.decimalToUnits(text, 2)), text)
    }
    assert.isTrue(Option.isNone(Units.priceE4FromDollars("0.34001")))
    assert.isTrue(Option.isNone(Units.sizeE2FromContracts("1.005")))
  })
})

describe("unitsToDecimal", () => {
  it("writes as many decimals as the unit has", () => {
    assert.strictEqual(Units.dollarsFromPriceE4(1), "0.0001")
    assert.strictEqual(Units.dollarsFromPriceE4(10_000), "1.0000")
    assert.strictEqual(Units.contractsFromSizeE2(-7800), "-78.00")
    assert.strictEqual(Units.contractsFromSizeE2(-5), "-0.05")
    assert.strictEqual(Units.contractsFromSizeE2(0), "0.00")
    assert.strictEqual(Units.unitsToDecimal(-42, 0), "-42")
  })
})

describe("microsFromIso", () => {
  it("reads every form that the exchange and people write", () => {
    const micros = 1_778_796_513_000_000
    const cases: ReadonlyArray<readonly [text: string, micros: number]> = [
      ["2026-05-14T22:08:33Z", micros],
      ["2026-05-14T22:08:33.69861Z", micros + 698_610],
      ["2026-05-14T22:08:33.694567Z", micros + 694_567],
      ["2026-05-14T22:08:33.694567999Z", micros + 694_567],
      ["2026-05-14T22:08:33.1Z", micros + 100_000],
      ["2026-05-14t22:08:33z", micros],
      ["2026-05-14 22:08:33", micros],
      ["2026-05-14T22:08", micros - 33_000_000],
      ["2026-05-14T18:08:33-04:00", micros],
      ["2026-05-15T03:53:33+0545", micros],
      ["2026-05-14", micros - 79_713_000_000],
      ["2024-02-29T00:00:00Z", 1_709_164_800_000_000],
      ["1969-12-31T23:59:59.999999Z", -1],
      ["2255-06-05T23:47:34.740991Z", Number.MAX_SAFE_INTEGER]
    ]
    for (const [text, expected] of cases) {
      assert.deepStrictEqual(Units.microsFromIso(text), Option.some(expected), text)
    }
  })

  it("refuses dates that do not exist, times beyond its range and everything else", () => {
    const refused = [
      ...["2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "0050-01-01", "0000-01-01"],
      ...["2026-05-14T24:00:00Z", "2026-05-14T22:60:00Z", "2026-05-14T22:08:60Z", "2026-05-14T22Z"],
      ...["2026-05-14T22:08:33.Z", "2026-05-14T22:08:33.1234567890Z", "2026-05-14T22:08:33+24:00"],
      ...["2026-05-14T22:08:33+04:60", "2026-05-14T22:08:33+4", "2255-06-05T23:47:34.740992Z", "9999-01-01"],
      ...["", "yesterday", "1778796513", "2026-5-14", " 2026-05-14", "2026-05-14T22:08:33Z\n", "20260514T220833Z"]
    ]
    for (const text of refused) assert.isTrue(Option.isNone(Units.microsFromIso(text)), text)
  })
})

describe("isoFromMicros", () => {
  it("writes six digits of the second, also before 1970", () => {
    assert.strictEqual(Units.isoFromMicros(1_778_796_513_694_567), "2026-05-14T22:08:33.694567Z")
    assert.strictEqual(Units.isoFromMicros(0), "1970-01-01T00:00:00.000000Z")
    assert.strictEqual(Units.isoFromMicros(-1), "1969-12-31T23:59:59.999999Z")
  })
})
