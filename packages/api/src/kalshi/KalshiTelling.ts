/** Tells a session what was recorded, in order: the frames for what it follows, nothing for the rest. Pure. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { isoFromMicros } from "@kalshibook/core/Units"
import * as KalshiFrames from "./KalshiFrames.ts"
import * as KalshiSession from "./KalshiSession.ts"

type Session = KalshiSession.Session

export const entry = (session: Session, told: ReplayEntry): void => {
  switch (told.kind) {
    case "trade":
      trade(session, told.trade)
      break
    case "lifecycle":
      lifecycle(session, told.message)
      break
    case "channel_gap":
      channelGap(session, told.gap)
      break
    default:
      record(session, told)
  }
}

export const record = (session: Session, told: BookRecord): void => {
  const on = session.subscriptions.get("orderbook_delta")
  const { marketTicker } = told
  if (on === undefined || on.markets?.has(marketTicker) !== true) return
  switch (told.kind) {
    case "delta":
      // Without a book before it a change says nothing.
      if (on.known.has(marketTicker)) KalshiSession.sendTail(session, on, KalshiFrames.delta(told, on.useYesPrice))
      break
    case "snapshot":
      on.known.add(marketTicker)
      KalshiSession.sendSnapshot(session, on, marketTicker, null, told.levels)
      break
    case "gap":
      if (!on.known.delete(marketTicker)) break
      // The exchange, too, says nothing more of a market that is over.
      if (told.cause === "market_closed") break
      if (session.gaps === "frames") session.out.push(KalshiFrames.gapFrame(on.sid, told))
      else {
        const detail = `the book of ${marketTicker} is not known from ${isoFromMicros(told.tsReceivedMicros)} on (${told.cause})`
        KalshiSession.overflow(session, on, detail, marketTicker)
      }
  }
}

export const trade = (session: Session, told: TradeRecord): void => {
  const on = session.subscriptions.get("trade")
  if (on === undefined || (on.markets !== undefined && !on.markets.has(told.marketTicker))) return
  KalshiSession.sendTail(session, on, KalshiFrames.trade(told))
}

export const lifecycle = (session: Session, told: LifecycleRecord): void => {
  const on = session.subscriptions.get("market_lifecycle_v2")
  if (on !== undefined) KalshiSession.sendTail(session, on, KalshiFrames.lifecycle(told))
}

export const channelGap = (session: Session, told: ChannelGap): void => {
  const on = session.subscriptions.get(told.channel)
  if (on === undefined) return
  if (session.gaps === "frames") session.out.push(KalshiFrames.channelGapFrame(on.sid, told))
  else {
    const detail = `messages may be missing from ${isoFromMicros(told.tsFromMicros)} on (${told.cause})`
    KalshiSession.overflow(session, on, detail)
  }
}

/** What was told of these markets does not go on: whoever has their books has to begin again. */
export const broken = (session: Session, markets: Iterable<MarketTicker>, why: string): void => {
  const on = session.subscriptions.get("orderbook_delta")
  if (on === undefined) return
  for (const marketTicker of markets) {
    if (!on.known.delete(marketTicker)) continue
    if (session.gaps === "error") {
      KalshiSession.overflow(session, on, `${marketTicker}: ${why}`, marketTicker)
      return
    }
    session.out.push(KalshiFrames.missedFrame(on.sid, marketTicker, why))
    session.asks.push({ on, marketTicker, id: null, isFollowed: true })
  }
}

/** Nothing is heard any more: what is known of everything that is followed is getting old. */
export const allBroken = (session: Session, gap: ChannelGap, why: string): void => {
  broken(session, [...(session.subscriptions.get("orderbook_delta")?.known ?? [])], why)
  for (const channel of ["trade", "market_lifecycle_v2"] as const) channelGap(session, { ...gap, channel })
}
