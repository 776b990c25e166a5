import * as Book from "@kalshibook/core/Book"
import type { BookLevels } from "@kalshibook/core/BookRecord"
import { assert, describe, it } from "vitest"

const levels: BookLevels = {
  yes: [
    { priceE4: 4_200, sizeE2: 150 },
    { priceE4: 4_300, sizeE2: 1_000 }
  ],
  no: [{ priceE4: 5_600, sizeE2: 2_500 }]
}

describe("Book", () => {
  it("removes a level whose size becomes exactly zero", () => {
    const book = Book.fromLevels(levels)
    assert.isUndefined(Book.apply(book, "yes", 4_300, -1_000))
    assert.deepStrictEqual(Book.levels(book), { ...levels, yes: [{ priceE4: 4_200, sizeE2: 150 }] })
    assert.deepStrictEqual(Book.best(book, "yes"), { priceE4: 4_200, sizeE2: 150 })
  })

  it.each([
    ["negative_level", 4_300, -1_001],
    ["negative_level", 4_400, -1],
    ["price_out_of_range", 0, 100],
    ["price_out_of_range", 10_000, 100],
    ["price_out_of_range", -1, 100],
    ["price_out_of_range", 4_300.5, 100],
    ["price_out_of_range", Number.NaN, 100],
    ["size_out_of_range", 4_300, 0.5],
    ["size_out_of_range", 4_300, Number.NaN],
    ["size_out_of_range", 4_300, Number.POSITIVE_INFINITY],
    ["size_out_of_range", 4_300, Number.MAX_SAFE_INTEGER - 999]
  ] as const)("refuses a change with %s (price %d, change %d) and stays as it was", (problem, priceE4, deltaE2) => {
    const book = Book.fromLevels(levels)
    const hash = Book.hash(book)
    assert.strictEqual(Book.check(book, "yes", priceE4, deltaE2), problem)
    assert.strictEqual(Book.apply(book, "yes", priceE4, deltaE2), problem)
    assert.deepStrictEqual(Book.levels(book), levels)
    assert.strictEqual(Book.hash(book), hash)
  })

  it("refuses a fraction that would vanish in the rounding of a huge size", () => {
    const book = Book.make()
    assert.isUndefined(Book.apply(book, "no", 1, 2 ** 52 + 2))
    assert.strictEqual(Book.apply(book, "no", 1, 0.25), "size_out_of_range")
  })

  it("holds sizes up to 2^53 - 1 exactly", () => {
    const book = Book.make()
    assert.isUndefined(Book.apply(book, "no", 9_999, Number.MAX_SAFE_INTEGER))
    assert.isUndefined(Book.apply(book, "no", 9_999, -1))
    assert.strictEqual(Book.sizeE2(book, "no", 9_999), Number.MAX_SAFE_INTEGER - 1)
  })

  it.each([
    ["size_out_of_range", [{ priceE4: 4_200, sizeE2: 0 }]],
    ["size_out_of_range", [{ priceE4: 4_200, sizeE2: -5 }]],
    ["size_out_of_range", [{ priceE4: 4_200, sizeE2: 1.5 }]],
    ["price_out_of_range", [{ priceE4: 10_000, sizeE2: 5 }]],
    [
      "level_repeated",
      [
        { priceE4: 4_200, sizeE2: 5 },
        { priceE4: 4_200, sizeE2: 6 }
      ]
    ]
  ] as const)("refuses a snapshot with %s", (problem, yes) => {
    assert.strictEqual(Book.replace(Book.make(), { yes, no: [] }), problem)
  })

  it("is crossed from the moment on when a yes bid and a no bid add up to a dollar", () => {
    const book = Book.make()
    Book.apply(book, "yes", 4_300, 100)
    Book.apply(book, "no", 5_699, 100)
    assert.isFalse(Book.isCrossed(book))
    assert.isFalse(Book.wouldCross(book, "no", 5_699))
    assert.isTrue(Book.wouldCross(book, "no", 5_700))
    Book.apply(book, "no", 5_700, 1)
    assert.isTrue(Book.isCrossed(book))
  })

  it("cannot be crossed while a side is empty", () => {
    const book = Book.make()
    Book.apply(book, "yes", 9_999, 100)
    assert.isFalse(Book.isCrossed(book))
    assert.isFalse(Book.wouldCross(book, "yes", 9_999))
    assert.isUndefined(Book.best(book, "no"))
  })
})
