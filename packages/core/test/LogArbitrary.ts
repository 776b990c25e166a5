/**
 * Random logs of one market. They need not be logs that a recorder would write: a fold is total, and must be right for
 * damaged ones too. Offsets are 1, 2, 3 ... and receive times never decrease; anything else may happen.
 */
import { type BookLevels, type BookRecord, gapCauses, type Level, type RecordHead } from "@kalshibook/core/BookRecord"
// Before any array is described: it tells fast-check to mean its lengths.
import "./PropertyRuns.ts"
import fc from "fast-check"

const marketTicker = "KXTEST-26NOV22-T1.5"

/** The receive time of offset 0, so that exchange times before it stay positive. */
const startMicros = 1_000

const side = fc.constantFrom("yes" as const, "no" as const)

/** Few prices, low enough for both sides not to cross mostly. */
const price = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 8 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9_999 }) }
)

const ladder: fc.Arbitrary<ReadonlyArray<Level>> = fc
  .uniqueArray(fc.record({ priceE4: price, sizeE2: fc.integer({ min: 1, max: 500 }) }), {
    selector: ({ priceE4 }) => priceE4,
    maxLength: 6
  })
  .map((levels) => levels.toSorted((left, right) => left.priceE4 - right.priceE4))

const bookLevels: fc.Arbitrary<BookLevels> = fc.record({ yes: ladder, no: ladder })

/** Everything of a record but its head. */
type Body =
  | { readonly kind: "snapshot"; readonly levels: BookLevels }
  | { readonly kind: "delta"; readonly side: "yes" | "no"; readonly priceE4: number; readonly deltaE2: number }
  | { readonly kind: "gap"; readonly cause: (typeof gapCauses)[number] }

const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("snapshot" as const), levels: bookLevels }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("delta" as const),
      side,
      priceE4: price,
      deltaE2: fc.integer({ min: -100, max: 300 }).filter((each) => each !== 0)
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("gap" as const), cause: fc.constantFrom(...gapCauses) }) }
)

interface Step {
  readonly body: Body
  readonly elapsedMicros: number
  /** The exchange's time less ours. */
  readonly skewMicros: number | null
  readonly isNewEpoch: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  body,
  elapsedMicros: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
  skewMicros: fc.option(fc.integer({ min: -30, max: 30 }), { freq: 5 }),
  isNewEpoch: fc.integer({ min: 0, max: 19 }).map((each) => each === 0)
})

const recordsOf = (steps: ReadonlyArray<Step>): ReadonlyArray<BookRecord> => {
  let tsReceivedMicros = startMicros
  let epoch = 1
  return steps.map(({ body, elapsedMicros, isNewEpoch, skewMicros }, index) => {
    tsReceivedMicros += elapsedMicros
    if (isNewEpoch) epoch++
    const tsExchangeMicros = skewMicros === null || body.kind === "snapshot" ? null : tsReceivedMicros + skewMicros
    const head: RecordHead = {
      marketTicker,
      offset: index + 1,
      epoch,
      sid: 1,
      seq: index + 1,
      tsExchangeMicros,
      tsReceivedMicros
    }
    return body.kind === "gap" ? { ...head, ...body, tsDetectedMicros: tsReceivedMicros + 3 } : { ...head, ...body }
  })
}

export const log: fc.Arbitrary<ReadonlyArray<BookRecord>> = fc.array(step, { maxLength: 60 }).map(recordsOf)

/** A moment around the times of such logs. */
export const moment: fc.Arbitrary<number> = fc.integer({ min: startMicros - 40, max: startMicros + 700 })
