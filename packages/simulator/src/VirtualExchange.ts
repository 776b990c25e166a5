/**
 * The whole simulated exchange in virtual time: no sockets, no timers, no clock of this machine. One object that is moved by hand,
 * and whose every frame follows from its settings, its seed and what its clients do.
 *
 * The same protocol, faults, REST and truth as over sockets (`SimulatedExchange`); of the handshake only what refuses everybody,
 * since there are no signatures to judge.
 */
import { Result } from "effect"
import type * as Exchange from "./exchange/Exchange.ts"
import { defaultSettings, type ExchangeSettings, problemOf } from "./exchange/ExchangeSettings.ts"
import * as Prng from "./exchange/Prng.ts"
import * as Simulation from "./exchange/Simulation.ts"
import * as Faults from "./fault/Faults.ts"
import * as FrameFaults from "./fault/FrameFaults.ts"
import * as Connection from "./front/Connection.ts"
import * as Front from "./front/Front.ts"
import { defaultFrontSettings, type FrontSettings } from "./front/FrontSettings.ts"
import * as Feed from "./session/Feed.ts"
import * as TruthReader from "./session/TruthReader.ts"
import * as VirtualLink from "./virtual/VirtualLink.ts"

/** Absent fields take the defaults; `startMicros` is the same for all. */
export interface VirtualExchangeOptions extends Partial<ExchangeSettings>, Partial<FrontSettings> {}

/** An open connection, or the status with which the handshake was refused. */
export type VirtualConnection =
  | {
      readonly _tag: "open"
      /** Its number, as faults and the truth name it. */
      readonly connection: number
      /** Sends a command. Does nothing when the connection is over. */
      readonly send: (text: string) => void
      /** Ends the connection at once; nothing arrives any more, `onClosed` neither. */
      readonly close: () => void
      /** What arrives is kept back until `resume`; it counts as backlog, at whose limit a subscription dies with error 25. */
      readonly pause: () => void
      /** What was kept back arrives with the next `advanceTo`. */
      readonly resume: () => void
    }
  | { readonly _tag: "refused"; readonly status: number }

export interface VirtualAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text, `""` for none. */
  readonly body: string
}

export interface VirtualExchange {
  readonly exchange: Exchange.Exchange
  readonly truth: TruthReader.TruthReader
  readonly faults: Faults.Faults
  /** Sessions and counters. */
  readonly feed: Feed.Feed
  /** Virtual time, Unix microseconds. Begins at `startMicros`. */
  readonly nowMicros: () => number
  /** The moment of the next thing that happens; nothing happens before it. Never before `nowMicros`. */
  readonly nextDueMicros: () => number
  /** Lets time pass until the moment, with all that happens until then and at it, in the order of its time. */
  readonly advanceTo: (micros: number) => void
  readonly connect: (client: VirtualLink.VirtualClient) => VirtualConnection
  /** Answers at once, as a caller with a valid key, e.g. `rest("GET", "/trade-api/v2/markets?limit=5")`. */
  readonly rest: (method: string, pathWithQuery: string) => VirtualAnswer
}

/** A moment in November 2026, far from midnight. */
const startMicrosDefault = 1_795_000_000_000_000

/** How often changed summaries are told, as the server's tick. */
const tickersEveryMicros = 5_000

/** Streams of the seed that the links draw from, one each, above those of the exchange's own parts. */
const linkStreams = 1_000

/** A new exchange at its first moment. Dies when a setting is out of bounds. */
export const make = (options: VirtualExchangeOptions = {}): VirtualExchange => {
  const settings = { ...defaultSettings, ...defaultFrontSettings, startMicros: startMicrosDefault, ...options }
  const problem = problemOf(settings)
  // impossible: settings of a virtual exchange are written down by whoever makes it
  if (problem !== undefined) throw new Error(problem)
  const simulation = Simulation.make(settings)
  const { exchange } = simulation
  const feed = Feed.make({
    exchange,
    limits: settings,
    faults: FrameFaults.make(settings.seed),
    reservedSids: new Map()
  })
  let nowMicros = settings.startMicros
  const front = Front.make({ settings, exchange, feed, seed: settings.seed, nowMicros: () => nowMicros })
  const links = new Set<VirtualLink.VirtualLink>()
  let isMoving = false

  const tickersDueMicros = (): number =>
    feed.tickersTouched.size === 0
      ? Number.POSITIVE_INFINITY
      : Math.ceil(nowMicros / tickersEveryMicros) * tickersEveryMicros

  const nextDueMicros = (): number => {
    let due = Math.min(Simulation.nextDueMicros(simulation), Front.nextDueMicros(front), tickersDueMicros())
    for (const link of links) due = Math.min(due, VirtualLink.nextDueMicros(link))
    return Math.max(nowMicros, due)
  }

  /** Everything of one moment: the exchange first, then its front, then what arrives. */
  const happen = (): void => {
    Simulation.advanceTo(simulation, nowMicros)
    Front.tick(front)
    if (tickersDueMicros() <= nowMicros) Feed.flushTickers(feed)
    for (const connection of front.connections.values()) Connection.flush(connection)
    for (const link of links) {
      VirtualLink.deliver(link, nowMicros)
      if (link.isClosed) links.delete(link)
    }
  }

  const advanceTo = (micros: number): void => {
    // impossible: clients act within advanceTo, they do not move time
    if (isMoving) throw new Error("advanceTo within advanceTo")
    isMoving = true
    for (let due = nextDueMicros(); due <= micros; due = nextDueMicros()) {
      nowMicros = due
      happen()
    }
    nowMicros = Math.max(nowMicros, micros)
    Simulation.advanceTo(simulation, nowMicros)
    isMoving = false
  }

  return {
    exchange,
    truth: TruthReader.make(exchange, feed),
    faults: Faults.make(front, simulation),
    feed,
    nowMicros: () => nowMicros,
    nextDueMicros,
    advanceTo,
    connect: (client) => {
      const refusal = Front.handshakeRefusal(front)
      if (refusal !== undefined) return { _tag: "refused", status: refusal.status }
      const prng = Prng.make(settings.seed, linkStreams + feed.sessionsCount)
      const link = VirtualLink.make({ client, prng, nowMicros: () => nowMicros })
      links.add(link)
      return open(front, link)
    },
    rest: (method, pathWithQuery) => {
      const url = URL.parse(pathWithQuery, "http://exchange.invalid")
      if (url === null) return { status: 400, headers: {}, body: "" }
      const answer = Front.answer(front, {
        method,
        path: url.pathname,
        query: url.searchParams,
        prove: () => Result.succeed("virtual")
      })
      const body = answer.body === undefined ? "" : JSON.stringify(answer.body)
      return { status: answer.status, headers: answer.headers ?? {}, body }
    }
  }
}

const open = (front: Front.Front, link: VirtualLink.VirtualLink): VirtualConnection => {
  const connection = Front.connect(front, link.link)
  const disconnect = (): void => Front.disconnect(front, connection)
  link.onEnd = disconnect
  link.onMessage = (text) => {
    if (Buffer.byteLength(text) > front.settings.messageBytesMax) Connection.end(connection, 1009)
    else Front.receive(front, connection, text)
  }
  return {
    _tag: "open",
    connection: connection.session.connection,
    send: (text) => {
      if (!connection.isEnding) VirtualLink.send(link, text)
    },
    close: () => {
      disconnect()
      VirtualLink.close(link)
    },
    pause: () => {
      link.isPaused = true
    },
    resume: () => {
      link.isPaused = false
    }
  }
}
