/**
 * Says, from what really happened to each frame, when each book had to be trusted: never by numbers of frames, and never by what
 * the recorder says. Spans are [from, to) by the receive clock.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { OrderbookDelta, OrderbookSnapshot } from "@kalshibook/core/kalshi/ServerMessage"
import { type Frame, strangeSid } from "./ModelExchange.ts"

interface Span {
  readonly fromMicros: number
  readonly toMicros: number
}

interface MarketView {
  readonly spans: Array<Span>
  /** The book is trusted since then. */
  fromMicros: number | null
  /** Receipt of the last record. */
  lastMicros: number
  sid: number
}

interface SidView {
  /** Place of the last frame in order. */
  seq: number
  provenMicros: number
  isDead: boolean
}

export interface TrustOracle {
  readonly markets: Map<MarketTicker, MarketView>
  readonly followed: Set<MarketTicker>
  sids: Map<number, SidView>
  /** When which step of the exchange was known, through a frame in order of a book subscription. */
  readonly known: Array<{ readonly tsReceivedMicros: number; readonly step: number }>
}

export const make = (tickers: ReadonlyArray<MarketTicker>): TrustOracle => ({
  markets: new Map(tickers.map((ticker) => [ticker, { spans: [], fromMicros: null, lastMicros: 0, sid: 0 }])),
  followed: new Set(),
  sids: new Map(),
  known: []
})

const sidOf = (oracle: TrustOracle, sid: number): SidView => {
  const found = oracle.sids.get(sid)
  if (found !== undefined) return found
  const made: SidView = { seq: 0, provenMicros: 0, isDead: false }
  oracle.sids.set(sid, made)
  return made
}

const lose = (market: MarketView, toMicros: number): void => {
  if (market.fromMicros === null) return
  market.spans.push({ fromMicros: market.fromMicros, toMicros: Math.max(toMicros, market.lastMicros) })
  market.fromMicros = null
}

/** Something of the sid may be missing since its last proof. */
const loseSid = (oracle: TrustOracle, sid: number, atMicros: number): void => {
  const { provenMicros } = sidOf(oracle, sid)
  for (const market of oracle.markets.values()) {
    if (market.sid === sid) lose(market, Math.min(provenMicros + 1, atMicros))
  }
}

/** A readable frame arrived, for the first time or again. */
export const arrived = (oracle: TrustOracle, frame: Frame, atMicros: number): void => {
  const { message, seq, sid } = frame
  const isEnd = message._tag === "unsubscribed" || message._tag === "error"
  if (sid === null || seq === null) {
    if (isEnd) ended(oracle, message.sid, atMicros)
    return
  }
  const view = sidOf(oracle, sid)
  const isOld = view.isDead || seq <= view.seq
  if (isOld && !isEnd) return
  if (!isOld && seq > view.seq + 1) loseSid(oracle, sid, atMicros)
  if (!isOld) view.seq = seq
  if (isEnd) ended(oracle, message.sid, atMicros)
  else if (message._tag === "unknown") loseSid(oracle, sid, atMicros)
  else if (message._tag === "orderbook_snapshot" || message._tag === "orderbook_delta") {
    bookChanged(oracle, frame, message, atMicros)
  }
  view.provenMicros = atMicros
}

const bookChanged = (
  oracle: TrustOracle,
  { bogusTicker, step }: Frame,
  message: OrderbookSnapshot | OrderbookDelta,
  atMicros: number
): void => {
  const market = oracle.markets.get(message.marketTicker) as MarketView
  if (message.sid !== strangeSid) oracle.known.push({ tsReceivedMicros: atMicros, step })
  if (message._tag === "orderbook_delta" && message.deltaE2 === 0) return
  if (bogusTicker !== null) lose(market, Math.min(market.lastMicros + 1, atMicros))
  market.lastMicros = atMicros
  if (message._tag !== "orderbook_snapshot" || bogusTicker !== null) return
  if (!oracle.followed.has(message.marketTicker)) return
  market.fromMicros ??= atMicros
  market.sid = message.sid
}

/** A frame arrived of which only the numbers can be read. */
export const garbled = (oracle: TrustOracle, sid: number, seq: number, atMicros: number): void => {
  const view = sidOf(oracle, sid)
  if (view.isDead || seq <= view.seq) return
  loseSid(oracle, sid, atMicros)
  if (seq !== view.seq + 1) return
  view.seq = seq
  view.provenMicros = atMicros
}

const ended = (oracle: TrustOracle, sid: number | null, atMicros: number): void => {
  for (const each of sid === null ? oracle.sids.keys() : [sid]) loseSid(oracle, each, atMicros)
  if (sid !== null) sidOf(oracle, sid).isDead = true
}

/** The market is let go of. */
export const unfollowed = (oracle: TrustOracle, ticker: MarketTicker, atMicros: number): void => {
  oracle.followed.delete(ticker)
  const market = oracle.markets.get(ticker)
  if (market !== undefined) lose(market, Math.min(sidOf(oracle, market.sid).provenMicros + 1, atMicros))
}

/** The connection is gone. */
export const disconnected = (oracle: TrustOracle, atMicros: number): void => {
  for (const sid of oracle.sids.keys()) loseSid(oracle, sid, atMicros)
  oracle.sids = new Map()
  oracle.followed.clear()
}

export const isTrusted = (oracle: TrustOracle, ticker: MarketTicker): boolean =>
  oracle.markets.get(ticker)?.fromMicros !== null

export const wasTrusted = (oracle: TrustOracle, ticker: MarketTicker, atMicros: number): boolean =>
  oracle.markets.get(ticker)?.spans.some(({ fromMicros, toMicros }) => fromMicros <= atMicros && atMicros < toMicros) ??
  false

/** The last step of the exchange that was known at a moment. Frames in order arrive in the order of their steps. */
export const knownStep = (oracle: TrustOracle, atMicros: number): number =>
  oracle.known.findLast(({ tsReceivedMicros }) => tsReceivedMicros <= atMicros)?.step ?? 0
