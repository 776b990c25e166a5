import { assert, describe, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, GapRecord, Level } from "@kalshibook/core/BookRecord"
import * as BestView from "@kalshibook/core/contract/BestView"
import { type BookAtMoment, Orderbook, view } from "@kalshibook/core/contract/OrderbookAnswer"
import * as Trust from "@kalshibook/core/Trust"
import { Schema } from "effect"

const level = (priceE4: number, sizeE2: number): Level => ({ priceE4, sizeE2 })

const levels: BookLevels = {
  yes: [level(100, 50), level(3_399, 7_800), level(3_400, 12_000_000_000)],
  no: [level(1, 1), level(6_491, 9_550)]
}

const gap: GapRecord = {
  kind: "gap",
  marketTicker: "K-1",
  offset: 7,
  epoch: 2,
  sid: 1,
  seq: 18,
  tsExchangeMicros: null,
  tsReceivedMicros: 1_763_733_780_000_000,
  cause: "silence",
  tsDetectedMicros: 1_763_733_790_000_000
}

const answer = (change: Partial<BookAtMoment>): BookAtMoment => ({
  marketTicker: "K-1",
  atMicros: 1_763_733_780_250_000,
  clock: "received",
  book: Book.fromLevels(levels),
  trust: Trust.trusted(1),
  gapEndsMicros: null,
  last: {
    marketTicker: "K-1",
    offset: 6,
    epoch: 2,
    sid: 1,
    seq: 17,
    tsExchangeMicros: 1_763_733_779_981_234,
    tsReceivedMicros: 1_763_733_779_997_012
  },
  keyframeOffset: 4,
  recordsApplied: 2,
  tier: "hot",
  source: null,
  ...change
})

describe("the answer of a book", () => {
  it("has both ladders as Kalshi writes them: decimal strings, ascending, the best bid last", () => {
    assert.deepStrictEqual(view(answer({}), 0).orderbook_fp, {
      yes_dollars: [
        ["0.0100", "0.50"],
        ["0.3399", "78.00"],
        ["0.3400", "120000000.00"]
      ],
      no_dollars: [
        ["0.0001", "0.01"],
        ["0.6491", "95.50"]
      ]
    })
  })

  it("has [] for an empty side, and nothing at the top where nobody bids", () => {
    const empty = view(answer({ book: Book.make() }), 0)
    assert.deepStrictEqual(empty.orderbook_fp, { yes_dollars: [], no_dollars: [] })
    assert.deepStrictEqual(empty.best, {
      yes_bid_dollars: null,
      yes_bid_size_fp: null,
      yes_ask_implied_dollars: null,
      yes_ask_implied_size_fp: null,
      spread_dollars: null,
      mid_dollars: null
    })
  })

  it("keeps the best levels of each side with `depth`, and the top and the digest of the whole book", () => {
    const whole = view(answer({}), 0)
    const top = view(answer({}), 1)
    assert.deepStrictEqual(top.orderbook_fp, {
      yes_dollars: [["0.3400", "120000000.00"]],
      no_dollars: [["0.6491", "95.50"]]
    })
    assert.deepStrictEqual(top.best, whole.best)
    assert.strictEqual(top.book_hash, whole.book_hash)
    assert.deepStrictEqual(view(answer({}), 9_999).orderbook_fp, whole.orderbook_fp)
  })

  it("implies the yes ask from the best no bid, exactly, with half of a ten-thousandth where the mid needs it", () => {
    assert.deepStrictEqual(view(answer({}), 0).best, {
      yes_bid_dollars: "0.3400",
      yes_bid_size_fp: "120000000.00",
      yes_ask_implied_dollars: "0.3509",
      yes_ask_implied_size_fp: "95.50",
      spread_dollars: "0.0109",
      mid_dollars: "0.34545"
    })
    const even = BestView.view(Book.fromLevels({ yes: [level(3_400, 1)], no: [level(6_490, 1)] }))
    assert.strictEqual(even.mid_dollars, "0.3455")
  })

  it("gives what it can of a one-sided book", () => {
    const yesOnly = BestView.view(Book.fromLevels({ yes: [level(3_400, 100)], no: [] }))
    assert.strictEqual(yesOnly.yes_bid_dollars, "0.3400")
    assert.isNull(yesOnly.yes_ask_implied_dollars)
    assert.isNull(yesOnly.spread_dollars)
    assert.isNull(yesOnly.mid_dollars)
  })

  it("shows a crossed book as it is, with a spread below zero", () => {
    const crossed = BestView.view(Book.fromLevels({ yes: [level(6_000, 100)], no: [level(5_001, 100)] }))
    assert.strictEqual(crossed.spread_dollars, "-0.1001")
    assert.strictEqual(crossed.mid_dollars, "0.54995")
  })

  it("says whether it can be trusted, and where not, since when, why and until when", () => {
    assert.deepStrictEqual(view(answer({}), 0).trust, { state: "trusted", since_offset: 1, gap: null })
    assert.deepStrictEqual(view(answer({ trust: Trust.unknown }), 0).trust, {
      state: "unknown",
      since_offset: null,
      gap: null
    })
    const open = { offset: 7, cause: "silence", from: "2025-11-21T14:03:00.000000Z", to: null } as const
    const stale = { trust: Trust.stale(gap), last: gap }
    assert.deepStrictEqual(view(answer(stale), 0).trust, { state: "stale", since_offset: null, gap: open })
    const ended = answer({ ...stale, gapEndsMicros: 1_763_733_800_000_000 })
    assert.deepStrictEqual(view(ended, 0).trust.gap, { ...open, to: "2025-11-21T14:03:20.000000Z" })
  })

  it("has no offset for a gap that no record tells of, because no recorder is running", () => {
    const notStored = { ...gap, offset: 6 }
    assert.isNull(view(answer({ trust: Trust.stale(notStored) }), 0).trust.gap?.offset)
  })

  it("says from which records it was rebuilt", () => {
    assert.deepStrictEqual(view(answer({}), 0).provenance, {
      offset: 6,
      epoch: 2,
      sid: 1,
      seq: 17,
      ts_exchange: "2025-11-21T14:02:59.981234Z",
      ts_received: "2025-11-21T14:02:59.997012Z",
      keyframe_offset: 4,
      records_applied: 2,
      tier: "hot",
      source: null
    })
  })

  it("is what its schema promises", () => {
    const body = {
      ...view(answer({ trust: Trust.stale(gap) }), 0),
      usage: { credits: 1 },
      request_id: "req_1",
      response_time: 0.001
    }
    assert.deepStrictEqual(Schema.decodeUnknownSync(Orderbook)(JSON.parse(JSON.stringify(body))), body)
  })
})
