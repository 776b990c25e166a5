import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as LogArbitrary from "../LogArbitrary.ts"
import { propertyRuns } from "../PropertyRuns.ts"

const rowsMax = fc.integer({ min: 1, max: 9 })

const tickers = ["KXTEST-A", "KXTEST-B"] as const

/** Logs of two markets, one behind the other, as rows of a file are. */
const logs = fc
  .tuple(LogArbitrary.log, LogArbitrary.log)
  .map((both) =>
    both.flatMap((log, index) => log.map((record) => ({ ...record, marketTicker: tickers[index] as string })))
  )

const rowsOf = (
  rowsMax: number,
  build: (builder: LogRowsBuilder.LogRowsBuilder) => void
): ReadonlyArray<LogRows.LogRows> => {
  const batches: Array<LogRows.LogRows> = []
  const builder = LogRowsBuilder.make(rowsMax, (rows) => batches.push(rows))
  build(builder)
  builder.flush()
  return batches
}

const folded = (batches: ReadonlyArray<LogRows.LogRows>, fold = LogRowsFold.make()) => {
  for (const rows of batches) LogRowsFold.apply(fold, rows)
  LogRowsFold.finish(fold)
  return fold.replays
}

const plain = (records: ReadonlyArray<BookRecord>): Map<string, Replay.Replay> => {
  const replays = new Map<string, Replay.Replay>()
  for (const record of records) {
    const replay = replays.get(record.marketTicker) ?? Replay.make()
    replays.set(record.marketTicker, replay)
    Replay.apply(replay, record)
  }
  return replays
}

/** All of a state but the objects that it is made of. */
const stateOf = ({ book, last, trust, ...rest }: Replay.Replay) => ({
  levels: Book.levels(book),
  hash: Book.hash(book),
  trust: trust._tag === "stale" ? { ...trust, gap: { ...trust.gap } } : trust,
  last: last === undefined ? undefined : headOf(last),
  ...rest
})

const headOf = ({
  epoch,
  marketTicker,
  offset,
  seq,
  sid,
  tsExchangeMicros,
  tsReceivedMicros
}: BookRecord | (Replay.Replay["last"] & {})) => ({
  epoch,
  marketTicker,
  offset,
  seq,
  sid,
  tsExchangeMicros,
  tsReceivedMicros
})

const statesOf = (replays: ReadonlyMap<string, Replay.Replay>) =>
  [...replays].map(([ticker, replay]) => [ticker, stateOf(replay)])

describe("LogRowsFold", () => {
  it("gives the states of the plain fold, wherever the rows are cut", () => {
    fc.assert(
      fc.property(logs, rowsMax, (records, rowsMax) => {
        const batches = rowsOf(rowsMax, (builder) => records.forEach(builder.record))
        assert.deepStrictEqual(statesOf(folded(batches)), statesOf(plain(records)))
      }),
      propertyRuns(200)
    )
  })

  it("gives the records back that rows were made of", () => {
    fc.assert(
      fc.property(logs, rowsMax, (records, rowsMax) => {
        const found: Array<BookRecord> = []
        const reader = LogRowsFold.records({ record: (record) => found.push(record) })
        for (const rows of rowsOf(rowsMax, (builder) => records.forEach(builder.record))) reader.read(rows)
        reader.finish()
        assert.deepStrictEqual(found, records as Array<BookRecord>)
      }),
      propertyRuns(200)
    )
  })

  it("tells the states of markets that have only a keyframe apart", () => {
    const states = tickers.map((marketTicker) => {
      const replay = Replay.make()
      const head = { marketTicker, offset: 1, epoch: 1, sid: 1, seq: 1, tsExchangeMicros: null, tsReceivedMicros: 5 }
      const levels = { yes: [{ priceE4: marketTicker.length + 1, sizeE2: 1 }], no: [] }
      Replay.apply(replay, { kind: "snapshot", ...head, levels })
      return replay
    })
    const found: Array<Replay.Replay> = []
    const reader = LogRowsFold.records({ record: () => {}, keyframe: (state) => found.push(state) })
    const batches = rowsOf(9, (builder) => states.forEach(builder.keyframe))
    for (const rows of batches) reader.read(rows)
    reader.finish()
    assert.deepStrictEqual(
      found.map(({ last }) => last?.marketTicker),
      [...tickers]
    )
    assert.deepStrictEqual([...folded(batches).keys()], [...tickers])
  })

  it("goes on from a keyframe as from the records before it, by both clocks", () => {
    fc.assert(
      fc.property(LogArbitrary.log, fc.nat(60), rowsMax, (log, cut, rowsMax) => {
        const before = Replay.make()
        for (const record of log.slice(0, cut)) Replay.apply(before, record)
        if (!LogRowsBuilder.hasKeyframe(before)) return
        const after = log.slice(cut)
        const batches = rowsOf(rowsMax, (builder) => {
          builder.keyframe(before)
          after.forEach(builder.record)
        })
        const [replay] = folded(batches).values()
        const whole = plain(log).values().next().value as Replay.Replay
        const isInGap = before.trust._tag === "stale" && after.length === 0
        assert.deepStrictEqual(
          { ...stateOf(replay as Replay.Replay), recordsApplied: 0, ...(isInGap ? { last: 0 } : {}) },
          { ...stateOf(whole), recordsApplied: 0, ...(isInGap ? { last: 0 } : {}) }
        )
        assert.strictEqual(replay?.last?.offset, whole.last?.offset)
      }),
      propertyRuns(200)
    )
  })
})
