/** Frames that an exchange should never send: changes that it did not make. */
import type { MarketTicker, Side } from "@kalshibook/core/BookRecord"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import * as Feed from "@kalshibook/simulator/session/Feed"
import type { Subscription } from "@kalshibook/simulator/session/Session"

/** The subscriptions to books of all connections. */
export const bookSubscriptions = ({ server }: RunningExchange): ReadonlyArray<Subscription> =>
  [...server.sockets.keys()].flatMap((session) => session.subscriptions.get("orderbook_delta") ?? [])

export interface Change {
  readonly marketTicker: MarketTicker
  readonly side: Side
  readonly priceE4: number
  readonly deltaE2: number
}

/** Sends a change, in order, to everybody who follows books. */
export const sendChange = (exchange: RunningExchange, change: Change): void => {
  for (const subscription of bookSubscriptions(exchange)) {
    Feed.sendOn(exchange.server.feed, subscription, (seq) =>
      encode({
        _tag: "orderbook_delta",
        sid: subscription.sid,
        seq: seq ?? 0,
        marketId: "",
        tsExchangeMicros: exchange.exchange.stampMicros,
        unknownFields: noUnknownFields,
        ...change
      })
    )
  }
}
