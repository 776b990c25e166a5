import * as Book from "@kalshibook/core/Book"
import * as BookMeasures from "@kalshibook/core/BookMeasures"
import type { BookRecord, Level } from "@kalshibook/core/BookRecord"
import * as BookSamples from "@kalshibook/core/BookSamples"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as LogArbitrary from "./LogArbitrary.ts"
import { propertyRuns } from "./PropertyRuns.ts"

const withinE4 = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(100, 500, 9_900))

const sumE2 = (levels: ReadonlyArray<Level>): number => levels.reduce((sum, { sizeE2 }) => sum + sizeE2, 0)

const near = (levels: ReadonlyArray<Level>, within: number): ReadonlyArray<Level> => {
  const best = Math.max(...levels.map(({ priceE4 }) => priceE4))
  return levels.filter(({ priceE4 }) => best - priceE4 <= within)
}

/** Each measure as its description says it, from nothing but the levels. */
const plain = (book: Book.Book, within: number): Record<BookMeasures.MeasureName, number | null> => {
  const { no, yes } = Book.levels(book)
  const bid = yes.at(-1)
  const noBid = no.at(-1)
  const both = <A>(value: (bid: Level, noBid: Level) => A): A | null =>
    bid === undefined || noBid === undefined ? null : value(bid, noBid)
  const ratio = (left: number, right: number) => (left - right) / (left + right)
  return {
    yes_bid: bid === undefined ? null : bid.priceE4,
    yes_ask: noBid === undefined ? null : 10_000 - noBid.priceE4,
    spread: both((one, other) => 10_000 - other.priceE4 - one.priceE4),
    mid: both((one, other) => ((10_000 - other.priceE4 + one.priceE4) / 2) * 10),
    imbalance: both((one, other) => ratio(one.sizeE2, other.sizeE2)),
    yes_depth: bid === undefined ? null : sumE2(near(yes, within)),
    no_depth: noBid === undefined ? null : sumE2(near(no, within)),
    depth_imbalance: both(() => ratio(sumE2(near(yes, within)), sumE2(near(no, within))))
  }
}

const nothing = (names: ReadonlyArray<string>) => Object.fromEntries(names.map((name) => [name, null]))

/** The level's size after a delta, counted from the last snapshot on. */
const sizeAfterE2 = (records: ReadonlyArray<BookRecord>, record: BookRecord): number | null => {
  if (record.kind !== "delta") return null
  let sizeE2 = 0
  for (const one of records) {
    if (one.offset > record.offset) break
    if (one.kind === "snapshot") {
      sizeE2 = one.levels[record.side].find(({ priceE4 }) => priceE4 === record.priceE4)?.sizeE2 ?? 0
    }
    if (one.kind === "delta" && one.side === record.side && one.priceE4 === record.priceE4) sizeE2 += one.deltaE2
  }
  return sizeE2
}

describe("measures of a book", () => {
  it("are after each record what its levels say, and nothing while it is not trusted", () => {
    fc.assert(
      fc.property(LogArbitrary.log, withinE4, (records, within) => {
        const replay = Replay.make()
        for (const record of records) {
          Replay.apply(replay, record)
          const names = BookMeasures.recordMeasureNames
          const measured = Object.fromEntries(
            names.map((name) => [name, BookMeasures.afterRecord(replay, record, name, within)])
          )
          const expected =
            replay.trust._tag === "trusted"
              ? { size_after: sizeAfterE2(records, record), ...plain(replay.book, within) }
              : nothing(names)
          assert.deepStrictEqual(measured, expected)
        }
      }),
      propertyRuns(500)
    )
  })

  it("are in samples those of the book of the moment, also of moments at which nothing changed", () => {
    fc.assert(
      fc.property(LogArbitrary.log, withinE4, (records, within) => {
        const names = BookMeasures.measureNames
        const samples = BookSamples.make(records.length * 2, 2, { names, withinE4: within })
        const replay = Replay.make()
        for (const record of records) {
          Replay.apply(replay, record)
          BookSamples.take(samples, replay, record.tsReceivedMicros)
          BookSamples.repeat(samples, record.tsReceivedMicros)
          const expected = replay.trust._tag === "trusted" ? plain(replay.book, within) : nothing(names)
          for (const sample of [samples.count - 2, samples.count - 1]) {
            const measured = names.map((name, place) => [name, BookSamples.derivedAt(samples, sample, place)])
            assert.deepStrictEqual(Object.fromEntries(measured), expected)
          }
        }
      }),
      propertyRuns(200)
    )
  })
})
