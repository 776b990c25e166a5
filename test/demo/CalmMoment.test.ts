/** The first question is about a time that is filled, and in which nothing goes wrong. */
import { assert, it } from "vitest"
import { calmMoment } from "../../scripts/demo/CalmMoment.ts"

const minuteMicros = 60_000_000
const fault = (atMinute: number, lastsMinutes: number) => ({
  kind: "hole" as const,
  atMicros: atMinute * minuteMicros,
  lastsMicros: lastsMinutes * minuteMicros
})
const filled = { fromMicros: 0, untilMicros: 60 * minuteMicros, faults: [] }

it("is some minutes after the opening, or after the beginning where the market was open before", () => {
  assert.strictEqual(calmMoment(10 * minuteMicros, filled), 15 * minuteMicros)
  assert.strictEqual(calmMoment(-90 * minuteMicros, filled), 5 * minuteMicros)
})

it("is behind the faults that it would be within, or close to", () => {
  const faults = [fault(4.5, 2), fault(8, 3), fault(40, 1)]
  assert.strictEqual(calmMoment(0, { ...filled, faults }), 12 * minuteMicros)
})

it("is none where the market opened just before the end, or faults last until then", () => {
  assert.isUndefined(calmMoment(56 * minuteMicros, filled))
  assert.isUndefined(calmMoment(0, { ...filled, faults: [fault(4, 56)] }))
})
