import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Admission from "../src/Admission.ts"

const standings = fc.uniqueArray(
  fc.record({
    ticker: fc.integer({ min: 0, max: 10_000 }).map((number) => `KX${number}`),
    rank: fc.nat(3),
    volumeE2: fc.nat(5),
    isIncumbent: fc.boolean()
  }),
  { selector: ({ ticker }) => ticker, maxLength: 60 }
)
const places = fc.nat(40)

describe("admission", () => {
  it("gives the places to those that nobody left out goes before, and all of them where they suffice", () => {
    fc.assert(
      fc.property(standings, places, (all, limit) => {
        const chosen = Admission.choose(all, limit)
        assert.lengthOf(chosen, Math.min(limit, all.length))
        const out = all.filter((each) => !chosen.includes(each))
        for (const one of out) for (const other of chosen) assert.isBelow(Admission.compare(other, one), 0)
      })
    )
  })

  it("does not depend on the order in which markets were found", () => {
    fc.assert(
      fc.property(standings, places, (all, limit) => {
        assert.deepStrictEqual(Admission.choose([...all].reverse(), limit), Admission.choose(all, limit))
      })
    )
  })

  it("displaces the last of those that are lower by rule, and nobody for the sake of volume", () => {
    fc.assert(
      fc.property(standings, fc.nat(3), fc.nat(1_000_000), (recorded, rank, volumeE2) => {
        const lower = recorded.filter((each) => each.rank > rank)
        const expected = [...lower].sort(Admission.compare).at(-1)
        assert.deepStrictEqual(Admission.displaced(recorded, { rank, volumeE2 }), expected)
      })
    )
  })

  it("comes to rest: whoever is displaced displaces nobody in turn", () => {
    fc.assert(
      fc.property(standings, fc.nat(3), (recorded, rank) => {
        const out = Admission.displaced(recorded, { rank, volumeE2: 0 })
        if (out === undefined) return
        const left = recorded.filter((each) => each !== out)
        assert.isUndefined(Admission.displaced(left, out))
      })
    )
  })

  it("within a rank one that was recorded goes first, then the larger volume, then the ticker", () => {
    const order = [
      { ticker: "B", rank: 0, volumeE2: 0, isIncumbent: true },
      { ticker: "A", rank: 0, volumeE2: 9, isIncumbent: false },
      { ticker: "C", rank: 0, volumeE2: 8, isIncumbent: false },
      { ticker: "D", rank: 0, volumeE2: 8, isIncumbent: false },
      { ticker: "0", rank: 1, volumeE2: 99, isIncumbent: true }
    ]
    assert.deepStrictEqual(Admission.choose([...order].reverse(), 9), order)
  })
})
