import * as Book from "@kalshibook/core/Book"
import type { BookLevels, Side } from "@kalshibook/core/BookRecord"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as NaiveBook from "./NaiveBook.ts"
import { propertyRuns } from "./PropertyRuns.ts"

interface Change {
  readonly side: Side
  readonly priceE4: number
  readonly deltaE2: number
}

const side = fc.constantFrom<Side>("yes", "no")
const price = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9_999 }))
const change: fc.Arbitrary<Change> = fc.record({
  side,
  priceE4: price,
  deltaE2: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -300, max: 500 }) },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 32 + 7, 2 ** 52, -(2 ** 31), -(2 ** 52)) },
    { weight: 1, arbitrary: fc.maxSafeInteger() }
  )
})
const changes = fc.array(change, { maxLength: 200 })

const bookOf = (list: ReadonlyArray<Change>): Book.Book => {
  const book = Book.make()
  for (const each of list) Book.apply(book, each.side, each.priceE4, each.deltaE2)
  return book
}

/** The levels in a random order, each built up in random parts. */
const detour = (levels: BookLevels, shuffle: ReadonlyArray<number>): ReadonlyArray<Change> => {
  const parts = (["yes", "no"] as const).flatMap((each) =>
    levels[each].flatMap(({ priceE4, sizeE2 }, index) => {
      const cut = Math.min(sizeE2, (shuffle[index % shuffle.length] ?? 0) % 100)
      return [
        { side: each, priceE4, deltaE2: cut },
        { side: each, priceE4, deltaE2: sizeE2 - cut }
      ].filter(({ deltaE2 }) => deltaE2 !== 0)
    })
  )
  return parts
    .map((part, index) => ({ part, key: (shuffle[(index * 7) % shuffle.length] ?? 0) ^ (index * 2_654_435_761) }))
    .sort((left, right) => left.key - right.key)
    .map(({ part }) => part)
}

describe("Book", () => {
  it("equals a plain map of levels after any changes, and refuses exactly what would not be a book", () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 10 }), (list, depth) => {
        const book = Book.make()
        const naive: NaiveBook.NaiveBook = new Map()
        for (const { deltaE2, priceE4, side } of list) {
          const after = BigInt(NaiveBook.sizeE2(naive, side, priceE4)) + BigInt(deltaE2)
          const isFine = after >= 0n && after <= BigInt(Number.MAX_SAFE_INTEGER)
          assert.strictEqual(Book.check(book, side, priceE4, deltaE2) === undefined, isFine)
          assert.strictEqual(Book.apply(book, side, priceE4, deltaE2) === undefined, isFine)
          if (isFine) NaiveBook.add(naive, side, priceE4, deltaE2)
        }
        const expected = NaiveBook.levels(naive)
        assert.deepStrictEqual(Book.levels(book), expected)
        assert.deepStrictEqual(Book.levels(book, depth), NaiveBook.levels(naive, depth))
        for (const each of ["yes", "no"] as const) assert.deepStrictEqual(Book.best(book, each), expected[each].at(-1))
        const [yes, no] = [expected.yes.at(-1), expected.no.at(-1)]
        assert.strictEqual(
          Book.isCrossed(book),
          yes !== undefined && no !== undefined && yes.priceE4 + no.priceE4 >= 10_000
        )
      }),
      propertyRuns(100)
    )
  })

  it("has a digest that depends on the levels alone, not on how they came about", () => {
    fc.assert(
      fc.property(changes, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (list, shuffle) => {
        const book = bookOf(list)
        const levels = Book.levels(book)
        const other = Book.make()
        for (const each of detour(levels, shuffle)) {
          assert.isUndefined(Book.apply(other, each.side, each.priceE4, each.deltaE2))
        }
        assert.deepStrictEqual(Book.levels(other), levels)
        assert.strictEqual(Book.hash(other), Book.hash(book))
        assert.strictEqual(Book.hash(Book.fromLevels(levels)), Book.hash(book))
        assert.strictEqual(Book.hash(Book.copy(book)), Book.hash(book))
      }),
      propertyRuns(100)
    )
  })

  it("has another digest whenever one level differs", () => {
    fc.assert(
      fc.property(changes, change, (list, last) => {
        const book = bookOf(list)
        const before = Book.hash(book)
        const isApplied = Book.apply(book, last.side, last.priceE4, last.deltaE2) === undefined
        fc.pre(isApplied && last.deltaE2 !== 0)
        assert.notStrictEqual(Book.hash(book), before)
      }),
      propertyRuns(200)
    )
  })

  it("replaces whatever was there before, also by nothing", () => {
    fc.assert(
      fc.property(changes, changes, (before, after) => {
        const book = bookOf(before)
        const levels = Book.levels(bookOf(after))
        assert.isUndefined(Book.replace(book, levels))
        assert.deepStrictEqual(Book.levels(book), levels)
        assert.isUndefined(Book.replace(book, { yes: [], no: [] }))
        assert.strictEqual(Book.hash(book), "0000000000000000")
      }),
      propertyRuns(100)
    )
  })

  it("never shares anything with its copies", () => {
    fc.assert(
      fc.property(changes, changes, (before, after) => {
        const book = bookOf(before)
        const copy = Book.copy(book)
        const levels = Book.levels(book)
        for (const each of after) Book.apply(copy, each.side, each.priceE4, each.deltaE2)
        assert.deepStrictEqual(Book.levels(book), levels)
        assert.strictEqual(Book.hash(book), Book.hash(Book.fromLevels(levels)))
        Book.clear(book)
        assert.strictEqual(Book.hash(copy), Book.hash(Book.fromLevels(Book.levels(copy))))
      }),
      propertyRuns(100)
    )
  })
})
