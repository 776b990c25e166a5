/**
 * From what happens on the exchange to frames: numbers them per subscription and hands them to the sessions that follow.
 *
 * One text is made per event and shared by all subscriptions but for sid and seq. Knows nothing of sockets.
 */
import * as Book from "@kalshibook/core/Book"
import { type BookLevels, emptyLevels } from "@kalshibook/core/BookRecord"
import { type ErrorCode, errorText } from "@kalshibook/core/kalshi/ErrorCode"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import { swapLevels } from "@kalshibook/core/kalshi/YesPrice"
import * as Exchange from "../exchange/Exchange.ts"
import type { SimMarket } from "../exchange/MarketModel.ts"
import type { LevelChange } from "../exchange/Truth.ts"
import * as FrameFaults from "../fault/FrameFaults.ts"
import * as FrameTail from "./FrameTail.ts"
import * as SequenceLog from "./SequenceLog.ts"
import * as Session from "./Session.ts"
import * as TickerMessage from "./TickerMessage.ts"

export interface FeedLimits {
  /** Bytes a session may leave unread; the subscription whose frame does not fit dies with error 25. */
  readonly outboundBytesMax: number
  /** Frames of a subscription whose moment is remembered, for questions about the truth. */
  readonly sequenceEntriesMax: number
  /** Closed sessions that are remembered, for the same. */
  readonly closedSessionsMax: number
  /** Whether each frame says when it was sent. */
  readonly sendsSendingTime: boolean
}

export interface Feed {
  readonly exchange: Exchange.Exchange
  readonly limits: FeedLimits
  readonly faults: FrameFaults.FrameFaults
  readonly sessions: Map<number, Session.Session>
  readonly closedSessions: Array<Session.Session>
  sessionsCount: number
  /** Channels whose sid is not the next free one: a recording's own. */
  readonly reservedSids: ReadonlyMap<string, number>
  /** Followers by channel, and within it by ticker; `everyMarket` for those who follow all. */
  readonly followers: Map<string, Map<string, Array<Session.Subscription>>>
  /** Markets whose summary may have changed since the last `flushTickers`. */
  readonly tickersTouched: Set<SimMarket>
  readonly tickersSent: Map<SimMarket, string>
  framesSent: number
  overflows: number
}

/** Stands for all tickers in the table of followers. */
const everyMarket = ""

export interface FeedParts {
  readonly exchange: Exchange.Exchange
  readonly limits: FeedLimits
  readonly faults: FrameFaults.FrameFaults
  readonly reservedSids: ReadonlyMap<string, number>
}

export const make = ({ exchange, faults, limits, reservedSids }: FeedParts): Feed => {
  const feed: Feed = {
    reservedSids,
    exchange,
    limits,
    faults,
    sessions: new Map(),
    closedSessions: [],
    sessionsCount: 0,
    followers: new Map(),
    tickersTouched: new Set(),
    tickersSent: new Map(),
    framesSent: 0,
    overflows: 0
  }
  exchange.listeners.add(listener(feed))
  return feed
}

/** Begins a session with the next connection number. */
export const connect = (feed: Feed, outlet: Session.Outlet): Session.Session => {
  const session = Session.make(++feed.sessionsCount, outlet, feed.reservedSids)
  feed.sessions.set(session.connection, session)
  return session
}

/** Ends a session and all its subscriptions; what it was sent stays known for a while. */
export const disconnect = (feed: Feed, session: Session.Session): void => {
  if (session.isClosed) return
  session.isClosed = true
  feed.sessions.delete(session.connection)
  for (const subscription of [...session.subscriptions.values()]) end(feed, subscription)
  FrameFaults.forget(feed.faults, session)
  feed.closedSessions.push(session)
  if (feed.closedSessions.length > feed.limits.closedSessionsMax) feed.closedSessions.shift()
}

/** Lets a subscription follow markets, or every market when `tickers` is `undefined`. */
export const follow = (feed: Feed, subscription: Session.Subscription, tickers: Iterable<string> | undefined): void => {
  let channel = feed.followers.get(subscription.channel)
  if (channel === undefined) {
    channel = new Map()
    feed.followers.set(subscription.channel, channel)
  }
  for (const ticker of tickers ?? [everyMarket]) {
    const known = channel.get(ticker)
    if (known === undefined) channel.set(ticker, [subscription])
    else if (!known.includes(subscription)) known.push(subscription)
  }
}

/** Takes a subscription off markets, or off everything when `tickers` is `undefined`. */
export const unfollow = (
  feed: Feed,
  subscription: Session.Subscription,
  tickers: Iterable<string> | undefined
): void => {
  const channel = feed.followers.get(subscription.channel)
  if (channel === undefined) return
  for (const ticker of tickers ?? [everyMarket]) {
    const left = channel.get(ticker)?.filter((one) => one !== subscription) ?? []
    if (left.length === 0) channel.delete(ticker)
    else channel.set(ticker, left)
  }
  if (channel.size === 0) feed.followers.delete(subscription.channel)
}

/** Closes a subscription without a word. */
export const end = (feed: Feed, subscription: Session.Subscription): void => {
  unfollow(feed, subscription, subscription.markets)
  Session.close(subscription)
}

/** Kills a subscription as the exchange does: a last error frame with `code`, then nothing. */
export const kill = (feed: Feed, subscription: Session.Subscription, code: ErrorCode): void => {
  if (subscription.isClosed) return
  end(feed, subscription)
  const { session, sid } = subscription
  const seq = nextSeq(feed, subscription)
  pass(feed, session, subscription, errorFrame({ id: null, code, sid, seq, marketTickers: null }))
}

interface ErrorFacts {
  readonly id: number | null
  readonly code: ErrorCode
  readonly sid: number | null
  readonly seq: number | null
  readonly marketTickers: ReadonlyArray<string> | null
}

const errorFrame = (facts: ErrorFacts): string =>
  encode({ _tag: "error", ...facts, message: errorText[facts.code], unknownFields: noUnknownFields })

/** Answers a command that concerns no subscription with an error. */
export const refuse = (feed: Feed, session: Session.Session, id: number | null, code: ErrorCode): void =>
  reply(feed, session, errorFrame({ id, code, sid: null, seq: null, marketTickers: null }))

/** Answers a command about a known subscription with an error, which takes a seq like every frame of it. */
export const refuseOn = (feed: Feed, on: Session.Subscription, id: number | null, code: ErrorCode): void =>
  sendOn(feed, on, (seq) => errorFrame({ id, code, sid: on.sid, seq, marketTickers: null }))

/** Sends a frame past all numbering. */
export const reply = (feed: Feed, session: Session.Session, text: string): void => pass(feed, session, undefined, text)

/** Sends a frame through whatever fault is waiting for it. */
const pass = (
  feed: Feed,
  session: Session.Session,
  subscription: Session.Subscription | undefined,
  text: string
): void => {
  if (FrameFaults.isIdle(feed.faults)) write(feed, session, text)
  else FrameFaults.pass(feed.faults, { session, subscription, text, write: (frame) => write(feed, session, frame) })
}

const write = (feed: Feed, session: Session.Session, frame: string | Uint8Array): void => {
  if (session.isClosed) return
  feed.framesSent++
  const isTimed = feed.limits.sendsSendingTime && typeof frame === "string"
  session.outlet.write(isTimed ? withSendingTime(feed.exchange, frame) : frame)
}

/** The frame with the time of sending at its end, where all its braces are there. */
const withSendingTime = (exchange: Exchange.Exchange, text: string): string =>
  text.endsWith("}\n")
    ? `${text.slice(0, -2)},"sending_ts_ms":${Math.floor(Exchange.clockMicros(exchange) / 1000)}}\n`
    : text

/** Takes the next seq of a subscription, `null` when its channel has none. */
const nextSeq = (feed: Feed, subscription: Session.Subscription): number | null => {
  if (!subscription.isSequenced) return null
  SequenceLog.push(subscription.log, feed.exchange.changeNumber)
  return ++subscription.seq
}

/** Sends a frame that depends on its seq, unless the exchange loses it before it has one. */
export const sendOn = (feed: Feed, on: Session.Subscription, text: (seq: number | null) => string): void => {
  if (on.isClosed || isSwallowed(feed, on, text)) return
  deliver(feed, on, text(nextSeq(feed, on)))
}

/** Sends a frame that is the same for all subscriptions but for sid and seq, unless the exchange loses it before. */
const sendTail = (feed: Feed, on: Session.Subscription, tail: FrameTail.FrameTail): void => {
  if (isSwallowed(feed, on, (seq) => FrameTail.numbered(tail, on.sid, seq))) return
  deliver(feed, on, FrameTail.numbered(tail, on.sid, nextSeq(feed, on)))
}

const isSwallowed = (feed: Feed, on: Session.Subscription, text: (seq: number | null) => string): boolean =>
  feed.faults.armed.length > 0 &&
  FrameFaults.swallows(feed.faults, { session: on.session, subscription: on, text: text(on.isSequenced ? 0 : null) })

/** Hands a numbered frame to the session, if it has room for it. */
const deliver = (feed: Feed, on: Session.Subscription, text: string): void => {
  const { session } = on
  if (session.outlet.backlogBytes() + text.length > feed.limits.outboundBytesMax) {
    feed.overflows++
    kill(feed, on, 25)
    return
  }
  pass(feed, session, on, text)
}

/** Calls back for every subscription of a channel that follows the ticker. */
const forFollowers = (
  feed: Feed,
  channelName: string,
  ticker: string,
  each: (subscription: Session.Subscription) => void
): void => {
  const channel = feed.followers.get(channelName)
  if (channel === undefined) return
  const named = channel.get(ticker)
  if (named !== undefined && ticker !== everyMarket) for (const subscription of named) each(subscription)
  const all = channel.get(everyMarket)
  if (all !== undefined) for (const subscription of all) each(subscription)
}

const listener = (feed: Feed): Exchange.ExchangeListener => ({
  levelChanged: (market, change) => {
    const books = feed.followers.get("orderbook_delta")?.get(market.ticker)
    if (books !== undefined) sendDelta(feed, market, change, books)
    if (feed.followers.has("ticker")) feed.tickersTouched.add(market)
  },
  bookReplaced: (market) => {
    forFollowers(feed, "orderbook_delta", market.ticker, (subscription) => {
      sendSnapshot(feed, subscription, market.ticker, null)
    })
  },
  traded: (trade) => {
    const tail = FrameTail.ofTrade(trade)
    forFollowers(feed, "trade", trade.market.ticker, (subscription) => {
      sendTail(feed, subscription, tail)
    })
    if (feed.followers.has("ticker")) feed.tickersTouched.add(trade.market)
  },
  noticed: (notice) => {
    const tail = FrameTail.ofNotice(notice)
    forFollowers(feed, "market_lifecycle_v2", everyMarket, (subscription) => {
      sendTail(feed, subscription, tail)
    })
  },
  marketForgotten: (market) => {
    feed.tickersSent.delete(market)
    feed.tickersTouched.delete(market)
  }
})

const sendDelta = (
  feed: Feed,
  market: SimMarket,
  change: LevelChange,
  followers: ReadonlyArray<Session.Subscription>
): void => {
  let own: FrameTail.FrameTail | undefined
  let swapped: FrameTail.FrameTail | undefined
  for (const subscription of followers) {
    if (subscription.useYesPrice) {
      swapped = swapped ?? FrameTail.ofDelta(market, change, true)
      sendTail(feed, subscription, swapped)
    } else {
      own = own ?? FrameTail.ofDelta(market, change, false)
      sendTail(feed, subscription, own)
    }
  }
}

/**
 * Sends the whole book of a market. A ticker that the exchange does not know gets an empty book with an empty `market_id`, as
 * the real one does (comment in npm `pmxt-core` 2.41.0, kalshi/websocket.js).
 */
export const sendSnapshot = (feed: Feed, on: Session.Subscription, marketTicker: string, id: number | null): void => {
  if (on.isClosed) return
  const recorded = feed.exchange.recordedSnapshots.get(marketTicker)
  if (recorded !== undefined && id === null && !on.useYesPrice) {
    sendTail(feed, on, { type: "orderbook_snapshot", text: recorded })
    return
  }
  const market = feed.exchange.markets.get(marketTicker)
  const levels: BookLevels = market === undefined ? emptyLevels : Book.levels(market.book)
  sendOn(feed, on, (seq) =>
    encode({
      _tag: "orderbook_snapshot",
      sid: on.sid,
      seq: seq ?? 0,
      id,
      marketTicker,
      marketId: market?.marketId ?? "",
      levels: on.useYesPrice ? swapLevels(levels) : levels,
      tsSentMicros: null,
      unknownFields: noUnknownFields
    })
  )
}

/** Sends the summary of every market whose summary has changed since the last time. */
export const flushTickers = (feed: Feed): void => {
  for (const market of feed.tickersTouched) {
    const summary = TickerMessage.summaryOf(market)
    if (feed.tickersSent.get(market) === summary) continue
    feed.tickersSent.set(market, summary)
    const tail = FrameTail.ofTicker(feed.exchange, market)
    forFollowers(feed, "ticker", market.ticker, (subscription) => {
      sendTail(feed, subscription, tail)
    })
  }
  feed.tickersTouched.clear()
}

/** Sends the summary of one market to one subscription. */
export const sendTicker = (feed: Feed, on: Session.Subscription, market: SimMarket): void =>
  sendTail(feed, on, FrameTail.ofTicker(feed.exchange, market))

/** Sends a frame of a type that nobody knows, with the next seq of the subscription. */
export const sendUnknown = (feed: Feed, on: Session.Subscription): void =>
  sendOn(feed, on, (seq) => {
    const tail = { type: "zz_unheard_of", text: ',"msg":{"market_ticker":"KXNONE","zz_value":[1,"two",null]}}\n' }
    return FrameTail.numbered(tail, on.sid, seq)
  })

/** Sends a delta of a market that the subscription does not follow, which takes a seq: a mistake of the exchange. */
export const sendStray = (feed: Feed, on: Session.Subscription, market: SimMarket): void => {
  const change: LevelChange = {
    side: "yes",
    priceE4: market.structure.pricesE4[0] ?? 1,
    deltaE2: 100,
    changeNumber: feed.exchange.changeNumber,
    tsMicros: feed.exchange.stampMicros
  }
  sendTail(feed, on, FrameTail.ofDelta(market, change, on.useYesPrice))
}
