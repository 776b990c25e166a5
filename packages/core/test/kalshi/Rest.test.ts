import * as MarketStatus from "@kalshibook/core/kalshi/MarketStatus"
import * as Rest from "@kalshibook/core/kalshi/Rest"
import { Schema } from "effect"
import { assert, describe, it } from "vitest"

const market = {
  ticker: "KXBTC15M-26MAY141815-15",
  event_ticker: "KXBTC15M-26MAY141815",
  status: "active",
  open_time: "2026-05-14T22:00:00Z",
  close_time: "2026-05-14T22:15:00Z",
  title: "BTC up in the next 15 minutes?",
  yes_bid_dollars: "0.6300",
  yes_bid_size_fp: "200.36",
  last_price_dollars: "0.6300",
  volume_fp: "12.50",
  price_ranges: [{ start: "0.0000", end: "1.0000", step: "0.0010" }],
  expected_expiration_time: null,
  settlement_bounds_type: "a field of the future"
}

describe("Rest", () => {
  it("keeps the fields of a market that it does not know", () => {
    assert.deepStrictEqual<object>(Schema.decodeUnknownSync(Rest.Market)(market), market)
  })

  it("accepts a market with no more than its names and its state", () => {
    const bare = { ticker: "A-B", event_ticker: "A", status: "a new state" }
    assert.deepStrictEqual<object>(Schema.decodeUnknownSync(Rest.Market)(bare), bare)
  })

  it("refuses a market without a name", () => {
    assert.throws(() => Schema.decodeUnknownSync(Rest.Market)({ ...market, ticker: "" }))
  })

  it("leaves of a market what trading does not change", () => {
    const described = Object.keys(Rest.without(market, Rest.marketTradingFields))
    assert.deepStrictEqual(described, [
      "ticker",
      "event_ticker",
      "status",
      "open_time",
      "close_time",
      "title",
      "price_ranges",
      "expected_expiration_time",
      "settlement_bounds_type"
    ])
  })

  it("reads pages of events with their markets, and the end of the list", () => {
    const page = { events: [{ event_ticker: "A", series_ticker: "S", title: "t", markets: [market] }], cursor: "" }
    const reply = Schema.decodeUnknownSync(Rest.EventsReply)(page)
    assert.strictEqual(reply.events[0]?.markets?.[0]?.ticker, market.ticker)
    assert.strictEqual(reply.cursor, "")
  })

  it("reads trades, of old ones too", () => {
    const trade = {
      trade_id: "d91bc706",
      ticker: "A-B",
      count_fp: "136.50",
      yes_price_dollars: "0.3600",
      taker_side: "no",
      created_time: "2026-05-14T22:08:33.698612Z"
    }
    assert.deepStrictEqual<object>(Schema.decodeUnknownSync(Rest.Trade)(trade), trade)
    assert.throws(() => Schema.decodeUnknownSync(Rest.Trade)({ ...trade, taker_side: "both" }))
  })

  it("reads the exchange's hours", () => {
    const day = [{ open_time: "08:00", close_time: "03:00" }]
    const week = { monday: day, tuesday: day, wednesday: day, thursday: [], friday: day, saturday: day, sunday: day }
    const maintenance = { start_datetime: "2026-11-26T03:00:00-05:00", end_datetime: "2026-11-26T05:00:00-05:00" }
    const schedule = { standard_hours: [week], maintenance_windows: [maintenance] }
    assert.deepStrictEqual<object>(Schema.decodeUnknownSync(Rest.ExchangeSchedule)(schedule), schedule)
  })

  it("reads a book with an empty side", () => {
    const reply = Schema.decodeUnknownSync(Rest.OrderbookReply)({
      orderbook_fp: {
        yes_dollars: [
          ["0.6200", "1.00"],
          ["0.6300", "200.36"]
        ],
        no_dollars: []
      }
    })
    assert.deepStrictEqual(Rest.bookLevels(reply.orderbook_fp), {
      yes: [
        { priceE4: 6200, sizeE2: 100 },
        { priceE4: 6300, sizeE2: 20_036 }
      ],
      no: []
    })
  })

  it("refuses a book with a price twice", () => {
    const twice = {
      orderbook_fp: {
        yes_dollars: [
          ["0.6200", "1.00"],
          ["0.6200", "2.00"]
        ],
        no_dollars: []
      }
    }
    assert.throws(() => Schema.decodeUnknownSync(Rest.OrderbookReply)(twice))
  })
})

describe("MarketStatus", () => {
  it("has one filter word for every state, and the filter does not know the words of the answers", () => {
    for (const status of MarketStatus.statuses) {
      assert.lengthOf(
        MarketStatus.filters.filter((filter) => MarketStatus.isSelected(filter, status)),
        1,
        status
      )
    }
    assert.isFalse(MarketStatus.isSelected("open", "a new state"))
  })
})
