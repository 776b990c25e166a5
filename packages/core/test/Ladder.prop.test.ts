import * as Book from "@kalshibook/core/Book"
import type { Side } from "@kalshibook/core/BookRecord"
import * as Ladder from "@kalshibook/core/Ladder"
import { priceE4Max, priceE4Min } from "@kalshibook/core/Units"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"

/** The ladder under test; the other side of the same book shares its table and is tested with it in `Book.prop.test.ts`. */
const side: Side = "no"

type Change = readonly [priceE4: number, sizeE2: number]

/** Few prices, so that levels are changed and removed often, at the ends and at the borders of the bitmap's words and groups. */
const crowdedPrices = [1, 2, 31, 32, 33, 63, 64, 1023, 1024, 1025, 2047, 2048, 5000, 8191, 8192, 9983, 9984, 9998, 9999]
const price = fc.oneof(fc.constantFrom(...crowdedPrices), fc.integer({ min: priceE4Min, max: priceE4Max }))
const size = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 10_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 31 - 2, max: 2 ** 32 + 2 }) },
  { weight: 1, arbitrary: fc.integer({ min: Number.MAX_SAFE_INTEGER - 5, max: Number.MAX_SAFE_INTEGER }) }
)
const changes: fc.Arbitrary<ReadonlyArray<Change>> = fc.array(fc.tuple(price, size), { maxLength: 300 })

const apply = (book: Book.Book, naive: Map<number, number>, list: ReadonlyArray<Change>): void => {
  for (const [priceE4, sizeE2] of list) {
    assert.isUndefined(Book.apply(book, side, priceE4, sizeE2 - Book.sizeE2(book, side, priceE4)))
    if (sizeE2 === 0) naive.delete(priceE4)
    else naive.set(priceE4, sizeE2)
  }
}

const levelsOf = (naive: ReadonlyMap<number, number>): ReadonlyArray<{ priceE4: number; sizeE2: number }> =>
  [...naive].map(([priceE4, sizeE2]) => ({ priceE4, sizeE2 })).sort((left, right) => left.priceE4 - right.priceE4)

const assertSame = (book: Book.Book, naive: ReadonlyMap<number, number>): void => {
  const expected = levelsOf(naive)
  assert.deepStrictEqual(Book.levels(book)[side], expected)
  assert.strictEqual(Book.ladder(book, side).count, naive.size)
  assert.deepStrictEqual(Book.best(book, side), expected.at(-1))
  assert.strictEqual(Ladder.bestPriceE4(Book.ladder(book, side)), expected.at(-1)?.priceE4 ?? 0)
}

describe("Ladder", () => {
  it("holds exactly what a plain map holds after any changes, removals and growth", () => {
    fc.assert(
      fc.property(changes, fc.array(price, { maxLength: 20 }), (list, probes) => {
        const book = Book.make()
        const naive = new Map<number, number>()
        apply(book, naive, list)
        assertSame(book, naive)
        for (const priceE4 of probes) assert.strictEqual(Book.sizeE2(book, side, priceE4), naive.get(priceE4) ?? 0)
      }),
      propertyRuns(150)
    )
  })

  it("gives the best levels of any depth, ascending, best last", () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 40 }), (list, depth) => {
        const book = Book.make()
        const naive = new Map<number, number>()
        apply(book, naive, list)
        assert.deepStrictEqual(Book.levels(book, depth)[side], levelsOf(naive).slice(-depth))
      }),
      propertyRuns(200)
    )
  })

  it("never shares anything with its copies", () => {
    fc.assert(
      fc.property(changes, changes, changes, (before, left, right) => {
        const book = Book.make()
        const naive = new Map<number, number>()
        apply(book, naive, before)
        const copy = Book.copy(book)
        const naiveCopy = new Map(naive)
        apply(book, naive, left)
        apply(copy, naiveCopy, right)
        assertSame(book, naive)
        assertSame(copy, naiveCopy)
      }),
      propertyRuns(100)
    )
  })

  it("is as good as new when it was cleared", () => {
    fc.assert(
      fc.property(changes, changes, (before, after) => {
        const book = Book.make()
        apply(book, new Map(), before)
        Book.clear(book)
        assertSame(book, new Map())
        const naive = new Map<number, number>()
        apply(book, naive, after)
        assertSame(book, naive)
      }),
      propertyRuns(100)
    )
  })

  it("holds all 9,999 prices at once, and loses each one exactly when it is removed", () => {
    const book = Book.make()
    const naive = new Map<number, number>()
    const shuffled = Array.from({ length: priceE4Max }, (_, index) => ((index * 7_919) % priceE4Max) + 1)
    assert.strictEqual(new Set(shuffled).size, priceE4Max)
    apply(
      book,
      naive,
      shuffled.map((priceE4) => [priceE4, Number.MAX_SAFE_INTEGER - priceE4])
    )
    assertSame(book, naive)
    for (const [index, priceE4] of shuffled.entries()) {
      apply(book, naive, [[priceE4, 0]])
      assert.strictEqual(Book.sizeE2(book, side, priceE4), 0)
      if (index % 2_999 === 0) assertSame(book, naive)
    }
    assertSame(book, new Map())
  })
})
