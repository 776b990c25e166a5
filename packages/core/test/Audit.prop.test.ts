import * as Audit from "@kalshibook/core/Audit"
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, BookRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as LogArbitrary from "./LogArbitrary.ts"
import * as NaiveBook from "./NaiveBook.ts"
import { propertyRuns } from "./PropertyRuns.ts"

/** Such logs begin at 1,000 and last some hundred microseconds. */
const moment = fc.integer({ min: 990, max: 1_400 })

const window = fc
  .tuple(moment, moment)
  .map(([one, other]): Audit.AuditWindow => ({ tsFromMicros: Math.min(one, other), tsToMicros: Math.max(one, other) }))

/** The records that keep a log trusted: random ones seldom are for long. */
const steady = (log: ReadonlyArray<BookRecord>): ReadonlyArray<BookRecord> => {
  const [first, ...others] = log
  if (first === undefined) return []
  const kept: Array<BookRecord> = [
    { ...first, kind: "snapshot", levels: { yes: [{ priceE4: 3, sizeE2: 400 }], no: [] } }
  ]
  for (const record of others) {
    const replay = Replay.make()
    for (const each of [...kept, record]) Replay.apply(replay, each)
    if (replay.trust._tag === "trusted") kept.push(record)
  }
  return kept
}

const anyLog = fc.oneof(LogArbitrary.log, LogArbitrary.log.map(steady))

/** A log with a window, cut as the judge wants it. */
const cut = (log: ReadonlyArray<BookRecord>, { tsFromMicros, tsToMicros }: Audit.AuditWindow) => {
  const start = Replay.make()
  Replay.applyUntil(start, log, tsFromMicros, "received")
  const records = log.filter(({ tsReceivedMicros: micros }) => micros > tsFromMicros && micros <= tsToMicros)
  return { start, records }
}

/** Every state of the log within the window, by the plainest means: each folded anew from the log's beginning. */
const statesIn = (log: ReadonlyArray<BookRecord>, { tsFromMicros, tsToMicros }: Audit.AuditWindow) => {
  const before = log.filter(({ tsReceivedMicros }) => tsReceivedMicros <= tsFromMicros).length
  const until = log.filter(({ tsReceivedMicros }) => tsReceivedMicros <= tsToMicros).length
  return Array.from({ length: until - before + 1 }, (_, step) => {
    const replay = Replay.make()
    for (const record of log.slice(0, before + step)) Replay.apply(replay, record)
    return {
      isTrusted: replay.trust._tag === "trusted",
      offset: replay.last?.offset ?? 0,
      levels: Book.levels(replay.book)
    }
  })
}

const cells = (levels: BookLevels): ReadonlyMap<string, number> =>
  new Map(
    (["yes", "no"] as const).flatMap((side) =>
      levels[side].map(({ priceE4, sizeE2 }) => [`${side}@${priceE4}`, sizeE2] as const)
    )
  )

const different = (one: BookLevels, other: BookLevels): number => {
  const [left, right] = [cells(one), cells(other)]
  return [...new Set([...left.keys(), ...right.keys()])].filter((key) => left.get(key) !== right.get(key)).length
}

const judge = (log: ReadonlyArray<BookRecord>, within: Audit.AuditWindow, answer: BookLevels) =>
  Audit.judge({ ...cut(log, within), window: within, tsAnsweredMicros: within.tsToMicros, answer })

/** The book of one of the log's states, mostly; with one level changed, sometimes. */
const answerOf = (log: ReadonlyArray<BookRecord>) =>
  fc
    .tuple(fc.nat(log.length), fc.option(fc.record({ side: fc.constantFrom("yes", "no"), priceE4: fc.nat(7) })))
    .map(([length, lie]): BookLevels => {
      const replay = Replay.make()
      for (const record of log.slice(0, length)) Replay.apply(replay, record)
      if (lie !== null) Book.apply(replay.book, lie.side, lie.priceE4 + 1, 777)
      return Book.levels(replay.book)
    })

const trial = anyLog.chain((log) => fc.record({ log: fc.constant(log), window, answer: answerOf(log) }))

describe("an audit", () => {
  it("passes for the book of every trusted instant of the window, at the first that has it", () => {
    let instants = 0
    fc.assert(
      fc.property(anyLog, window, (log, within) => {
        const trusted = statesIn(log, within).filter(({ isTrusted }) => isTrusted)
        for (const { levels } of trusted) {
          const verdict = judge(log, within, levels)
          const first = trusted.find((other) => NaiveBook.text(other.levels) === NaiveBook.text(levels))
          if (verdict._tag !== "passed") assert.fail(JSON.stringify(verdict))
          assert.strictEqual(verdict.at.offset, first?.offset)
          instants++
        }
      }),
      propertyRuns(200)
    )
    assert.isAbove(instants, 100)
  })

  it("says of any answer what a comparison with every instant, one by one, says", () => {
    const seen = { passed: 0, failed: 0, undecided: 0 }
    fc.assert(
      fc.property(trial, ({ answer, log, window: within }) => {
        const states = statesIn(log, within)
        const trusted = states.filter(({ isTrusted }) => isTrusted)
        const counts = trusted.map(({ levels }) => different(levels, answer))
        const least = Math.min(...counts)
        const verdict = judge(log, within, answer)
        seen[verdict._tag]++
        if (least === 0) assert.strictEqual(verdict._tag, "passed")
        else if (trusted.length === 0) assert.deepStrictEqual(verdict, Audit.undecided("not_trusted"))
        else if (trusted.length < states.length) assert.deepStrictEqual(verdict, Audit.undecided("partly_trusted"))
        else {
          if (verdict._tag !== "failed") assert.fail(JSON.stringify(verdict))
          const closest = trusted[counts.indexOf(least)]
          assert.strictEqual(verdict.levelsDifferent, least)
          assert.strictEqual(verdict.at.offset, closest?.offset)
          const [ours, theirs] = [cells(closest?.levels ?? answer), cells(answer)]
          assert.strictEqual(verdict.levelsCompared, new Set([...ours.keys(), ...theirs.keys()]).size)
          for (const { oursE2, priceE4, side, theirsE2 } of verdict.differences) {
            assert.strictEqual(oursE2, ours.get(`${side}@${priceE4}`) ?? 0)
            assert.strictEqual(theirsE2, theirs.get(`${side}@${priceE4}`) ?? 0)
            assert.notStrictEqual(oursE2, theirsE2)
          }
          assert.lengthOf(verdict.differences, Math.min(least, Audit.differencesMax))
        }
      }),
      propertyRuns(250)
    )
    for (const [tag, count] of Object.entries(seen)) assert.isAbove(count, 0, tag)
  })

  it("fails for a book that the log had outside of the window alone", () => {
    let failures = 0
    fc.assert(
      fc.property(anyLog, window, (log, within) => {
        const states = statesIn(log, within)
        if (states.some(({ isTrusted }) => !isTrusted)) return
        const inside = new Set(states.map(({ levels }) => NaiveBook.text(levels)))
        for (const { levels } of statesIn(log, { tsFromMicros: 0, tsToMicros: Number.MAX_SAFE_INTEGER })) {
          if (inside.has(NaiveBook.text(levels))) continue
          assert.strictEqual(judge(log, within, levels)._tag, "failed")
          failures++
        }
      }),
      propertyRuns(150)
    )
    assert.isAbove(failures, 100)
  })
})
