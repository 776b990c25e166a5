import { assert, describe, it } from "@effect/vitest"
import { emptyLevels, type RecordHead } from "@kalshibook/core/BookRecord"
import { RecordAnswer, view } from "@kalshibook/core/contract/RecordView"
import * as TradeView from "@kalshibook/core/contract/TradeView"
import { Schema } from "effect"

const head: RecordHead = {
  marketTicker: "K-1",
  offset: 7,
  epoch: 2,
  sid: 1,
  seq: 18,
  tsExchangeMicros: 1_763_733_779_981_234,
  tsReceivedMicros: 1_763_733_780_000_000
}

const place = {
  market_ticker: "K-1",
  offset: 7,
  epoch: 2,
  sid: 1,
  seq: 18,
  ts_exchange: "2025-11-21T14:02:59.981234Z",
  ts_received: "2025-11-21T14:03:00.000000Z"
}

describe("a record as JSON", () => {
  it("is a signed change of one level", () => {
    const record = view({ ...head, kind: "delta", side: "no", priceE4: 6_490, deltaE2: -7_800 }, undefined)
    assert.deepStrictEqual(record, { ...place, kind: "delta", side: "no", price_dollars: "0.6490", delta_fp: "-78.00" })
  })

  it("is the whole book, also an empty one, without an invented exchange time", () => {
    const record = view({ ...head, tsExchangeMicros: null, kind: "snapshot", levels: emptyLevels }, undefined)
    assert.deepStrictEqual(record, {
      ...place,
      ts_exchange: null,
      kind: "snapshot",
      orderbook_fp: { yes_dollars: [], no_dollars: [] }
    })
  })

  it("is a gap with its cause and both ends, open until a snapshot ended it", () => {
    const gap = { ...head, kind: "gap", cause: "connection_lost", tsDetectedMicros: 1_763_733_781_000_000 } as const
    const open = view(gap, undefined)
    assert.deepStrictEqual(open, {
      ...place,
      kind: "gap",
      cause: "connection_lost",
      ts_detected: "2025-11-21T14:03:01.000000Z",
      from: "2025-11-21T14:03:00.000000Z",
      to: null
    })
    const ended = view(gap, 1_763_733_782_000_001)
    assert.deepStrictEqual<object>(ended, { ...open, to: "2025-11-21T14:03:02.000001Z" })
  })

  it("is what its schema promises", () => {
    const delta = view({ ...head, kind: "delta", side: "yes", priceE4: 1, deltaE2: 1 }, undefined)
    assert.deepStrictEqual(Schema.decodeUnknownSync(RecordAnswer)(delta), delta)
  })
})

describe("a trade as JSON", () => {
  it("has Kalshi's own fields: both prices, and the taker's side on the yes book", () => {
    const trade = TradeView.view({
      tradeId: "e5b1d6c4",
      marketTicker: "K-1",
      epoch: 2,
      sid: 2,
      seq: 5,
      tsExchangeMicros: 1_763_733_779_981_000,
      tsReceivedMicros: 1_763_733_780_000_000,
      yesPriceE4: 3_400,
      sizeE2: 1_200,
      takerSide: "no",
      isBlockTrade: false
    })
    assert.deepStrictEqual(trade, {
      trade_id: "e5b1d6c4",
      ticker: "K-1",
      count_fp: "12.00",
      yes_price_dollars: "0.3400",
      no_price_dollars: "0.6600",
      taker_outcome_side: "no",
      taker_book_side: "ask",
      is_block_trade: false,
      created_time: "2025-11-21T14:02:59.981000Z",
      ts_exchange: "2025-11-21T14:02:59.981000Z",
      ts_received: "2025-11-21T14:03:00.000000Z",
      epoch: 2,
      sid: 2,
      seq: 5
    })
    assert.deepStrictEqual(Schema.decodeUnknownSync(TradeView.TradeAnswer)(trade), trade)
  })
})
