/**
 * The answer of `/v1/markets/{ticker}/candles`: what was traded and quoted in regular buckets, in the shape of Kalshi's own candlesticks
 * (Kalshi Trade API v2, 2026-11), and beside it how much of each is known.
 */
import * as Schema from "effect/Schema"
import * as Candles from "../Candles.ts"
import { contractsFromSizeE2, dollarsFromPriceE4, isoFromMicros } from "../Units.ts"
import { answerFields, Contracts, Cursor, Dollars, Instant, MarketTicker } from "./Scalars.ts"
import { GapCause } from "./TrustView.ts"

export const intervals = ["1m", "5m", "1h", "1d"] as const
export type Interval = (typeof intervals)[number]

/** Microseconds of a bucket. */
export const intervalMicros: Readonly<Record<Interval, number>> = {
  "1m": 60_000_000,
  "5m": 300_000_000,
  "1h": 3_600_000_000,
  "1d": 86_400_000_000
}

const Prices = Schema.Struct({
  open_dollars: Dollars.annotate({ description: "The first." }),
  high_dollars: Dollars.annotate({ description: "The highest." }),
  low_dollars: Dollars.annotate({ description: "The lowest." }),
  close_dollars: Dollars.annotate({ description: "The last." })
}).annotate({ identifier: "CandlePrices", description: "Prices of a bucket, on the yes scale." })

export const Candle = Schema.Struct({
  start: Instant.annotate({
    description: "The beginning of the bucket: a whole multiple of the interval since 1970, UTC."
  }),
  end: Instant.annotate({ description: "Its end, which is not part of it." }),
  is_complete: Schema.Boolean.annotate({
    description: "Whether all of the bucket is stored; false for the one that is going on."
  }),
  price: Schema.NullOr(Prices).annotate({
    description: "Of the trades, by the exchange's clock. Null where there are none: nothing is carried over."
  }),
  trade_count: Schema.Int.annotate({ description: "Trades; 0 in an empty bucket.", examples: [12] }),
  volume_fp: Contracts.annotate({ description: "Contracts traded." }),
  are_trades_whole: Schema.Boolean.annotate({
    description:
      "False where a hole of the channel of trades that is not filled touches the bucket: trades may be missing."
  }),
  yes_bid: Schema.NullOr(Prices).annotate({
    description:
      "Of the best yes bid over the time in which the book is trusted and has one, by the receive clock: `open` is the one that the bucket began with, carried in from before. Null where that is never."
  }),
  yes_ask: Schema.NullOr(Prices).annotate({
    description: "Of the implied yes ask, one dollar less the best no bid, in the same way."
  }),
  book_records: Schema.Int.annotate({
    description: "Records of the log in the bucket. 0: the quotes are carried in from before, and stood all the time.",
    examples: [412]
  }),
  trust: Schema.Literals(Candles.trustStates).annotate({
    description:
      "Whether the book is known in the bucket: `trusted` throughout, `partial` in some of it, `stale` nowhere because of a gap, `unknown` where there was no book yet."
  }),
  book_trusted_micros: Schema.Int.annotate({
    description: "For how many microseconds of the bucket the book is trusted.",
    examples: [60_000_000]
  }),
  gap_causes: Schema.Array(GapCause).annotate({ description: "Why it is not in the rest: the causes of its gaps." }),
  open_interest_fp: Schema.NullOr(Contracts).annotate({
    description:
      "Contracts that were open, where the exchange told us. Null otherwise: it is never reckoned. Today it is null always: no recorded channel carries it, and versions of markets are kept without what trading changes.",
    examples: [null]
  })
}).annotate({ identifier: "Candle", description: "What was traded and quoted in one bucket." })
export type Candle = typeof Candle.Type

export const CandlesPage = Schema.Struct({
  market_ticker: MarketTicker,
  interval: Schema.Literals(intervals),
  candles: Schema.Array(Candle).annotate({
    description:
      "Ascending by time, every bucket from that of the first record or trade on, also empty ones, until recording ended with the market."
  }),
  cursor: Cursor,
  ...answerFields
}).annotate({ identifier: "CandlesPage", description: "A page of a market's candles." })

const pricesView = (prices: Candles.Prices | undefined): typeof Prices.Type | null =>
  prices === undefined
    ? null
    : {
        open_dollars: dollarsFromPriceE4(prices.openE4),
        high_dollars: dollarsFromPriceE4(prices.highE4),
        low_dollars: dollarsFromPriceE4(prices.lowE4),
        close_dollars: dollarsFromPriceE4(prices.closeE4)
      }

/** `knownMicros`: what happened at that moment or later is not stored. */
export const view = (candle: Candles.Candle, knownMicros: number, areTradesWhole: boolean): Candle => ({
  start: isoFromMicros(candle.startMicros),
  end: isoFromMicros(candle.endMicros),
  is_complete: candle.endMicros <= knownMicros,
  price: pricesView(candle.price),
  trade_count: candle.tradeCount,
  volume_fp: contractsFromSizeE2(candle.volumeE2),
  are_trades_whole: areTradesWhole,
  yes_bid: pricesView(candle.yesBid),
  yes_ask: pricesView(candle.yesAsk),
  book_records: candle.bookRecords,
  trust: Candles.trustOf(candle, Math.min(candle.endMicros, knownMicros) - candle.startMicros),
  book_trusted_micros: candle.trustedMicros,
  gap_causes: Candles.causesOf(candle),
  open_interest_fp: null
})
