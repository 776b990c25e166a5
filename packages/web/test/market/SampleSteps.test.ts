/** What pictures ask for: whatever they need, once, and little a second while a market is followed. */
import * as SampleSteps from "@kalshibook/web/market/SampleSteps"
import { spans, windowOf } from "@kalshibook/web/market/useWindow"
import fc from "fast-check"
import { assert, it } from "vitest"

const second = 1_000_000
/** Of a sampled book as deep as it is asked for, as JSON: 80 levels of 22 bytes, and its head. */
const sampleBytes = 2_000
const bytesPerSecondMax = 20_000

const steps = fc
  .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 30 }))
  .map(([from, count]) => ({ from, to: from + count }))

it("asks for what is missing and for nothing that is here", () => {
  fc.assert(
    fc.property(steps, steps, (have, want) => {
      const parts = SampleSteps.missing(have, want)
      const asked = parts.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index))
      const isHere = (step: number) => step >= have.from && step < have.to
      const isApart = want.from > have.to || want.to < have.from
      const all = Array.from({ length: want.to - want.from }, (_, index) => want.from + index)
      const needed = isApart ? all : all.filter((step) => !isHere(step))
      for (const step of needed) assert.include(asked, step)
      assert.isTrue(asked.every((step) => isApart || !isHere(step)))
      assert.strictEqual(new Set(asked).size, asked.length)
    })
  )
})

/** Watches an open market second by second, and counts the sampled books that are asked for after the first second. */
const watch = (options: { readonly spanMicros: number; readonly seconds: number; readonly isFollowed: boolean }) => {
  const bornMicros = 1_700_000_000 * second
  let shown: { readonly fromMicros: number; readonly toMicros: number } | undefined
  let have: SampleSteps.Steps | undefined
  let everyBefore = 0
  let samples = 0
  const beganMicros = bornMicros + 5 * second
  for (let nowMicros = beganMicros; nowMicros < beganMicros + options.seconds * second; nowMicros += second) {
    const life = { fromMicros: bornMicros, toMicros: nowMicros, isOpen: true }
    shown = windowOf(life, nowMicros, options.spanMicros, shown)
    const everyMicros = SampleSteps.everyMicrosOf(shown.toMicros - shown.fromMicros)
    if (everyMicros !== everyBefore) have = undefined
    everyBefore = everyMicros
    const want = SampleSteps.wanted(everyMicros, {
      ...shown,
      endMicros: nowMicros,
      isOpen: true,
      toldFromMicros: options.isFollowed && nowMicros > beganMicros ? beganMicros + second : undefined
    })
    const parts = SampleSteps.missing(have, want)
    if (nowMicros > beganMicros) samples += parts.reduce((sum, { from, to }) => sum + to - from, 0)
    have = have === undefined || parts[0] === want ? want : SampleSteps.union(have, want)
  }
  return samples / options.seconds
}

it.each(Object.entries(spans))("a young market costs less than 20 kB a second to look at: %s", (_, spanMicros) => {
  const perSecond = watch({ spanMicros, seconds: 600, isFollowed: false })
  assert.isAbove(perSecond, 0)
  assert.isBelow(perSecond * sampleBytes, bytesPerSecondMax)
})

it.each(Object.entries(spans))("and hardly anything while it is followed: %s", (_, spanMicros) => {
  const perSecond = watch({ spanMicros, seconds: 600, isFollowed: true })
  assert.isBelow(perSecond * sampleBytes, bytesPerSecondMax / 4)
})

it("a closed market is asked for up to its close", () => {
  const picture = { fromMicros: 0, toMicros: 9_500_000, endMicros: 9_500_000, isOpen: false, toldFromMicros: undefined }
  assert.deepStrictEqual(SampleSteps.wanted(second, picture), { from: 0, to: 10 })
})
