import { assert, it } from "vitest"
import type { Gap } from "../../src/book/Gap.ts"
import { lastKnown } from "../../src/market/MarketGaps.ts"

const life = { fromMicros: 1_000, toMicros: 9_000, isOpen: false }
const gap = (fromMicros: number, toMicros: number | undefined): Gap => ({
  ...{ offset: fromMicros, cause: "connection_lost" },
  ...{ fromMicros, toMicros }
})

it("a market that closed is opened at its end, or at the last moment before the gaps that reach it", () => {
  const openings: ReadonlyArray<readonly [gaps: ReadonlyArray<Gap>, atMicros: number]> = [
    [[], 9_000],
    [[gap(2_000, 3_000), gap(5_000, 9_000)], 9_000],
    [[gap(5_000, undefined)], 4_999],
    [[gap(2_000, 3_000), gap(5_000, 9_001)], 4_999],
    // Gaps that overlap, and one that begins at the very end.
    [[gap(4_000, 6_000), gap(5_000, undefined), gap(9_000, undefined)], 3_999],
    [[gap(5_000, 7_000), gap(7_000, undefined)], 4_999],
    // Nothing was ever known.
    [[gap(1_000, undefined)], 9_000]
  ]
  for (const [gaps, atMicros] of openings) assert.strictEqual(lastKnown(gaps, life), atMicros, JSON.stringify(gaps))
})
