/**
 * The recorder of made-up days, by the exchange's side: finds markets, subscribes them, asks for snapshots where books are not
 * trusted, lets go of markets that are over, loses its connection and comes back. All that it does and hears goes, as entries of a
 * tape, into the real `Recorder`.
 *
 * It acts as the collector does, at moments of the exchange's clock, in one thread and without waiting: what takes the collector
 * fibers is an agenda here.
 */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Command from "@kalshibook/core/kalshi/Command"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Recorder from "@kalshibook/core/Recorder"
import * as RecorderAct from "@kalshibook/core/RecorderAct"
import type { TapeEntryKind } from "@kalshibook/core/TapeEntry"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import * as Option from "effect/Option"
import * as Agenda from "../exchange/Agenda.ts"
import * as Exchange from "../exchange/Exchange.ts"
import type { SimMarket } from "../exchange/MarketModel.ts"
import * as Outcome from "../exchange/Outcome.ts"
import * as Prng from "../exchange/Prng.ts"
import * as Commands from "../session/Commands.ts"
import * as Feed from "../session/Feed.ts"
import type { Session } from "../session/Session.ts"
import * as PastClock from "./PastClock.ts"
import type { PastSettings } from "./PastSettings.ts"
import * as PastSights from "./PastSights.ts"

export interface PastClient {
  readonly settings: PastSettings
  readonly exchange: Exchange.Exchange
  readonly feed: Feed.Feed
  /** The recorder, as a function of the entries. */
  readonly replay: TapeReplay.TapeReplay
  readonly sights: PastSights.PastSights
  /** What is to be done, by moments of the exchange's clock. */
  readonly agenda: Agenda.Agenda<() => void>
  readonly prng: Prng.Prng
  /** The connection, while there is one. */
  session: Session | undefined
  epoch: number
  /** Whether a recorder runs. */
  isRunning: boolean
  /** Markets that were created so far, as far as was looked. */
  marketsSeen: number
  /** Markets to look at in the next turn, and books to ask for. */
  readonly changed: Set<SimMarket>
  readonly untrusted: Set<MarketTicker>
  isTurnPlanned: boolean
  /** Receipt of the last entry. */
  tsReceivedMicros: number
}

/** From a reason to act until the exchange has the command. */
const actMicros = [20_000, 120_000] as const
const chunkMarketsMax = 200
const commandLimits = { marketsPerSessionMax: 1_000_000, sequenceEntriesMax: 1 }
/** The stream of the seed for the delays of the client. */
const stream = 501

export const make = (settings: PastSettings, exchange: Exchange.Exchange, feed: Feed.Feed): PastClient => {
  const client: PastClient = {
    settings,
    exchange,
    feed,
    replay: TapeReplay.make({
      ...Recorder.silentListener,
      distrusted: (ticker) => {
        client.untrusted.add(ticker)
        planTurn(client)
      }
    }),
    sights: PastSights.make(),
    agenda: Agenda.make(),
    prng: Prng.make(settings.seed, stream),
    session: undefined,
    epoch: settings.epochLast,
    isRunning: false,
    marketsSeen: 0,
    changed: new Set(),
    untrusted: new Set(),
    isTurnPlanned: false,
    tsReceivedMicros: 0
  }
  exchange.listeners.add({
    levelChanged: () => undefined,
    bookReplaced: () => undefined,
    traded: () => undefined,
    marketForgotten: (market) => {
      client.changed.delete(market)
      PastSights.forget(client.sights, market.ticker)
      if (market.event.markets.length === 0) PastSights.forget(client.sights, market.event.ticker)
    },
    noticed: ({ kind, ticker }) => {
      const markets = kind === "market" ? [exchange.markets.get(ticker)] : exchange.events.get(ticker)?.markets
      for (const market of markets ?? []) if (market !== undefined) notice(client, market)
    }
  })
  return client
}

// ---- what goes into the recorder -------------------------------------------------------------------------------------

const encoder = new TextEncoder()

const receivedNow = ({ exchange, settings }: PastClient): number =>
  PastClock.receivedMicros(settings.seed, Exchange.clockMicros(exchange))

const put = (client: PastClient, kind: TapeEntryKind, epoch: number, body: Uint8Array): void => {
  const { replay, settings } = client
  const tsReceivedMicros = receivedNow(client)
  const entry = {
    number: replay.entryLast + 1,
    kind,
    epoch,
    tsReceivedMicros,
    tsMonotonicMicros: tsReceivedMicros - settings.fromMicros,
    body
  }
  TapeReplay.apply(replay, entry)
  client.tsReceivedMicros = tsReceivedMicros
  settings.onEntry?.(entry)
}

const act = (client: PastClient, epoch: number, does: RecorderAct.RecorderAct): void =>
  put(client, "act", epoch, RecorderAct.encode(does))

// ---- time ------------------------------------------------------------------------------------------------------------

const later = (client: PastClient, delayMicros: number, does: () => void): void =>
  Agenda.add(client.agenda, client.exchange.nowMicros + delayMicros, does)

/** Looks around in a moment, once for all reasons that come until then. */
const planTurn = (client: PastClient): void => {
  if (client.isTurnPlanned) return
  client.isTurnPlanned = true
  later(client, Prng.between(client.prng, ...actMicros), () => {
    client.isTurnPlanned = false
    if (client.isRunning) turn(client)
  })
}

/** Something was heard, or is due, of a market. */
const notice = (client: PastClient, market: SimMarket): void => {
  client.changed.add(market)
  planTurn(client)
}

/** Takes note of markets that are new on the exchange, and of when they open and close. */
export const lookForNew = (client: PastClient): void => {
  const { agenda, exchange } = client
  for (; client.marketsSeen < exchange.marketsCreated.length; client.marketsSeen++) {
    const market = exchange.marketsCreated[client.marketsSeen]
    if (market === undefined) continue
    notice(client, market)
    for (const atMicros of [market.tsOpenMicros, market.tsCloseMicros]) {
      if (atMicros > exchange.nowMicros) Agenda.add(agenda, atMicros, () => notice(client, market))
    }
  }
}

const turn = (client: PastClient): void => {
  const { changed, exchange, replay, sights, untrusted } = client
  const tsObservedMicros = receivedNow(client)
  const events = new Set([...changed].map((market) => market.event))
  for (const event of events) PastSights.seeEvent(sights, event, tsObservedMicros)
  const opened: Array<SimMarket> = []
  const ended: Array<MarketTicker> = []
  for (const market of changed) {
    PastSights.seeMarket(sights, market, tsObservedMicros)
    const log = replay.recorder.logs.get(market.ticker)
    if (isEnded(market)) {
      if (log !== undefined) ended.push(market.ticker)
    } else if (log !== undefined) {
      allowPrices(client, market)
    } else if (market.status !== "closed" && market.tsOpenMicros <= exchange.nowMicros) {
      opened.push(market)
    }
    // Also a close that was moved.
    if (market.tsCloseMicros > exchange.nowMicros) {
      Agenda.add(
        client.agenda,
        market.tsCloseMicros,
        () => client.exchange.markets.has(market.ticker) && notice(client, market)
      )
    }
  }
  changed.clear()
  if (ended.length > 0) letGo(client, ended, "market_closed")
  if (opened.length > 0) take(client, opened)
  const asked = [...untrusted].filter((ticker) => replay.recorder.logs.has(ticker))
  untrusted.clear()
  if (asked.length > 0) askFor(client, asked)
}

const isEnded = (market: SimMarket): boolean => Outcome.isOver(market) && market.status !== "closed"

const allowPrices = (client: PastClient, { structure, ticker }: SimMarket): void => {
  const { bands } = Option.getOrElse(PriceGrid.fromRanges(structure.ranges), () => PriceGrid.any)
  const known = client.replay.recorder.logs.get(ticker)?.grid
  if (known === undefined || !PriceGrid.isSame(known, { bands })) act(client, 0, { act: "prices", ticker, bands })
}

// ---- markets ---------------------------------------------------------------------------------------------------------

/** Recording of these begins, or goes on. */
const take = (client: PastClient, markets: ReadonlyArray<SimMarket>): void => {
  for (const market of markets) {
    const { ticker } = market
    act(client, 0, { act: "begin", ticker, end: client.replay.ends.get(ticker) ?? null })
    allowPrices(client, market)
  }
  if (client.session !== undefined)
    follow(
      client,
      markets.map(({ ticker }) => ticker)
    )
}

const follow = (client: PastClient, tickers: ReadonlyArray<MarketTicker>): void => {
  for (let at = 0; at < tickers.length; at += chunkMarketsMax) {
    const chunk = tickers.slice(at, at + chunkMarketsMax)
    act(client, client.epoch, { act: "follow", tickers: chunk })
    const command = {
      cmd: "subscribe",
      channels: ["orderbook_delta"],
      marketTickers: chunk,
      skipTickerAck: true
    } as const
    say(client, () => ({ id: 1, ...command }))
  }
}

const letGo = (client: PastClient, tickers: ReadonlyArray<MarketTicker>, cause: GapCause): void => {
  act(client, 0, { act: "forget", tickers, cause })
  update(client, "delete_markets", tickers)
}

const askFor = (client: PastClient, tickers: ReadonlyArray<MarketTicker>): void => {
  for (let at = 0; at < tickers.length; at += chunkMarketsMax) {
    update(client, "get_snapshot", tickers.slice(at, at + chunkMarketsMax))
  }
}

const update = (
  client: PastClient,
  action: "delete_markets" | "get_snapshot",
  marketTickers: ReadonlyArray<MarketTicker>
): void => {
  const { session } = client
  say(client, () => {
    const sid = session?.subscriptions.get("orderbook_delta")?.sid
    return sid === undefined ? undefined : { cmd: "update_subscription", id: 2, sid, action, marketTickers }
  })
}

/** Sends a command on the connection that is open now; the exchange does it when it has arrived, if the connection still is. */
const say = (client: PastClient, command: () => Command.Command | undefined): void => {
  const { session } = client
  if (session === undefined) return
  later(client, Prng.between(client.prng, ...actMicros), () => {
    if (session.isClosed) return
    const said = command()
    if (said === undefined) return
    const text = Command.encode(said)
    put(client, "sent", client.epoch, encoder.encode(text))
    Commands.execute(client.feed, session, text, commandLimits)
  })
}

// ---- connections -----------------------------------------------------------------------------------------------------

/** The recorder is started: connects, and takes up every market that is open. */
export const start = (client: PastClient): void => {
  client.isRunning = true
  client.untrusted.clear()
  connect(client)
  for (const market of client.exchange.markets.values()) if (isOpen(market)) notice(client, market)
}

const connect = (client: PastClient): void => {
  const { exchange, feed, replay } = client
  client.epoch++
  act(client, client.epoch, { act: "open", slot: 0, url: "wss://simulator.invalid/past", source: "simulator" })
  const { epoch } = client
  client.session = Feed.connect(feed, {
    backlogBytes: () => 0,
    write: (frame) => put(client, "received", epoch, typeof frame === "string" ? Buffer.from(frame) : frame)
  })
  say(client, () => ({ cmd: "subscribe", id: 3, channels: ["trade"] }))
  say(client, () => ({ cmd: "subscribe", id: 4, channels: ["market_lifecycle_v2"] }))
  const logged = [...replay.recorder.logs.keys()]
  const ended = logged.filter((ticker) => !isOpen(exchange.markets.get(ticker)))
  if (ended.length > 0) letGo(client, ended, "market_closed")
  follow(
    client,
    logged.filter((ticker) => replay.recorder.logs.has(ticker))
  )
}

const isOpen = (market: SimMarket | undefined): boolean => market !== undefined && !isEnded(market)

/** Nothing comes any more on the connection; it is given up `noticedMicros` later, and made anew `awayMicros` after that. */
export const lose = (client: PastClient, cause: GapCause, noticedMicros: number, awayMicros: number): void => {
  const { epoch, feed, session } = client
  if (session === undefined) return
  Feed.disconnect(feed, session)
  later(client, noticedMicros, () => {
    act(client, epoch, { act: "close", cause })
    client.session = undefined
    // The next connection brings snapshots by itself, and one that is asked for before would stand for a book that nobody tells of.
    client.untrusted.clear()
    later(client, awayMicros, () => connect(client))
  })
}

/** No recorder runs; the next one, so much later, finds what this one has left. */
export const stop = (client: PastClient, lastsMicros: number): void => {
  const { feed, session } = client
  client.isRunning = false
  if (session !== undefined) Feed.disconnect(feed, session)
  client.session = undefined
  client.untrusted.clear()
  later(client, lastsMicros, () => {
    leave(client)
    start(client)
  })
}

/** Ends what a recorder has left open, which writes the gaps. */
export const leave = (client: PastClient): void => {
  const { recorder } = client.replay
  const cause = "recorder_stopped"
  for (const epoch of recorder.connections.keys()) act(client, epoch, { act: "close", cause })
  const tickers = [...recorder.logs.keys()]
  for (let at = 0; at < tickers.length; at += chunkMarketsMax) {
    act(client, 0, { act: "forget", tickers: tickers.slice(at, at + chunkMarketsMax), cause })
  }
}
