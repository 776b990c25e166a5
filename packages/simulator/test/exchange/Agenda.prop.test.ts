import fc from "fast-check"
import { assert, it } from "vitest"
import * as Agenda from "../../src/exchange/Agenda.ts"

it("gives back everything by time, and what is due at one time in the order it came", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const agenda = Agenda.make<readonly [number, number]>()
      times.forEach((at, order) => {
        Agenda.add(agenda, at, [at, order])
      })
      const taken: Array<readonly [number, number]> = []
      for (;;) {
        const first = Agenda.firstAt(agenda)
        const item = Agenda.take(agenda)
        if (item === undefined) break
        assert.strictEqual(first, item[0])
        taken.push(item)
      }
      const expected = times
        .map((at, order) => [at, order] as const)
        .sort(([one, a], [other, b]) => one - other || a - b)
      assert.deepStrictEqual(taken, expected)
      assert.strictEqual(Agenda.firstAt(agenda), Number.POSITIVE_INFINITY)
    }),
    { seed: 3 }
  )
})
