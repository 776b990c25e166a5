import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"
import * as HotPieces from "@kalshibook/store/HotPieces"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as LogArbitrary from "../../core/test/LogArbitrary.ts"
import { propertyRuns } from "../../core/test/PropertyRuns.ts"

const stateOf = ({ book, last, trust, ...rest }: Replay.Replay) => ({
  ...rest,
  last: last?.offset,
  // A copy of its own: what is compared are records, of whatever make.
  trust: trust._tag === "stale" ? { ...trust, gap: { ...trust.gap } } : trust,
  levels: Book.levels(book),
  hash: Book.hash(book)
})

/** The log from some record on, behind a keyframe where the state there can be one. */
const pieceOf = (log: ReadonlyArray<BookRecord>, cut: number) => {
  const replay = Replay.make()
  for (const record of log.slice(0, cut)) Replay.apply(replay, record)
  const keyframe = Replay.toKeyframe(replay)
  return keyframe === undefined ? { keyframe, records: log } : { keyframe, records: log.slice(cut) }
}

const folded = (keyframe: Keyframe | undefined, records: ReadonlyArray<BookRecord>, atMicros: number) => {
  const replay = keyframe === undefined ? Replay.make() : Replay.fromKeyframe(keyframe)
  Replay.applyUntil(replay, records, atMicros, "received")
  return replay
}

describe("pieces of logs in memory", () => {
  it("give at every moment the state that a fold of all their records gives, whatever was asked before", () => {
    const asked = fc.tuple(
      LogArbitrary.log,
      fc.nat({ max: 40 }),
      fc.array(LogArbitrary.moment, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 })
    )
    let found = 0
    fc.assert(
      fc.property(asked, ([log, cut, moments, rowsPerState]) => {
        const { keyframe, records } = pieceOf(log, cut)
        const pieces = HotPieces.make(1_000, rowsPerState)
        pieces.keep("KXTEST-26NOV22-T1.5", keyframe, records, undefined)
        for (const atMicros of moments) {
          const state = pieces.stateAt("KXTEST-26NOV22-T1.5", atMicros)
          if (state === undefined) continue
          found++
          assert.deepEqual(stateOf(state.replay), stateOf(folded(keyframe, records, atMicros)))
          // Whoever asked may go on with it: nobody else sees that.
          Replay.applyUntil(state.replay, records, Number.POSITIVE_INFINITY, "received")
        }
      }),
      propertyRuns(300)
    )
    assert.isAbove(found, 500)
  })

  it("keep a whole page of a book with many levels, and let go of the piece that was asked for longest ago when there is no room", () => {
    const marketTicker = "KXTEST-26NOV22-T1.5"
    const levels = Array.from({ length: 300 }, (_, at) => ({ priceE4: at + 1, sizeE2: 100 }))
    const head = (offset: number) => ({
      marketTicker,
      offset,
      epoch: 1,
      sid: 1,
      seq: offset,
      tsExchangeMicros: null,
      tsReceivedMicros: offset * 10
    })
    const log: ReadonlyArray<BookRecord> = Array.from({ length: 500 }, (_, at) =>
      at === 0
        ? { ...head(1), kind: "snapshot", levels: { yes: levels, no: levels } }
        : { ...head(at + 1), kind: "delta", side: "yes", priceE4: (at % 300) + 1, deltaE2: 100 }
    )
    const pieces = HotPieces.make(5_000)
    const keep = (ticker: string) =>
      pieces.keep(
        ticker,
        undefined,
        log.map((record) => ({ ...record, marketTicker: ticker })),
        undefined
      )
    keep("A")
    assert.deepEqual(pieces.stateAt("A", 300)?.replay.recordsApplied, 30)
    // A piece of 1,099 rows, and eight states on the way to its end, each of 32 kB: room for one.
    assert.deepEqual(pieces.stateAt("A", 4_999)?.replay.recordsApplied, 499)
    keep("B")
    assert.isUndefined(pieces.stateAt("A", 300))
    assert.deepEqual(pieces.stateAt("B", 300)?.replay.recordsApplied, 30)
  })
})
