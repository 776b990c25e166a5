import * as LagHistogram from "@kalshibook/core/LagHistogram"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"

const second = 1_000_000

/** The value that at least this share of the values is at or below. */
const exact = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

const isNear = (found: number, wanted: number): void => {
  assert.isAtMost(
    Math.abs(found - wanted),
    Math.max(0.5, wanted * LagHistogram.relativeErrorMax),
    `${found}, ${wanted}`
  )
}

const of = (values: ReadonlyArray<number>): LagHistogram.LagHistogram => {
  const histogram = LagHistogram.make()
  for (const value of values) LagHistogram.record(histogram, value)
  return histogram
}

describe("a histogram of lags", () => {
  it("knows the quantiles of what was recorded, off by at most 1/32, and the greatest exactly", () => {
    // Lags of all sizes, from microseconds to half an hour.
    const lag = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.double({ min: 1, max: 2, noNaN: true }))
    const lags = fc.array(
      lag.map(([doublings, factor]) => Math.floor(2 ** doublings * factor) - 1),
      { minLength: 1, maxLength: 400 }
    )
    fc.assert(
      fc.property(lags, (values) => {
        const found = LagHistogram.quantiles(of(values))
        assert.isNotNull(found)
        isNear(found?.p50Micros ?? 0, exact(values, 0.5))
        isNear(found?.p99Micros ?? 0, exact(values, 0.99))
        assert.strictEqual(found?.maxMicros, Math.max(...values))
      }),
      propertyRuns(200)
    )
  })

  it("counts a lag with a weight as so many", () => {
    const histogram = of([100])
    LagHistogram.record(histogram, 50_000, 200)
    isNear(LagHistogram.quantiles(histogram)?.p50Micros ?? 0, 50_000)
  })

  it("takes a lag below zero for none, and one beyond half an hour for that long", () => {
    assert.deepStrictEqual(LagHistogram.quantiles(of([-5])), { p50Micros: 0, p99Micros: 0, maxMicros: 0 })
    const { maxMicros, p50Micros } = LagHistogram.quantiles(of([1e12])) ?? { maxMicros: 0, p50Micros: 0 }
    assert.strictEqual(maxMicros, 2 ** 31 - 1)
    isNear(p50Micros, maxMicros)
  })

  it("forgets what is older than a minute, and knows nothing when nothing came since", () => {
    const histogram = LagHistogram.make()
    assert.isNull(LagHistogram.quantiles(histogram))
    LagHistogram.rotate(histogram, 5 * second)
    LagHistogram.record(histogram, 1_000_000)
    LagHistogram.rotate(histogram, 40 * second)
    LagHistogram.record(histogram, 10)
    LagHistogram.rotate(histogram, 64 * second)
    assert.strictEqual(LagHistogram.quantiles(histogram)?.maxMicros, 1_000_000)
    LagHistogram.rotate(histogram, 76 * second)
    assert.deepStrictEqual(LagHistogram.quantiles(histogram), { p50Micros: 10, p99Micros: 10, maxMicros: 10 })
    LagHistogram.rotate(histogram, 1_000 * second)
    assert.isNull(LagHistogram.quantiles(histogram))
  })
})
