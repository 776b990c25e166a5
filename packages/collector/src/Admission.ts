/**
 * Who is recorded when there are more markets than places. Pure.
 *
 * 1. The priority rule decides: the lower rank goes first.
 * 2. Within a rank, one that was recorded before the collector was started again; then the larger volume; then the ticker.
 * 3. A market that is recorded keeps its place against everybody of its own rank, whatever becomes of the volumes: only one that is
 *    strictly higher by rule displaces it, and it displaces the last of the lowest rank. So nothing flaps.
 * 4. Until all markets were looked at once, places go to whoever comes; then the whole is put in order by 1 and 2, once.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"

/** Where a market stands. */
export interface Weight {
  /** By the priority rule (`PriorityRule.rankOf`): lower goes first. */
  readonly rank: number
  /** Traded in the last 24 hours, 1/100 contract; since the opening where that is not known. */
  readonly volumeE2: number
}

export interface Standing extends Weight {
  readonly ticker: MarketTicker
  /** An earlier run of the recorder left it recorded. */
  readonly isIncumbent: boolean
}

/** Below 0 when `left` goes first. Total: no two markets are equal. */
export const compare = (left: Standing, right: Standing): number =>
  left.rank - right.rank ||
  Number(right.isIncumbent) - Number(left.isIncumbent) ||
  right.volumeE2 - left.volumeE2 ||
  (left.ticker < right.ticker ? -1 : left.ticker > right.ticker ? 1 : 0)

/** The first of these, in order, as many as there are places. O(n log n). */
export const choose = <A extends Standing>(candidates: Iterable<A>, places: number): ReadonlyArray<A> =>
  [...candidates].sort(compare).slice(0, Math.max(0, places))

/** Whom a newcomer displaces: the last of those who are strictly lower by rule; `undefined` when there is none. O(n). */
export const displaced = <A extends Standing>(recorded: Iterable<A>, newcomer: Weight): A | undefined => {
  let last: A | undefined
  for (const each of recorded) {
    if (each.rank > newcomer.rank && (last === undefined || compare(each, last) > 0)) last = each
  }
  return last
}
