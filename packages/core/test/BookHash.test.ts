import * as Book from "@kalshibook/core/Book"
import { levelHashHigh, levelHashLow } from "@kalshibook/core/BookHash"
import type { Side } from "@kalshibook/core/BookRecord"
import { assert, describe, it } from "vitest"

const sides: ReadonlyArray<Side> = ["yes", "no"]

describe("BookHash", () => {
  it("tells apart all books of two near levels of everyday sizes", () => {
    const prices = Array.from({ length: 40 }, (_, index) => 4_000 + index * 10)
    const sizes = Array.from({ length: 12 }, (_, index) => (index + 1) * 100)
    const levels = sides.flatMap((side) =>
      prices.flatMap((priceE4) =>
        sizes.map((sizeE2) => ({
          key: `${side}${priceE4}`,
          low: levelHashLow(side, priceE4, sizeE2),
          high: levelHashHigh(side, priceE4, sizeE2)
        }))
      )
    )
    const seen = new Set<number>()
    let books = 0
    let lowCollisions = 0
    const lows = new Set<number>()
    for (const [index, one] of levels.entries()) {
      for (const other of levels.slice(index + 1)) {
        if (one.key === other.key) continue
        books++
        const low = (one.low + other.low) >>> 0
        const high = (one.high + other.high) >>> 0
        // 53 of the 64 bits in one number: a harder test than the whole digest.
        seen.add((high & 0x1f_ffff) * 2 ** 32 + low)
        if (lows.has(low)) lowCollisions++
        lows.add(low)
      }
    }
    assert.strictEqual(seen.size, books)
    // A good 32-bit lane collides as often as chance says: books^2 / 2^33.
    const chance = books ** 2 / 2 ** 33
    assert.isBelow(lowCollisions, chance * 1.5 + 10)
  })

  it("changes about half of its bits with any one bit of size or price", () => {
    let flipped = 0
    let tried = 0
    for (let priceE4 = 1; priceE4 < 9_999; priceE4 += 61) {
      for (const bit of [0, 1, 7, 16, 30, 31, 32, 40, 51]) {
        const sizeE2 = 2 ** bit
        const one = levelHashLow("yes", priceE4, sizeE2)
        const other = levelHashLow("yes", priceE4, sizeE2 + 2 ** ((bit + 5) % 52))
        const third = levelHashLow("yes", priceE4 ^ 1, sizeE2)
        for (const difference of [one ^ other, one ^ third]) {
          for (let rest = difference >>> 0; rest !== 0; rest &= rest - 1) flipped++
          tried += 32
        }
      }
    }
    assert.closeTo(flipped / tried, 0.5, 0.03)
  })

  it("tells a yes level from the same no level, and lanes from each other", () => {
    for (let priceE4 = 1; priceE4 <= 9_999; priceE4++) {
      assert.notStrictEqual(levelHashLow("yes", priceE4, 100), levelHashLow("no", priceE4, 100))
      assert.notStrictEqual(levelHashLow("yes", priceE4, 100), levelHashHigh("yes", priceE4, 100))
    }
  })

  it("is a word of 16 hexadecimal digits, all zero for the empty book", () => {
    const book = Book.make()
    assert.strictEqual(Book.hash(book), "0000000000000000")
    Book.apply(book, "no", 5_700, 100)
    assert.match(Book.hash(book), /^[0-9a-f]{16}$/)
    Book.apply(book, "no", 5_700, -100)
    assert.strictEqual(Book.hash(book), "0000000000000000")
  })
})
