/**
 * What one connection's markets wish for and where each stands with the exchange: asked for, followed, to be let go of. State
 * alone; `Subscriber` acts on it, and its rules are cited here.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Effect, Latch } from "effect"
import { Schema } from "effect"

/** The exchange will not send this market's book. */
export class MarketRefused extends Schema.TaggedError<MarketRefused>()("MarketRefused", {
  marketTicker: Schema.String,
  code: Schema.Number,
  detail: Schema.String
}) {}

/** One life of the subscription to the books. */
export interface BookSubscription {
  /** Opened when it is over: a snapshot that has not come yet will not come. */
  readonly over: Latch.Latch
}

/** A market asks for its book. */
export interface Request {
  readonly ticker: MarketTicker
  readonly done: (result: Effect.Effect<BookSubscription, MarketRefused>) => void
  /** How many markets may share its command. */
  readonly companyMax: number
  /** Asked for before without an answer: its snapshot may have passed already, unfollowed. */
  readonly isRepeated: boolean
}

/** Markets that need the same command. */
export type Job =
  | { readonly _tag: "leave"; readonly tickers: ReadonlyArray<MarketTicker> }
  | { readonly _tag: "add"; readonly requests: ReadonlyArray<Request> }
  | { readonly _tag: "snapshot"; readonly requests: ReadonlyArray<Request> }

export interface Wishes {
  /** What is asked for and not being worked on, in order. */
  readonly queue: Map<MarketTicker, Request>
  /** Markets that the exchange sends, as far as it has acknowledged. */
  readonly subscribed: Set<MarketTicker>
  /** Markets to let go of; those of which that is not acknowledged yet; and those of which it never was (rule 3). */
  readonly toLeave: Set<MarketTicker>
  readonly leaving: Set<MarketTicker>
  readonly leftUnanswered: Set<MarketTicker>
}

export const make = (): Wishes => ({
  queue: new Map(),
  subscribed: new Set(),
  toLeave: new Set(),
  leaving: new Set(),
  leftUnanswered: new Set()
})

/** The subscription is over: the exchange sends nothing. What is asked for stays. */
export const endSubscription = ({ leaving, leftUnanswered, subscribed, toLeave }: Wishes): void => {
  for (const markets of [subscribed, toLeave, leaving, leftUnanswered]) markets.clear()
}

/** Up to so many markets that are to be let go of; they count as leaving from now on. */
export const takeLeaving = ({ leaving, subscribed, toLeave }: Wishes, marketsMax: number): Job | null => {
  if (toLeave.size === 0) return null
  const tickers = [...toLeave].slice(0, marketsMax)
  for (const ticker of tickers) {
    toLeave.delete(ticker)
    subscribed.delete(ticker)
    leaving.add(ticker)
  }
  return { _tag: "leave", tickers }
}

/**
 * Up to so many requests that need the same command, oldest first, taken from the queue. Those of markets that are leaving stay
 * there (rule 3), and without `mayAdd` those of markets that are not subscribed. O(queue).
 */
export const takeRequests = (
  { leaving, queue, subscribed }: Wishes,
  marketsMax: number,
  mayAdd: boolean
): Job | null => {
  const requests: Array<Request> = []
  let isSnapshot = false
  let companyMax = marketsMax
  for (const each of queue.values()) {
    const isSubscribed = subscribed.has(each.ticker)
    if (leaving.has(each.ticker) || (!isSubscribed && !mayAdd)) continue
    if (requests.length === 0) isSnapshot = isSubscribed
    else if (isSubscribed !== isSnapshot || each.companyMax <= requests.length) continue
    requests.push(each)
    companyMax = Math.min(companyMax, each.companyMax)
    if (requests.length >= companyMax) break
  }
  if (requests.length === 0) return null
  for (const each of requests) queue.delete(each.ticker)
  return { _tag: isSnapshot ? "snapshot" : "add", requests }
}
