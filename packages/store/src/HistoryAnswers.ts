/**
 * How `History` answers: the log of both tiers folded (`TieredLog`), and the edge of what is stored (`HistoryEdge`) told with it.
 */
import type { BookClock, BookRecord, MarketTicker, RecordHead } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import * as Trust from "@kalshibook/core/Trust"
import { Clock, Effect, Option, Stream } from "effect"
import type { BookAnswer, BooksQuery, History } from "./History.ts"
import * as HistoryCandles from "./HistoryCandles.ts"
import * as HistoryDerived from "./HistoryDerived.ts"
import * as HistoryEdge from "./HistoryEdge.ts"
import { BeforeFirstRecord, MarketNotRecorded } from "./HistoryProblem.ts"
import * as HistorySamples from "./HistorySamples.ts"
import type { RecordQuery, Watermark } from "./HotTier.ts"
import { type LogTiers, recordsPerPageMax } from "./LogCursor.ts"
import type { SealedDigest } from "./SealedDigest.ts"
import * as TieredBooks from "./TieredBooks.ts"
import * as TieredLog from "./TieredLog.ts"
import * as TieredTrades from "./TieredTrades.ts"

export const make = (tiers: LogTiers, sealedDigest: SealedDigest): History["Service"] => {
  const { hot } = tiers
  const log = TieredLog.make(tiers)
  const books = TieredBooks.make(tiers, log)
  const edge = HistoryEdge.make(hot)

  const nothingBefore = Effect.fnUntraced(function* (marketTicker: MarketTicker, atMicros: number, clock: BookClock) {
    const records = yield* log.records({ marketTicker, ...allTime, afterOffset: 0, recordsMax: recordsPerPageMax })
    const [first] = records
    if (first === undefined) return yield* new MarketNotRecorded({ marketTicker })
    const firstRecordMicros = clock === "received" ? first.tsReceivedMicros : firstExchangeMicros(records)
    return yield* new BeforeFirstRecord({ marketTicker, atMicros, firstRecordMicros })
  })

  const answerOf = Effect.fnUntraced(function* (
    marketTicker: MarketTicker,
    state: TieredLog.FoundState,
    atMicros: number,
    clock: BookClock,
    /** From where on nothing is proven at this moment; `undefined` when all of it is. */
    stoppedAt: Watermark | undefined
  ) {
    const { replay } = state
    const { last } = replay
    // impossible: a state that was found has a last record
    if (last === undefined) return yield* Effect.die(`the state of ${marketTicker} has no record`)
    const isCut = stoppedAt !== undefined && replay.trust._tag === "trusted"
    const trust = isCut
      ? Trust.stale(HistoryEdge.recorderStopped(last, stoppedAt, HistoryEdge.microsOf(yield* Clock.currentTimeMillis)))
      : replay.trust
    const gapEnds = trust._tag === "stale" && !isCut ? yield* hot.gapEnds(marketTicker, [trust.gap.offset]) : undefined
    const gapEndsMicros = (trust._tag === "stale" ? gapEnds?.get(trust.gap.offset) : undefined) ?? null
    return bookOf(state, last, { marketTicker, atMicros, clock, trust, gapEndsMicros })
  })

  const answer = Effect.fnUntraced(function* (
    marketTicker: MarketTicker,
    atMicros: number,
    clock: BookClock,
    stoppedAt: Watermark | undefined
  ) {
    const state = yield* log.stateAt(marketTicker, atMicros, clock)
    if (state === undefined) return yield* nothingBefore(marketTicker, atMicros, clock)
    return yield* answerOf(marketTicker, state, atMicros, clock, stoppedAt)
  })

  /** A book of which all is at hand, without asking anybody; a stale one has to ask where its gap ends. */
  const bookKept = (ticker: MarketTicker, atMicros: number, clock: BookClock): BookAnswer | undefined => {
    const state = clock === "received" && edge.isProven(atMicros, clock) ? log.keptAt(ticker, atMicros) : undefined
    const { last, trust } = state?.replay ?? {}
    if (state === undefined || last === undefined || trust?._tag !== "trusted") return undefined
    return bookOf(state, last, { marketTicker: ticker, atMicros, clock, trust, gapEndsMicros: null })
  }

  const bookRead = Effect.fn("History.bookAt")(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const mark = Option.getOrUndefined(yield* edge.waitFor(atMicros, clock))
    if (mark === undefined) return yield* new MarketNotRecorded({ marketTicker: ticker })
    return yield* answer(ticker, atMicros, clock, stoppedBefore(mark, atMicros, clock))
  })

  const bookAt = (ticker: MarketTicker, atMicros: number, clock: BookClock) =>
    Effect.suspend(() => {
      const kept = bookKept(ticker, atMicros, clock)
      return kept === undefined ? bookRead(ticker, atMicros, clock) : Effect.succeed(kept)
    })

  /** The watermark, and the same once more when nothing after it is known. */
  const now = Effect.gen(function* () {
    const mark = Option.getOrUndefined(yield* edge.readWatermark)
    const isStopped = mark !== undefined && HistoryEdge.isSilent(mark, yield* Clock.currentTimeMillis)
    return { mark, stoppedAt: isStopped ? mark : undefined }
  })

  const bookNow = Effect.fn("History.bookNow")(
    function* (ticker: MarketTicker) {
      const { mark, stoppedAt } = yield* now
      if (mark === undefined) return yield* new MarketNotRecorded({ marketTicker: ticker })
      return yield* answer(ticker, mark.tsReceivedMicros, "received", stoppedAt)
    },
    // Its first records were stored after the watermark was read: the next one has them.
    Effect.retry({ while: ({ _tag }) => _tag === "BeforeFirstRecord", times: 2 }),
    // Every stored record lies at or before the watermark.
    Effect.catchTag("BeforeFirstRecord", (error) => Effect.die(error))
  )

  const booksAt = Effect.fn("History.booksAt")(function* (query: BooksQuery) {
    const { mark, stoppedAt } = query.atMicros === undefined ? yield* now : yield* beyond(query.atMicros, query.clock)
    const atMicros = query.atMicros ?? mark?.tsReceivedMicros ?? 0
    if (mark === undefined) return { atMicros, books: [] }
    const states = yield* books.statesAt(query.tickers, atMicros, query.clock)
    const found = query.tickers.flatMap((ticker) => {
      const state = states.get(ticker)
      return state === undefined || (!query.withClosed && isClosed(state.replay)) ? [] : [{ ticker, state }]
    })
    // After a loss on a connection, each of its books asks for the end of its gap.
    const answers = yield* Effect.forEach(
      found,
      ({ state, ticker }) => answerOf(ticker, state, atMicros, query.clock, stoppedAt),
      { concurrency: answersAtOnce }
    )
    return { atMicros, books: answers }
  })

  const beyond = Effect.fnUntraced(function* (atMicros: number, clock: BookClock) {
    const mark = Option.getOrUndefined(yield* edge.waitFor(atMicros, clock))
    return { mark, stoppedAt: mark === undefined ? undefined : stoppedBefore(mark, atMicros, clock) }
  })

  const recordedAt = Effect.fn("History.recordedAt")(function* (atMicros: number | undefined) {
    if (atMicros !== undefined) return yield* books.recordedAt(atMicros)
    const { mark } = yield* now
    return mark === undefined ? [] : yield* books.recordedAt(mark.tsReceivedMicros)
  })

  const samples: History["Service"]["samples"] = (query) =>
    Stream.unwrap(
      Effect.map(edge.readWatermark, (stored) =>
        Option.match(stored, {
          onNone: () => Stream.empty,
          onSome: (mark) => {
            const toMicros = Math.min(query.toMicros, mark.tsReceivedMicros + 1)
            return toMicros <= query.fromMicros ? Stream.empty : HistorySamples.samples(log, { ...query, toMicros })
          }
        })
      )
    )

  const { trades } = TieredTrades.make(tiers)

  const candles: History["Service"]["candles"] = (query) =>
    Stream.unwrap(
      Effect.map(
        edge.readWatermark,
        Option.match({
          onNone: () => Stream.empty,
          onSome: ({ tsReceivedMicros }) => HistoryCandles.candles({ hot, log, trades }, query, tsReceivedMicros + 1)
        })
      )
    )

  const records = Effect.fn("History.records")(function* (query: RecordQuery) {
    const { marketTicker } = query
    const found = yield* log.records(query)
    if (found.length === 0) {
      const [first] = yield* log.records({ marketTicker, ...allTime, afterOffset: 0, recordsMax: 1 })
      if (first === undefined) return yield* new MarketNotRecorded({ marketTicker })
    }
    const gaps = found.filter((record) => record.kind === "gap").map((gap) => gap.offset)
    const gapEndsMicros = gaps.length === 0 ? new Map<number, number>() : yield* hot.gapEnds(marketTicker, gaps)
    return { records: found, gapEndsMicros }
  })

  const recordsDerived: History["Service"]["recordsDerived"] = (query) => HistoryDerived.pages(log, records, query)

  return {
    bookAt,
    bookNow,
    booksAt,
    recordedAt,
    samples,
    candles,
    records,
    recordsDerived,
    trades,
    sealedDigest: sealedDigest.before
  }
}

const bookOf = (
  { keyframeOffset, replay, source, tier }: TieredLog.FoundState,
  last: RecordHead,
  asked: Pick<BookAnswer, "marketTicker" | "atMicros" | "clock" | "trust" | "gapEndsMicros">
): BookAnswer => ({
  ...asked,
  book: replay.book,
  last,
  keyframeOffset,
  recordsApplied: replay.recordsApplied,
  tier,
  source
})

/** Answers that are completed at once: as many as there are connections to spare. */
const answersAtOnce = 4

const allTime = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }

const stoppedBefore = (mark: Watermark, atMicros: number, clock: BookClock): Watermark | undefined =>
  atMicros <= HistoryEdge.provenMicros(mark, clock) ? undefined : mark

const isClosed = ({ trust }: Replay.Replay): boolean => trust._tag === "stale" && trust.gap.cause === "market_closed"

/** The first moment by the exchange's clock that has an answer: the first delta may show that the snapshot is older than its receipt. */
const firstExchangeMicros = (records: ReadonlyArray<BookRecord>): number => {
  const times: Array<number> = []
  for (const record of records) {
    times.push(Replay.exchangeMicros(Replay.make(), record))
    if (record.kind !== "snapshot") break
  }
  return Math.min(...times)
}
