/**
 * From the live markets to the readers of this process: each update is written once per market and format, and shared by all who follow it.
 *
 * A reader is either live in a market (it has everything up to `places`) or catching up in it (`Session.catchUps`); from one to the other it
 * goes in one synchronous step, so that nothing is lost or repeated between. Synchronous throughout: whoever owns it says when a tick is.
 */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import * as ChannelGapView from "@kalshibook/core/contract/ChannelGapView"
import * as LifecycleView from "@kalshibook/core/contract/LifecycleView"
import type { Channel } from "@kalshibook/core/contract/stream/StreamCommands"
import { listedMax } from "@kalshibook/core/contract/stream/StreamLimits"
import {
  type Format,
  type GoodbyeReason,
  goodbyeReasons,
  type ServerMessage
} from "@kalshibook/core/contract/stream/StreamMessages"
import * as TradeView from "@kalshibook/core/contract/TradeView"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Option } from "effect"
import type { LiveMarkets, LiveUpdate } from "../live/LiveMarkets.ts"
import * as CatchUp from "./CatchUp.ts"
import * as FrameTree from "./FrameTree.ts"
import * as LogMessages from "./LogMessages.ts"
import * as Piece from "./Piece.ts"
import * as Session from "./Session.ts"
import * as Topics from "./Topics.ts"

export interface Fanout {
  readonly live: LiveMarkets["Service"]
  readonly topics: Topics.Topics
  readonly sessions: Set<Session.Session>
  /** By market: up to where those who are live in it have it. */
  readonly places: Map<MarketTicker, LogMessages.LogPlace>
  readonly families: Map<MarketTicker, Topics.Family>
  /** Books written in this tick, for those who join at once. */
  readonly books: Map<MarketTicker, Piece.Piece>
  readonly roots: Record<Format, FrameTree.FrameNode>
  waiting: Array<Session.Session>
  /** Readers that catch up. */
  readonly catchingUp: Set<Session.Session>
  /** Everything received up to this moment was told, Unix microseconds; 0 before the first. */
  toldMicros: number
  stateTold: string
  readonly onWork: () => void
  /** Markets whose event and series somebody needs to know. */
  readonly onStranger: (marketTicker: MarketTicker) => void
  /** Called when a reader needs more paid for; `isUnpaid` is reset when it is. */
  readonly onUnpaid: (session: Session.Session) => void
}

export interface FanoutOptions {
  readonly live: LiveMarkets["Service"]
  /** Called when there is something for the next tick. */
  readonly onWork: () => void
  readonly onStranger: (marketTicker: MarketTicker) => void
  readonly onUnpaid: (session: Session.Session) => void
}

export const make = ({ live, onStranger, onUnpaid, onWork }: FanoutOptions): Fanout => ({
  live,
  topics: Topics.make(),
  sessions: new Set(),
  places: new Map(),
  families: new Map(),
  books: new Map(),
  roots: { json: FrameTree.root("json"), msgpack: FrameTree.root("msgpack") },
  waiting: [],
  catchingUp: new Set(),
  toldMicros: live.state().tsReceivedMicros,
  stateTold: stateText(live),
  onWork,
  onStranger,
  onUnpaid
})

/** Takes a new reader in. */
export const add = (fanout: Fanout, session: Session.Session): void => {
  session.node = fanout.roots[session.format]
  fanout.sessions.add(session)
}

/** Lets a reader go. */
export const remove = (fanout: Fanout, session: Session.Session): void => {
  session.isEnding = true
  for (const subscription of session.subscriptions.values()) unfollow(fanout, session, subscription)
  session.subscriptions.clear()
  session.catchUps.clear()
  fanout.sessions.delete(session)
  fanout.catchingUp.delete(session)
}

/** From now on the reader gets what the subscription names, of the markets that it is live in. */
export const follow = (fanout: Fanout, session: Session.Session, subscription: Session.Subscription): void => {
  Topics.join(fanout.topics, session, marketChannels(subscription), Topics.topicsOf(subscription))
  if (subscription.channels.includes("status")) Topics.join(fanout.topics, session, ["status"], everything)
}

export const unfollow = (fanout: Fanout, session: Session.Session, subscription: Session.Subscription): void => {
  Topics.leave(fanout.topics, session, marketChannels(subscription), Topics.topicsOf(subscription))
  if (subscription.channels.includes("status")) Topics.leave(fanout.topics, session, ["status"], everything)
  for (const markets of [session.catchUps, session.skipped?.books]) {
    for (const marketTicker of markets?.keys() ?? []) {
      if (!isReader(fanout, session, marketTicker)) markets?.delete(marketTicker)
    }
  }
}

const everything = [{ kind: "all", name: "" } as const]

const marketChannels = ({ channels }: Session.Subscription): ReadonlyArray<Channel> =>
  channels.filter((channel) => channel !== "status")

const isReader = (fanout: Fanout, session: Session.Session, marketTicker: MarketTicker): boolean =>
  Topics.isReader(fanout.topics, "book", session, marketTicker, fanout.families.get(marketTicker))

/** The reader is brought to where the market is, as the entry says. What it is being sent already goes on, unless it is told otherwise. */
export const catchUp = (
  fanout: Fanout,
  session: Session.Session,
  marketTicker: MarketTicker,
  entry: CatchUp.CatchUp
): void => {
  const isMissing = session.catchUps.has(marketTicker) || session.skipped?.books.has(marketTicker) === true
  if (entry._tag === "book" && entry.instead === undefined && isMissing) return
  session.skipped?.books.delete(marketTicker)
  session.catchUps.set(marketTicker, entry)
  fanout.catchingUp.add(session)
  fanout.onWork()
}

/** Says something to one reader. */
export const say = (fanout: Fanout, session: Session.Session, messages: ReadonlyArray<ServerMessage>): void => {
  if (Session.say(session, messages)) wait(fanout, session)
  else end(fanout, session, "slow_reader")
}

/** Something waits for the reader. */
export const wait = (fanout: Fanout, session: Session.Session): void => {
  if (session.isWaiting) return
  session.isWaiting = true
  fanout.waiting.push(session)
  fanout.onWork()
}

/** Ends a reader, with all that it needs to go on elsewhere. */
export const end = (fanout: Fanout, session: Session.Session, reason: GoodbyeReason, detail?: string): void => {
  if (session.isEnding) return
  const { left, offsets } = placesOf(fanout, session)
  const from = fanout.toldMicros === 0 ? null : isoFromMicros(fanout.toldMicros)
  const goodbye: ServerMessage = {
    type: "goodbye",
    reason,
    detail: detail ?? `${goodbyeReasons[reason]}.`,
    resume: { from_offset: offsets, from_offset_left_out: left, from }
  }
  session.node = FrameTree.append(session.node, Piece.make([goodbye]))
  Session.flush(session, fanout.roots[session.format])
  remove(fanout, session)
  session.link.end(reason)
}

/** Where each market of the reader stands, as far as it was sent. O(markets). */
export const placesOf = (
  fanout: Fanout,
  session: Session.Session
): {
  readonly offsets: Record<string, { readonly offset: number; readonly epoch: number }>
  readonly left: number
} => {
  const offsets: Record<string, { readonly offset: number; readonly epoch: number }> = {}
  let listed = 0
  let left = 0
  for (const marketTicker of marketsOf(fanout, session)) {
    const place = placeOf(fanout, session, marketTicker)
    if (place === undefined || place.offset === 0) continue
    if (listed < listedMax) offsets[marketTicker] = { offset: place.offset, epoch: place.epoch }
    else left++
    listed++
  }
  return { offsets, left }
}

const placeOf = (fanout: Fanout, session: Session.Session, marketTicker: MarketTicker) => {
  const entry = session.catchUps.get(marketTicker)
  if (entry !== undefined) return CatchUp.placeOf(entry)
  return session.skipped?.books.get(marketTicker) ?? fanout.places.get(marketTicker)
}

/** Markets whose books the reader follows. O(all markets), unless it follows them by name. */
const marketsOf = (fanout: Fanout, session: Session.Session): ReadonlySet<MarketTicker> => {
  const markets = new Set<MarketTicker>()
  let isByName = true
  for (const { all, channels, events, markets: named, series } of session.subscriptions.values()) {
    if (!channels.includes("book")) continue
    for (const marketTicker of named) markets.add(marketTicker)
    if (all || events.length > 0 || series.length > 0) isByName = false
  }
  if (isByName) return markets
  for (const marketTicker of fanout.live.tickers()) {
    if (isReader(fanout, session, marketTicker)) markets.add(marketTicker)
  }
  return markets
}

/** Takes an update of the live markets. O(markets that changed times their readers). */
export const take = (fanout: Fanout, update: LiveUpdate): void => {
  for (const [marketTicker, how] of update.resynced) resync(fanout, marketTicker, how)
  for (const [marketTicker, records] of update.recordsByMarket) deliver(fanout, marketTicker, records)
  for (const [marketTicker, trades] of Map.groupBy(update.trades, (trade) => trade.marketTicker)) {
    deliverTrades(fanout, marketTicker, trades)
  }
  for (const message of update.lifecycle) deliverLifecycle(fanout, message)
  for (const gap of update.channelGaps) tellChannelGap(fanout, gap)
  if (update.untold !== null) tellUntold(fanout, update.untold)
  fanout.toldMicros = update.tsReceivedMicros
}

const familyOf = (fanout: Fanout, marketTicker: MarketTicker): Topics.Family | undefined => {
  if (fanout.topics.familyTopics === 0) return undefined
  const family = fanout.families.get(marketTicker)
  if (family === undefined) fanout.onStranger(marketTicker)
  return family
}

const deliver = (fanout: Fanout, marketTicker: MarketTicker, told: ReadonlyArray<BookRecord>): void => {
  const before = fanout.places.get(marketTicker) ?? { offset: 0, epoch: 0, gap: undefined }
  const records = told[0]?.offset === before.offset + 1 ? told : told.filter(({ offset }) => offset > before.offset)
  const [first] = records
  if (first === undefined) return
  if (first.offset !== before.offset + 1) {
    resync(fanout, marketTicker, "ahead")
    return
  }
  const piece = Piece.make(LogMessages.ofRecords(before, records))
  offerAll(fanout, "book", marketTicker, piece, { channel: "book", marketTicker, place: before })
  fanout.places.set(marketTicker, LogMessages.placeAfter(before, records))
}

const offerAll = (
  fanout: Fanout,
  channel: Channel,
  marketTicker: MarketTicker,
  piece: Piece.Piece,
  leftOut: Session.LeftOut
): void =>
  Topics.eachReader(fanout.topics, channel, marketTicker, familyOf(fanout, marketTicker), (session) => {
    if (session.lastPiece === piece) return
    session.lastPiece = piece
    if (channel === "book" && session.catchUps.has(marketTicker)) {
      fanout.catchingUp.add(session)
      fanout.onWork()
      return
    }
    offer(fanout, session, piece, leftOut)
  })

/** Offers market data to a reader, and ends it where it has to be. */
const offer = (fanout: Fanout, session: Session.Session, piece: Piece.Piece, leftOut: Session.LeftOut): void => {
  const isCharged = session.skipped === undefined && !session.isEnding
  const isPaid = isCharged && Session.pay(session, piece.messages.length)
  if (isCharged && !isPaid) {
    unpaid(fanout, session)
    // Records wait in the log until they are paid for. What has no log is not held back.
    if (leftOut.channel === "book") {
      catchUp(fanout, session, leftOut.marketTicker, CatchUp.behind(leftOut.place))
      return
    }
  }
  const offered = Session.offer(session, piece, leftOut)
  if (offered !== "taken" && isPaid && session.payer !== undefined) session.paid += piece.messages.length
  if (offered === "taken") wait(fanout, session)
  else if (offered === "too_slow") end(fanout, session, "slow_reader", tooSlow(session))
  else if (session.skipped !== undefined) {
    fanout.catchingUp.add(session)
    fanout.onWork()
  }
}

/** The reader gets nothing more until more is paid for. */
export const unpaid = (fanout: Fanout, session: Session.Session): void => {
  if (session.isUnpaid) return
  session.isUnpaid = true
  fanout.onUnpaid(session)
}

const tooSlow = ({ bounds }: Session.Session): string =>
  `More than ${bounds.slowBytesMin} bytes waited for you. Read faster, follow less, or connect with slow=skip or slow=conflate.`

/** The log does not go on where it was told. */
const resync = (fanout: Fanout, marketTicker: MarketTicker, how: "ahead" | "rewritten"): void => {
  const before = fanout.places.get(marketTicker)
  const log = Option.getOrUndefined(fanout.live.logOf(marketTicker))
  if (log !== undefined) fanout.places.set(marketTicker, LogMessages.placeOfBook(log))
  const readers = new Set<Session.Session>()
  Topics.eachReader(fanout.topics, "book", marketTicker, familyOf(fanout, marketTicker), (session) =>
    readers.add(session)
  )
  for (const session of readers) {
    const entry = session.catchUps.get(marketTicker)
    if (how === "rewritten") {
      const known = entry === undefined ? before : CatchUp.placeOf(entry)
      const instead = { _tag: "resync", reason: "rewritten", offset: known?.offset ?? null } as const
      catchUp(fanout, session, marketTicker, { _tag: "book", instead })
    } else if (entry === undefined && session.skipped?.books.has(marketTicker) !== true) {
      catchUp(fanout, session, marketTicker, before === undefined ? CatchUp.book : CatchUp.behind(before))
    } else {
      fanout.catchingUp.add(session)
      fanout.onWork()
    }
  }
}

const deliverTrades = (fanout: Fanout, marketTicker: MarketTicker, trades: ReadonlyArray<TradeRecord>): void => {
  const piece = Piece.make(trades.map((trade) => ({ type: "trade", ...TradeView.view(trade) })))
  const tsReceivedMicros = trades.at(-1)?.tsReceivedMicros ?? 0
  offerAll(fanout, "trades", marketTicker, piece, { channel: "trades", messages: trades.length, tsReceivedMicros })
}

/** The ticker is that of a market, or of an event. */
const deliverLifecycle = (fanout: Fanout, message: LifecycleRecord): void => {
  const { ticker, tsReceivedMicros } = message
  const piece = Piece.make([{ type: "lifecycle", ...LifecycleView.view(message) }])
  const leftOut = { channel: "lifecycle", messages: 1, tsReceivedMicros } as const
  offerAll(fanout, "lifecycle", ticker, piece, leftOut)
  if (fanout.topics.familyTopics === 0) return
  const ofEvent = { event: ticker, series: seriesIn(message) }
  Topics.eachFamilyReader(fanout.topics, "lifecycle", ofEvent, (session) => {
    if (session.lastPiece === piece) return
    session.lastPiece = piece
    offer(fanout, session, piece, leftOut)
  })
}

const seriesIn = ({ body }: LifecycleRecord): string | undefined =>
  typeof body["series_ticker"] === "string" ? body["series_ticker"] : undefined

const tellChannelGap = (fanout: Fanout, gap: ChannelGap): void => {
  const channel = gap.channel === "trade" ? "trades" : "lifecycle"
  const piece = Piece.make([{ type: "channel_gap", channel, ...ChannelGapView.lifecycleView(gap) }])
  Topics.eachReaderOf(fanout.topics, channel, (session) => tell(fanout, session, piece))
}

const tellUntold = (fanout: Fanout, { afterMicros, toMicros }: NonNullable<LiveUpdate["untold"]>): void => {
  const [from, to] = [isoFromMicros(afterMicros + 1), isoFromMicros(toMicros)]
  for (const channel of ["trades", "lifecycle"] as const) {
    const piece = Piece.make([{ type: "skipped", channel, messages: null, from, to }])
    Topics.eachReaderOf(fanout.topics, channel, (session) => tell(fanout, session, piece))
  }
}

const tell = (fanout: Fanout, session: Session.Session, piece: Piece.Piece): void => {
  if (session.lastPiece === piece) return
  session.lastPiece = piece
  if (Session.sayPiece(session, piece)) wait(fanout, session)
  else end(fanout, session, "slow_reader")
}

/** A market whose event and series are known now: those who follow them join it. */
export const acquaint = (fanout: Fanout, marketTicker: MarketTicker, family: Topics.Family): void => {
  fanout.families.set(marketTicker, family)
  Topics.eachFamilyReader(fanout.topics, "book", family, (session) => {
    const isLive =
      Topics.isReader(fanout.topics, "book", session, marketTicker, undefined) && fanout.places.has(marketTicker)
    if (!isLive) catchUp(fanout, session, marketTicker, CatchUp.book)
  })
}

/** The book of a market as a piece, made once in a tick; `undefined` for a market that is not recorded now. */
export const bookPiece = (fanout: Fanout, marketTicker: MarketTicker): Piece.Piece | undefined => {
  const made = fanout.books.get(marketTicker)
  if (made !== undefined) return made
  const log = Option.getOrUndefined(fanout.live.logOf(marketTicker))
  if (log === undefined) return undefined
  const piece = Piece.make([{ type: "snapshot", ...LogMessages.ofBook(log) }])
  fanout.books.set(marketTicker, piece)
  if (!fanout.places.has(marketTicker)) fanout.places.set(marketTicker, LogMessages.placeOfBook(log))
  return piece
}

/** Whether the recorder is heard, as a message. */
export const status = ({ live }: Fanout): Extract<ServerMessage, { readonly type: "status" }> => {
  const { feedId, state, tsReceivedMicros } = live.state()
  const ts_received = tsReceivedMicros === 0 ? null : isoFromMicros(tsReceivedMicros)
  return { type: "status", feed: state, ts_received, feed_id: feedId }
}

const stateText = (live: LiveMarkets["Service"]): string => {
  const { feedId, state } = live.state()
  return `${state} ${feedId}`
}

/** Tells a change of the recorder's state, and lets readers join markets that came with it. */
export const tellState = (fanout: Fanout): void => {
  const text = stateText(fanout.live)
  if (text === fanout.stateTold) return
  fanout.stateTold = text
  const piece = Piece.make([status(fanout)])
  Topics.eachReaderOf(fanout.topics, "status", (session) => tell(fanout, session, piece))
  for (const marketTicker of fanout.live.tickers()) {
    if (!fanout.places.has(marketTicker)) resync(fanout, marketTicker, "ahead")
  }
}
