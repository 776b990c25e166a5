/** Examples of answers about trades, candles, lifecycle messages and settlements. */
import { answer } from "./AnswerExample.ts"

export const trades = {
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

const candlePrices = (open: string, high: string, low: string, close: string) => ({
  open_dollars: open,
  high_dollars: high,
  low_dollars: low,
  close_dollars: close
})

export const candles = {
  market_ticker: "KXBTC15M-26NOV211415-15",
  interval: "1m",
  candles: [
    {
      start: "2026-11-21T14:02:00.000000Z",
      end: "2026-11-21T14:03:00.000000Z",
      is_complete: true,
      price: candlePrices("0.3380", "0.3420", "0.3380", "0.3400"),
      trade_count: 12,
      volume_fp: "418.00",
      are_trades_whole: true,
      yes_bid: candlePrices("0.3370", "0.3410", "0.3370", "0.3400"),
      yes_ask: candlePrices("0.3490", "0.3520", "0.3480", "0.3510"),
      book_records: 412,
      trust: "partial",
      book_trusted_micros: 58_750_000,
      gap_causes: ["sequence_hole"],
      open_interest_fp: null
    }
  ],
  cursor: "",
  ...answer
}

export const settlements = {
  settlements: [
    {
      ticker: "KXBTC15M-26NOV211415-15",
      event_ticker: "KXBTC15M-26NOV211415",
      series_ticker: "KXBTC15M",
      market_type: "binary",
      result: "no",
      settlement_value_dollars: "0.0000",
      expiration_value: "91188.02",
      open_time: "2026-11-21T14:00:00Z",
      close_time: "2026-11-21T14:15:00Z",
      ts_settled: "2026-11-21T14:17:02.000000Z",
      ts_result_observed: "2026-11-21T14:15:33.402118Z",
      ts_observed: "2026-11-21T14:17:31.210020Z",
      version: 7
    }
  ],
  cursor: "",
  ...answer
}

export const lifecycle = {
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
