/** Which markets are audited next: some by chance, so that nothing can hide, and some by turn, so that nothing is forgotten. */
import type { Verdict } from "@kalshibook/core/Audit"
import type { MarketTicker } from "@kalshibook/core/BookRecord"

export interface AuditSample {
  /** When each market was last audited, Unix microseconds. Markets that are not there any more are dropped. */
  readonly audited: Map<MarketTicker, number>
  /** Markets that failed and have not passed since: audited again as soon as they are trusted. */
  readonly again: Set<MarketTicker>
}

export const make = (): AuditSample => ({ audited: new Map(), again: new Set() })

/**
 * The next markets, at most `marketsMax`: up to half are those that failed, of the rest a half is random and a half those whose last
 * audit is longest ago. `shuffled` are all markets that can be audited, in random order. O(markets log markets).
 */
export const choose = (
  { again, audited }: AuditSample,
  shuffled: ReadonlyArray<MarketTicker>,
  marketsMax: number
): ReadonlyArray<MarketTicker> => {
  const there = new Set(shuffled)
  for (const ticker of audited.keys()) if (!there.has(ticker)) audited.delete(ticker)
  const chosen = new Set([...again].filter((ticker) => there.has(ticker)).slice(0, Math.floor(marketsMax / 2)))
  const randomMax = chosen.size + Math.floor((marketsMax - chosen.size) / 2)
  fill(chosen, shuffled, randomMax)
  fill(chosen, byLastAudit(audited, shuffled), marketsMax)
  return [...chosen]
}

const fill = (chosen: Set<MarketTicker>, tickers: ReadonlyArray<MarketTicker>, marketsMax: number): void => {
  for (const ticker of tickers) {
    if (chosen.size >= marketsMax) return
    chosen.add(ticker)
  }
}

const byLastAudit = (
  audited: AuditSample["audited"],
  tickers: ReadonlyArray<MarketTicker>
): ReadonlyArray<MarketTicker> => tickers.toSorted((one, other) => (audited.get(one) ?? 0) - (audited.get(other) ?? 0))

/** More failures than this at once are a fault of the whole, which any of them shows. */
const againMax = 1_000

/** Notes what came of an audit. */
export const note = (sample: AuditSample, ticker: MarketTicker, verdict: Verdict["_tag"], tsMicros: number): void => {
  const { again, audited } = sample
  audited.set(ticker, tsMicros)
  if (verdict === "passed") again.delete(ticker)
  if (verdict === "failed" && again.size < againMax) again.add(ticker)
}
