/** Questions about the truth: the book of a market at a moment of the exchange, or as a client must have it after a frame. */
import type { Exchange } from "../exchange/Exchange.ts"
import * as Truth from "../exchange/Truth.ts"
import type { Feed } from "./Feed.ts"
import * as SequenceLog from "./SequenceLog.ts"

/** Which moment: a time of the exchange's clock, a number of a book change, or a frame that was sent. */
export type TruthMoment = Truth.Moment | { readonly connection: number; readonly sid: number; readonly seq: number }

export interface TruthReader {
  readonly bookAt: (marketTicker: string, moment: TruthMoment) => Truth.TruthAnswer | { readonly _tag: "unknown_frame" }
  /** Tickers whose truth is held. */
  readonly marketTickers: () => ReadonlyArray<string>
  /** Number and time of the last change of any book: moments after it are not over yet. */
  readonly last: () => { readonly changeNumber: number; readonly tsMicros: number }
}

export const make = (exchange: Exchange, feed: Feed): TruthReader => ({
  bookAt: (marketTicker, moment) => {
    if (!("seq" in moment)) return Truth.bookAt(exchange.truth, marketTicker, moment)
    const changeNumber = changeNumberOf(feed, moment)
    return changeNumber === undefined
      ? { _tag: "unknown_frame" }
      : Truth.bookAt(exchange.truth, marketTicker, { changeNumber })
  },
  marketTickers: () => [...exchange.truth.markets.keys()],
  last: () => ({ changeNumber: exchange.changeNumber, tsMicros: exchange.stampMicros })
})

const changeNumberOf = (
  feed: Feed,
  frame: { readonly connection: number; readonly sid: number; readonly seq: number }
): number | undefined => {
  const session =
    feed.sessions.get(frame.connection) ?? feed.closedSessions.find((one) => one.connection === frame.connection)
  const subscription = session?.subscriptionsBySid.get(frame.sid)
  return subscription === undefined ? undefined : SequenceLog.changeNumberAt(subscription.log, frame.seq)
}
