import type { Level } from "@kalshibook/core/BookRecord"
import { decode, encode } from "@kalshibook/store/LevelsCodec"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "../../core/test/PropertyRuns.ts"

const size = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.maxSafeInteger().map((each) => Math.max(1, Math.abs(each)))
)

const ladder: fc.Arbitrary<ReadonlyArray<Level>> = fc
  .uniqueArray(fc.record({ priceE4: fc.integer({ min: 1, max: 9_999 }), sizeE2: size }), {
    selector: ({ priceE4 }) => priceE4,
    maxLength: 100
  })
  .map((levels) => levels.toSorted((left, right) => left.priceE4 - right.priceE4))

const book = fc.record({ yes: ladder, no: ladder })

describe("LevelsCodec", () => {
  it("gives back any book as it was written", () => {
    fc.assert(
      fc.property(book, (levels) => assert.deepStrictEqual(decode(encode(levels)), levels)),
      propertyRuns(300)
    )
  })

  it("writes the documented bytes", () => {
    const levels = {
      yes: [{ priceE4: 300, sizeE2: 1 }],
      no: [
        { priceE4: 1, sizeE2: 128 },
        { priceE4: 9_999, sizeE2: 5 }
      ]
    }
    assert.deepStrictEqual([...encode(levels)], [1, 1, 2, 0xac, 0x02, 1, 1, 0x80, 0x01, 0x8e, 0x4e, 5])
    assert.deepStrictEqual([...encode({ yes: [], no: [] })], [1, 0, 0])
  })

  it("takes about four bytes a level of an ordinary book", () => {
    const yes = Array.from({ length: 48 }, (_, index) => ({ priceE4: (index + 1) * 100, sizeE2: 12_345 + index * 997 }))
    assert.isAtMost(encode({ yes, no: yes }).length, 4.5 * 96)
  })

  it("refuses bytes that are cut short, too many, of another version, or no book", () => {
    fc.assert(
      fc.property(book, fc.nat(), (levels, cut) => {
        const bytes = encode(levels)
        assert.isUndefined(decode(bytes.slice(0, cut % bytes.length)))
        assert.isUndefined(decode(Uint8Array.from([...bytes, 0])))
        assert.isUndefined(decode(Uint8Array.from([2, ...bytes.slice(1)])))
      }),
      propertyRuns(100)
    )
    for (const bytes of [
      [1, 1, 0, 0, 1],
      [1, 1, 0, 1, 0],
      [1, 1, 0, 0x90, 0x4e, 1],
      [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    ]) {
      assert.isUndefined(decode(Uint8Array.from(bytes)))
    }
  })

  it("never fails on random bytes otherwise than by refusing them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const levels = decode(Uint8Array.from([1, ...bytes]))
        if (levels !== undefined) assert.deepStrictEqual(decode(encode(levels)), levels)
      }),
      propertyRuns(300)
    )
  })
})
