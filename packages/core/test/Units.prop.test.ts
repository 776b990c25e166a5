import * as Units from "@kalshibook/core/Units"
import * as Option from "effect/Option"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"

const decimals = fc.integer({ min: 0, max: 8 })
/** Any representable time, and those around the turn of a second, where a rounding mistake would show. */
const micros = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .tuple(fc.integer({ min: -9_007_199_254, max: 9_007_199_253 }), fc.integer({ min: -2, max: 2 }))
    .map(([second, off]) => second * 1_000_000 + off)
)

/** The value of a plain decimal by exact arithmetic on its digits. */
const byBigInt = (text: string, places: number): bigint | undefined => {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, whole = "", fraction = ""] = match
  if (/[1-9]/.test(fraction.slice(places))) return undefined
  const units = BigInt(whole + fraction.slice(0, places).padEnd(places, "0"))
  return units > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : sign === "-" ? -units : units
}

describe("Units", () => {
  it("reads back every decimal it writes", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), decimals, (units, places) => {
        const text = Units.unitsToDecimal(units, places)
        assert.deepStrictEqual(Units.decimalToUnits(text, places), Option.some(units))
        assert.match(text, places === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${places}}$`))
      }),
      propertyRuns(1_000)
    )
  })

  it("reads a decimal as exact arithmetic does, or refuses it", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 18 })
    const likely = fc
      .tuple(fc.constantFrom("", "-"), digits, fc.constantFrom("", "."), digits)
      .map((parts) => parts.join(""))
    const noise = fc.string({ unit: fc.constantFrom(..."0123456789.-+e "), maxLength: 12 })
    fc.assert(
      fc.property(fc.oneof(likely, noise), decimals, (text, places) => {
        const expected = byBigInt(text, places)
        const actual = Option.map(Units.decimalToUnits(text, places), BigInt)
        assert.deepStrictEqual(actual, expected === undefined ? Option.none() : Option.some(expected), text)
      }),
      propertyRuns(5_000)
    )
  })

  it("reads back every time it writes", () => {
    fc.assert(
      fc.property(micros, (time) => {
        assert.deepStrictEqual(Units.microsFromIso(Units.isoFromMicros(time)), Option.some(time))
      }),
      propertyRuns(2_000)
    )
  })

  it("agrees with the platform on every time of whole milliseconds, in every zone", () => {
    const zone = fc.tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    const two = (value: number) => String(value).padStart(2, "0")
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date("2254-12-30"), noInvalidDate: true }),
        zone,
        (date, [sign, hours, minutes]) => {
          const text = `${date.toISOString().slice(0, -1)}${sign}${two(hours)}:${two(minutes)}`
          assert.deepStrictEqual(Units.microsFromIso(text), Option.some(Date.parse(text) * 1000))
        }
      ),
      propertyRuns(2_000)
    )
  })

  it("writes times in an order that sorts as text", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.nat({ max: Number.MAX_SAFE_INTEGER }), (left, right) => {
        assert.strictEqual(Units.isoFromMicros(left) < Units.isoFromMicros(right), left < right)
      }),
      propertyRuns(500)
    )
  })
})
