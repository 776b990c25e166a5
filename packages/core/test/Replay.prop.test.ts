import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as LogArbitrary from "./LogArbitrary.ts"
import { propertyRuns } from "./PropertyRuns.ts"

const clock = fc.constantFrom<BookClock>("received", "exchange")

const fold = (records: ReadonlyArray<BookRecord>, start = Replay.make()): Replay.Replay => {
  for (const record of records) Replay.apply(start, record)
  return start
}

/**
 * All that a state says of the market. Not the exchange times: a keyframe at a snapshot keeps the estimate that a delta behind
 * it may have corrected, which only makes it be found later.
 */
const stateOf = ({ book, last, trust }: Replay.Replay): unknown => ({
  levels: Book.levels(book),
  hash: Book.hash(book),
  trust,
  last: last === undefined ? undefined : { offset: last.offset, tsReceivedMicros: last.tsReceivedMicros }
})

/** Each record's time by a clock, when the whole log is known: a delta shows how late the snapshots before it are at most (6). */
const timesOf = (records: ReadonlyArray<BookRecord>, by: BookClock): ReadonlyArray<number> => {
  const replay = Replay.make()
  const times = records.map((record) => {
    const micros = by === "received" ? record.tsReceivedMicros : Replay.exchangeMicros(replay, record)
    Replay.apply(replay, record)
    return micros
  })
  for (let index = times.length - 2; index >= 0; index--) {
    if (records[index]?.kind === "snapshot") times[index] = Math.min(times[index] ?? 0, times[index + 1] ?? 0)
  }
  return times
}

describe("Replay", () => {
  it("at T is the fold of the longest prefix whose times do not pass T, by either clock", () => {
    fc.assert(
      fc.property(LogArbitrary.log, LogArbitrary.moment, clock, (records, atMicros, by) => {
        const passing = timesOf(records, by).findIndex((micros) => micros > atMicros)
        const prefix = passing < 0 ? records : records.slice(0, passing)
        const replay = Replay.make()
        const isComplete = Replay.applyUntil(replay, records, atMicros, by)
        assert.deepStrictEqual(stateOf(replay), stateOf(fold(prefix)))
        assert.strictEqual(replay.recordsApplied, prefix.length)
        // Where nothing but snapshots is left, the next record of the log may still show that they belong to it (6).
        const rest = records.slice(prefix.length)
        if (isComplete) assert.isAbove(rest.length, 0)
        else assert.isTrue(rest.every(({ kind }) => by === "exchange" && kind === "snapshot"))
      }),
      propertyRuns(200)
    )
  })

  it("is the same when the log is read in pages of any size", () => {
    fc.assert(
      fc.property(
        LogArbitrary.log,
        LogArbitrary.moment,
        clock,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (records, atMicros, by, sizes) => {
          const whole = Replay.make()
          Replay.applyUntil(whole, records, atMicros, by)
          const paged = Replay.make()
          let growth = 0
          for (let page = 0; ; page++) {
            const offset = paged.recordsApplied
            const size = (sizes[page % sizes.length] ?? 1) + growth
            const isComplete = Replay.applyUntil(paged, records.slice(offset, offset + size), atMicros, by)
            if (isComplete || offset + size >= records.length) break
            if (paged.recordsApplied === offset) growth = size
          }
          assert.deepStrictEqual(stateOf(paged), stateOf(whole))
        }
      ),
      propertyRuns(150)
    )
  })

  it("gives the same state from a keyframe and the rest as from the whole log, at every cut", () => {
    fc.assert(
      fc.property(LogArbitrary.log, (records) => {
        const whole = stateOf(fold(records))
        const prefix = Replay.make()
        for (const [index, record] of records.entries()) {
          Replay.apply(prefix, record)
          const keyframe = Replay.toKeyframe(prefix)
          assert.strictEqual(keyframe !== undefined, prefix.trust._tag === "trusted")
          if (keyframe === undefined) continue
          assert.strictEqual(keyframe.offset, index + 1)
          assert.strictEqual(keyframe.bookHash, Book.hash(Book.fromLevels(keyframe.levels)))
          assert.deepStrictEqual(stateOf(Replay.fromKeyframe(keyframe)), stateOf(prefix))
          assert.deepStrictEqual(stateOf(fold(records.slice(index + 1), Replay.fromKeyframe(keyframe))), whole)
        }
      }),
      propertyRuns(150)
    )
  })

  it("at T is the same from the last keyframe before T as from the whole log, by either clock", () => {
    fc.assert(
      fc.property(LogArbitrary.log, LogArbitrary.moment, clock, (records, atMicros, by) => {
        const prefix = Replay.make()
        let start = Replay.make()
        for (const record of records) {
          Replay.apply(prefix, record)
          const keyframe = Replay.toKeyframe(prefix)
          if (keyframe === undefined) continue
          const micros = by === "received" ? keyframe.tsReceivedMicros : keyframe.tsExchangeEffectiveMicros
          if (micros <= atMicros) start = Replay.fromKeyframe(keyframe)
        }
        const rest = records.slice(start.last?.offset ?? 0)
        Replay.applyUntil(start, rest, atMicros, by)
        const whole = Replay.make()
        Replay.applyUntil(whole, records, atMicros, by)
        assert.deepStrictEqual(stateOf(start), stateOf(whole))
      }),
      propertyRuns(200)
    )
  })

  it("is never trusted between a gap and the next snapshot", () => {
    fc.assert(
      fc.property(LogArbitrary.log, (records) => {
        const replay = Replay.make()
        let hasBase = false
        for (const record of records) {
          Replay.apply(replay, record)
          if (record.kind === "gap") hasBase = false
          if (record.kind === "snapshot") hasBase = true
          if (!hasBase) assert.notStrictEqual(replay.trust._tag, "trusted")
        }
      }),
      propertyRuns(200)
    )
  })

  it("has exchange times that never decrease and are never before those of its deltas and gaps", () => {
    fc.assert(
      fc.property(LogArbitrary.log, (records) => {
        let previous = 0
        for (const [index, micros] of timesOf(records, "exchange").entries()) {
          assert.isAtLeast(micros, previous)
          const record = records[index]
          if (record?.kind !== "snapshot") assert.isAtLeast(micros, record?.tsExchangeMicros ?? 0)
          previous = micros
        }
      }),
      propertyRuns(200)
    )
  })

  it("is never crossed or negative while it is trusted right after a snapshot", () => {
    fc.assert(
      fc.property(LogArbitrary.log, (records) => {
        const replay = Replay.make()
        for (const record of records) {
          Replay.apply(replay, record)
          if (replay.trust._tag !== "trusted") continue
          if (record.kind === "snapshot") assert.isFalse(Book.isCrossed(replay.book))
          const { no, yes } = Book.levels(replay.book)
          assert.isTrue([...yes, ...no].every(({ sizeE2 }) => sizeE2 > 0))
        }
      }),
      propertyRuns(100)
    )
  })

  it("gives the same result whenever it is asked again", () => {
    fc.assert(
      fc.property(LogArbitrary.log, (records) => {
        assert.deepStrictEqual(stateOf(fold(records)), stateOf(fold(records)))
      }),
      propertyRuns(50)
    )
  })
})
