/** Makes things go wrong on command: turns a `Fault` into what it does to frames, connections, markets and REST. */
import { Result, Schema } from "effect"
import * as Agenda from "../exchange/Agenda.ts"
import * as Lifecycle from "../exchange/Lifecycle.ts"
import * as LifecycleAct from "../exchange/LifecycleAct.ts"
import type { MarketStatus, SimMarket } from "../exchange/MarketModel.ts"
import * as Simulation from "../exchange/Simulation.ts"
import * as CommandFaults from "../front/CommandFaults.ts"
import * as Connection from "../front/Connection.ts"
import type { Front } from "../front/Front.ts"
import * as Feed from "../session/Feed.ts"
import type { Session, Subscription } from "../session/Session.ts"
import { Fault, type FaultReport } from "./Fault.ts"
import * as FrameFaults from "./FrameFaults.ts"

/** Why a fault cannot be made. */
export type FaultProblem = string

type Report = Result.Result<FaultReport, FaultProblem>

export interface Faults {
  /** Makes a fault; fails when it names a market or connection that is not there. */
  readonly inflict: (fault: Fault) => Report
  /** Frames hit so far, over all frame faults. */
  readonly frameHits: () => number
}

/** A fault from foreign JSON; the failure says what is wrong with it. */
export const decode = (json: unknown): Result.Result<Fault, FaultProblem> =>
  Result.mapError(Schema.decodeUnknownResult(Fault)(json), (error) => error.message)

/** `simulation` is `undefined` when recorded frames are served: then nothing can be done to markets. */
export const make = (front: Front, simulation: Simulation.Simulation | undefined): Faults => ({
  inflict: (fault) => inflict(front, simulation, fault),
  frameHits: () => front.feed.faults.hits
})

const met = (count: number, marketTicker?: string): Report => Result.succeed({ met: count, marketTicker })

const inflict = (front: Front, simulation: Simulation.Simulation | undefined, fault: Fault): Report => {
  const { bookCache, exchange, faults, feed } = front
  switch (fault.fault) {
    case "frame":
      FrameFaults.arm(feed.faults, fault)
      return met(0)
    case "cut":
      return cut(front, fault)
    case "freeze": {
      const thawAtMicros =
        fault.millis === undefined ? Number.POSITIVE_INFINITY : front.nowMicros() + fault.millis * 1000
      return eachConnection(front, fault.connection, (one) => Connection.freeze(one, fault.mode, thawAtMicros))
    }
    case "thaw":
      return eachConnection(front, fault.connection, Connection.thaw)
    case "subscription_error": {
      const dying = subscriptions(front, fault.connection).filter(({ sid }) => sid === (fault.sid ?? sid))
      for (const subscription of dying) Feed.kill(feed, subscription, fault.code)
      return met(dying.length)
    }
    case "ignore_commands":
      return armCommands(front, fault, { _tag: "ignore" })
    case "delay_commands":
      return armCommands(front, fault, { _tag: "delay", millis: fault.millis })
    case "lose_until_reply":
      return armCommands(front, fault, { _tag: "lose", millis: fault.millis })
    case "refuse_commands":
      return armCommands(front, fault, { _tag: "refuse", code: fault.code })
    case "pause_trading":
      exchange.tradingActive = false
      exchange.exchangeActive = fault.scope !== "exchange"
      return met(exchange.markets.size)
    case "resume_trading":
      exchange.tradingActive = true
      exchange.exchangeActive = true
      return met(exchange.markets.size)
    case "maintenance":
      return planMaintenance(front, fault.fromMillis, fault.untilMillis)
    case "pause_market":
      return withMarket(simulation, fault.marketTicker, ["active"], Lifecycle.pause)
    case "resume_market":
      return withMarket(simulation, fault.marketTicker, ["inactive"], Lifecycle.resume)
    case "change_close":
      return withMarket(simulation, fault.marketTicker, ["active", "inactive", "closed"], (life, market) =>
        Lifecycle.changeClose(life, market.event, exchange.nowMicros + fault.millis * 1000)
      )
    case "life":
      return withMarket(simulation, fault.marketTicker, LifecycleAct.statusesFor(fault.act), (life, market) =>
        LifecycleAct.perform(life, market, fault.act)
      )
    case "unannounced_market":
      if (simulation === undefined) return Result.fail(onlyRecorded)
      return met(1, Simulation.listUnannounced(simulation).ticker)
    case "stray_frame":
      return sendStray(front, fault.connection, fault.marketTicker)
    case "unknown_frame": {
      const meant = subscriptions(front, fault.connection).filter(
        ({ channel }) => channel === (fault.channel ?? channel)
      )
      for (const subscription of meant) Feed.sendUnknown(feed, subscription)
      return met(meant.length)
    }
    case "wrong_rest_book":
      if (!exchange.markets.has(fault.marketTicker)) return noMarket(fault.marketTicker)
      bookCache.lies.set(fault.marketTicker, fault.count)
      return met(0, fault.marketTicker)
    case "rest":
      faults.rest = { status: fault.status, pathPrefix: fault.pathPrefix ?? "/", left: fault.count }
      return met(0)
    case "refuse_handshakes":
      faults.handshakes = { status: fault.status, untilMicros: front.nowMicros() + fault.millis * 1000 }
      return met(0)
    case "clock_offset":
      exchange.clockOffsetMicros = fault.millis * 1000
      return met(0)
    case "clear":
      return clear(front)
  }
}

const onlyRecorded = "recorded frames are served: there is no market to do this to"

const noMarket = (marketTicker: string): Report => Result.fail(`no market ${marketTicker}`)

const isMeant = (session: Session, connection: number | undefined): boolean =>
  connection === undefined || session.connection === connection

const eachConnection = (
  front: Front,
  connection: number | undefined,
  act: (connection: Connection.Connection) => void
): Report => {
  const hit = [...front.connections.values()].filter(({ session }) => isMeant(session, connection))
  for (const one of hit) act(one)
  return connection !== undefined && hit.length === 0 ? Result.fail(`no connection ${connection}`) : met(hit.length)
}

const subscriptions = (front: Front, connection: number | undefined): ReadonlyArray<Subscription> =>
  [...front.connections.keys()]
    .filter((session) => isMeant(session, connection))
    .flatMap((session) => [...session.subscriptions.values()])

const cut = (
  front: Front,
  { code, connection, cuts = 1, everyMillis = 0 }: Extract<Fault, { fault: "cut" }>
): Report => {
  const end = (one: Connection.Connection): void => Connection.end(one, code)
  const first = eachConnection(front, connection, end)
  for (let later = 1; Result.isSuccess(first) && later < cuts; later++) {
    const atMicros = front.nowMicros() + later * everyMillis * 1000
    Agenda.add(front.plans, atMicros, () => eachConnection(front, undefined, end))
  }
  return first
}

type CommandFault = Pick<CommandFaults.CommandFault, "connection" | "command" | "marketTickers" | "count">

const armCommands = (front: Front, fault: CommandFault, treatment: CommandFaults.Treatment): Report => {
  const { command, connection, count, marketTickers } = fault
  CommandFaults.arm(front.faults.commands, { treatment, command, connection, count, marketTickers })
  return met(0)
}

const planMaintenance = ({ exchange }: Front, fromMillis: number, untilMillis: number): Report => {
  if (untilMillis <= fromMillis) return Result.fail("maintenance must end after it begins")
  const { nowMicros } = exchange
  const window = { fromMicros: nowMicros + fromMillis * 1000, untilMicros: nowMicros + untilMillis * 1000 }
  exchange.maintenance = [...exchange.maintenance, window]
  return met(0)
}

const sendStray = (front: Front, connection: number | undefined, marketTicker: string): Report => {
  const market = front.exchange.markets.get(marketTicker)
  if (market === undefined) return noMarket(marketTicker)
  const books = subscriptions(front, connection).filter((one) => one.channel === "orderbook_delta")
  for (const subscription of books) Feed.sendStray(front.feed, subscription, market)
  return met(books.length, market.ticker)
}

const withMarket = (
  simulation: Simulation.Simulation | undefined,
  marketTicker: string,
  statuses: ReadonlyArray<MarketStatus>,
  act: (life: Lifecycle.Lifecycle, market: SimMarket) => void
): Report => {
  if (simulation === undefined) return Result.fail(onlyRecorded)
  const market = simulation.exchange.markets.get(marketTicker)
  if (market === undefined || !statuses.includes(market.status)) {
    return Result.fail(`${marketTicker} is not ${statuses.join(" or ")}`)
  }
  act(simulation.life, market)
  return met(1, marketTicker)
}

const clear = (front: Front): Report => {
  const { bookCache, exchange, faults, feed } = front
  FrameFaults.clear(feed.faults)
  CommandFaults.clear(faults.commands)
  for (const connection of front.connections.values()) Connection.thaw(connection)
  while (front.plans.heap.length > 0) Agenda.take(front.plans)
  faults.rest = undefined
  faults.handshakes = undefined
  bookCache.lies.clear()
  exchange.tradingActive = true
  exchange.exchangeActive = true
  exchange.maintenance = []
  exchange.clockOffsetMicros = 0
  return met(0)
}
