/**
 * One client's conversation in Kalshi's own protocol, as plain state: its subscriptions, what their numbers are, and the frames that are to
 * be sent. Pure: where books come from, and who sends, is not known here.
 *
 * 1. One subscription for each channel. A second `subscribe` merges its markets into the first and is answered `ok`.
 * 2. `seq` counts the frames of a subscription, from 1: snapshots, deltas, trades, messages, `ok`, `unsubscribed`, and its errors.
 * 3. After the answer, a snapshot of each new market, ascending; after that its changes. A book that is not known has none until it is.
 * 4. A hole in what we know ends the subscription with error 25, as the exchange ends one whose frames were lost. A client that asks for
 *    it (`gaps=frames`) is told in a frame of ours, and keeps its subscription.
 */
import type { BookLevels, GapRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import { type ErrorCode, errorText } from "@kalshibook/core/kalshi/ErrorCode"
import { noUnknownFields, type ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import { isoFromMicros } from "@kalshibook/core/Units"
import * as KalshiFrames from "./KalshiFrames.ts"

/** How a client is told of holes. */
export type GapsMode = "error" | "frames"

/** The channels that can be served from what is recorded. */
export type ServedChannel = "orderbook_delta" | "trade" | "market_lifecycle_v2"

export interface Subscription {
  readonly channel: ServedChannel
  /** Counted from 1 in each session. */
  readonly sid: number
  /** The last number used. */
  seq: number
  /** `undefined`: every market. */
  markets: Set<MarketTicker> | undefined
  /** Markets whose book the client has. */
  readonly known: Set<MarketTicker>
  skipTickerAck: boolean
  readonly useYesPrice: boolean
  isClosed: boolean
}

/** A market's book that has to be looked up, and how it is answered. */
export interface BookAsk {
  readonly on: Subscription
  readonly marketTicker: MarketTicker
  /** Of the command, where it was `get_snapshot`. */
  readonly id: number | null
  /** Whether changes are to follow it. */
  readonly isFollowed: boolean
}

export interface Session {
  readonly gaps: GapsMode
  readonly subscriptions: Map<ServedChannel, Subscription>
  sidLast: number
  /** Frames to be sent, in order. */
  out: Array<string>
  /** How many of them carry what was recorded, and are charged: snapshots, deltas, trades, lifecycle messages. */
  charged: number
  /** Books to be answered, in order (`answer`). */
  asks: Array<BookAsk>
  /** Grows with each change of what is followed. */
  interest: number
}

export const make = (gaps: GapsMode): Session => ({
  gaps,
  subscriptions: new Map(),
  sidLast: 0,
  out: [],
  charged: 0,
  asks: [],
  interest: 0
})

/** Takes the frames that are to be sent, and how many of them are charged. */
export const takeFrames = (session: Session): { readonly frames: ReadonlyArray<string>; readonly charged: number } => {
  const { charged, out } = session
  session.out = []
  session.charged = 0
  return { frames: out, charged }
}

/** Takes the books that are to be answered. */
export const takeAsks = (session: Session): ReadonlyArray<BookAsk> => {
  const { asks } = session
  session.asks = []
  return asks
}

/** What is known of a market's book when it is asked for. */
export type BookState =
  | { readonly _tag: "known"; readonly levels: BookLevels }
  | { readonly _tag: "stale"; readonly gap: GapRecord }
  /** Nothing was recorded of it by then. */
  | { readonly _tag: "none" }

/** Answers a book that was asked for. */
export const answer = (session: Session, { id, isFollowed, marketTicker, on }: BookAsk, state: BookState): void => {
  if (on.isClosed || (isFollowed && on.markets?.has(marketTicker) !== true)) return
  if (state._tag === "known") {
    if (isFollowed) on.known.add(marketTicker)
    sendSnapshot(session, on, marketTicker, id, state.levels)
  } else if (state._tag === "stale") {
    const { gap } = state
    if (id !== null) refuse(session, { id, on, code: 11, detail: unknownSince(gap), marketTicker })
    else if (session.gaps === "frames") session.out.push(KalshiFrames.gapFrame(on.sid, gap))
  } else {
    refuse(session, { id, on, code: 11, detail: `nothing of ${marketTicker} is recorded at this moment`, marketTicker })
  }
}

const unknownSince = ({ cause, marketTicker, tsReceivedMicros }: GapRecord): string =>
  `the book of ${marketTicker} is not known since ${isoFromMicros(tsReceivedMicros)} (${cause})`

/** Sends a whole book, as an answer or because it is known again. */
export const sendSnapshot = (
  session: Session,
  on: Subscription,
  marketTicker: MarketTicker,
  id: number | null,
  levels: BookLevels
): void => {
  session.charged++
  session.out.push(KalshiFrames.snapshot({ sid: on.sid, seq: ++on.seq, id, marketTicker, levels }, on.useYesPrice))
}

/** A frame of what was recorded that is made without its numbers, with the next ones. */
export const sendTail = (session: Session, on: Subscription, tail: KalshiFrames.FrameTail): void => {
  session.charged++
  session.out.push(KalshiFrames.numbered(tail, on.sid, ++on.seq))
}

/** Sends an acknowledgement or another message with the next number of the subscription. */
export const sendOn = (session: Session, on: Subscription, make: (seq: number) => ServerMessage): void => {
  session.out.push(encode(make(++on.seq)))
}

export interface Refusal {
  readonly id: number | null
  readonly code: ErrorCode
  /** The subscription that it is about; its error takes a number. */
  readonly on?: Subscription | undefined
  /** What more there is to say than the exchange's text. */
  readonly detail?: string | undefined
  readonly marketTicker?: MarketTicker | undefined
}

export const refuse = (session: Session, { code, detail, id, marketTicker, on }: Refusal): void => {
  const text = errorText[code]
  session.out.push(
    encode({
      _tag: "error",
      id,
      code,
      message: detail === undefined ? text : `${text}: ${detail}`,
      sid: on?.sid ?? null,
      seq: on === undefined ? null : ++on.seq,
      marketTickers: marketTicker === undefined ? null : [marketTicker],
      unknownFields: noUnknownFields
    })
  )
}

/** Ends a subscription; its sid is not used again. */
export const close = (session: Session, on: Subscription): void => {
  if (on.isClosed) return
  on.isClosed = true
  session.subscriptions.delete(on.channel)
  session.interest++
}

/** Something on the subscription is lost: it ends with the exchange's error for that (4). */
export const overflow = (session: Session, on: Subscription, detail: string, marketTicker?: MarketTicker): void => {
  refuse(session, { id: null, code: 25, on, detail, marketTicker })
  close(session, on)
}
