/**
 * The exchange itself: its clock, markets, books and trades, and the one time line of everything that happens.
 *
 * Synchronous and free of IO. Time passes only when the owner says so. Every change of a book goes through `changeLevel`,
 * which stamps, applies, remembers (`Truth`) and tells the listeners, in this order. Knows nothing of connections.
 */
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, Side } from "@kalshibook/core/BookRecord"
import type { ExchangeSettings } from "./ExchangeSettings.ts"
import type { LifecycleNotice, MarketStatus, SimEvent, SimMarket, SimSeries, SimTrade } from "./MarketModel.ts"
import * as Prng from "./Prng.ts"
import * as Truth from "./Truth.ts"

/** Who wants to know what happens, as it happens. */
export interface ExchangeListener {
  readonly levelChanged: (market: SimMarket, change: Truth.LevelChange) => void
  /** The whole book was set at once (recordings alone do so). */
  readonly bookReplaced: (market: SimMarket) => void
  readonly traded: (trade: SimTrade) => void
  readonly noticed: (notice: LifecycleNotice) => void
  /** The market left the exchange's memory. */
  readonly marketForgotten: (market: SimMarket) => void
}

/** A time in which books stand still, no session lives and none begins, microseconds of the exchange's course. */
export interface MaintenanceWindow {
  readonly fromMicros: number
  /** The first moment after it. */
  readonly untilMicros: number
}

export interface Exchange {
  readonly settings: ExchangeSettings
  readonly series: Map<string, SimSeries>
  readonly events: Map<string, SimEvent>
  readonly markets: Map<string, SimMarket>
  /** Every event ticker ever used: none is given twice, also when its event is forgotten. About 100 bytes an event. */
  readonly eventTickersUsed: Set<string>
  /** Events, then markets, by creation order: what the pages of REST walk. Forgotten ones leave holes. */
  readonly eventsCreated: Array<SimEvent | undefined>
  readonly marketsCreated: Array<SimMarket | undefined>
  /** Newest last, at most `settings.tradesMax`. */
  readonly trades: Array<SimTrade>
  tradesCount: number
  readonly truth: Truth.Truth
  /** Snapshots as recorded, behind their seq, of books that have not changed since. Empty unless a recording is played. */
  readonly recordedSnapshots: Map<string, string>
  readonly listeners: Set<ExchangeListener>
  readonly prng: Prng.Prng
  /** Unix microseconds of the exchange's own course, before the clock's error. */
  nowMicros: number
  /** How far the exchange's clock is off. Stamps never go back for it: they wait until the clock has caught up. */
  clockOffsetMicros: number
  /** The last stamp given. Each engine event has its own microsecond. */
  stampMicros: number
  /** Changes of all books so far. */
  changeNumber: number
  /** `false` during the trading pause of maintenance: books stand still. */
  tradingActive: boolean
  exchangeActive: boolean
  /** What is planned, and what has been. */
  maintenance: ReadonlyArray<MaintenanceWindow>
}

export const make = (settings: ExchangeSettings): Exchange => ({
  settings,
  series: new Map(),
  events: new Map(),
  markets: new Map(),
  eventTickersUsed: new Set(),
  eventsCreated: [],
  marketsCreated: [],
  trades: [],
  tradesCount: 0,
  truth: Truth.make(settings.truthChangesMax),
  recordedSnapshots: new Map(),
  listeners: new Set(),
  prng: Prng.make(settings.seed, 0),
  nowMicros: settings.startMicros,
  clockOffsetMicros: 0,
  stampMicros: settings.startMicros - 1,
  changeNumber: 0,
  tradingActive: true,
  exchangeActive: true,
  maintenance: []
})

/** The window of maintenance that the exchange is in. */
export const maintenanceNow = ({ maintenance, nowMicros }: Exchange): MaintenanceWindow | undefined =>
  maintenance.find(({ fromMicros, untilMicros }) => fromMicros <= nowMicros && nowMicros < untilMicros)

/** When the next window of maintenance begins or ends, `Infinity` for never. */
export const nextMaintenanceMicros = ({ maintenance, nowMicros }: Exchange): number =>
  Math.min(
    ...maintenance.flatMap(({ fromMicros, untilMicros }) => [fromMicros, untilMicros]).filter((at) => at > nowMicros)
  )

/** Whether orders are taken. */
export const isTrading = (exchange: Exchange): boolean =>
  exchange.tradingActive && exchange.exchangeActive && maintenanceNow(exchange) === undefined

/** What the exchange's clock shows, Unix microseconds. */
export const clockMicros = (exchange: Exchange): number =>
  Math.max(exchange.stampMicros, exchange.nowMicros + exchange.clockOffsetMicros)

/** Begins an engine event: all that happens until the next one carries its stamp. */
export const beginEvent = (exchange: Exchange): void => {
  exchange.stampMicros = Math.max(exchange.stampMicros + 1, exchange.nowMicros + exchange.clockOffsetMicros)
}

/** Changes one level within the current engine event. The caller has made sure that the book allows it. */
export const changeLevel = (
  exchange: Exchange,
  market: SimMarket,
  side: Side,
  priceE4: number,
  deltaE2: number,
  recordedTail?: string
): void => {
  const problem = Book.apply(market.book, side, priceE4, deltaE2)
  // impossible: traders only change what the book allows
  if (problem !== undefined) throw new Error(`${market.ticker} ${side} ${priceE4} ${deltaE2}: ${problem}`)
  const changeNumber = ++exchange.changeNumber
  const change = { side, priceE4, deltaE2, changeNumber, tsMicros: exchange.stampMicros, recordedTail }
  Truth.append(exchange.truth, market.ticker, change)
  if (exchange.recordedSnapshots.size > 0) exchange.recordedSnapshots.delete(market.ticker)
  for (const listener of exchange.listeners) listener.levelChanged(market, change)
}

/** Sets the whole book within the current engine event; the truth learns it as single changes. */
export const replaceBook = (exchange: Exchange, market: SimMarket, levels: BookLevels, recordedTail: string): void => {
  const target = Book.fromLevels(levels)
  const before = Book.levels(market.book)
  for (const side of ["yes", "no"] as const) {
    const prices = new Set([...before[side], ...levels[side]].map((level) => level.priceE4))
    for (const priceE4 of prices) {
      const deltaE2 = sizeAt(target, side, priceE4) - sizeAt(market.book, side, priceE4)
      if (deltaE2 === 0) continue
      const change = { side, priceE4, deltaE2, changeNumber: ++exchange.changeNumber, tsMicros: exchange.stampMicros }
      Truth.append(exchange.truth, market.ticker, change)
    }
  }
  Book.replace(market.book, levels)
  exchange.recordedSnapshots.set(market.ticker, recordedTail)
  for (const listener of exchange.listeners) listener.bookReplaced(market)
}

/** Size of one level, 1/100 contract; 0 where there is none. */
const sizeAt = (book: Book.Book, side: Side, priceE4: number): number => Book.sizeE2(book, side, priceE4)

/** A trade within the current engine event. */
export const recordTrade = (
  exchange: Exchange,
  market: SimMarket,
  trade: Pick<SimTrade, "yesPriceE4" | "sizeE2" | "takerSide" | "isBlockTrade"> & Partial<Pick<SimTrade, "tradeId">>
): void => {
  const recorded: SimTrade = {
    market,
    number: ++exchange.tradesCount,
    tradeId: trade.tradeId ?? Prng.uuid(exchange.prng),
    yesPriceE4: trade.yesPriceE4,
    sizeE2: trade.sizeE2,
    takerSide: trade.takerSide,
    isBlockTrade: trade.isBlockTrade,
    tsMicros: exchange.stampMicros
  }
  market.lastPriceE4 = trade.yesPriceE4
  market.lastTradeSizeE2 = trade.sizeE2
  market.volumeE2 += trade.sizeE2
  market.openInterestE2 += trade.sizeE2
  exchange.trades.push(recorded)
  if (exchange.trades.length > exchange.settings.tradesMax * 2) {
    exchange.trades.splice(0, exchange.trades.length - exchange.settings.tradesMax)
  }
  for (const listener of exchange.listeners) listener.traded(recorded)
}

/** Tells the lifecycle channel. */
export const notice = (exchange: Exchange, told: LifecycleNotice): void => {
  for (const listener of exchange.listeners) listener.noticed(told)
}

/** Moves a market to another status; says nothing to anybody. */
export const setStatus = (exchange: Exchange, market: SimMarket, status: MarketStatus): void => {
  market.status = status
  market.tsUpdatedMicros = clockMicros(exchange)
}

/** Adds an event without its markets. */
export const addEvent = (exchange: Exchange, event: Omit<SimEvent, "index" | "markets">): SimEvent => {
  const added: SimEvent = { ...event, index: exchange.eventsCreated.length, markets: [] }
  exchange.series.set(event.series.ticker, event.series)
  exchange.events.set(added.ticker, added)
  exchange.eventTickersUsed.add(added.ticker)
  exchange.eventsCreated.push(added)
  return added
}

/** Adds a market whose book is `levels` from the beginning of its truth. */
export const addMarket = (
  exchange: Exchange,
  market: Omit<SimMarket, "index" | "book">,
  levels: BookLevels
): SimMarket => {
  const added: SimMarket = { ...market, index: exchange.marketsCreated.length, book: Book.fromLevels(levels) }
  exchange.markets.set(added.ticker, added)
  exchange.marketsCreated.push(added)
  added.event.markets.push(added)
  Truth.begin(exchange.truth, added.ticker, levels)
  return added
}

/** Forgets a market, and its event when it was the last of it. */
export const forgetMarket = (exchange: Exchange, market: SimMarket): void => {
  exchange.markets.delete(market.ticker)
  exchange.marketsCreated[market.index] = undefined
  Truth.drop(exchange.truth, market.ticker)
  const { event } = market
  event.markets.splice(event.markets.indexOf(market), 1)
  if (event.markets.length === 0) {
    exchange.events.delete(event.ticker)
    exchange.eventsCreated[event.index] = undefined
  }
  for (const listener of exchange.listeners) listener.marketForgotten(market)
}
