import * as Book from "@kalshibook/core/Book"
import type { GapRecord } from "@kalshibook/core/BookRecord"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Replay from "@kalshibook/core/Replay"
import { Option } from "effect"
import { assert, describe, it } from "vitest"
import { ladder } from "./Frames.ts"

const wholeCents = Option.getOrThrow(PriceGrid.gridOf("linear_cent"))
const levels = { yes: ladder([4_300, 1_000]), no: ladder([5_600, 500]) }

const head = (seq: number, tsReceivedMicros: number, tsExchangeMicros: number | null = null): MarketLog.FrameHead => ({
  epoch: 1,
  sid: 1,
  seq,
  tsExchangeMicros,
  tsReceivedMicros
})

/** A log on whole cents with a snapshot at 100 and a delta at 200 (by the exchange's clock at 150). */
const trustedLog = (): { readonly log: MarketLog.MarketLog; readonly outbox: Outbox.Outbox } => {
  const log = MarketLog.make("M")
  log.grid = wholeCents
  const outbox = Outbox.make()
  MarketLog.snapshot(log, head(1, 100), levels, outbox)
  MarketLog.delta(log, head(2, 200, 150), "yes", 4_300, 100, outbox)
  assert.isTrue(MarketLog.isTrusted(log))
  Outbox.drain(outbox)
  return { log, outbox }
}

const gapIn = (outbox: Outbox.Outbox, index = 0): GapRecord => {
  const record = outbox.records[index]
  if (record?.kind !== "gap") return assert.fail(`record ${index} is ${record?.kind}, not a gap`)
  return record
}

const kinds = (outbox: Outbox.Outbox): ReadonlyArray<string> => outbox.records.map(({ kind }) => kind)

describe("MarketLog", () => {
  it.each([
    ["takes a level below zero", "yes", 4_300, -1_101, 1],
    ["names a level that is not there", "no", 5_500, -1, 1],
    ["crosses the book", "no", 5_700, 100, 1],
    ["makes a level off the grid", "yes", 4_210, 100, 1],
    ["makes a size beyond 2^53", "yes", 4_300, Number.MAX_SAFE_INTEGER, 1],
    ["has a price that no book has", "yes", 10_000, 100, 1],
    ["comes from another subscription", "yes", 4_300, 100, 2]
  ] as const)("writes a gap before a delta that %s, and does not apply it", (_, side, priceE4, deltaE2, sid) => {
    const { log, outbox } = trustedLog()
    const before = Book.hash(log.replay.book)
    assert.isFalse(MarketLog.delta(log, { ...head(3, 300, 250), sid }, side, priceE4, deltaE2, outbox))
    assert.deepStrictEqual(kinds(outbox), ["gap", "delta"])
    const gap = gapIn(outbox)
    assert.deepInclude(gap, { cause: "inconsistent", offset: 3, tsReceivedMicros: 201, tsExchangeMicros: 150 })
    assert.deepInclude(gap, { tsDetectedMicros: 300, seq: 3, sid })
    assert.strictEqual(Book.hash(log.replay.book), before)
    assert.isFalse(MarketLog.isTrusted(log))
  })

  it("accepts changes of a level that was off the grid before the grid changed", () => {
    const { log, outbox } = trustedLog()
    log.grid = { bands: [{ startE4: 0, endE4: 10_000, stepE4: 1_000 }] }
    assert.isTrue(MarketLog.delta(log, head(3, 300), "yes", 4_300, 5, outbox))
    assert.isTrue(MarketLog.delta(log, head(4, 310), "yes", 4_300, -1_105, outbox))
    assert.deepStrictEqual(kinds(outbox), ["delta", "delta"])
  })

  it("believes the exchange's snapshot more than its own idea of the grid", () => {
    const { log, outbox } = trustedLog()
    const finer = { yes: ladder([4_305, 10]), no: [] }
    assert.isTrue(MarketLog.snapshot(log, head(3, 300), finer, outbox))
    assert.isTrue(MarketLog.delta(log, head(4, 310), "yes", 4_301, 5, outbox))
  })

  it("writes no gap where the book is not trusted anyway, and none in a log without records", () => {
    const outbox = Outbox.make()
    const log = MarketLog.make("M")
    const start = { ...head(0, 100), cause: "connection_lost" as const, tsDetectedMicros: 100 }
    MarketLog.distrust(log, start, outbox)
    MarketLog.snapshot(log, head(1, 100), levels, outbox)
    MarketLog.distrust(log, start, outbox)
    MarketLog.distrust(log, start, outbox)
    assert.isTrue(MarketLog.delta(log, head(2, 100), "yes", 1, -500, outbox))
    assert.deepStrictEqual(kinds(outbox), ["snapshot", "gap", "delta"])
  })

  it("writes a gap from the last record on before a snapshot that contradicts a trusted book", () => {
    const { log, outbox } = trustedLog()
    assert.isTrue(MarketLog.snapshot(log, head(3, 300), levels, outbox))
    assert.deepStrictEqual(kinds(outbox), ["gap", "snapshot"])
    assert.deepInclude(gapIn(outbox), { cause: "inconsistent", tsReceivedMicros: 201, tsDetectedMicros: 300 })
    assert.deepStrictEqual(Book.levels(log.replay.book), levels)
  })

  it("writes no gap before a snapshot that confirms a trusted book", () => {
    const { log, outbox } = trustedLog()
    const same = Book.levels(log.replay.book)
    assert.isTrue(MarketLog.snapshot(log, head(3, 300), same, outbox))
    assert.deepStrictEqual(kinds(outbox), ["snapshot"])
  })

  it.each([
    ["is crossed", { yes: ladder([4_300, 1]), no: ladder([5_700, 1]) }],
    ["repeats a price", { yes: ladder([4_300, 1], [4_300, 1]), no: [] }],
    ["has a size of zero", { yes: ladder([4_300, 0]), no: [] }]
  ] as const)("writes a gap after a snapshot that %s", (_, bad) => {
    const log = MarketLog.make("M")
    const outbox = Outbox.make()
    assert.isFalse(MarketLog.snapshot(log, head(1, 100), bad, outbox))
    assert.deepStrictEqual(kinds(outbox), ["snapshot", "gap"])
    assert.deepInclude(gapIn(outbox, 1), { cause: "inconsistent", tsReceivedMicros: 100, tsDetectedMicros: 100 })
    assert.lengthOf(outbox.keyframes, 0)
  })

  it("writes a keyframe with each good snapshot and after every 500 records of a trusted book", () => {
    const log = MarketLog.make("M")
    const outbox = Outbox.make()
    MarketLog.snapshot(log, head(1, 1), levels, outbox)
    for (let seq = 2; seq <= 1_201; seq++) MarketLog.delta(log, head(seq, seq, seq), "yes", 4_300, 1, outbox)
    assert.deepStrictEqual(
      outbox.keyframes.map(({ offset }) => offset),
      [1, 1 + MarketLog.keyframeRecordsMax, 1 + 2 * MarketLog.keyframeRecordsMax]
    )
    assert.isTrue(outbox.keyframes.every(({ sinceOffset }) => sinceOffset === 1))
  })

  it("never lets a time go back, though the clock that it is given does", () => {
    const { log, outbox } = trustedLog()
    MarketLog.delta(log, head(3, 150), "yes", 4_300, 1, outbox)
    MarketLog.distrust(log, { ...head(4, 120), cause: "silence", tsDetectedMicros: 130 }, outbox)
    MarketLog.snapshot(log, head(5, 140), levels, outbox)
    assert.deepStrictEqual(
      outbox.records.map(({ tsReceivedMicros }) => tsReceivedMicros),
      [200, 200, 200]
    )
    assert.strictEqual(gapIn(outbox, 1).tsDetectedMicros, 200)
  })

  it("goes on after its end with the next offset and the same times as if it had never stopped", () => {
    const { log, outbox } = trustedLog()
    assert.isUndefined(MarketLog.end(log))
    MarketLog.distrust(log, { ...head(0, 201, 900), cause: "market_closed", tsDetectedMicros: 300 }, outbox)
    const end = MarketLog.end(log)
    const again = MarketLog.make("M", end)
    assert.strictEqual(again.offset, 3)
    const outboxAgain = Outbox.make()
    MarketLog.snapshot(log, head(1, 1_000), levels, outbox)
    MarketLog.snapshot(again, head(1, 1_000), levels, outboxAgain)
    for (const [each, into] of [
      [log, outbox],
      [again, outboxAgain]
    ] as const) {
      MarketLog.delta(each, head(2, 1_010, 850), "yes", 4_300, 5, into)
      MarketLog.writeKeyframe(each, into)
    }
    assert.lengthOf(outbox.keyframes, 2)
    assert.deepStrictEqual(outboxAgain.records, outbox.records.slice(1))
    assert.deepStrictEqual(outboxAgain.keyframes, outbox.keyframes)
    assert.isUndefined(MarketLog.end(MarketLog.make("M")))
  })

  it("goes on with a gap where an earlier recorder left none", () => {
    const { log } = trustedLog()
    const last = log.replay.last
    if (last === undefined) return assert.fail("the log has records")
    const outbox = Outbox.make()
    const again = MarketLog.make("M", { last, trust: { _tag: "unknown" }, tsExchangeEffectiveMicros: 150 })
    MarketLog.resume(again, { ...head(0, 201, 180), cause: "recorder_stopped", tsDetectedMicros: 900 }, outbox)
    assert.deepInclude(gapIn(outbox), { offset: 3, cause: "recorder_stopped", tsReceivedMicros: 201 })
    assert.strictEqual(again.replay.trust._tag, "stale")
    assert.strictEqual(Replay.make().trust._tag, "unknown")
  })
})
