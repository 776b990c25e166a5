import { assert, describe, it } from "@effect/vitest"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as BookFold from "@kalshibook/core/export/BookFold"
import * as Hftbacktest from "@kalshibook/core/export/HftbacktestEvents"
import * as Nautilus from "@kalshibook/core/export/NautilusRows"
import * as Tardis from "@kalshibook/core/export/TardisCsv"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import fc from "fast-check"
import { log, moment } from "../LogArbitrary.ts"
import { bookText, levelsText, rowsOfHours } from "./RowsOfLog.ts"

/** A log, where its first hour ends, and the time that is exported. */
const question = fc
  .tuple(log, moment, moment, moment)
  .map(([records, cut, one, other]) => ({ records, cut, from: Math.min(one, other), to: Math.max(one, other) }))

type Question = (typeof question extends fc.Arbitrary<infer A> ? A : never) & {
  readonly records: ReadonlyArray<BookRecord>
}

const fold = ({ cut, from, records, to }: Question, sink: BookFold.BookSink): void => {
  const rows = rowsOfHours(records, cut)
  const state = BookFold.make(from, to)
  // In pieces, as files give them.
  for (let at = 0; at < rows.rows; at += 7) BookFold.apply(state, rows, at, Math.min(at + 7, rows.rows), sink)
  BookFold.finish(state, sink)
}

/** What was read of a file, in its order. */
interface Change {
  readonly micros: number
  readonly apply: (levels: Map<string, number>) => void
}

/** Whether the book is right at every moment of the exported time at which something is written or recorded. */
const assertBooks = ({ from, records, to }: Question, changes: ReadonlyArray<Change>): void => {
  for (const { micros } of changes) assert.isTrue(micros >= from && micros < Math.max(to, from + 1))
  const moments = [from, ...changes.map(({ micros }) => micros), ...records.map((one) => one.tsReceivedMicros)]
  for (const micros of moments) {
    if (micros < from || micros >= to) continue
    const levels = new Map<string, number>()
    for (const change of changes) if (change.micros <= micros) change.apply(levels)
    assert.strictEqual(levelsText(levels), bookText(records, micros))
  }
}

describe("nautilus", () => {
  it("gives the log's book at every moment, and an empty one in a gap", () => {
    fc.assert(
      fc.property(question, (asked) => {
        const rows = Nautilus.make()
        fold(asked, Nautilus.sink(rows))
        let isOpen = false
        const changes = Array.from({ length: rows.rows }, (_, at): Change => {
          const action = rows.action[at]
          const side = rows.side[at] === Nautilus.sideBuy ? "bid" : "ask"
          const level = `${side} ${rows.priceE4[at]}`
          const flags = rows.flags[at] as number
          if ((flags & Nautilus.flagSnapshot) !== 0 && !isOpen) assert.strictEqual(action, Nautilus.actionClear)
          isOpen = (flags & Nautilus.flagLast) === 0
          return {
            micros: rows.tsInitMicros[at] as number,
            apply: (levels) => {
              if (action === Nautilus.actionClear) return levels.clear()
              assert.strictEqual(levels.has(level), action !== Nautilus.actionAdd, "an added level is new")
              if (action === Nautilus.actionDelete) levels.delete(level)
              else levels.set(level, rows.sizeE2[at] as number)
            }
          }
        })
        assert.isFalse(isOpen, "the last row of an event says so")
        assertBooks(asked, changes)
      })
    )
  })
})

describe("tardis", () => {
  /** As tardis.dev describes: a snapshot after other rows begins a new book; whoever does not look at it must get the same. */
  for (const isSnapshotRead of [true, false]) {
    it(`gives the log's book to readers that ${isSnapshotRead ? "begin anew at" : "know nothing of"} snapshots`, () => {
      fc.assert(
        fc.property(question, (asked) => {
          const lines: Array<string> = []
          fold(
            asked,
            Tardis.sink("M", (line) => lines.push(line))
          )
          let wasSnapshot = false
          const changes = lines.map((line): Change => {
            const [exchange, symbol, , local, isSnapshot, side, price, amount] = line.trimEnd().split(",")
            assert.deepStrictEqual([exchange, symbol], ["kalshi", "M"])
            const begins = isSnapshotRead && isSnapshot === "true" && !wasSnapshot
            wasSnapshot = isSnapshot === "true"
            return {
              micros: Number(local),
              apply: (levels) => {
                if (begins) levels.clear()
                levels.set(`${side} ${Math.round(Number(price) * 10_000)}`, Math.round(Number(amount) * 100))
              }
            }
          })
          assertBooks(asked, changes)
        })
      )
    })
  }
})

const trades = fc.array(
  fc.record({
    tsReceivedMicros: moment,
    skewMicros: fc.integer({ min: -30, max: 5 }),
    yesPriceE4: fc.integer({ min: 1, max: 9_999 })
  })
)

describe("hftbacktest", () => {
  const encoded = (asked: Question, some: ReadonlyArray<TradeRecord>) => {
    const events = Hftbacktest.make()
    fold(asked, Hftbacktest.sink(events))
    Hftbacktest.settleTimes(events)
    Hftbacktest.addTrades(events, some)
    const { bytes, rows } = Hftbacktest.encode(events)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return Array.from({ length: rows }, (_, at) => {
      const from = at * Hftbacktest.eventBytes
      const ev = view.getUint32(from, true)
      return {
        kind: ev % 8,
        side: ev & Hftbacktest.buyEvent ? ("bid" as const) : ("ask" as const),
        isExch: ev >= Hftbacktest.exchEvent,
        isLocal: (ev & Hftbacktest.localEvent) !== 0,
        exchNanos: view.getBigInt64(from + 8, true),
        localNanos: view.getBigInt64(from + 16, true),
        priceE4: Math.round(view.getFloat64(from + 24, true) * 10_000),
        sizeE2: Math.round(view.getFloat64(from + 32, true) * 100)
      }
    })
  }
  type Event = ReturnType<typeof encoded>[number]

  /** As the engine's market depth does. */
  const applyTo = (levels: Map<string, number>, { kind, priceE4, side, sizeE2 }: Event): void => {
    if (kind === Hftbacktest.tradeEvent) return
    if (kind !== Hftbacktest.depthClearEvent) return void levels.set(`${side} ${priceE4}`, sizeE2)
    for (const level of levels.keys()) {
      const [ofSide, price] = level.split(" ")
      if (ofSide === side && (side === "bid" ? Number(price) >= priceE4 : Number(price) <= priceE4))
        levels.delete(level)
    }
  }

  it("gives the log's book here at every moment, and the same last book at the exchange", () => {
    fc.assert(
      fc.property(question, (asked) => {
        const events = encoded(asked, [])
        const local = events.filter(({ isLocal }) => isLocal)
        assertBooks(
          asked,
          local.map((event) => ({
            micros: Number(event.localNanos / 1_000n),
            apply: (levels) => applyTo(levels, event)
          }))
        )
        const [here, there] = [new Map<string, number>(), new Map<string, number>()]
        for (const event of local) applyTo(here, event)
        for (const event of events) if (event.isExch) applyTo(there, event)
        assert.strictEqual(levelsText(there), levelsText(here))
      })
    )
  })

  it("orders events by both clocks, each once on each, none here before it was there, trades first", () => {
    fc.assert(
      fc.property(question, trades, (asked, some) => {
        const records = some.map(
          ({ skewMicros, tsReceivedMicros, yesPriceE4 }, index): TradeRecord => ({
            tradeId: String(index),
            marketTicker: "M",
            epoch: 1,
            sid: 1,
            seq: 1,
            tsExchangeMicros: tsReceivedMicros + skewMicros,
            tsReceivedMicros,
            yesPriceE4,
            sizeE2: 100,
            takerSide: index % 2 === 0 ? "yes" : "no",
            isBlockTrade: false
          })
        )
        const events = encoded(asked, records)
        const exch = events.filter(({ isExch }) => isExch)
        const local = events.filter(({ isLocal }) => isLocal)
        assert.strictEqual(exch.length, local.length)
        assert.strictEqual(local.filter(({ kind }) => kind === Hftbacktest.tradeEvent).length, records.length)
        for (const event of events)
          assert.isTrue(event.exchNanos <= event.localNanos && (event.isExch || event.isLocal))
        for (const [index, event] of exch.entries())
          assert.isTrue((exch[index - 1]?.exchNanos ?? 0n) <= event.exchNanos)
        for (const [index, event] of local.entries()) {
          const before = local[index - 1]
          if (before === undefined) continue
          assert.isTrue(before.localNanos <= event.localNanos)
          if (before.localNanos === event.localNanos && event.kind === Hftbacktest.tradeEvent) {
            assert.strictEqual(before.kind, Hftbacktest.tradeEvent)
          }
        }
      })
    )
  })
})
