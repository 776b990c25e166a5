/**
 * An exchange small enough to be obviously right: true books in plain maps, one engine, one connection, and every frame that it
 * sends with the step at which it was made. It remembers every book it ever had.
 */
import type { MarketTicker, Side } from "@kalshibook/core/BookRecord"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Frames from "./Frames.ts"
import * as NaiveBook from "./NaiveBook.ts"

/** A book as it was from a step, and a moment of the exchange's clock, on. */
interface Version {
  readonly step: number
  readonly tsExchangeMicros: number
  readonly text: string
}

export interface ModelMarket {
  readonly ticker: MarketTicker
  readonly book: NaiveBook.NaiveBook
  readonly versions: Array<Version>
  isSubscribed: boolean
}

/** A frame on its way. */
export interface Frame {
  readonly message: ServerMessage
  readonly step: number
  readonly sentMicros: number
  /** Its place among the frames of its sid, from 1; `null` where it has no number. */
  readonly sid: number | null
  readonly seq: number | null
  /** The market about which it lies. */
  readonly bogusTicker: MarketTicker | null
}

export interface ModelExchange {
  readonly markets: ReadonlyArray<ModelMarket>
  /** What was sent and not taken off the line yet. */
  readonly line: Array<Frame>
  /** The exchange's clock less ours. */
  readonly clockOffsetMicros: number
  readonly givesTimes: boolean
  step: number
  /** True time, by our clock. */
  nowMicros: number
  /** The book subscription. */
  bookSid: number
  seqLast: Map<number, number>
}

const tradeSid = 2
/** A subscription that nobody opened. */
export const strangeSid = 1_000
const firstBookSid = 1

/** Whole cents; no yes price and no price of these meet. */
const yesPricesE4 = [3_900, 4_000, 4_100, 4_200, 4_300]
const noPricesE4 = [5_200, 5_300, 5_400, 5_500, 5_600]

export const make = (
  tickers: ReadonlyArray<MarketTicker>,
  options: { readonly startMicros: number; readonly clockOffsetMicros: number; readonly givesTimes: boolean }
): ModelExchange => {
  const exchange: ModelExchange = {
    markets: tickers.map((ticker) => ({ ticker, book: new Map(), versions: [], isSubscribed: false })),
    line: [],
    clockOffsetMicros: options.clockOffsetMicros,
    givesTimes: options.givesTimes,
    step: 0,
    nowMicros: options.startMicros,
    bookSid: firstBookSid,
    seqLast: new Map()
  }
  for (const market of exchange.markets) remember(exchange, market)
  return exchange
}

const tsExchangeMicros = (exchange: ModelExchange): number => exchange.nowMicros + exchange.clockOffsetMicros

const remember = (exchange: ModelExchange, market: ModelMarket): void => {
  market.versions.push({
    step: exchange.step,
    tsExchangeMicros: tsExchangeMicros(exchange),
    text: NaiveBook.text(NaiveBook.levels(market.book))
  })
}

/** The book of a market as it was at a step. */
export const atStep = (market: ModelMarket, step: number): string =>
  market.versions.findLast((version) => version.step <= step)?.text ?? ""

/** The book of a market as it was at a moment of the exchange's clock, all changes of that microsecond included. */
export const atMicros = (market: ModelMarket, micros: number): string =>
  market.versions.findLast((version) => version.tsExchangeMicros <= micros)?.text ?? ""

const send = (
  exchange: ModelExchange,
  sid: number,
  makeMessage: (seq: number) => ServerMessage,
  bogusTicker: MarketTicker | null = null
): void => {
  const seq = (exchange.seqLast.get(sid) ?? 0) + 1
  exchange.seqLast.set(sid, seq)
  exchange.line.push({
    message: makeMessage(seq),
    step: exchange.step,
    sentMicros: exchange.nowMicros,
    sid,
    seq,
    bogusTicker
  })
}

const sendUnnumbered = (exchange: ModelExchange, message: ServerMessage): void => {
  const { nowMicros: sentMicros, step } = exchange
  exchange.line.push({ message, step, sentMicros, sid: null, seq: null, bogusTicker: null })
}

/** One change of the engine: a new level, more or less of one, or its end. `pick` and `amount` are any whole numbers from 0. */
export const change = (
  exchange: ModelExchange,
  market: ModelMarket,
  side: Side,
  pick: number,
  amount: number
): void => {
  const prices = side === "yes" ? yesPricesE4 : noPricesE4
  const priceE4 = prices[pick % prices.length] as number
  const sizeE2 = NaiveBook.sizeE2(market.book, side, priceE4)
  const deltaE2 = amount % 3 === 0 ? -sizeE2 : amount % 3 === 1 && sizeE2 > 0 ? -(amount % (sizeE2 + 1)) : amount + 1
  exchange.step++
  NaiveBook.add(market.book, side, priceE4, deltaE2)
  remember(exchange, market)
  // A change of nothing is sent too: it consumes a number.
  if (market.isSubscribed) sendDelta(exchange, market, side, priceE4, deltaE2)
}

const sendDelta = (
  exchange: ModelExchange,
  { ticker }: ModelMarket,
  side: Side,
  priceE4: number,
  deltaE2: number,
  options: { readonly sid?: number; readonly isBogus?: boolean } = {}
): void => {
  const time = exchange.givesTimes ? tsExchangeMicros(exchange) : null
  const sid = options.sid ?? exchange.bookSid
  send(
    exchange,
    sid,
    (seq) => Frames.delta(sid, seq, ticker, { side, priceE4, deltaE2, tsExchangeMicros: time }),
    options.isBogus === true ? ticker : null
  )
}

export const sendSnapshot = (exchange: ModelExchange, market: ModelMarket): void => {
  exchange.step++
  const levels = NaiveBook.levels(market.book)
  send(exchange, exchange.bookSid, (seq) => Frames.snapshot(exchange.bookSid, seq, market.ticker, levels))
}

export const sendOk = (exchange: ModelExchange): void => {
  exchange.step++
  send(exchange, exchange.bookSid, (seq) => Frames.ok(exchange.bookSid, seq))
}

export const sendTrade = (exchange: ModelExchange, { ticker }: ModelMarket): void => {
  exchange.step++
  send(exchange, tradeSid, (seq) => Frames.trade(tradeSid, seq, ticker))
}

/** A frame of a type that nobody knows. */
export const sendUnknown = (exchange: ModelExchange): void => {
  exchange.step++
  send(exchange, exchange.bookSid, (seq) => Frames.unknown(exchange.bookSid, seq))
}

export const lies = ["negative", "crossing", "off grid", "crossed snapshot", "other subscription"] as const
type Lie = (typeof lies)[number]

/** A frame that cannot be true, as the real exchange was never seen to send one. The books stay as they are. */
export const sendLie = (exchange: ModelExchange, market: ModelMarket, lie: Lie): void => {
  exchange.step++
  const { book, ticker } = market
  const bestNoE4 = NaiveBook.levels(book).no.at(-1)?.priceE4
  if (lie === "crossed snapshot") {
    const levels = { yes: Frames.ladder([4_300, 5]), no: Frames.ladder([5_700, 5]) }
    send(exchange, exchange.bookSid, (seq) => Frames.snapshot(exchange.bookSid, seq, ticker, levels), ticker)
  } else if (lie === "crossing" && bestNoE4 !== undefined) {
    sendDelta(exchange, market, "yes", 10_000 - bestNoE4, 7, { isBogus: true })
  } else if (lie === "off grid") {
    sendDelta(exchange, market, "no", 5_205, 7, { isBogus: true })
  } else if (lie === "other subscription") {
    sendDelta(exchange, market, "yes", 4_000, 7, { isBogus: true, sid: strangeSid })
  } else {
    sendDelta(exchange, market, "yes", 4_000, -NaiveBook.sizeE2(book, "yes", 4_000) - 1, { isBogus: true })
  }
}

/** Opens the book subscription with these markets: an acknowledgement without a number, then their snapshots. */
export const subscribe = (exchange: ModelExchange, markets: ReadonlyArray<ModelMarket>): void => {
  exchange.step++
  sendUnnumbered(exchange, Frames.subscribed(exchange.bookSid))
  for (const market of markets) {
    market.isSubscribed = true
    sendSnapshot(exchange, market)
  }
}

export const endings = ["error", "error without number", "error without subscription", "unsubscribed"] as const
export type Ending = (typeof endings)[number]

/** Ends the book subscription; the next one gets another sid. */
export const endSubscription = (exchange: ModelExchange, ending: Ending): void => {
  exchange.step++
  const sid = exchange.bookSid
  if (ending === "error") send(exchange, sid, (seq) => Frames.error(25, sid, seq))
  else if (ending === "unsubscribed") send(exchange, sid, (seq) => Frames.unsubscribed(sid, seq))
  else sendUnnumbered(exchange, Frames.error(10, ending === "error without number" ? sid : null, null))
  for (const market of exchange.markets) market.isSubscribed = false
  exchange.bookSid = Math.max(sid, tradeSid) + 1
}

/** The connection is cut: what is on the line is lost, and numbers start again. */
export const cut = (exchange: ModelExchange): void => {
  exchange.step++
  exchange.line.length = 0
  for (const market of exchange.markets) market.isSubscribed = false
  exchange.bookSid = firstBookSid
  exchange.seqLast = new Map()
}
