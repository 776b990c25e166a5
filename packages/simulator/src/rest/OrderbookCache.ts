/**
 * `GET /markets/orderbooks` as the exchange's edge gives it: an answer is kept for some seconds, by the address that was asked for,
 * and shows the books as they were when it was computed. Somebody else may have asked before: half of the answers that are new to
 * us are already that much old.
 *
 * Measured at the edge in 2026: `cache-control: public, max-age=15`.
 */
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, Level } from "@kalshibook/core/BookRecord"
import * as Exchange from "../exchange/Exchange.ts"
import * as Prng from "../exchange/Prng.ts"
import * as Truth from "../exchange/Truth.ts"

export interface OrderbookCache {
  readonly exchange: Exchange.Exchange
  readonly prng: Prng.Prng
  /** By the text of the query; the oldest first. */
  readonly answers: Map<string, Kept>
  /** Markets whose book is shown wrong, and in how many answers still. */
  readonly lies: Map<string, number>
}

interface Kept {
  /** Microseconds of the exchange's course. */
  readonly computedMicros: number
  readonly books: ReadonlyMap<string, BookLevels>
}

/** Answers kept at most; about 4 kB for each market in it. */
const answersMax = 1_000
const freshShare = 0.5

export const make = (exchange: Exchange.Exchange, seed: number): OrderbookCache => ({
  exchange,
  prng: Prng.make(seed, 4),
  answers: new Map(),
  lies: new Map()
})

/** Books of the known ones of these markets, up to `ageMillisMax` old. */
export const books = (
  cache: OrderbookCache,
  address: string,
  tickers: Iterable<string>,
  ageMillisMax: number
): ReadonlyMap<string, BookLevels> => {
  const { answers, exchange, lies } = cache
  let kept = answers.get(address)
  if (kept === undefined || exchange.nowMicros - kept.computedMicros >= ageMillisMax * 1000) {
    kept = compute(cache, tickers, ageMillisMax * 1000)
    answers.delete(address)
    if (ageMillisMax > 0) answers.set(address, kept)
    for (const oldest of answers.keys()) {
      if (answers.size <= answersMax) break
      answers.delete(oldest)
    }
  }
  if (lies.size === 0) return kept.books
  return new Map([...kept.books].map(([ticker, levels]) => [ticker, isLie(lies, ticker) ? lieOf(levels) : levels]))
}

const compute = ({ exchange, prng }: OrderbookCache, tickers: Iterable<string>, ageMicrosMax: number): Kept => {
  const isFresh = ageMicrosMax === 0 || Prng.chance(prng, freshShare)
  const ageMicros = isFresh ? 0 : Prng.below(prng, ageMicrosMax)
  const computed = new Map<string, BookLevels>()
  for (const ticker of tickers) {
    const market = exchange.markets.get(ticker)
    if (market === undefined) continue
    const moment = { tsMicros: Exchange.clockMicros(exchange) - ageMicros }
    const past = isFresh ? undefined : Truth.bookAt(exchange.truth, ticker, moment)
    computed.set(ticker, past?._tag === "book" ? past.levels : Book.levels(market.book))
  }
  return { computedMicros: exchange.nowMicros - ageMicros, books: computed }
}

const isLie = (lies: Map<string, number>, ticker: string): boolean => {
  const left = lies.get(ticker)
  if (left === undefined) return false
  if (left > 1) lies.set(ticker, left - 1)
  else lies.delete(ticker)
  return true
}

/** A size that no order of the invented traders adds up to by itself. */
const lieSizeE2 = 123_456_789

/** The book with its best yes level too large; with one that is not there, where it has none. */
const lieOf = ({ no, yes }: BookLevels): BookLevels => {
  const best: Level = yes[yes.length - 1] ?? { priceE4: 100, sizeE2: 0 }
  return { no, yes: [...yes.slice(0, -1), { ...best, sizeE2: best.sizeE2 + lieSizeE2 }] }
}
