/** Examples of answers about books and the log they are folded from. */
import { answer } from "./AnswerExample.ts"

const orderbookItem = {
  market_ticker: "KXBTC15M-26NOV211415-15",
  at: "2026-11-21T14:03:00.000000Z",
  clock: "received",
  orderbook_fp: {
    yes_dollars: [
      ["0.3380", "1200.00"],
      ["0.3390", "310.00"],
      ["0.3400", "78.00"]
    ],
    no_dollars: [
      ["0.6480", "2450.00"],
      ["0.6490", "95.50"]
    ]
  },
  best: {
    yes_bid_dollars: "0.3400",
    yes_bid_size_fp: "78.00",
    yes_ask_implied_dollars: "0.3510",
    yes_ask_implied_size_fp: "95.50",
    spread_dollars: "0.0110",
    mid_dollars: "0.3455"
  },
  trust: { state: "trusted", since_offset: 1, gap: null },
  provenance: {
    offset: 18_231,
    epoch: 3,
    sid: 1,
    seq: 90_412,
    ts_exchange: "2026-11-21T14:02:59.981234Z",
    ts_received: "2026-11-21T14:02:59.997012Z",
    keyframe_offset: 18_019,
    records_applied: 212,
    tier: "hot",
    source: null
  },
  book_hash: "5b1c9a7e00d3f214"
}

export const orderbook = { ...orderbookItem, ...answer }

export const orderbooks = {
  at: "2026-11-21T14:03:00.000000Z",
  clock: "received",
  orderbooks: [
    {
      ...orderbookItem,
      provenance: {
        ...orderbookItem.provenance,
        tier: "cold",
        source: "v1/records/date=2026-11-21/hour=14/part-0001-8f1c0a7be2d94c35.parquet"
      }
    }
  ],
  not_recorded: [],
  cursor: "",
  ...answer
}

export const samples = {
  market_ticker: "KXBTC15M-26NOV211415-15",
  every_seconds: 1,
  depth: 1,
  samples: [
    {
      at: "2026-11-21T14:03:00.000000Z",
      trust: "trusted",
      gap_cause: null,
      offset: 18_231,
      orderbook_fp: { yes_dollars: [["0.3400", "78.00"]], no_dollars: [["0.6490", "95.50"]] },
      derived: { spread: "0.0110", mid: "0.34550", imbalance: -0.100_864_553_314_121 }
    },
    {
      at: "2026-11-21T14:03:01.000000Z",
      trust: "stale",
      gap_cause: "silence",
      offset: 18_244,
      orderbook_fp: { yes_dollars: [["0.3400", "78.00"]], no_dollars: [["0.6490", "95.50"]] },
      derived: { spread: null, mid: null, imbalance: null }
    }
  ],
  cursor: "",
  ...answer
}

const place = { market_ticker: "KXBTC15M-26NOV211415-15", epoch: 3, sid: 1 }

export const records = {
  records: [
    {
      offset: 1,
      kind: "snapshot",
      ...place,
      seq: 2,
      ts_exchange: null,
      ts_received: "2026-11-21T14:00:00.412087Z",
      orderbook_fp: { yes_dollars: [["0.4900", "500.00"]], no_dollars: [] }
    },
    {
      offset: 2,
      kind: "delta",
      ...place,
      seq: 17,
      ts_exchange: "2026-11-21T14:00:01.204411Z",
      ts_received: "2026-11-21T14:00:01.221950Z",
      side: "no",
      price_dollars: "0.5000",
      delta_fp: "120.00"
    },
    {
      offset: 3,
      kind: "gap",
      ...place,
      seq: 18,
      ts_exchange: "2026-11-21T14:00:01.204411Z",
      ts_received: "2026-11-21T14:00:01.221951Z",
      ts_detected: "2026-11-21T14:00:31.225530Z",
      cause: "silence",
      from: "2026-11-21T14:00:01.221951Z",
      to: "2026-11-21T14:00:32.004120Z"
    }
  ],
  cursor: "WzEsInJlY29yZHMiLCI4YTNmMGMxZDRlNWI2Nzg5IiwzXQ",
  ...answer
}
