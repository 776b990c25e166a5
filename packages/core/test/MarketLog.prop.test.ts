import * as Book from "@kalshibook/core/Book"
import type { BookLevels, BookRecord, Side } from "@kalshibook/core/BookRecord"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Replay from "@kalshibook/core/Replay"
import { Option } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { propertyRuns } from "./PropertyRuns.ts"

/** Anything that can be asked of a log, sensible or not. */
type Call =
  | { readonly _tag: "snapshot"; readonly levels: BookLevels }
  | { readonly _tag: "confirm" }
  | { readonly _tag: "delta"; readonly side: Side; readonly priceE4: number; readonly deltaE2: number }
  | { readonly _tag: "distrust" | "reopen" | "resume" }

interface Step {
  readonly call: Call
  readonly sid: number
  /** Also backward, which the log must not follow. */
  readonly elapsedMicros: number
  readonly latencyMicros: number | null
}

const price = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }).map((each) => each * 1_000) },
  { weight: 2, arbitrary: fc.integer({ min: -2, max: 10_002 }) }
)
const sizes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -4, 1.5, Number.MAX_SAFE_INTEGER) }
)
const levels = (min: number, max: number) =>
  fc.array(fc.record({ priceE4: fc.integer({ min, max }).map((each) => each * 500), sizeE2: sizes }), { maxLength: 4 })
const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("snapshot" as const),
      levels: fc.record({ yes: levels(1, 8), no: levels(1, 13) })
    })
  },
  { weight: 1, arbitrary: fc.constant({ _tag: "confirm" as const }) },
  {
    weight: 12,
    arbitrary: fc.record({
      _tag: fc.constant("delta" as const),
      side: fc.constantFrom<Side>("yes", "no"),
      priceE4: price,
      deltaE2: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: -80, max: 200 }) },
        { weight: 1, arbitrary: fc.double() }
      )
    })
  },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constantFrom("distrust", "reopen", "resume") }) }
)
const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.record({
    call,
    sid: fc.integer({ min: 0, max: 30 }).map((each) => (each === 0 ? 2 : 1)),
    elapsedMicros: fc.integer({ min: -5, max: 30 }),
    latencyMicros: fc.option(fc.integer({ min: -20, max: 60 }), { freq: 6 })
  }),
  { maxLength: 80 }
)

interface Written {
  readonly outbox: Outbox.Outbox
  /** The state of the live log after each call: how many records there are, and whether and what it trusts. */
  readonly live: ReadonlyArray<{ readonly records: number; readonly hash: string | null }>
}

const write = (list: ReadonlyArray<Step>): Written => {
  const outbox = Outbox.make()
  let log = MarketLog.make("M")
  log.grid = Option.getOrThrow(PriceGrid.gridOf("linear_cent"))
  const live: Array<{ records: number; hash: string | null }> = []
  let tsReceivedMicros = 1_000
  for (const [index, { call, elapsedMicros, latencyMicros, sid }] of list.entries()) {
    tsReceivedMicros += elapsedMicros
    const tsExchangeMicros = latencyMicros === null ? null : tsReceivedMicros - latencyMicros
    const head: MarketLog.FrameHead = { epoch: 1, sid, seq: index + 1, tsExchangeMicros, tsReceivedMicros }
    const start = { ...head, cause: "connection_lost" as const, tsDetectedMicros: tsReceivedMicros }
    if (call._tag === "delta") MarketLog.delta(log, head, call.side, call.priceE4, call.deltaE2, outbox)
    else if (call._tag === "distrust") MarketLog.distrust(log, start, outbox)
    else if (call._tag === "resume" && log.offset > 0) MarketLog.resume(log, start, outbox)
    else if (call._tag === "reopen" && !MarketLog.isTrusted(log)) log = MarketLog.make("M", MarketLog.end(log))
    else if (call._tag === "snapshot" || call._tag === "confirm") {
      const levels = call._tag === "snapshot" ? call.levels : Book.levels(log.replay.book)
      MarketLog.snapshot(log, { ...head, tsExchangeMicros: null }, levels, outbox)
    }
    live.push({
      records: outbox.records.length,
      hash: MarketLog.isTrusted(log) ? Book.hash(log.replay.book) : null
    })
  }
  return { outbox, live }
}

const fold = (records: ReadonlyArray<BookRecord>): Replay.Replay => {
  const replay = Replay.make()
  for (const record of records) Replay.apply(replay, record)
  return replay
}

describe("MarketLog", () => {
  it("gives offsets 1, 2, 3 ... without holes, whatever it is told", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { outbox } = write(list)
        assert.deepStrictEqual(
          outbox.records.map(({ offset }) => offset),
          outbox.records.map((_, index) => index + 1)
        )
      }),
      propertyRuns(100)
    )
  })

  it("has times that never decrease, and gaps that begin before they are noticed", () => {
    fc.assert(
      fc.property(steps, (list) => {
        let last = 0
        for (const record of write(list).outbox.records) {
          assert.isAtLeast(record.tsReceivedMicros, last)
          last = record.tsReceivedMicros
          if (record.kind === "gap") assert.isAtLeast(record.tsDetectedMicros, record.tsReceivedMicros)
        }
      }),
      propertyRuns(100)
    )
  })

  it("needs no judgement of its reader: a fold of the records trusts what the writer trusted, and every doubt is a gap record", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { live, outbox } = write(list)
        for (const { hash, records } of live) {
          const replay = fold(outbox.records.slice(0, records))
          assert.strictEqual(replay.trust._tag === "trusted" ? Book.hash(replay.book) : null, hash)
          if (replay.trust._tag === "stale") {
            assert.strictEqual(replay.trust.gap, outbox.records[replay.trust.gap.offset - 1])
          }
        }
      }),
      propertyRuns(100)
    )
  })

  it("stores keyframes that are the fold of the log up to their offset, also after it was let go of and taken up again", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { outbox } = write(list)
        for (const keyframe of outbox.keyframes) {
          assert.deepStrictEqual(Replay.toKeyframe(fold(outbox.records.slice(0, keyframe.offset))), keyframe)
        }
      }),
      propertyRuns(100)
    )
  })

  it("never trusts a crossed book, nor one with a new level off the grid", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { outbox } = write(list)
        const replay = Replay.make()
        for (const record of outbox.records) {
          Replay.apply(replay, record)
          if (replay.trust._tag === "trusted") assert.isFalse(Book.isCrossed(replay.book))
        }
      }),
      propertyRuns(100)
    )
  })

  it("writes the same records for the same calls", () => {
    fc.assert(
      fc.property(steps, (list) => {
        assert.deepStrictEqual(write(list), write(list))
      }),
      propertyRuns(50)
    )
  })
})
