/**
 * Generated days with questions about them and their right answers: books of random markets at random moments, by either clock. What is
 * right is known twice over: by the fold of the plain log in memory, and by the exchange that the days were made with.
 */
import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import type * as Trust from "@kalshibook/core/Trust"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import * as PastDays from "@kalshibook/simulator/past/PastDays"
import type { PastSettings } from "@kalshibook/simulator/past/PastSettings"

export interface PastLogs {
  readonly past: PastDays.PastDays
  readonly batches: ReadonlyArray<PastDays.PastBatch>
  readonly logs: ReadonlyMap<MarketTicker, ReadonlyArray<BookRecord>>
  readonly records: number
}

/** 2026-11-21T00:00:00Z. */
export const fromMicros = 1_795_219_200_000_000
export const hourMicros = 3_600_000_000

/** Makes the days, and keeps them in memory. */
export const makeLogs = (settings: Partial<PastSettings> & Pick<PastSettings, "untilMicros">): PastLogs => {
  const past = PastDays.make({ fromMicros, keepsTruth: true, ...settings })
  const batches: Array<PastDays.PastBatch> = []
  const logs = new Map<MarketTicker, Array<BookRecord>>()
  for (let batch = PastDays.next(past); batch !== undefined; batch = PastDays.next(past)) {
    batches.push(batch)
    for (const record of batch.rows.records) {
      const log = logs.get(record.marketTicker)
      if (log === undefined) logs.set(record.marketTicker, [record])
      else log.push(record)
    }
  }
  return { past, batches, logs, records: past.recordsMade }
}

/** A question with its right answer. */
export interface Point {
  readonly marketTicker: MarketTicker
  readonly atMicros: number
  readonly clock: BookClock
  readonly trust: Trust.Trust["_tag"]
  /** Of the book, or of the last good one. */
  readonly bookHash: string
  /** Of the last record that is part of it. */
  readonly offset: number
}

export interface PointsWanted {
  readonly seed: number
  readonly clock: BookClock
  /** So many moments, at each of which so many markets are asked for. */
  readonly moments: number
  readonly marketsEach: number
}

/** Moments between the first record of all and the end; of the markets whose logs have begun by then, those that live mostly. */
export const pointsOf = ({ logs, past }: PastLogs, wanted: PointsWanted): ReadonlyArray<Point> => {
  const prng = Prng.make(wanted.seed, 0)
  const { settings } = past
  const asked = new Map<MarketTicker, Array<number>>()
  const lives = [...logs].map(([ticker, log]) => ({
    ticker,
    // By the exchange's clock a log may begin a little earlier; from here on it has begun by either.
    bornMicros: (log[0]?.tsReceivedMicros ?? 0) + 1,
    diedMicros: log.at(-1)?.tsReceivedMicros ?? 0
  }))
  for (let moment = 0; moment < wanted.moments; moment++) {
    const atMicros =
      settings.fromMicros + 600_000_000 + Prng.below(prng, settings.untilMicros - settings.fromMicros - 600_000_000)
    const born = lives.filter((life) => life.bornMicros <= atMicros)
    const alive = born.filter((life) => life.diedMicros > atMicros)
    for (let market = 0; market < wanted.marketsEach; market++) {
      const { ticker } = Prng.pick(prng, alive.length > 0 && Prng.chance(prng, 0.8) ? alive : born)
      const moments = asked.get(ticker)
      if (moments === undefined) asked.set(ticker, [atMicros])
      else moments.push(atMicros)
    }
  }
  return [...asked].flatMap(([ticker, moments]) => answers(logs.get(ticker) ?? [], moments, wanted.clock))
}

/** One fold of a log, stopped at each of the moments. */
const answers = (
  log: ReadonlyArray<BookRecord>,
  moments: ReadonlyArray<number>,
  clock: BookClock
): ReadonlyArray<Point> => {
  const replay = Replay.make()
  let next = 0
  return moments
    .toSorted((one, other) => one - other)
    .map((atMicros) => {
      // A snapshot whose place the record behind it shows is folded with that one, so a page may be short.
      let size = 512
      while (!Replay.applyUntil(replay, log.slice(next, next + size), atMicros, clock) && next + size < log.length) {
        if ((replay.last?.offset ?? 0) === next) size *= 2
        next = replay.last?.offset ?? 0
      }
      next = replay.last?.offset ?? 0
      return {
        marketTicker: log[0]?.marketTicker ?? "",
        atMicros,
        clock,
        trust: replay.trust._tag,
        bookHash: Book.hash(replay.book),
        offset: next
      }
    })
}

/** Of the points whose books are trusted, those that are not the exchange's; none. */
export const wrongByTruth = ({ past }: PastLogs, points: ReadonlyArray<Point>): ReadonlyArray<Point> =>
  points.filter(({ atMicros, bookHash, clock, marketTicker, trust }) => {
    if (trust !== "trusted") return false
    const truth = PastDays.truthAt(past, marketTicker, atMicros, clock)
    return truth._tag !== "book" || Book.hash(Book.fromLevels(truth.levels)) !== bookHash
  })
