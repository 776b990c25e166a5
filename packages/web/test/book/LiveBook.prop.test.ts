/** What the stream tells becomes core's book, from wherever one joins, and a record that is missing is noticed. */
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as OrderbookFp from "@kalshibook/core/contract/OrderbookFp"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { StreamMessage } from "@kalshibook/web/api/Answers"
import * as LiveBook from "@kalshibook/web/book/LiveBook"
import fc from "fast-check"
import { assert, it } from "vitest"
import { log } from "../../../core/test/LogArbitrary.ts"
import { folded, shownOf, sound } from "./CoreBook.ts"

/** The record at a place of a log, whose offsets need not be without holes here. */
const messageAt = (records: ReadonlyArray<BookRecord>, index: number): StreamMessage =>
  ({
    type: "record",
    previous_offset: records[index - 1]?.offset ?? 0,
    ...RecordView.view(records[index] as BookRecord, undefined)
  }) as StreamMessage

const whole = (records: ReadonlyArray<BookRecord>) => folded(records, Number.MAX_SAFE_INTEGER)

/** The book as a stream begins with it. */
const snapshotOf = (records: ReadonlyArray<BookRecord>): StreamMessage => {
  const replay = whole(records)
  const last = records.at(-1) as BookRecord
  const { trust } = replay
  return {
    type: "snapshot",
    market_ticker: last.marketTicker,
    offset: last.offset,
    epoch: last.epoch,
    sid: last.sid,
    seq: last.seq,
    ts_exchange: null,
    ts_received: isoFromMicros(last.tsReceivedMicros),
    orderbook_fp: OrderbookFp.view(Book.levels(replay.book)),
    trust:
      trust._tag === "stale"
        ? { state: "stale", gap: { cause: trust.gap.cause, from: isoFromMicros(trust.gap.tsReceivedMicros) } }
        : { state: trust._tag, since_offset: 1, gap: null },
    book_hash: ""
  } as unknown as StreamMessage
}

it("from any record on, every message gives core's book, also where a gap begins and ends", () => {
  fc.assert(
    fc.property(log, fc.double({ min: 0, max: 0.99, noNaN: true }), (any, share) => {
      const records = sound(any)
      const joined = Math.floor(share * records.length)
      const live = LiveBook.make()
      if (joined > 0) assert.strictEqual(LiveBook.hear(live, snapshotOf(records.slice(0, joined))), "changed")
      for (let count = joined + 1; count <= records.length; count++) {
        const record = records[count - 1] as BookRecord
        assert.strictEqual(LiveBook.hear(live, messageAt(records, count - 1)), "changed")
        assert.deepStrictEqual(LiveBook.shown(live), shownOf(whole(records.slice(0, count)), record.tsReceivedMicros))
        assert.deepStrictEqual(live.place, { offset: record.offset, epoch: record.epoch })
      }
    }),
    { numRuns: 20 }
  )
})

it("a record that does not follow the last one is missing something, and changes nothing", () => {
  fc.assert(
    fc.property(log, fc.nat(), (any, at) => {
      const records = sound(any)
      fc.pre(records.length > 2)
      const left = 1 + (at % (records.length - 2))
      const live = LiveBook.make()
      for (let index = 0; index < left; index++) LiveBook.hear(live, messageAt(records, index))
      const before = LiveBook.shown(live)
      assert.strictEqual(LiveBook.hear(live, messageAt(records, left + 1)), "missing")
      assert.deepStrictEqual(LiveBook.shown(live), before)
    }),
    { numRuns: 20 }
  )
})

it("tells each gap with its end, however short it was", () => {
  const live = LiveBook.make()
  const head = { epoch: 1, ts_received: isoFromMicros(2_000_000) }
  const gap = { kind: "gap", cause: "silence", from: isoFromMicros(1_000_000), to: null }
  LiveBook.hear(live, { type: "record", previous_offset: 0, offset: 1, ...head, ...gap } as unknown as StreamMessage)
  const open = { offset: 1, cause: "silence", fromMicros: 1_000_000, toMicros: undefined }
  assert.deepStrictEqual(live.gaps, [open])
  const ended = { offset: 1, cause: "silence", from: isoFromMicros(1_000_000), to: isoFromMicros(3_000_000) }
  LiveBook.hear(live, { type: "recovered", market_ticker: "A", offset: 2, gap: ended } as StreamMessage)
  assert.deepStrictEqual(live.gaps, [{ ...open, toMicros: 3_000_000 }])
})

const heartbeat = (fields: object): StreamMessage =>
  ({
    type: "heartbeat",
    feed: "live",
    catching_up: 0,
    ts_received: isoFromMicros(5_000_000),
    ...fields
  }) as StreamMessage

it("a heartbeat proves the book up to what the recorder has told, and nothing while a market is behind", () => {
  const live = LiveBook.make()
  const record = { kind: "snapshot", offset: 1, epoch: 2, ts_received: isoFromMicros(1_000_000) }
  const orderbook_fp = { yes_dollars: [["0.5000", "1.00"]], no_dollars: [] }
  LiveBook.hear(live, { type: "record", previous_offset: 0, ...record, orderbook_fp } as unknown as StreamMessage)
  LiveBook.hear(live, heartbeat({ catching_up: 1 }))
  assert.strictEqual(LiveBook.shown(live)?.atMicros, 1_000_000)
  LiveBook.hear(live, heartbeat({}))
  assert.strictEqual(LiveBook.shown(live)?.atMicros, 5_000_000)
  assert.strictEqual(LiveBook.hear(live, heartbeat({ feed: "lost" })), "changed")
  assert.strictEqual(live.feed, "lost")
})

it("after a resync there is no book until the next one comes", () => {
  const live = LiveBook.make()
  const book = { offset: 7, epoch: 1, ts_received: isoFromMicros(1_000_000) }
  const rest = { orderbook_fp: { yes_dollars: [], no_dollars: [] }, trust: { state: "trusted" } }
  LiveBook.hear(live, { type: "snapshot", ...book, ...rest } as unknown as StreamMessage)
  LiveBook.hear(live, { type: "resync", market_ticker: "A", reason: "rewritten", offset: 7 })
  assert.isUndefined(LiveBook.shown(live))
  LiveBook.hear(live, { type: "snapshot", ...book, offset: 6, ...rest } as unknown as StreamMessage)
  assert.strictEqual(LiveBook.shown(live)?.offset, 6)
})
