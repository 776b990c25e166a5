import * as Book from "@kalshibook/core/Book"
import type { BookRecord, DeltaRecord, GapRecord, RecordHead, SnapshotRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { assert, describe, it } from "vitest"
import { ladder } from "./Frames.ts"

interface Times {
  readonly received: number
  readonly exchange?: number | null
}

const head = (offset: number, { exchange = null, received }: Times): RecordHead => ({
  marketTicker: "M",
  offset,
  epoch: 1,
  sid: 1,
  seq: offset,
  tsExchangeMicros: exchange,
  tsReceivedMicros: received
})

const levels = { yes: ladder([4_300, 1_000]), no: ladder([5_600, 500]) }
const crossed = { yes: ladder([4_300, 1_000]), no: ladder([5_700, 500]) }

const snapshot = (offset: number, times: Times, of = levels): SnapshotRecord => ({
  kind: "snapshot",
  ...head(offset, times),
  levels: of
})

const delta = (offset: number, times: Times, deltaE2 = 100): DeltaRecord => ({
  kind: "delta",
  ...head(offset, times),
  side: "yes",
  priceE4: 4_300,
  deltaE2
})

const gap = (offset: number, times: Times): GapRecord => ({
  kind: "gap",
  ...head(offset, times),
  cause: "sequence_hole",
  tsDetectedMicros: times.received + 5
})

const fold = (...records: ReadonlyArray<BookRecord>): Replay.Replay => {
  const replay = Replay.make()
  for (const record of records) Replay.apply(replay, record)
  return replay
}

const prefixes = {
  unknown: [],
  trusted: [snapshot(1, { received: 100 })],
  stale: [snapshot(1, { received: 100 }), gap(2, { received: 200 })]
} as const

const inputs = {
  "good snapshot": snapshot(9, { received: 900 }),
  "crossed snapshot": snapshot(9, { received: 900 }, crossed),
  "fitting delta": delta(9, { received: 900 }),
  "negative delta": delta(9, { received: 900 }, -1_001),
  gap: gap(9, { received: 900 })
} as const

describe("Replay", () => {
  it.each([
    ["unknown", "good snapshot", "trusted"],
    ["unknown", "crossed snapshot", "stale"],
    ["unknown", "fitting delta", "unknown"],
    ["unknown", "negative delta", "unknown"],
    ["unknown", "gap", "stale"],
    ["trusted", "good snapshot", "trusted"],
    ["trusted", "crossed snapshot", "stale"],
    ["trusted", "fitting delta", "trusted"],
    ["trusted", "negative delta", "stale"],
    ["trusted", "gap", "stale"],
    ["stale", "good snapshot", "trusted"],
    ["stale", "crossed snapshot", "stale"],
    ["stale", "fitting delta", "stale"],
    ["stale", "negative delta", "stale"],
    ["stale", "gap", "stale"]
  ] as const)("of a book that is %s, by a %s, is %s", (from, input, to) => {
    const replay = fold(...prefixes[from])
    assert.strictEqual(replay.trust._tag, from)
    Replay.apply(replay, inputs[input])
    assert.strictEqual(replay.trust._tag, to)
    if (replay.trust._tag === "trusted" && input === "good snapshot") assert.strictEqual(replay.trust.sinceOffset, 9)
    if (input === "gap" && replay.trust._tag === "stale") assert.strictEqual(replay.trust.gap, inputs.gap)
  })

  it("keeps the last good levels while the book is stale, whatever comes", () => {
    const replay = fold(snapshot(1, { received: 100 }), delta(2, { received: 110 }))
    const good = Book.levels(replay.book)
    for (const record of [
      gap(3, { received: 120 }),
      delta(4, { received: 130 }),
      snapshot(5, { received: 140 }, crossed)
    ]) {
      Replay.apply(replay, record)
      assert.strictEqual(replay.trust._tag, "stale")
      assert.deepStrictEqual(Book.levels(replay.book), good)
    }
  })

  it("is emptied by an empty snapshot", () => {
    const replay = fold(snapshot(1, { received: 100 }), snapshot(2, { received: 110 }, { yes: [], no: [] }))
    assert.strictEqual(replay.trust._tag, "trusted")
    assert.deepStrictEqual(Book.levels(replay.book), { yes: [], no: [] })
  })
})

describe("Replay.exchangeMicros", () => {
  it("of a delta is the exchange's own time, and its receipt where it has none (1)", () => {
    const replay = fold(snapshot(1, { received: 100 }))
    assert.strictEqual(Replay.exchangeMicros(replay, delta(2, { received: 200, exchange: 150 })), 150)
    assert.strictEqual(Replay.exchangeMicros(replay, delta(2, { received: 200 })), 200)
  })

  it("of a gap is the time proven on its subscription, and the record before it where there is none (2)", () => {
    const replay = fold(snapshot(1, { received: 100 }), delta(2, { received: 200, exchange: 150 }))
    assert.strictEqual(Replay.exchangeMicros(replay, gap(3, { received: 300, exchange: 270 })), 270)
    assert.strictEqual(Replay.exchangeMicros(replay, gap(3, { received: 300 })), 150)
    assert.strictEqual(Replay.exchangeMicros(Replay.make(), gap(1, { received: 300 })), 300)
  })

  it("of a snapshot that confirms a trusted book is that of the record before (3)", () => {
    const replay = fold(snapshot(1, { received: 100 }), delta(2, { received: 200, exchange: 150 }))
    assert.strictEqual(Replay.exchangeMicros(replay, snapshot(3, { received: 300 })), 150)
  })

  it("of a snapshot after a gap is its receipt, or later when the exchange's clock is ahead of ours (4)", () => {
    const behind = fold(snapshot(1, { received: 100 }), gap(2, { received: 200, exchange: 190 }))
    assert.strictEqual(Replay.exchangeMicros(behind, snapshot(3, { received: 500 })), 500)
    const ahead = fold(snapshot(1, { received: 100 }), gap(2, { received: 200, exchange: 260 }))
    assert.strictEqual(Replay.exchangeMicros(ahead, snapshot(3, { received: 500 })), 560)
    const silent = fold(snapshot(1, { received: 100 }), gap(2, { received: 200 }))
    assert.strictEqual(Replay.exchangeMicros(silent, snapshot(3, { received: 500 })), 500)
  })

  it("of the first snapshot is its receipt (5)", () => {
    assert.strictEqual(Replay.exchangeMicros(Replay.make(), snapshot(1, { received: 100 })), 100)
  })

  it("of a snapshot is never later than the delta behind it, so a book months before its receipt is found (6)", () => {
    const log = [
      snapshot(1, { received: 9_000 }),
      delta(2, { received: 9_010, exchange: 150 }),
      snapshot(3, { received: 9_020 }),
      delta(4, { received: 9_030, exchange: 170 })
    ]
    const offsetAt = (atMicros: number): number | undefined => {
      const replay = Replay.make()
      Replay.applyUntil(replay, log, atMicros, "exchange")
      return replay.last?.offset
    }
    assert.deepStrictEqual([149, 150, 169, 170].map(offsetAt), [undefined, 3, 3, 4])
  })

  it("of a snapshot stays its receipt when a gap or nothing follows it (5)", () => {
    for (const rest of [[], [gap(2, { received: 9_010, exchange: 150 })]]) {
      const replay = Replay.make()
      Replay.applyUntil(replay, [snapshot(1, { received: 9_000 }), ...rest], 8_999, "exchange")
      assert.isUndefined(replay.last)
    }
  })

  it("never goes back, also when the exchange's clock does", () => {
    const replay = fold(snapshot(1, { received: 100 }), delta(2, { received: 200, exchange: 190 }))
    assert.strictEqual(Replay.exchangeMicros(replay, delta(3, { received: 210, exchange: 120 })), 190)
  })
})
