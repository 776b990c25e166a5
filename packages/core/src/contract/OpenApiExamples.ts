/**
 * One example of every answer and every problem, for the documentation. The tests decode each with its schema.
 */
import { dataset, datasets, download } from "./DownloadExamples.ts"
import * as PricingAnswer from "./PricingAnswer.ts"
import { declaration, type ProblemCode, problems } from "./Problems.ts"
import { recorderReportExample } from "./RecorderReportExample.ts"

const answer = { usage: { credits: 0 }, request_id: "req_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f", response_time: 0.002104 }

const key = {
  id: "7Yq0hT3kPa",
  name: "nightly backtest",
  scopes: ["read", "download"],
  requests_per_second: 5,
  connections: null,
  month_credits_cap: 500,
  created_at: "2026-11-20T09:12:05.118220Z",
  expires_at: null,
  revoked_at: null,
  last_used_at: "2026-11-21T14:02:00.000000Z"
}

const account = {
  account_id: "3f0f7c4e-5a53-4c8e-9a55-2b1d6f0f9f10",
  name: "ada",
  tier: "payg",
  credits_monthly: 0,
  credits_remaining: 9_958,
  credits_bought: 0,
  month_credits_used: 42,
  month_credits_held: 0,
  month_credits_cap: 10_000,
  limits: {
    requests_per_second: 50,
    burst: 200,
    requests_at_once: 16,
    connections: 5,
    replay_speed_max: 100,
    download_days: 7
  },
  ...answer
}

const market = {
  ticker: "KXBTC15M-26NOV211415-15",
  event_ticker: "KXBTC15M-26NOV211415",
  market_type: "binary",
  title: "BTC price up in next 15 mins?",
  yes_sub_title: "Price to beat: $91,204.18",
  no_sub_title: "Price to beat: $91,204.18",
  status: "active",
  open_time: "2026-11-21T14:00:00Z",
  close_time: "2026-11-21T14:15:00Z",
  result: "",
  can_close_early: true,
  price_level_structure: "deci_cent",
  price_ranges: [{ start: "0.0000", end: "1.0000", step: "0.0010" }],
  ts_observed: "2026-11-21T13:59:31.402118Z",
  version: 2
}

const event = {
  event_ticker: "KXBTC15M-26NOV211415",
  series_ticker: "KXBTC15M",
  title: "BTC price up in next 15 mins?",
  sub_title: "Nov 21 - 2:15 PM UTC",
  mutually_exclusive: false,
  category: "Crypto",
  ts_observed: "2026-11-21T13:59:31.402118Z",
  version: 2
}

const series = {
  ticker: "KXBTC15M",
  title: "Bitcoin price up or down",
  frequency: "fifteen_min",
  category: "Crypto",
  tags: ["Bitcoin"],
  fee_type: "quadratic",
  fee_multiplier: 1,
  ts_observed: "2026-11-20T09:12:05.118220Z",
  version: 1
}

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

const orderbook = { ...orderbookItem, ...answer }

const orderbooks = {
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

const samples = {
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

const records = {
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

const trades = {
  trades: [
    {
      trade_id: "e5b1d6c4-1f0a-b8c2-93d4-0a7f5b2c6e11",
      ticker: "KXBTC15M-26NOV211415-15",
      count_fp: "12.00",
      yes_price_dollars: "0.3400",
      no_price_dollars: "0.6600",
      taker_outcome_side: "no",
      taker_book_side: "ask",
      is_block_trade: false,
      created_time: "2026-11-21T14:02:57.310000Z",
      ts_exchange: "2026-11-21T14:02:57.310000Z",
      ts_received: "2026-11-21T14:02:57.338204Z",
      epoch: 3,
      sid: 2,
      seq: 311
    }
  ],
  gaps: [
    {
      cause: "connection_lost",
      from: "2026-11-21T14:02:57.338205Z",
      to: "2026-11-21T14:03:01.120874Z",
      ts_detected: "2026-11-21T14:02:59.104000Z",
      epoch: 3,
      sid: 2,
      seq_from: 312,
      seq_to: null,
      filled_at: "2026-11-21T14:03:31.250114Z",
      trades_filled: 3
    }
  ],
  gaps_left_out: 0,
  cursor: "",
  ...answer
}

const lifecycle = {
  lifecycle: [
    {
      ticker: "KXBTC15M-26NOV211415-15",
      event_type: "determined",
      msg: {
        market_ticker: "KXBTC15M-26NOV211415-15",
        event_type: "determined",
        determination_ts: 1_795_270_502,
        result: "no",
        settlement_value: "0.0000"
      },
      ts_received: "2026-11-21T14:15:02.610274Z",
      epoch: 3,
      sid: 4,
      seq: 1_207
    }
  ],
  gaps: [],
  gaps_left_out: 0,
  cursor: "",
  ...answer
}

const hour = {
  hour: "2026-11-21T14:00:00.000000Z",
  trusted_ratio: 0.998611111,
  records: 18_231,
  lost: [{ cause: "sequence_hole", seconds: 1.25, gaps: 1 }]
}

const range = {
  from: "2026-11-21T14:00:00.000000Z",
  to: "2026-11-21T15:00:00.000000Z",
  counted_until: "2026-11-21T15:30:12.004120Z"
}

const marketHour = { ...hour, open_seconds: 900, trusted_seconds: 898.75 }

const marketCoverage = {
  market_ticker: "KXBTC15M-26NOV211415-15",
  ...range,
  totals: {
    open_seconds: marketHour.open_seconds,
    trusted_seconds: marketHour.trusted_seconds,
    trusted_ratio: marketHour.trusted_ratio,
    records: marketHour.records,
    lost: marketHour.lost
  },
  hours: [
    {
      ...marketHour,
      gaps: [
        {
          offset: 7_012,
          cause: "sequence_hole",
          from: "2026-11-21T14:07:31.204411Z",
          ts_detected: "2026-11-21T14:07:31.290001Z",
          to: "2026-11-21T14:07:32.454411Z",
          lost_seconds: 1.25
        }
      ],
      gaps_left_out: 0
    }
  ],
  ...answer
}

const exchangeHour = {
  ...hour,
  open_market_seconds: 216_000,
  trusted_market_seconds: 215_700,
  lost: [
    { cause: "not_recorded", seconds: 298.75, gaps: 0 },
    { cause: "sequence_hole", seconds: 1.25, gaps: 1 }
  ]
}

const exchangeCoverage = {
  ...range,
  totals: {
    open_market_seconds: exchangeHour.open_market_seconds,
    trusted_market_seconds: exchangeHour.trusted_market_seconds,
    trusted_ratio: exchangeHour.trusted_ratio,
    records: exchangeHour.records,
    lost: exchangeHour.lost
  },
  hours: [exchangeHour],
  ...answer
}

const status = {
  source: {
    kind: "kalshi",
    simulated: false,
    description: "The real exchange, recorded live.",
    url: "wss://external-api-ws.kalshi.com/trade-api/ws/v2"
  },
  recording: { state: "recording", since: "2026-11-21T09:00:04.120001Z" },
  watermark: {
    ts_received: "2026-11-21T14:03:00.690112Z",
    ts_exchange: "2026-11-21T14:03:00.655020Z",
    epoch: 3,
    lag_seconds: 0.31
  },
  markets_recorded: 250,
  records_per_second: 512.4,
  recorder: { ...recorderReportExample, age_seconds: 0.1 },
  archive: {
    sealed_until: "2026-11-21T13:00:00.000000Z",
    lag_seconds: 3_780.69,
    ts_sealed: "2026-11-21T13:05:41.118000Z",
    hours: 72,
    bytes: 1_204_332_118,
    hours_marked: 0,
    hot_from: "2026-11-19T14:00:00.000000Z",
    problem: null,
    age_seconds: 3.2
  },
  live: {
    state: "live",
    problem: null,
    ts_received: "2026-11-21T14:03:00.981302Z",
    age_seconds: 0.02,
    markets: 250,
    lag: { p50_ms: 3.6, p99_ms: 9.8, max_ms: 14.2 }
  },
  uptime_seconds: 18_176.5,
  versions: { api: "0.1.0", contract: "v1" },
  ...answer
}

/** By operation: an answer of status 200. */
export const operationExamples: Readonly<Record<string, unknown>> = {
  listMarkets: { markets: [market], cursor: "", as_of: null, ...answer },
  getMarket: { market, as_of: "2026-11-21T14:03:00.000000Z", ...answer },
  listEvents: { events: [event], cursor: "", as_of: null, ...answer },
  getEvent: { event, markets: [market], markets_cursor: "", as_of: null, ...answer },
  listSeries: { series: [series], cursor: "", as_of: null, ...answer },
  getSeries: { series, as_of: null, ...answer },
  getOrderbook: orderbook,
  listOrderbooks: orderbooks,
  listOrderbookSamples: samples,
  listDeltas: records,
  listTrades: trades,
  listMarketLifecycle: lifecycle,
  listDatasets: datasets,
  getDataset: dataset,
  createDownload: download,
  getDownload: download,
  listLifecycle: lifecycle,
  getMarketCoverage: marketCoverage,
  getCoverage: exchangeCoverage,
  getPricing: { ...PricingAnswer.view(), ...answer },
  getUsage: {
    tier: "free",
    from: "2026-11-01T00:00:00.000000Z",
    to: "2026-11-21T14:03:00.000000Z",
    credits_used: 42,
    month_credits_used: 42,
    month_credits_cap: null,
    credits_remaining: 958,
    days: [{ day: "2026-11-21", operation: "getOrderbook", key: "7Yq0hT3kPa", calls: 42, credits: 42, rows: 42 }],
    ...answer
  },
  getAccount: account,
  changeAccount: account,
  listKeys: { keys: [key], ...answer },
  createKey: { key, secret: "kb_live_7Yq0hT3kPa_...", replaces: null, ...answer },
  changeKey: { key, ...answer },
  rotateKey: {
    key: { ...key, id: "b8Rt2mW0xe", last_used_at: null },
    secret: "kb_live_b8Rt2mW0xe_...",
    replaces: { ...key, expires_at: "2026-11-22T14:03:00.000000Z" },
    ...answer
  },
  revokeKey: { key: { ...key, revoked_at: "2026-11-21T14:03:00.000000Z" }, ...answer },
  createTicket: { ticket: "kb_ticket_...", expires_at: "2026-11-21T14:04:00.000000Z", ...answer },
  getStatus: status,
  getHealth: { status: "ok", ...answer },
  getIndex: {
    name: "KalshiBook",
    description: "The complete, exact order-book history of the Kalshi prediction market.",
    version: "0.1.0",
    links: { docs: "/docs", openapi: "/openapi.json", status: "/v1/status", markets: "/v1/markets" },
    ...answer
  },
  getProblem: {
    problem: {
      code: "bad_cursor",
      type: "/problems/bad_cursor",
      title: problems.bad_cursor.title,
      status: problems.bad_cursor.status,
      meaning: problems.bad_cursor.meaning
    },
    ...answer
  }
}

const book = "/v1/markets/KXBTC15M-26NOV211415-15/orderbook"

const problemFacts: Readonly<Record<ProblemCode, Readonly<Record<string, string | number>>>> = {
  bad_parameter: {
    detail: "`limit` is not allowed: it must be a whole number from 1 to 1000.",
    parameter: "limit",
    allowed: "a whole number from 1 to 1000",
    suggestion: "/v1/markets?status=active"
  },
  bad_cursor: {
    detail: "The cursor was not made for this list with these filters.",
    suggestion: "/v1/markets?status=active"
  },
  time_in_future: { detail: "2027-01-01T00:00:00.000000Z has not come yet.", suggestion: book },
  unknown_market: {
    detail: "No market KXBTC15M-26NOV211415-16 was ever seen.",
    suggestion: "/v1/markets?event_ticker=KXBTC15M-26NOV211415"
  },
  unknown_event: {
    detail: "No event KXBTC15M-26NOV211416 was ever seen.",
    suggestion: "/v1/events?series_ticker=KXBTC15M"
  },
  unknown_series: { detail: "No series KXBTC16M was ever seen.", suggestion: "/v1/series" },
  not_known_yet: {
    detail: "The market KXBTC15M-26NOV211415-15 was seen first at 2026-11-21T13:59:31.402118Z.",
    known_since: "2026-11-21T13:59:31.402118Z",
    suggestion: "/v1/markets/KXBTC15M-26NOV211415-15?as_of=2026-11-21T13:59:31.402118Z"
  },
  market_not_recorded: {
    detail: "Nothing of KXBTC15M-26NOV211500-00 was recorded: it opens at 2026-11-21T14:45:00Z.",
    suggestion: "/v1/markets/KXBTC15M-26NOV211500-00"
  },
  before_first_record: {
    detail: "The first record of KXBTC15M-26NOV211415-15 is of 2026-11-21T14:00:00.412087Z.",
    first_record: "2026-11-21T14:00:00.412087Z",
    suggestion: `${book}?at=2026-11-21T14:00:00.412087Z`
  },
  key_required: { detail: "This call needs a key.", suggestion: "/v1/pricing" },
  key_invalid: { detail: "The key kb_live_7Yq0hT3kPa_... was revoked at 2026-11-21T14:00:00.000000Z." },
  key_in_query: { detail: "There is a key in the URL. Send it as a header, and replace it." },
  scope_missing: { detail: "The key kb_live_7Yq0hT3kPa_... was made for `stream`.", scope: "read" },
  credits_exhausted: {
    detail: "The call costs up to 4 credits, and 3 are left. Ask for less, or see /v1/pricing for more.",
    credits_needed: 4,
    credits_remaining: 3,
    suggestion: "/v1/pricing"
  },
  cap_reached: { detail: "The call costs up to 4 credits, more than the cap of the month leaves.", credits_needed: 4 },
  max_credits_exceeded: {
    detail: "The call costs up to 4 credits; `max_credits` allows 1.",
    credits_needed: 4,
    suggestion: "/v1/markets/KXBTC15M-26NOV211415-15/deltas?limit=1000&max_credits=4"
  },
  rate_limited: { detail: "There is more in 2 seconds.", retry_after_seconds: 2 },
  too_many_connections: { detail: "The account has 5 open streams, as many as it may.", connections_max: 5 },
  unknown_key: { detail: "The account has no key 7Yq0hT3kPa.", suggestion: "/v1/keys" },
  too_many_keys: { detail: "100 keys of this account work, as many as can. Revoke one first." },
  not_sealed: {
    detail: "Nothing of this is sealed: hours are, some minutes after their end.",
    suggestion: "/v1/datasets"
  },
  unknown_download: { detail: "There is no download of this id any more." },
  unknown_object: { detail: "There is no such object any more." },
  signature_refused: { detail: "The URL has expired; ask for a new one." },
  range_not_satisfiable: { detail: "The object has 18231 bytes." },
  download_too_large: { detail: "It would be made of 900000000 rows; a download is made of at most 500000000." },
  not_acceptable: {
    detail: "`application/xml` is no form of this list: it must be `json`, `ndjson`, `csv`, `parquet` or `arrow`.",
    allowed: "`json`, `ndjson`, `csv`, `parquet` or `arrow`"
  },
  storage_away: { detail: "Sealed files cannot be reached. Recording goes on; try again in 5 seconds." },
  unknown_route: { detail: "There is nothing at /v1/orderbook.", suggestion: "/" },
  method_not_allowed: { detail: "/v1/markets has GET, HEAD and OPTIONS, not POST." },
  url_too_long: { detail: "Path and query have 9120 characters; the server reads 8192." },
  malformed_request: { detail: "The server reads 32768 bytes of headers." },
  overloaded: { detail: "The server is answering as many requests as it can." },
  timed_out: { detail: "There was no answer within 20 seconds." },
  database_away: { detail: "The database cannot be reached. Recording goes on; try again in 5 seconds." },
  cold_store_away: { detail: "The store of sealed hours cannot be reached; try again in 5 seconds." },
  cold_data_damaged: {
    detail: "A sealed object that this answer needs is missing. It is logged under the request_id.",
    object: "v1/records/date=2026-11-21/hour=14/part-0001-8f1c0a7be2d94c35.parquet"
  },
  internal: { detail: "A fault of ours. It is logged under the request_id." }
}

/** A problem of the code, as it is written. */
export const problemExample = (code: ProblemCode): Readonly<Record<string, unknown>> => ({
  ...declaration(code),
  code,
  request_id: answer.request_id,
  ...problemFacts[code]
})
