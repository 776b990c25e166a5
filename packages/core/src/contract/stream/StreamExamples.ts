/** One example of every message of the stream, for the documentation. The tests decode each with its schema. */
import type { ServerMessage } from "./StreamMessages.ts"

const ticker = "KXBTC15M-26NOV211415-15"
const at = { ts_exchange: "2026-11-21T14:02:59.981234Z", ts_received: "2026-11-21T14:03:00.012345Z" }
const place = { epoch: 3, sid: 1, seq: 90_412 }
const resume = { [ticker]: { offset: 18_231, epoch: 3 } }

const book = {
  market_ticker: ticker,
  offset: 18_231,
  ...place,
  ...at,
  orderbook_fp: { yes_dollars: [["0.3400", "78.00"]], no_dollars: [["0.6500", "95.50"]] },
  trust: { state: "trusted", since_offset: 18_001, gap: null },
  book_hash: "5b1c9a7e00d3f214"
} as const

const record = {
  type: "record",
  previous_offset: 18_231,
  offset: 18_232,
  market_ticker: ticker,
  ...place,
  ...at
} as const
const gapFacts = { cause: "connection_lost", from: "2026-11-21T14:03:00.012346Z" } as const

const limits = {
  buffer_bytes: 4_194_304,
  conflate_bytes: 524_288,
  command_bytes: 1_048_576,
  commands_per_second: 20,
  subscriptions: 200,
  names: 2_000,
  connections: 5,
  replay_speed: 100,
  heartbeat_seconds: 5
}

/** By the names that the documentation has. */
export const messageExamples: Readonly<Record<string, ServerMessage>> = {
  welcome: {
    type: "welcome",
    protocol: 1,
    session: "str_5f0c2d6e9a1b4c7d",
    format: "json",
    slow: "disconnect",
    feed: "live",
    limits
  },
  limits: { type: "limits", limits: { ...limits, connections: 1, replay_speed: 10 } },
  subscribed: {
    type: "subscribed",
    id: 1,
    subscription: 1,
    channels: ["book"],
    matched: 1,
    markets: [ticker],
    markets_left_out: 0,
    not_recorded: []
  },
  unsubscribed: { type: "unsubscribed", id: 2, subscription: 1 },
  updated: { type: "updated", id: 3, subscription: 1, added: ["KXBTC15M-26NOV211430-30"], removed: [ticker] },
  snapshot: { type: "snapshot", ...book },
  "record (kind snapshot)": { ...record, kind: "snapshot", ts_exchange: null, orderbook_fp: book.orderbook_fp },
  "record (kind delta)": { ...record, kind: "delta", side: "yes", price_dollars: "0.3400", delta_fp: "-78.00" },
  "record (kind gap)": {
    ...record,
    kind: "gap",
    ts_received: gapFacts.from,
    ts_detected: "2026-11-21T14:03:10.000000Z",
    ...gapFacts,
    to: null
  },
  recovered: {
    type: "recovered",
    market_ticker: ticker,
    offset: 18_233,
    gap: { offset: 18_232, ...gapFacts, to: "2026-11-21T14:03:11.204511Z" }
  },
  trade: {
    type: "trade",
    trade_id: "e5b1d6c4-1f0a-b8c2-93d4-0a7f5b2c6e11",
    ticker,
    count_fp: "12.00",
    yes_price_dollars: "0.3400",
    no_price_dollars: "0.6600",
    taker_outcome_side: "yes",
    taker_book_side: "bid",
    is_block_trade: false,
    created_time: at.ts_exchange,
    ...at,
    ...place
  },
  lifecycle: {
    type: "lifecycle",
    ticker,
    event_type: "determined",
    msg: { market_ticker: ticker, event_type: "determined", result: "yes" },
    ts_received: at.ts_received,
    ...place
  },
  channel_gap: {
    type: "channel_gap",
    channel: "trades",
    ...gapFacts,
    to: null,
    ts_detected: "2026-11-21T14:03:10.000000Z",
    epoch: 3,
    sid: 2,
    seq_from: 314,
    seq_to: null
  },
  status: { type: "status", feed: "live", ts_received: at.ts_received, feed_id: "01JD7Q2Z0K" },
  heartbeat: {
    type: "heartbeat",
    ts: "2026-11-21T14:03:05.000000Z",
    feed: "live",
    ts_received: at.ts_received,
    subscriptions: 1,
    catching_up: 0,
    buffer: { bytes: 0, bytes_max: 4_194_304, fill: 0 }
  },
  offsets: {
    type: "offsets",
    id: 4,
    offsets: resume,
    offsets_left_out: 0,
    feed: "live",
    ts_received: at.ts_received
  },
  "skipped (records)": {
    type: "skipped",
    channel: "book",
    market_ticker: ticker,
    from_offset: 18_232,
    to_offset: 18_907
  },
  "skipped (trades and lifecycle)": {
    type: "skipped",
    channel: "trades",
    messages: 12,
    from: at.ts_received,
    to: "2026-11-21T14:03:04.500000Z"
  },
  conflated: { type: "conflated", previous_offset: 17_900, ...book },
  resync: { type: "resync", market_ticker: ticker, reason: "rewritten", offset: 18_240 },
  replay: { type: "replay", id: 5, state: "playing", at: "2026-11-21T14:00:00.000000Z", speed: 10, markets: 1 },
  credits: { type: "credits", used: 12 },
  error: {
    type: "error",
    id: 6,
    code: "unknown_market",
    title: "No such market",
    detail: "Never seen: `NOBODY`.",
    parameter: "markets",
    suggestion: "/v1/markets"
  },
  goodbye: {
    type: "goodbye",
    reason: "slow_reader",
    detail:
      "More than 4194304 bytes waited for you. Read faster, follow less, or connect with slow=skip or slow=conflate.",
    resume: { from_offset: resume, from_offset_left_out: 0, from: at.ts_received }
  }
}
