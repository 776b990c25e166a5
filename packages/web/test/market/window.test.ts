/** The shown part of a market's life holds the moment, stays within the life, and stands still while the moment is in it. */
import { spans, windowOf } from "@kalshibook/web/market/useWindow"
import fc from "fast-check"
import { assert, it } from "vitest"

const hour = 3_600_000_000
const life = (hours: number, isOpen: boolean) => ({
  fromMicros: 10 * hour,
  toMicros: Math.round((10 + hours) * hour),
  isOpen
})

it("holds any moment of the life, for every span", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(spans)),
      fc.double({ min: 0.05, max: 40, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      (span, hours, share, isOpen) => {
        const of = life(hours, isOpen)
        const at = Math.round(of.fromMicros + share * (of.toMicros - of.fromMicros))
        const { fromMicros, toMicros } = windowOf(of, at, span, undefined)
        assert.isAtLeast(fromMicros, of.fromMicros)
        assert.isAtMost(fromMicros, at)
        assert.isAtLeast(toMicros, at)
      }
    )
  )
})

it("stays where it is while the moment moves within it, and moves when it leaves", () => {
  const of = life(10, false)
  const before = windowOf(of, 15 * hour, spans["1 h"], undefined)
  assert.strictEqual(windowOf(of, before.toMicros - 1, spans["1 h"], before), before)
  assert.notDeepEqual(windowOf(of, before.toMicros + 1, spans["1 h"], before), before)
})

it("asks the same question again while a life grows by seconds", () => {
  const one = windowOf({ ...life(1, true), toMicros: 11 * hour + 1_000_000 }, 11 * hour, spans.all, undefined)
  const other = windowOf({ ...life(1, true), toMicros: 11 * hour + 9_000_000 }, 11 * hour, spans.all, undefined)
  assert.deepStrictEqual(one, other)
})
