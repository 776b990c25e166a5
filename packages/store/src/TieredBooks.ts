/**
 * The folds of many logs at one moment: of a sealed hour in one pass over its files, else market by market.
 */
import type { BookClock, MarketTicker } from "@kalshibook/core/BookRecord"
import { hourOf } from "@kalshibook/core/cold/SegmentKeys"
import { Effect } from "effect"
import type { LogTiers } from "./LogCursor.ts"
import type { FoundState, LogError, TieredLog } from "./TieredLog.ts"

/** Logs that are folded at once. */
const concurrency = 8
/** Beyond these, reading all of an hour costs less than beginning to read once for each market. */
const tickersFilteredMax = 60

type States = ReadonlyMap<MarketTicker, FoundState>

export const make = ({ cold, hot, sealed }: LogTiers, log: TieredLog) => {
  const oneByOne = (tickers: ReadonlyArray<MarketTicker>, atMicros: number, clock: BookClock) =>
    Effect.forEach(
      tickers,
      (ticker) => Effect.map(log.stateAt(ticker, atMicros, clock), (state) => [ticker, state] as const),
      { concurrency }
    )

  const hourAt = (atMicros: number) =>
    Effect.map(
      sealed.hours({
        marketTicker: undefined,
        alsoMarked: true,
        fromMicros: hourOf(atMicros),
        toMicros: atMicros + 1,
        order: "latest",
        hoursMax: 1
      }),
      ({ floorMicros, hours }) => (atMicros < floorMicros ? hours[0] : undefined)
    )

  /** Those of a sealed hour that its files tell right. */
  const fromHour = Effect.fnUntraced(function* (tickers: ReadonlyArray<MarketTicker>, atMicros: number) {
    const states = new Map<MarketTicker, FoundState>()
    const hour = yield* hourAt(atMicros)
    if (hour === undefined) return states
    const isFiltered = tickers.length <= tickersFilteredMax
    const books = yield* cold.hourBooks(hour, isFiltered ? tickers : undefined, atMicros)
    for (const ticker of tickers) {
      const book = books.get(ticker)
      if (book === undefined || isUntold(book)) continue
      states.set(ticker, { ...book, tier: "cold" })
    }
    if (!hour.isMarked) return states
    // Gaps that were stored since the hour was sealed: those logs are folded one by one.
    let sinceMicros = atMicros
    for (const { replay } of states.values()) sinceMicros = Math.min(sinceMicros, replay.last?.tsReceivedMicros ?? 0)
    for (const gap of yield* sealed.gaps(undefined, sinceMicros, atMicros + 1)) {
      const offset = states.get(gap.marketTicker)?.replay.last?.offset
      if (offset !== undefined && gap.offset > offset) states.delete(gap.marketTicker)
    }
    return states
  })

  /** Of markets without a record up to the moment there is none. */
  const statesAt = Effect.fn("TieredBooks.statesAt")(function* (
    tickers: ReadonlyArray<MarketTicker>,
    atMicros: number,
    clock: BookClock
  ): Effect.fn.Return<States, LogError> {
    const states = clock === "received" ? yield* fromHour(tickers, atMicros) : new Map<MarketTicker, FoundState>()
    const others = tickers.filter((ticker) => !states.has(ticker))
    for (const [ticker, state] of yield* oneByOne(others, atMicros, clock)) {
      if (state !== undefined) states.set(ticker, state)
    }
    return states
  })

  /** Markets that may have been recorded at the moment, ascending bytewise: all that were, and a few that began or ended near it. */
  const recordedAt = Effect.fn("TieredBooks.recordedAt")(function* (
    atMicros: number
  ): Effect.fn.Return<ReadonlyArray<MarketTicker>, LogError> {
    const { hours } = yield* sealed.hours({
      marketTicker: undefined,
      alsoMarked: true,
      fromMicros: 0,
      toMicros: atMicros + 1,
      order: "latest",
      hoursMax: 1
    })
    const [hour] = hours
    if (hour === undefined) return (yield* hot.heads).map((head) => head.marketTicker).sort(compare)
    const tickers = new Set(yield* cold.tickers(hour))
    for (const ticker of yield* sealed.resting(hour.hourMicros)) tickers.add(ticker)
    if (hour.hourMicros < hourOf(atMicros)) {
      for (const ticker of yield* sealed.writtenSince(hour.hourMicros)) tickers.add(ticker)
    }
    return [...tickers].sort(compare)
  })

  return { statesAt, recordedAt }
}

/** Whether it stands where its keyframe stands, in a gap that is not the last record: a keyframe does not tell both. */
const isUntold = ({ keyframeOffset, replay: { trust } }: Pick<FoundState, "keyframeOffset" | "replay">): boolean =>
  trust._tag === "stale" && keyframeOffset !== null && trust.gap.offset < keyframeOffset

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
