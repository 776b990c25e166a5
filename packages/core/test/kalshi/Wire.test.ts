import { noUnknownFields, type ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { assert, describe, it } from "vitest"
import { bytesOf } from "./FrameSamples.ts"

const head = { tsSentMicros: null, unknownFields: noUnknownFields }

/** The exchange's own frames, and what they mean. Each also comes out of `encode` byte by byte. */
const frames: ReadonlyArray<readonly [title: string, frame: string, message: ServerMessage]> = [
  [
    "a subscription's confirmation",
    '{"type":"subscribed","id":1,"msg":{"channel":"orderbook_delta","sid":1}}\n',
    { _tag: "subscribed", id: 1, channel: "orderbook_delta", sid: 1, ...head }
  ],
  [
    "an ok with the markets of the subscription",
    '{"type":"ok","id":4,"sid":1,"seq":2,"msg":{"market_tickers":["B","A"]}}\n',
    {
      _tag: "ok",
      id: 4,
      sid: 1,
      seq: 2,
      marketTickers: ["B", "A"],
      marketIds: null,
      subscriptions: null,
      ...head
    }
  ],
  [
    "an ok with skip_ticker_ack",
    '{"type":"ok","id":4,"sid":1,"seq":2,"msg":{}}\n',
    { _tag: "ok", id: 4, sid: 1, seq: 2, marketTickers: null, marketIds: null, subscriptions: null, ...head }
  ],
  [
    "the list of subscriptions",
    '{"type":"ok","id":3,"msg":[{"channel":"orderbook_delta","sid":1}]}\n',
    {
      _tag: "ok",
      id: 3,
      sid: null,
      seq: null,
      marketTickers: null,
      marketIds: null,
      subscriptions: [{ channel: "orderbook_delta", sid: 1 }],
      ...head
    }
  ],
  [
    "the end of a subscription",
    '{"type":"unsubscribed","id":102,"sid":2,"seq":7}\n',
    { _tag: "unsubscribed", id: 102, sid: 2, seq: 7, ...head }
  ],
  [
    "a refused command",
    '{"type":"error","id":99,"msg":{"code":8,"msg":"Unknown channel name"}}\n',
    {
      _tag: "error",
      id: 99,
      code: 8,
      message: "Unknown channel name",
      sid: null,
      seq: null,
      marketTickers: null,
      ...head
    }
  ],
  [
    "a subscription's death",
    '{"type":"error","sid":1,"seq":90,"msg":{"code":25,"msg":"Subscription buffer overflow","market_ticker":"A"}}\n',
    {
      _tag: "error",
      id: null,
      code: 25,
      message: "Subscription buffer overflow",
      sid: 1,
      seq: 90,
      marketTickers: ["A"],
      ...head
    }
  ],
  [
    "a book, with its level keys in place",
    '{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXA-B","market_id":"9b51","yes_dollars_fp":[["0.0010","1502.00"],["0.6300","200.36"]],"no_dollars_fp":[["0.3500","233.76"]]}}\n',
    {
      _tag: "orderbook_snapshot",
      sid: 1,
      seq: 1,
      id: null,
      marketTicker: "KXA-B",
      marketId: "9b51",
      levels: {
        yes: [
          { priceE4: 10, sizeE2: 150_200 },
          { priceE4: 6300, sizeE2: 20_036 }
        ],
        no: [{ priceE4: 3500, sizeE2: 23_376 }]
      },
      ...head
    }
  ],
  [
    "an empty book, whose level keys are absent, asked for by get_snapshot",
    '{"type":"orderbook_snapshot","id":12,"sid":1,"seq":2025,"msg":{"market_ticker":"KXA-B","market_id":"9b51"}}\n',
    {
      _tag: "orderbook_snapshot",
      sid: 1,
      seq: 2025,
      id: 12,
      marketTicker: "KXA-B",
      marketId: "9b51",
      levels: { yes: [], no: [] },
      ...head
    }
  ],
  [
    "a change with five digits of a second, and the time of sending",
    '{"type":"orderbook_delta","sid":1,"seq":5,"msg":{"market_ticker":"KXBTCD-26JUL0609-T62399.99","market_id":"9b51","price_dollars":"0.5900","delta_fp":"-400.00","side":"yes","ts":"2026-05-14T22:08:33.69861Z","ts_ms":1778796513698},"sending_ts_ms":1778796513702}\n',
    {
      _tag: "orderbook_delta",
      sid: 1,
      seq: 5,
      marketTicker: "KXBTCD-26JUL0609-T62399.99",
      marketId: "9b51",
      side: "yes",
      priceE4: 5900,
      deltaE2: -40_000,
      tsExchangeMicros: 1_778_796_513_698_610,
      tsSentMicros: 1_778_796_513_702_000,
      unknownFields: noUnknownFields
    }
  ],
  [
    "a trade",
    '{"type":"trade","sid":2,"seq":2601,"msg":{"trade_id":"d91bc706-ee49-470d-82d8-11418bda6fed","market_ticker":"KXA-B","yes_price_dollars":"0.3600","no_price_dollars":"0.6400","count_fp":"136.50","taker_side":"no","taker_outcome_side":"no","taker_book_side":"ask","is_block_trade":true,"ts":1778796513,"ts_ms":1778796513698}}\n',
    {
      _tag: "trade",
      sid: 2,
      seq: 2601,
      tradeId: "d91bc706-ee49-470d-82d8-11418bda6fed",
      marketTicker: "KXA-B",
      yesPriceE4: 3600,
      sizeE2: 13_650,
      takerSide: "no",
      isBlockTrade: true,
      tsExchangeMicros: 1_778_796_513_698_000,
      ...head
    }
  ],
  [
    "the summary of a market that never traded",
    '{"type":"ticker","sid":3,"msg":{"market_id":"9b51","market_ticker":"KXA-B","price_dollars":"","yes_bid_dollars":"0.0000","yes_ask_dollars":"1.0000","volume_fp":"0.00","open_interest_fp":"0.00","yes_bid_size_fp":"0.00","yes_ask_size_fp":"0.00","last_trade_size_fp":"0.00","dollar_volume":0,"dollar_open_interest":0,"ts":1778796513,"ts_ms":1778796513698,"time":"2026-05-14T22:08:33.698612Z"}}\n',
    {
      _tag: "ticker",
      sid: 3,
      marketTicker: "KXA-B",
      marketId: "9b51",
      lastPriceE4: null,
      yesBidE4: 0,
      yesAskE4: 10_000,
      yesBidSizeE2: 0,
      yesAskSizeE2: 0,
      lastTradeSizeE2: 0,
      volumeE2: 0,
      openInterestE2: 0,
      volumeDollars: 0,
      openInterestDollars: 0,
      tsExchangeMicros: 1_778_796_513_698_612,
      ...head
    }
  ],
  [
    "a market's determination",
    '{"type":"market_lifecycle_v2","sid":1,"seq":279597,"msg":{"market_ticker":"KXMLBSPREAD-26JUL191605WSHATH-ATH4","determination_ts":1784501722,"result":"no","settlement_value":"0.0000","event_type":"determined"}}\n',
    {
      _tag: "market_lifecycle_v2",
      sid: 1,
      seq: 279_597,
      marketTicker: "KXMLBSPREAD-26JUL191605WSHATH-ATH4",
      eventType: "determined",
      body: {
        market_ticker: "KXMLBSPREAD-26JUL191605WSHATH-ATH4",
        determination_ts: 1_784_501_722,
        result: "no",
        settlement_value: "0.0000",
        event_type: "determined"
      },
      ...head
    }
  ],
  [
    "a change of an event's fees",
    '{"type":"event_fee_update","sid":1,"seq":9,"msg":{"event_ticker":"KXA","fee_type_override":null,"fee_multiplier_override":null}}\n',
    {
      _tag: "event_fee_update",
      sid: 1,
      seq: 9,
      eventTicker: "KXA",
      body: { event_ticker: "KXA", fee_type_override: null, fee_multiplier_override: null },
      ...head
    }
  ]
]

const delta = (fields: string): ServerMessage =>
  Wire.decode(`{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-B",${fields}}}`)

const snapshot = (fields: string): ServerMessage =>
  Wire.decode(`{"type":"orderbook_snapshot","sid":1,"seq":3,"msg":{"market_ticker":"KXA-B"${fields}}}`)

describe("Wire", () => {
  for (const [title, frame, message] of frames) {
    it(`reads and writes ${title}`, () => {
      assert.deepStrictEqual(Wire.decode(frame), message)
      assert.deepStrictEqual(Wire.decode(bytesOf(frame)), message)
      assert.strictEqual(Wire.encode(message), frame)
    })
  }

  it("reads a change in whole cents and contracts, with nanoseconds, from before March 2026", () => {
    const message = Wire.decode(
      '{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXMLBGAME-25AUG12SDSF-SD","market_id":"dda5","price":51,"delta":-1,"side":"no","ts":"2025-08-12T21:00:32.539836022Z"}}'
    )
    assert.deepStrictEqual(message, {
      _tag: "orderbook_delta",
      sid: 1,
      seq: 3,
      marketTicker: "KXMLBGAME-25AUG12SDSF-SD",
      marketId: "dda5",
      side: "no",
      priceE4: 5100,
      deltaE2: -100,
      tsExchangeMicros: 1_755_032_432_539_836,
      ...head
    })
  })

  it("reads a book in whole cents, and in dollars with whole contracts", () => {
    const levels = { yes: [{ priceE4: 800, sizeE2: 30_000 }], no: [{ priceE4: 4200, sizeE2: 100 }] }
    for (const fields of [
      ',"yes":[[8,300]],"no":[[42,1]]',
      ',"yes_dollars":[["0.0800",300]],"no_dollars":[["0.4200",1]]'
    ]) {
      const message = snapshot(fields)
      assert.deepStrictEqual(message._tag === "orderbook_snapshot" && message.levels, levels, fields)
    }
  })

  it("believes the current fields where a frame has the old ones too", () => {
    const message = snapshot(',"yes":[[8,3]],"yes_dollars":[["0.0800",3]],"yes_dollars_fp":[["0.0850","3.50"]]')
    assert.deepStrictEqual(message._tag === "orderbook_snapshot" && message.levels.yes, [{ priceE4: 850, sizeE2: 350 }])
    assert.strictEqual(message.unknownFields, noUnknownFields)
  })

  it("accepts numbers in place of texts when they are exact", () => {
    const message = delta('"price_dollars":0.34,"delta_fp":-78.5,"side":"no"')
    assert.strictEqual(message._tag === "orderbook_delta" && message.priceE4, 3400)
    assert.strictEqual(message._tag === "orderbook_delta" && message.deltaE2, -7850)
    assert.strictEqual(delta('"price_dollars":0.34001,"delta_fp":1,"side":"no"')._tag, "undecodable")
    assert.strictEqual(delta('"price_dollars":0.34,"delta_fp":1e-7,"side":"no"')._tag, "undecodable")
  })

  it("takes the time from ts, then from ts_ms, and invents none", () => {
    const time = (fields: string) => {
      const message = delta(`"price_dollars":"0.3400","delta_fp":"1.00","side":"no"${fields}`)
      return message._tag === "orderbook_delta" ? message.tsExchangeMicros : message
    }
    assert.strictEqual(time(',"ts":"2026-05-14T22:08:33.694567Z","ts_ms":1'), 1_778_796_513_694_567)
    assert.strictEqual(time(',"ts":"2026-05-14T22:08:33Z"'), 1_778_796_513_000_000)
    assert.strictEqual(time(',"ts_ms":1778796513694'), 1_778_796_513_694_000)
    assert.isNull(time(""))
  })

  it("accepts a change of nothing", () => {
    const message = delta('"price_dollars":"0.3400","delta_fp":"-0.00","side":"no"')
    assert.isTrue(message._tag === "orderbook_delta" && Object.is(message.deltaE2, 0))
  })

  it("refuses what no book can have, and says which market's frame it was", () => {
    const refused = [
      snapshot(',"yes_dollars_fp":[["0.1000","1.00"],["0.1000","2.00"]]'),
      snapshot(',"yes_dollars_fp":[["0.1000","0.00"]]'),
      snapshot(',"yes_dollars_fp":[["0.1000","-1.00"]]'),
      snapshot(',"yes_dollars_fp":[["0.0000","1.00"]]'),
      snapshot(',"yes_dollars_fp":[["1.0000","1.00"]]'),
      snapshot(',"yes_dollars_fp":[["0.10005","1.00"]]'),
      snapshot(',"yes_dollars_fp":[["0.1000"]]'),
      snapshot(',"yes_dollars_fp":{"0.1000":"1.00"}'),
      delta('"price_dollars":"1.0000","delta_fp":"1.00","side":"no"'),
      delta('"price_dollars":"0.5000","delta_fp":"1.005","side":"no"'),
      delta('"price_dollars":"0.5000","delta_fp":"1.00","side":"maybe"'),
      delta('"price_dollars":"0.5000","delta_fp":"1.00"'),
      delta('"delta_fp":"1.00","side":"no"'),
      delta('"price_dollars":"0.5000","side":"no"'),
      delta('"price_dollars":"0.5000","delta_fp":"1.00","side":"no","ts":"yesterday"')
    ]
    for (const message of refused) {
      assert.strictEqual(message._tag, "undecodable", JSON.stringify(message))
      if (message._tag !== "undecodable") continue
      assert.strictEqual(message.sid, 1)
      assert.strictEqual(message.seq, 3)
      assert.match(message.problem, /^orderbook_/)
    }
  })

  it("names the field that is wrong", () => {
    const message = delta('"price_dollars":"free","delta_fp":"1.00","side":"no"')
    assert.match(message._tag === "undecodable" ? message.problem : "", /price_dollars/)
  })

  it("keeps a frame of an unknown type with its numbers and its text", () => {
    const text = '{"type":"weather","sid":4,"seq":8,"msg":{"rain":true}}\n'
    assert.deepStrictEqual(Wire.decode(text), {
      _tag: "unknown",
      type: "weather",
      sid: 4,
      seq: 8,
      text,
      unknownFields: noUnknownFields
    })
    assert.strictEqual(Wire.encode(Wire.decode(text)), text)
    assert.strictEqual(Wire.decode('{"type":"constructor"}')._tag, "unknown")
  })

  it("reports unknown fields inside a created market's metadata", () => {
    const message = Wire.decode(
      '{"type":"market_lifecycle_v2","sid":1,"seq":1,"msg":{"market_ticker":"A","event_type":"created","mood":"calm","additional_metadata":{"name":"n","colour":"red"}}}'
    )
    assert.deepStrictEqual(message.unknownFields, ["msg.mood", "msg.additional_metadata.colour"])
  })

  it("saves sid and seq from a frame that is no JSON", () => {
    const numbers = (text: string) => {
      const message = Wire.decode(text)
      return message._tag === "undecodable" ? [message.sid, message.seq] : message
    }
    assert.deepStrictEqual(numbers('{"type":"orderbook_delta","sid":1,"seq":12,"msg":{"market_tic'), [1, 12])
    assert.deepStrictEqual(numbers('{"type":"orderbook_delta","sid":1,"seq":12'), [1, null])
    assert.deepStrictEqual(numbers('{"type":"orderbook_delta","sid":1'), [null, null])
    assert.deepStrictEqual(numbers('{"type":"ok","id":3,"msg":[{"channel":"trade","sid":1},'), [null, null])
    assert.deepStrictEqual(numbers("[1,2]"), [null, null])
    assert.deepStrictEqual(numbers('{"sid":1,"seq":2}'), [1, 2])
    assert.deepStrictEqual(numbers('{"type":"orderbook_delta","sid":1,"seq":"2","msg":{}}'), [1, null])
    assert.deepStrictEqual(numbers(""), [null, null])
  })

  it("says so when bytes are no UTF-8", () => {
    const bytes = bytesOf('{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"A"}}').with(60, 0xff)
    const message = Wire.decode(bytes)
    assert.strictEqual(message._tag === "undecodable" && message.problem, "not UTF-8")
    assert.strictEqual(message._tag === "undecodable" && message.seq, 3)
  })

  it("treats id 0 as none", () => {
    const message = Wire.decode('{"type":"subscribed","id":0,"msg":{"channel":"trade","sid":1}}')
    assert.isNull(message._tag === "subscribed" && message.id)
  })
})

describe("a frame that could not be stored", () => {
  const lifecycle = (msg: string) => `{"type":"market_lifecycle_v2","sid":3,"seq":4,"msg":${msg}}`
  const trade = (sid: number, id: string) =>
    `{"type":"trade","sid":${sid},"seq":4,"msg":{"trade_id":"${id}","market_ticker":"A","yes_price_dollars":"0.5000","count_fp":"1.00","taker_side":"no","ts":1}}`
  const delta = (sid: number) =>
    `{"type":"orderbook_delta","sid":${sid},"seq":4,"msg":{"market_ticker":"A","market_id":"b","price_dollars":"0.5000","delta_fp":"1.00","side":"no"}}`
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`

  it.each([
    ["a name with U+0000", trade(3, "a\\u0000b")],
    ["a name with half a character", trade(3, "a\\ud800b")],
    ["a name longer than an index takes", trade(3, "a".repeat(3_000))],
    ["a type of event with a line end", lifecycle('{"market_ticker":"A","event_type":"a\\nb"}')],
    ["a body nested so deep that writing it exhausts the stack", lifecycle(nested(20_000))],
    ["a body nested deeper than any real one", lifecycle(`{"market_ticker":"A","event_type":"b","c":${nested(64)}}`)],
    ["a sid that does not fit its column", trade(2 ** 31, "a")],
    ["a delta's sid that does not fit its column", delta(2 ** 31)]
  ])("is not readable, and keeps its number: %s", (_what, frame) => {
    const message = Wire.decode(bytesOf(frame))
    assert.strictEqual(message._tag, "undecodable")
    assert.strictEqual("seq" in message && message.seq, 4)
  })

  it("is readable at the limits", () => {
    assert.strictEqual(Wire.decode(bytesOf(delta(2 ** 31 - 1)))._tag, "orderbook_delta")
    assert.strictEqual(Wire.decode(trade(3, "a".repeat(256)))._tag, "trade")
    const body = `{"market_ticker":"A","event_type":"b","c":${nested(62)}}`
    assert.strictEqual(Wire.decode(lifecycle(body))._tag, "market_lifecycle_v2")
  })
})
