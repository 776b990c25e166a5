/**
 * A simulated exchange that pours: the changes that invented traders make in its markets are made beforehand, and sent as fast as
 * they are read, or so many a second, as soon as every market is subscribed. Connections, subscriptions, snapshots, numbers and
 * REST are the simulated exchange's own. The same settings give the same frames.
 */
import * as Book from "@kalshibook/core/Book"
import { defaultSettings, type ExchangeSettings } from "@kalshibook/simulator/exchange/ExchangeSettings"
import * as Simulation from "@kalshibook/simulator/exchange/Simulation"
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import * as FrameTail from "@kalshibook/simulator/session/FrameTail"

export interface HoseSettings {
  readonly markets: number
  readonly changes: number
  /** `null`: as fast as they are read. */
  readonly framesPerSecond: number | null
}

/** What comes of one market's frames: one that is missing, repeated or altered shows in one of the two. */
export interface MarketOutcome {
  readonly changes: number
  /** Digest of the book after the last change. */
  readonly bookHash: string
}

/** The frames of a whole run, in order. */
interface Supply {
  readonly tickers: ReadonlyArray<string>
  readonly tails: ReadonlyArray<string>
  readonly frameBytesMean: number
  readonly outcomes: ReadonlyArray<readonly [string, MarketOutcome]>
}

const stepsAtOnce = 100
/** Written and not read yet; more, and the hose waits. */
const backlogBytesMax = 4 * 1024 * 1024
const framesAtOnce = 2_000
const tickMillis = 5
/** Between the last snapshot and the first change. */
const settleMillis = 500

/** An exchange whose markets stay open, and on their price grid, for as long as anybody measures: changes alone are poured, no notices. */
export const exchangeSettings = (markets: number): ExchangeSettings => ({
  ...defaultSettings,
  marketsOpen: markets,
  deltasPerSecond: 50_000,
  quickLifeSeconds: 86_400,
  lifecycleSpeed: 0.001,
  startMicros: Date.now() * 1000,
  seed: 20261125
})

/** Makes the changes of a run in an exchange of its own. About 10 us a change. */
export const supply = (settings: ExchangeSettings, changesWanted: number): Supply => {
  const simulation = Simulation.make(settings)
  const markets = [...simulation.exchange.markets.values()].filter(({ status }) => status === "active")
  const changes = new Map(markets.map(({ ticker }) => [ticker, 0]))
  const tickers: Array<string> = []
  const tails: Array<string> = []
  let bytes = 0
  simulation.exchange.listeners.add({
    levelChanged: (market, change) => {
      const before = changes.get(market.ticker)
      // A market that opened meanwhile is none of the markets at the start, and after the last change nothing counts.
      if (before === undefined || tails.length >= changesWanted) return
      const tail = FrameTail.ofDelta(market, change, false).text
      bytes += tail.length
      tickers.push(market.ticker)
      tails.push(tail)
      changes.set(market.ticker, before + 1)
      if (tails.length === changesWanted) freeze()
    },
    bookReplaced: () => undefined,
    traded: () => undefined,
    // A market that pauses or changes its grid would need its notice among the changes.
    noticed: ({ eventType, ticker }) => {
      if (changes.has(ticker)) throw new Error(`${ticker} ${eventType}: only changes can be poured`)
    },
    marketForgotten: () => undefined
  })
  let outcomes: ReadonlyArray<readonly [string, MarketOutcome]> = []
  const freeze = (): void => {
    outcomes = markets.map(({ book, ticker }) => [
      ticker,
      { changes: changes.get(ticker) ?? 0, bookHash: Book.hash(book) }
    ])
  }
  while (tails.length < changesWanted) Simulation.step(simulation, stepsAtOnce)
  return { tickers, tails, frameBytesMean: bytes / tails.length + headBytes, outcomes }
}

const headBytes = '{"type":"orderbook_delta","sid":1,"seq":100000'.length

/** Pours when every market of the supply is subscribed. */
export const pour = (
  { server }: RunningExchange,
  { outcomes, tails, tickers }: Supply,
  framesPerSecond: number | null
): void => {
  let next = 0
  let startedMillis = 0
  const send = (count: number): void => {
    const books = server.feed.followers.get("orderbook_delta")
    for (const end = Math.min(next + count, tails.length); next < end; next++) {
      const on = books?.get(tickers[next] as string)?.[0]
      if (on === undefined) throw new Error(`${tickers[next]} is not subscribed any more`)
      const tail = { type: "orderbook_delta", text: tails[next] as string }
      on.session.outlet.write(FrameTail.numbered(tail, on.sid, ++on.seq))
    }
    for (const { link } of server.sockets.values()) link.flush()
  }
  const asRead = (): void => {
    let backlogBytes = 0
    for (const { outlet } of server.sockets.keys()) backlogBytes = Math.max(backlogBytes, outlet.backlogBytes())
    if (backlogBytes < backlogBytesMax) send(framesAtOnce)
    if (next < tails.length) setImmediate(asRead)
  }
  const paced = (rate: number): void => {
    const due = Math.floor(((performance.now() - startedMillis) / 1000) * rate)
    send(due - next)
    if (next < tails.length) setTimeout(() => paced(rate), tickMillis)
  }
  const begin = (): void => {
    startedMillis = performance.now()
    if (framesPerSecond === null) asRead()
    else paced(framesPerSecond)
  }
  const waiting = setInterval(() => {
    const books = server.feed.followers.get("orderbook_delta")
    if (!outcomes.every(([ticker]) => books?.has(ticker) === true)) return
    clearInterval(waiting)
    setTimeout(begin, settleMillis)
  }, tickMillis)
}
