/**
 * One market's candles: one fold of its log that stops at every record, and its trades beside it.
 *
 * They begin with the bucket of the first record or trade, and end with the one in which recording ended because the market closed;
 * between, every bucket is there.
 */
import type { GapRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Candles from "@kalshibook/core/Candles"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { hourMicros } from "@kalshibook/core/Units"
import { Effect, Option, Stream } from "effect"
import type { History } from "./History.ts"
import type { HotTier } from "./HotTier.ts"
import * as LogWalk from "./LogWalk.ts"
import type { LogError, TieredLog } from "./TieredLog.ts"

/** Buckets that begin in [from, to): quotes by the receive clock, trades by the exchange's. */
export interface CandlesQuery {
  readonly marketTicker: MarketTicker
  /** The beginning of a bucket. */
  readonly fromMicros: number
  readonly toMicros: number
  readonly intervalMicros: number
  /** Whether a bucket before `fromMicros` was given: then this one is there, whatever is in it. */
  readonly isContinued: boolean
  /** Candles that are given at once, at most. */
  readonly candlesAtOnce: number
}

/** Some candles, and up to when what is in them is known. */
export interface CandlePart {
  readonly candles: ReadonlyArray<Candles.Candle>
  /** What happened at this moment or later is not stored. */
  readonly knownMicros: number
}

/** Trades that are read at once. */
const tradesAtOnce = 2_000
/** How long after the end of a market's log trades of it are looked for: its clock and ours were never further apart. */
const lateTradesMicros = hourMicros

interface Sources {
  readonly log: TieredLog
  readonly trades: History["Service"]["trades"]
  readonly hot: HotTier["Service"]
}

/** `knownMicros`: everything before it is stored. */
export const candles = (
  { hot, log, trades }: Sources,
  query: CandlesQuery,
  knownMicros: number
): Stream.Stream<CandlePart, LogError> => {
  const { intervalMicros, marketTicker } = query
  const bucketEnd = (micros: number): number => Candles.startOf(micros, intervalMicros) + intervalMicros
  // Of the last bucket all that is known belongs to it.
  const endMicros = Math.min(knownMicros, bucketEnd(query.toMicros - 1))

  const tradesOf = (fromMicros: number, toMicros: number, after: Option.Option<TradeRecord>, tradesMax: number) =>
    trades({ marketTicker, fromMicros, toMicros, after, tradesMax })

  /** Time of the next record behind a moment, all up to which is folded then; infinity behind the last one. */
  const nextMicros = Effect.fnUntraced(function* (walk: LogWalk.LogWalk, atMicros: number) {
    while (true) {
      const found = LogWalk.foldUntil(walk, atMicros)
      if (found !== undefined) return found
      yield* LogWalk.readOn(walk)
    }
  })

  /** The bucket of the first record or trade; `undefined` where there is none. */
  const beginning = Effect.fnUntraced(function* (walk: LogWalk.LogWalk) {
    if (query.isContinued || walk.replay.last !== undefined) return query.fromMicros
    const recordMicros = yield* nextMicros(walk, query.fromMicros - 1)
    const [trade] = yield* tradesOf(query.fromMicros, endMicros, Option.none(), 1)
    const micros = Math.min(recordMicros, trade?.tsExchangeMicros ?? Number.POSITIVE_INFINITY)
    return micros < endMicros ? Candles.startOf(micros, intervalMicros) : undefined
  })

  /** The end of the last bucket once the log has ended with the market: trades may be a little behind. */
  const closing = Effect.fnUntraced(function* ({ marketTicker, offset, tsReceivedMicros }: GapRecord) {
    if ((yield* hot.gapEnds(marketTicker, [offset])).size > 0) return endMicros
    const closedMicros = bucketEnd(tsReceivedMicros)
    if (closedMicros >= endMicros) return endMicros
    const lateMicros = Math.min(endMicros, closedMicros + lateTradesMicros)
    const trade = (yield* tradesOf(closedMicros, lateMicros, Option.none(), tradesAtOnce)).at(-1)
    return Math.min(endMicros, trade === undefined ? closedMicros : bucketEnd(trade.tsExchangeMicros))
  })

  let closingMicros: number | undefined
  /** The end of the last bucket, as far as it is known at the beginning of a bucket. */
  const ending = Effect.fnUntraced(function* (walk: LogWalk.LogWalk, atMicros: number) {
    const { last, trust } = walk.replay
    const isLeft = trust._tag === "stale" && trust.gap.cause === "market_closed" && trust.gap.offset === last?.offset
    if (!isLeft || Number.isFinite(yield* nextMicros(walk, atMicros - 1))) return endMicros
    closingMicros ??= yield* closing(trust.gap)
    return closingMicros
  })

  const addBooks = Effect.fnUntraced(function* (walk: LogWalk.LogWalk, candle: Candles.Candle) {
    const untilMicros = Math.min(candle.endMicros, knownMicros)
    let reachedMicros = candle.startMicros
    while (true) {
      const fromMicros = reachedMicros
      reachedMicros = Candles.addBook(candle, walk.replay, fromMicros, untilMicros, (at) => LogWalk.foldUntil(walk, at))
      if (reachedMicros >= untilMicros) return
      yield* LogWalk.readOn(walk)
    }
  })

  const addTrades = Effect.fnUntraced(function* (found: ReadonlyArray<Candles.Candle>) {
    const first = found[0]
    const last = found.at(-1)
    if (first === undefined || last === undefined) return
    let after = Option.none<TradeRecord>()
    while (true) {
      const page = yield* tradesOf(first.startMicros, last.endMicros, after, tradesAtOnce)
      for (const trade of page) {
        const candle = found[Math.floor((trade.tsExchangeMicros - first.startMicros) / intervalMicros)]
        if (candle !== undefined) Candles.addTrade(candle, trade)
      }
      if (page.length < tradesAtOnce) return
      after = Option.fromUndefinedOr(page.at(-1))
    }
  })

  /** The candles from a moment on, and where the next ones begin; `undefined` at the end. */
  const part = Effect.fnUntraced(function* (walk: LogWalk.LogWalk, fromMicros: number) {
    const found: Array<Candles.Candle> = []
    let toMicros = endMicros
    for (let at = fromMicros; at < toMicros && found.length < query.candlesAtOnce; at += intervalMicros) {
      toMicros = yield* ending(walk, at)
      if (at >= toMicros) break
      const candle = Candles.make(at, at + intervalMicros)
      yield* addBooks(walk, candle)
      found.push(candle)
    }
    if (found.length === 0) return undefined
    yield* addTrades(found)
    yield* Effect.yieldNow
    return [{ candles: found, knownMicros }, fromMicros + found.length * intervalMicros] as const
  })

  if (query.fromMicros >= Math.min(query.toMicros, endMicros)) return Stream.empty
  return Stream.unwrap(
    Effect.gen(function* () {
      // The state right before: records of the first microsecond belong to the first bucket.
      const walk = yield* LogWalk.make(log, marketTicker, Math.max(0, query.fromMicros - 1), endMicros)
      const startMicros = yield* beginning(walk)
      return startMicros === undefined ? Stream.empty : Stream.unfold(startMicros, (from) => part(walk, from))
    })
  )
}
