// adapter: faults of connections and handshakes are timed by this machine's clock
/** Makes things go wrong on command: turns a `Fault` into what it does to frames, connections, markets and REST. */
import { Result, Schema } from "effect"
import * as Lifecycle from "../exchange/Lifecycle.ts"
import type { MarketStatus, SimMarket } from "../exchange/MarketModel.ts"
import * as Simulation from "../exchange/Simulation.ts"
import * as ClientSocket from "../server/ClientSocket.ts"
import type { ExchangeServer } from "../server/ExchangeServer.ts"
import * as Feed from "../session/Feed.ts"
import type { Session, Subscription } from "../session/Session.ts"
import { Fault, type FaultReport } from "./Fault.ts"
import * as FrameFaults from "./FrameFaults.ts"

/** Why a fault cannot be made. */
export type FaultProblem = string

export interface Faults {
  /** Makes a fault; fails when it names a market or connection that is not there. */
  readonly inflict: (fault: Fault) => Result.Result<FaultReport, FaultProblem>
  /** Frames hit so far, over all frame faults. */
  readonly frameHits: () => number
}

/** A fault from foreign JSON; the failure says what is wrong with it. */
export const decode = (json: unknown): Result.Result<Fault, FaultProblem> =>
  Result.mapError(Schema.decodeUnknownResult(Fault)(json), (error) => error.message)

/** `simulation` is `undefined` when recorded frames are served: then nothing can be done to markets. */
export const make = (server: ExchangeServer, simulation: Simulation.Simulation | undefined): Faults => ({
  inflict: (fault) => inflict(server, simulation, fault),
  frameHits: () => server.feed.faults.hits
})

const met = (count: number, marketTicker?: string): Result.Result<FaultReport, FaultProblem> =>
  Result.succeed({ met: count, marketTicker })

const inflict = (
  server: ExchangeServer,
  simulation: Simulation.Simulation | undefined,
  fault: Fault
): Result.Result<FaultReport, FaultProblem> => {
  const { exchange, faults, feed } = server
  switch (fault.fault) {
    case "frame":
      FrameFaults.arm(feed.faults, fault)
      return met(0)
    case "cut":
      return eachSocket(server, fault.connection, (socket) => ClientSocket.cut(socket, fault.code))
    case "freeze": {
      const thawAtMillis = fault.millis === undefined ? Number.POSITIVE_INFINITY : Date.now() + fault.millis
      return eachSocket(server, fault.connection, (socket) => ClientSocket.freeze(socket, fault.mode, thawAtMillis))
    }
    case "thaw":
      return eachSocket(server, fault.connection, ClientSocket.thaw)
    case "subscription_error": {
      const dying = subscriptions(server, fault.connection).filter(
        (one) => fault.sid === undefined || one.sid === fault.sid
      )
      for (const subscription of dying) Feed.kill(feed, subscription, fault.code)
      return met(dying.length)
    }
    case "ignore_commands":
      faults.commandsIgnored = fault.count
      return met(0)
    case "refuse_commands":
      faults.commandsRefused = { code: fault.code, left: fault.count }
      return met(0)
    case "pause_trading":
      exchange.tradingActive = false
      exchange.exchangeActive = fault.scope !== "exchange"
      return met(exchange.markets.size)
    case "resume_trading":
      exchange.tradingActive = true
      exchange.exchangeActive = true
      return met(exchange.markets.size)
    case "pause_market":
      return withMarket(simulation, fault.marketTicker, ["active"], Lifecycle.pause)
    case "resume_market":
      return withMarket(simulation, fault.marketTicker, ["inactive"], Lifecycle.resume)
    case "change_close":
      return withMarket(simulation, fault.marketTicker, ["active", "inactive", "closed"], (life, market) =>
        Lifecycle.changeClose(life, market.event, exchange.nowMicros + fault.millis * 1000)
      )
    case "unannounced_market":
      if (simulation === undefined) return Result.fail(onlyRecorded)
      return met(1, Simulation.listUnannounced(simulation).ticker)
    case "stray_frame": {
      const market = exchange.markets.get(fault.marketTicker)
      if (market === undefined) return Result.fail(`no market ${fault.marketTicker}`)
      const books = subscriptions(server, fault.connection).filter((one) => one.channel === "orderbook_delta")
      for (const subscription of books) Feed.sendStray(feed, subscription, market)
      return met(books.length, market.ticker)
    }
    case "rest":
      faults.rest = { status: fault.status, pathPrefix: fault.pathPrefix ?? "/", left: fault.count }
      return met(0)
    case "refuse_handshakes":
      faults.handshakes = { status: fault.status, untilMillis: Date.now() + fault.millis }
      return met(0)
    case "clock_offset":
      exchange.clockOffsetMicros = fault.millis * 1000
      return met(0)
    case "clear":
      return clear(server)
  }
}

const onlyRecorded = "recorded frames are served: there is no market to do this to"

const eachSocket = (
  server: ExchangeServer,
  connection: number | undefined,
  act: (socket: ClientSocket.ClientSocket) => void
): Result.Result<FaultReport, FaultProblem> => {
  const hit = [...server.sockets].filter(([session]) => isMeant(session, connection))
  for (const [, socket] of hit) act(socket)
  return connection !== undefined && hit.length === 0 ? Result.fail(`no connection ${connection}`) : met(hit.length)
}

const isMeant = (session: Session, connection: number | undefined): boolean =>
  connection === undefined || session.connection === connection

const subscriptions = (server: ExchangeServer, connection: number | undefined): ReadonlyArray<Subscription> =>
  [...server.sockets.keys()]
    .filter((session) => isMeant(session, connection))
    .flatMap((session) => [...session.subscriptions.values()])

const withMarket = (
  simulation: Simulation.Simulation | undefined,
  marketTicker: string,
  statuses: ReadonlyArray<MarketStatus>,
  act: (life: Lifecycle.Lifecycle, market: SimMarket) => void
): Result.Result<FaultReport, FaultProblem> => {
  if (simulation === undefined) return Result.fail(onlyRecorded)
  const market = simulation.exchange.markets.get(marketTicker)
  if (market === undefined || !statuses.includes(market.status)) {
    return Result.fail(`${marketTicker} is not ${statuses.join(" or ")}`)
  }
  act(simulation.life, market)
  return met(1, marketTicker)
}

const clear = (server: ExchangeServer): Result.Result<FaultReport, FaultProblem> => {
  const { exchange, faults, feed, sockets } = server
  FrameFaults.clear(feed.faults)
  for (const socket of sockets.values()) ClientSocket.thaw(socket)
  faults.rest = undefined
  faults.handshakes = undefined
  faults.commandsIgnored = 0
  faults.commandsRefused = undefined
  exchange.tradingActive = true
  exchange.exchangeActive = true
  exchange.clockOffsetMicros = 0
  return met(0)
}
