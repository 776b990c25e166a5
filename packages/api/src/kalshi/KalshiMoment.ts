/** When a question in Kalshi's protocol is meant: live, or at a moment of a replay; and the books then. */
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, GapRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import { History } from "@kalshibook/store/History"
import { Effect, Option } from "effect"
import { LiveMarkets } from "../live/LiveMarkets.ts"

export type KalshiMoment =
  | { readonly _tag: "live"; readonly atMicros: number }
  | { readonly _tag: "replay"; readonly atMicros: number }

/** What is known of a book: its levels, since when it is not known, or that nothing of it was recorded. */
export type KnownBook =
  | { readonly _tag: "levels"; readonly levels: BookLevels }
  | { readonly _tag: "stale"; readonly gap: GapRecord }

/** The books at the moment, of those that have one. */
export const booksAt = Effect.fnUntraced(function* (moment: KalshiMoment, tickers: ReadonlyArray<MarketTicker>) {
  const found = new Map<MarketTicker, KnownBook>()
  if (moment._tag === "live") {
    const live = Option.getOrUndefined(yield* Effect.serviceOption(LiveMarkets))
    const isHeard = live?.state().state === "live"
    for (const ticker of tickers) {
      const log = live === undefined ? undefined : Option.getOrUndefined(live.logOf(ticker))
      if (!isHeard || log === undefined || log.trust._tag === "unknown") continue
      const { levels, trust } = log
      found.set(ticker, trust._tag === "stale" ? { _tag: "stale", gap: trust.gap } : { _tag: "levels", levels })
    }
    // Of markets that are over, or while the recorder is not heard, the history knows.
    const others = tickers.filter((ticker) => !found.has(ticker))
    if (others.length === 0) return found
    return yield* fromHistory(found, others, undefined)
  }
  return yield* fromHistory(found, tickers, moment.atMicros)
})

const fromHistory = Effect.fnUntraced(function* (
  found: Map<MarketTicker, KnownBook>,
  tickers: ReadonlyArray<MarketTicker>,
  atMicros: number | undefined
) {
  const history = yield* History
  const { books } = yield* history.booksAt({ tickers, atMicros, clock: "received", withClosed: true })
  for (const { book, marketTicker, trust } of books) {
    if (trust._tag === "trusted") found.set(marketTicker, { _tag: "levels", levels: Book.levels(book) })
    else if (trust._tag === "stale") found.set(marketTicker, { _tag: "stale", gap: trust.gap })
  }
  return found
})
