import * as Audit from "@kalshibook/core/Audit"
import type { BookLevels, BookRecord, RecordHead } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { assert, describe, it } from "vitest"

const head = (offset: number, tsReceivedMicros: number): RecordHead => ({
  marketTicker: "KXTEST",
  offset,
  epoch: 1,
  sid: 1,
  seq: offset,
  tsExchangeMicros: null,
  tsReceivedMicros
})

const snapshot = (offset: number, micros: number, levels: BookLevels): BookRecord => ({
  kind: "snapshot",
  ...head(offset, micros),
  levels
})

const delta = (offset: number, micros: number, priceE4: number, deltaE2: number): BookRecord => ({
  kind: "delta",
  ...head(offset, micros),
  side: "yes",
  priceE4,
  deltaE2
})

const yes = (...levels: ReadonlyArray<readonly [number, number]>): BookLevels => ({
  yes: levels.map(([priceE4, sizeE2]) => ({ priceE4, sizeE2 })),
  no: []
})

/** One contract at 10 cents since 100; two from 1,000 on; one again from 2,000 on; three from 3,000 on. */
const log = [
  snapshot(1, 100, yes([1_000, 100])),
  delta(2, 1_000, 1_000, 100),
  delta(3, 2_000, 1_000, -100),
  delta(4, 3_000, 1_000, 200)
]

const headAt = (index: number) => ({ ...log[index] }) as BookRecord

const judge = (answer: BookLevels, tsFromMicros: number, tsAnsweredMicros: number, tsToMicros: number) => {
  const start = Replay.make()
  Replay.applyUntil(start, log, tsFromMicros, "received")
  const records = log.filter(
    (record) => record.tsReceivedMicros > tsFromMicros && record.tsReceivedMicros <= tsToMicros
  )
  return Audit.judge({ start, records, answer, window: { tsFromMicros, tsToMicros }, tsAnsweredMicros })
}

describe("an audit", () => {
  it("looks from the oldest answer that a cache may give to what reaches us late", () => {
    const window = Audit.windowOf(
      { tsRequestedMicros: 100_000_000, tsAnsweredMicros: 100_250_000 },
      { cacheMillisMax: 15_000, slackMillis: 2_000, lagMillisMax: 2_000 }
    )
    assert.deepStrictEqual(window, { tsFromMicros: 83_000_000, tsToMicros: 102_250_000 })
  })

  it("passes an answer out of a cache, and says how old it must be", () => {
    const verdict = judge(yes([1_000, 200]), 500, 4_000, 4_500)
    assert.deepStrictEqual(verdict, {
      _tag: "passed",
      at: headAt(1),
      ageMicros: 2_000,
      levelsCompared: 1
    })
  })

  it("passes the book that was there when the window began", () => {
    const verdict = judge(yes([1_000, 200]), 1_500, 1_600, 1_700)
    assert.strictEqual(verdict._tag === "passed" && verdict.at.offset, 2)
    assert.strictEqual(verdict._tag === "passed" && verdict.ageMicros, 0)
  })

  it("takes an answer for no older than the last time that the book was so", () => {
    const verdict = judge(yes([1_000, 100]), 500, 3_500, 3_600)
    assert.strictEqual(verdict._tag === "passed" && verdict.at.offset, 1)
    assert.strictEqual(verdict._tag === "passed" && verdict.ageMicros, 500)
  })

  it("passes a book that reached us only after its answer", () => {
    const verdict = judge(yes([1_000, 300]), 2_500, 2_900, 3_100)
    assert.strictEqual(verdict._tag === "passed" && verdict.at.offset, 4)
  })

  it("fails an answer of before the window, and says what differs where it comes closest", () => {
    const verdict = judge(yes([1_000, 200], [2_000, 5]), 2_500, 4_000, 4_500)
    assert.deepStrictEqual(verdict, {
      _tag: "failed",
      at: headAt(2),
      levelsCompared: 2,
      levelsDifferent: 2,
      differences: [
        { side: "yes", priceE4: 1_000, oursE2: 100, theirsE2: 200 },
        { side: "yes", priceE4: 2_000, oursE2: 0, theirsE2: 5 }
      ]
    })
  })

  it("names no more differences than a person can read, and counts all", () => {
    const many = Array.from({ length: 50 }, (_, index) => [index + 1, 5] as const)
    const verdict = judge(yes(...many), 500, 600, 700)
    if (verdict._tag !== "failed") assert.fail(verdict._tag)
    assert.strictEqual(verdict.levelsDifferent, 51)
    assert.lengthOf(verdict.differences, Audit.differencesMax)
  })

  it("can pass where the book was trusted in part of the window, but not fail", () => {
    assert.strictEqual(judge(yes([1_000, 100]), 50, 600, 700)._tag, "passed")
    assert.deepStrictEqual(judge(yes([1_000, 777]), 50, 600, 700), Audit.undecided("partly_trusted"))
    assert.deepStrictEqual(judge(yes([1_000, 100]), 50, 60, 70), Audit.undecided("not_trusted"))
  })

  it("says nothing of an answer that is no book", () => {
    assert.deepStrictEqual(judge(yes([1_000, 100], [1_000, 1]), 500, 600, 700), Audit.undecided("answer_unusable"))
  })

  it("leaves the state it was given as it was", () => {
    const start = Replay.make()
    Replay.applyUntil(start, log, 500, "received")
    const before = JSON.stringify(start)
    const window = { tsFromMicros: 500, tsToMicros: 5_000 }
    Audit.judge({ start, records: log.slice(1), answer: yes([1, 1]), window, tsAnsweredMicros: 4_000 })
    assert.strictEqual(JSON.stringify(start), before)
  })
})
