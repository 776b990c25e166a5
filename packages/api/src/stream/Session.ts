/**
 * One reader of the stream: what it follows, what waits for it, and what happens when it does not read.
 *
 * What waits is bounded by bytes, in this process and in the socket together. Market data beyond the bound is dealt with as the reader chose;
 * answers and heartbeats have the rest of the room, and a reader that leaves no room even for those is ended.
 */
import type { Buffer } from "node:buffer"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Channel } from "@kalshibook/core/contract/stream/StreamCommands"
import { bufferBytesMax, conflateBytesMin } from "@kalshibook/core/contract/stream/StreamLimits"
import type { Format, GoodbyeReason, ServerMessage, SlowPolicy } from "@kalshibook/core/contract/stream/StreamMessages"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { CatchUp } from "./CatchUp.ts"
import * as FrameTree from "./FrameTree.ts"
import type { LogPlace } from "./LogMessages.ts"
import * as Piece from "./Piece.ts"

/** Where frames go. */
export interface Link {
  readonly write: (frame: Buffer) => void
  /** Bytes that were written and have not left this process. */
  readonly waitingBytes: () => number
  /** What was written is sent, as far as it is read within seconds; then the connection ends. */
  readonly end: (reason: GoodbyeReason) => void
}

/** A subscription: what a client asked for in one command. */
export interface Subscription {
  readonly channels: ReadonlyArray<Channel>
  readonly markets: Set<MarketTicker>
  readonly events: ReadonlyArray<string>
  readonly series: ReadonlyArray<string>
  readonly all: boolean
}

/** What a slow reader was not sent. */
interface Skipped {
  /** By market, the place before the first record that was left out. */
  readonly books: Map<MarketTicker, LogPlace>
  readonly others: Map<"trades" | "lifecycle", { messages: number; fromMicros: number; toMicros: number }>
}

/** Pays for what is sent. */
export interface Payer {
  /** How many of so many messages are paid for now. */
  readonly take: (messages: number) => number
  readonly creditsUsed: () => number
}

export interface Session {
  readonly name: string
  /** Absent where nothing is charged. */
  readonly payer: Payer | undefined
  /** Messages that are paid for and not sent yet. */
  paid: number
  /** Until more is paid for. */
  isUnpaid: boolean
  creditsTold: number
  readonly format: Format
  readonly slow: SlowPolicy
  readonly link: Link
  readonly bounds: Bounds
  readonly subscriptions: Map<number, Subscription>
  subscriptionsMade: number
  /** Markets that are not live for this reader yet. A market that it follows and that is not here stands where the fan-out stands. */
  readonly catchUps: Map<MarketTicker, CatchUp>
  /** A read of the history that is under way. */
  isReading: boolean
  /** Set while it reads too slowly. */
  skipped: Skipped | undefined
  /** What waits for the next frame. */
  node: FrameTree.FrameNode
  isWaiting: boolean
  /** Bytes in the socket when it was looked at last: since then they can only have become fewer. */
  linkBytes: number
  /** The piece that was offered last: a market may be followed in several ways, and comes once. */
  lastPiece: Piece.Piece | undefined
  isEnding: boolean
}

/** From how many waiting bytes on a reader is slow, and below how many it is not any more. */
export interface Bounds {
  readonly totalBytesMax: number
  readonly slowBytesMin: number
  readonly calmBytesMax: number
}

const bounds = (slow: SlowPolicy): Bounds => {
  const slowBytesMin =
    slow === "disconnect" ? bufferBytesMax : slow === "skip" ? (bufferBytesMax / 4) * 3 : conflateBytesMin
  return { totalBytesMax: bufferBytesMax, slowBytesMin, calmBytesMax: slowBytesMin / 2 }
}

export interface SessionOptions {
  readonly name: string
  readonly format: Format
  readonly slow: SlowPolicy
  readonly link: Link
  readonly payer?: Payer | undefined
}

export const make = ({ format, link, name, payer, slow }: SessionOptions): Session => ({
  name,
  payer,
  paid: 0,
  isUnpaid: false,
  creditsTold: 0,
  format,
  slow,
  link,
  bounds: bounds(slow),
  subscriptions: new Map(),
  subscriptionsMade: 0,
  catchUps: new Map(),
  isReading: false,
  skipped: undefined,
  node: FrameTree.root(format),
  isWaiting: false,
  linkBytes: 0,
  lastPiece: undefined,
  isEnding: false
})

/** Bytes that wait for the reader, at most. O(1). */
export const waitingBytes = (session: Session): number => session.node.bytes + session.linkBytes

/** Whether there is room for what can come later as well. */
export const hasRoom = (session: Session): boolean =>
  session.skipped === undefined && waitingBytes(session) < session.bounds.calmBytesMax

/** Pays for so many messages; `false` when that has to wait. */
export const pay = (session: Session, messages: number): boolean => {
  const { payer } = session
  if (payer === undefined) return true
  if (session.paid < messages) session.paid += payer.take(messages - session.paid)
  if (session.paid < messages) return false
  session.paid -= messages
  return true
}

/** What was not said to a slow reader. */
export type LeftOut =
  | { readonly channel: "book"; readonly marketTicker: MarketTicker; readonly place: LogPlace }
  | { readonly channel: "trades" | "lifecycle"; readonly messages: number; readonly tsReceivedMicros: number }

/** What becomes of a piece that was offered. */
export type Offered = "taken" | "left_out" | "too_slow"

/** Offers market data. O(1). `too_slow`: this reader is to be ended. */
export const offer = (session: Session, piece: Piece.Piece, leftOut: LeftOut): Offered => {
  if (session.isEnding) return "left_out"
  if (session.skipped === undefined) {
    const next = FrameTree.append(session.node, piece)
    // Whoever reads everything has room for anything.
    if (waitingBytes(session) === 0 || next.bytes + session.linkBytes <= session.bounds.slowBytesMin) {
      session.node = next
      return "taken"
    }
    if (session.slow === "disconnect") return "too_slow"
    session.skipped = { books: new Map(), others: new Map() }
  }
  note(session.skipped, leftOut)
  return "left_out"
}

/** Notes what was left out. */
const note = (skipped: Skipped, leftOut: LeftOut): void => {
  if (leftOut.channel === "book") {
    if (!skipped.books.has(leftOut.marketTicker)) skipped.books.set(leftOut.marketTicker, leftOut.place)
    return
  }
  const tally = skipped.others.get(leftOut.channel)
  const { tsReceivedMicros } = leftOut
  if (tally === undefined) {
    const { messages } = leftOut
    skipped.others.set(leftOut.channel, { messages, fromMicros: tsReceivedMicros, toMicros: tsReceivedMicros })
  } else {
    tally.messages += leftOut.messages
    tally.toMicros = Math.max(tally.toMicros, tsReceivedMicros)
  }
}

/** Says something that is not market data. `false`: there is no room, and the reader is to be ended. */
export const say = (session: Session, messages: ReadonlyArray<ServerMessage>): boolean =>
  sayPiece(session, Piece.make(messages))

export const sayPiece = (session: Session, piece: Piece.Piece): boolean => {
  if (session.isEnding) return true
  const next = FrameTree.append(session.node, piece)
  const isFull = waitingBytes(session) > 0 && next.bytes + session.linkBytes > session.bounds.totalBytesMax
  if (!isFull) session.node = next
  return !isFull
}

/** A slow reader that reads again: what it missed is told, and its books come anew. */
export const calm = (session: Session): void => {
  const { skipped } = session
  if (skipped === undefined || waitingBytes(session) > session.bounds.calmBytesMax) return
  session.skipped = undefined
  const instead = session.slow === "conflate" ? "conflated" : "skipped"
  for (const [marketTicker, place] of skipped.books) {
    session.catchUps.set(marketTicker, { _tag: "book", instead: { _tag: instead, place } })
  }
  for (const [channel, { fromMicros, messages, toMicros }] of skipped.others) {
    const [from, to] = [isoFromMicros(fromMicros), isoFromMicros(toMicros)]
    say(session, [{ type: "skipped", channel, messages, from, to }])
  }
}

/** Hands what waits to the socket as one frame. */
export const flush = (session: Session, root: FrameTree.FrameNode): void => {
  const { node } = session
  session.node = root
  session.isWaiting = false
  if (node.piece !== undefined) session.link.write(FrameTree.frame(node))
  session.linkBytes = session.link.waitingBytes()
}
