/**
 * Random logs as a recorder writes them, in which every doubt is a gap record (I6), with the times at which a market said it was
 * open. Times spread over some hours, often exactly on a boundary of one.
 */
import { type BookLevels, type BookRecord, gapCauses } from "@kalshibook/core/BookRecord"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import { hourMicros, isoFromMicros } from "@kalshibook/core/Units"
import type { CatalogEntry } from "@kalshibook/store/MarketCatalog"
import fc from "fast-check"
import { hourStartMicros } from "./Batch.ts"

/** So many hours the logs are about. */
export const hoursMax = 6

/** A moment of these hours, in quarters of an hour, now and then a microsecond beside it. */
export const moment: fc.Arbitrary<number> = fc
  .tuple(
    fc.integer({ min: 0, max: hoursMax * 4 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 1 }))
  )
  .map(([quarters, micros]) => hourStartMicros + (quarters * hourMicros) / 4 + micros)

const levels = (priceE4: number): BookLevels => ({
  yes: [{ priceE4, sizeE2: 100 }],
  no: [{ priceE4: 5_000, sizeE2: 7 }]
})

const step = fc.record({
  tsReceivedMicros: moment,
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("snapshot", "crossed", "delta") },
    { weight: 2, arbitrary: fc.constantFrom("distrust", "resume", "impossible") }
  ),
  cause: fc.constantFrom(...gapCauses),
  /** How much later it was noticed, in quarters of an hour. */
  late: fc.integer({ min: 0, max: 5 })
})

/** The log of one market. Its name is `M`. */
export const log: fc.Arbitrary<ReadonlyArray<BookRecord>> = fc.array(step, { maxLength: 14 }).map((steps) => {
  const outbox = Outbox.make()
  const written = MarketLog.make("M")
  const inOrder = steps.toSorted((left, right) => left.tsReceivedMicros - right.tsReceivedMicros)
  let nowMicros = 0
  for (const [index, { cause, late, what, ...step }] of inOrder.entries()) {
    const tsReceivedMicros = Math.max(step.tsReceivedMicros, nowMicros)
    const head = { epoch: 1, sid: 1, seq: index + 1, tsExchangeMicros: null, tsReceivedMicros }
    const start = { ...head, cause, tsDetectedMicros: tsReceivedMicros + (late * hourMicros) / 4 }
    if (what === "snapshot") MarketLog.snapshot(written, head, levels(4_000), outbox)
    else if (what === "crossed") MarketLog.snapshot(written, head, levels(6_000), outbox)
    else if (what === "delta") MarketLog.delta(written, head, "yes", 4_000, 1, outbox)
    else if (what === "impossible") MarketLog.delta(written, head, "yes", 3_000, -1, outbox)
    else if (what === "distrust") MarketLog.distrust(written, start, outbox)
    else if (written.offset > 0) MarketLog.resume(written, start, outbox)
    // What is received after a gap was noticed is received after that.
    const last = outbox.records.at(-1)
    nowMicros = last?.kind === "gap" ? last.tsDetectedMicros : tsReceivedMicros
  }
  return outbox.records
})

/** Times of a description: sometimes none, or one that cannot be read. */
const time = fc.oneof(
  { weight: 8, arbitrary: moment.map(isoFromMicros) },
  { weight: 1, arbitrary: fc.constantFrom(undefined, null, "", "soon", "2026-11-31T00:00:00Z", 5) }
)

/** What the exchange said of the market, from time to time: in the order in which it was seen. */
export const descriptions: fc.Arbitrary<ReadonlyArray<Omit<CatalogEntry, "ticker">>> = fc
  .array(fc.record({ tsObservedMicros: moment, opens: time, closes: time }), { maxLength: 4 })
  .map((seen) =>
    seen
      .toSorted((left, right) => left.tsObservedMicros - right.tsObservedMicros)
      .map(({ closes, opens, tsObservedMicros }, index) => ({
        tsObservedMicros,
        body: { index, ...(opens === undefined ? {} : { open_time: opens }), close_time: closes ?? null }
      }))
  )
