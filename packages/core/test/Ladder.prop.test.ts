import * as Ladder from "@kalshibook/core/Ladder"
import { priceE4Max, priceE4Min } from "@kalshibook/core/Units"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"

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

const apply = (ladder: Ladder.Ladder, naive: Map<number, number>, list: ReadonlyArray<Change>): void => {
  for (const [priceE4, sizeE2] of list) {
    Ladder.set(ladder, priceE4, sizeE2)
    if (sizeE2 === 0) naive.delete(priceE4)
    else naive.set(priceE4, sizeE2)
  }
}

const levelsOf = (naive: ReadonlyMap<number, number>): ReadonlyArray<{ priceE4: number; sizeE2: number }> =>
  [...naive].map(([priceE4, sizeE2]) => ({ priceE4, sizeE2 })).sort((left, right) => left.priceE4 - right.priceE4)

const assertSame = (ladder: Ladder.Ladder, naive: ReadonlyMap<number, number>): void => {
  const expected = levelsOf(naive)
  assert.deepStrictEqual(Ladder.levels(ladder, 0), expected)
  assert.strictEqual(ladder.count, naive.size)
  assert.deepStrictEqual(Ladder.best(ladder), expected.at(-1))
  assert.strictEqual(Ladder.bestPriceE4(ladder), expected.at(-1)?.priceE4 ?? 0)
}

describe("Ladder", () => {
  it("holds exactly what a plain map holds after any changes, removals and growth", () => {
    fc.assert(
      fc.property(changes, fc.array(price, { maxLength: 20 }), (list, probes) => {
        const ladder = Ladder.make()
        const naive = new Map<number, number>()
        apply(ladder, naive, list)
        assertSame(ladder, naive)
        for (const priceE4 of probes) assert.strictEqual(Ladder.size(ladder, priceE4), naive.get(priceE4) ?? 0)
      }),
      propertyRuns(150)
    )
  })

  it("gives the best levels of any depth, ascending, best last", () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 40 }), (list, depth) => {
        const ladder = Ladder.make()
        const naive = new Map<number, number>()
        apply(ladder, naive, list)
        assert.deepStrictEqual(Ladder.levels(ladder, depth), levelsOf(naive).slice(-depth))
      }),
      propertyRuns(200)
    )
  })

  it("never shares anything with its copies", () => {
    fc.assert(
      fc.property(changes, changes, changes, (before, left, right) => {
        const ladder = Ladder.make()
        const naive = new Map<number, number>()
        apply(ladder, naive, before)
        const copy = Ladder.copy(ladder)
        const naiveCopy = new Map(naive)
        apply(ladder, naive, left)
        apply(copy, naiveCopy, right)
        assertSame(ladder, naive)
        assertSame(copy, naiveCopy)
      }),
      propertyRuns(100)
    )
  })

  it("is as good as new when it was cleared", () => {
    fc.assert(
      fc.property(changes, changes, (before, after) => {
        const ladder = Ladder.make()
        apply(ladder, new Map(), before)
        Ladder.clear(ladder)
        assertSame(ladder, new Map())
        const naive = new Map<number, number>()
        apply(ladder, naive, after)
        assertSame(ladder, naive)
      }),
      propertyRuns(100)
    )
  })

  it("holds all 9,999 prices at once, and loses each one exactly when it is removed", () => {
    const ladder = Ladder.make()
    const naive = new Map<number, number>()
    const shuffled = Array.from({ length: priceE4Max }, (_, index) => ((index * 7_919) % priceE4Max) + 1)
    assert.strictEqual(new Set(shuffled).size, priceE4Max)
    apply(
      ladder,
      naive,
      shuffled.map((priceE4) => [priceE4, Number.MAX_SAFE_INTEGER - priceE4])
    )
    assertSame(ladder, naive)
    for (const [index, priceE4] of shuffled.entries()) {
      apply(ladder, naive, [[priceE4, 0]])
      assert.strictEqual(Ladder.size(ladder, priceE4), 0)
      if (index % 2_999 === 0) assertSame(ladder, naive)
    }
    assertSame(ladder, new Map())
  })
})
