/**
 * Markets whose last word is not known yet: they have ended, or will, and how they end (result, settlement value) belongs to their
 * history. They leave the lists of open markets, and a message about them may be missed, so they are read now and then until they
 * are paid. State alone.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as MarketStatus from "@kalshibook/core/kalshi/MarketStatus"

/** After this no field of a market changes. */
const finalStatus = "finalized"

/** The states that are not the last. */
export const statuses: ReadonlyArray<string> = MarketStatus.statuses.filter((status) => status !== finalStatus)

/** A market that the exchange did not know so often is forgotten: it keeps old ones elsewhere. */
const missesMax = 5

interface Entry {
  /** When it was read last, receive clock. */
  tsReadMicros: number
  misses: number
}

export interface Unsettled {
  readonly entries: Map<MarketTicker, Entry>
  /** How long a reading lasts. */
  readonly everyMicros: number
}

export const make = (everyMillis: number): Unsettled => ({ entries: new Map(), everyMicros: everyMillis * 1000 })

/** Takes note of a market as it was read. */
export const note = ({ entries }: Unsettled, ticker: MarketTicker, status: string, tsReadMicros: number): void => {
  if (status === finalStatus) entries.delete(ticker)
  else entries.set(ticker, { tsReadMicros, misses: 0 })
}

/** Takes note of a market that an earlier run left, unless it was read since. */
export const recall = ({ entries }: Unsettled, ticker: MarketTicker): void => {
  if (!entries.has(ticker)) entries.set(ticker, { tsReadMicros: 0, misses: 0 })
}

/** The exchange did not know the market. */
export const missed = ({ entries }: Unsettled, ticker: MarketTicker): void => {
  const entry = entries.get(ticker)
  if (entry !== undefined && ++entry.misses >= missesMax) entries.delete(ticker)
}

/** Those to be read again. O(markets). */
export const due = ({ entries, everyMicros }: Unsettled, nowMicros: number): ReadonlyArray<MarketTicker> =>
  [...entries].flatMap(([ticker, { tsReadMicros }]) => (nowMicros - tsReadMicros >= everyMicros ? [ticker] : []))
