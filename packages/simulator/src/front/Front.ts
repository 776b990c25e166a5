/**
 * Everything between the exchange and its clients but the wires: connections, commands that are being worked on, keep-alive, REST,
 * and what waits to go wrong. A server gives it sockets and this machine's clock, `VirtualExchange` neither.
 */

import { type RestAnswer, tooManyRequests, unauthorized } from "@kalshibook/core/kalshi/RestAnswer"
import { Result } from "effect"
import * as Agenda from "../exchange/Agenda.ts"
import * as Exchange from "../exchange/Exchange.ts"
import * as Prng from "../exchange/Prng.ts"
import * as FrameFaults from "../fault/FrameFaults.ts"
import * as OrderbookCache from "../rest/OrderbookCache.ts"
import { type RestRequest, serverError } from "../rest/RestAnswer.ts"
import * as RestApi from "../rest/RestApi.ts"
import * as TokenBucket from "../rest/TokenBucket.ts"
import * as Commands from "../session/Commands.ts"
import * as Feed from "../session/Feed.ts"
import type { Session } from "../session/Session.ts"
import * as CommandFaults from "./CommandFaults.ts"
import * as Connection from "./Connection.ts"
import type { FrontSettings } from "./FrontSettings.ts"

/** What waits to go wrong at the next occasion. */
export interface FrontFaults {
  rest: { readonly status: number; readonly pathPrefix: string; left: number } | undefined
  handshakes: { readonly status: number; readonly untilMicros: number } | undefined
  readonly commands: CommandFaults.CommandFaults
}

export interface Front {
  readonly settings: FrontSettings
  readonly exchange: Exchange.Exchange
  readonly feed: Feed.Feed
  /** The owner's clock, Unix microseconds. Never goes back. */
  readonly nowMicros: () => number
  readonly connections: Map<Session, Connection.Connection>
  readonly faults: FrontFaults
  /** Commands that are being worked on, by when they will be done. */
  readonly commands: Agenda.Agenda<() => void>
  /** Faults that are planned, by when they come. */
  readonly plans: Agenda.Agenda<() => void>
  readonly prng: Prng.Prng
  /** One bucket per API key; anonymous callers share one. */
  readonly buckets: Map<string, TokenBucket.TokenBucket>
  readonly bookCache: OrderbookCache.OrderbookCache
}

export type FrontParts = Pick<Front, "settings" | "exchange" | "feed" | "nowMicros"> & { readonly seed: number }

export const make = ({ exchange, feed, nowMicros, seed, settings }: FrontParts): Front => ({
  settings,
  exchange,
  feed,
  nowMicros,
  connections: new Map(),
  faults: { rest: undefined, handshakes: undefined, commands: CommandFaults.make() },
  commands: Agenda.make(),
  plans: Agenda.make(),
  prng: Prng.make(seed, 2),
  buckets: new Map(),
  bookCache: OrderbookCache.make(exchange, seed)
})

// ---- connections -----------------------------------------------------------------------------------------------------

/** Why a new connection is refused now, whoever asks for it; `undefined` when it is not. */
export const handshakeRefusal = (front: Front): RestAnswer | undefined => {
  const { exchange, faults, settings } = front
  if (faults.handshakes !== undefined && front.nowMicros() < faults.handshakes.untilMicros) {
    return serverError(faults.handshakes.status)
  }
  if (Exchange.maintenanceNow(exchange) !== undefined) return serverError(503)
  return front.connections.size >= settings.connectionsMax ? tooManyRequests : undefined
}

export const connect = (front: Front, link: Connection.Link): Connection.Connection => {
  const session = Feed.connect(front.feed, link)
  const connection = Connection.make(session, link, front.nowMicros() + front.settings.pingMillis * 1000)
  front.connections.set(session, connection)
  return connection
}

/** Takes note that a connection is gone. */
export const disconnect = (front: Front, connection: Connection.Connection): void => {
  connection.isEnding = true
  front.connections.delete(connection.session)
  Feed.disconnect(front.feed, connection.session)
}

/** Takes a message of a client. */
export const receive = (front: Front, connection: Connection.Connection, text: string): void => {
  const { faults, feed, settings } = front
  const { session } = connection
  const nowMicros = front.nowMicros()
  if (!Connection.allowsCommand(connection, nowMicros, settings.commandsPerSecondMax)) {
    Commands.refuseText(feed, session, text, 27)
    return
  }
  for (const part of CommandFaults.treat(faults.commands, session.connection, text)) {
    const { treatment } = part
    if (treatment?._tag === "ignore") continue
    if (treatment?._tag === "refuse") {
      Commands.refuseText(feed, session, part.text, treatment.code)
      continue
    }
    const delayMicros = Prng.between(front.prng, 0, settings.commandDelayMillisMax * 1000)
    const lateMicros = treatment === undefined ? 0 : treatment.millis * 1000
    const losing = treatment?._tag === "lose" ? FrameFaults.arm(feed.faults, lossOf(session)) : undefined
    Agenda.add(front.commands, nowMicros + delayMicros + lateMicros, () => {
      if (losing !== undefined) FrameFaults.disarm(feed.faults, losing)
      Commands.execute(feed, session, part.text, settings)
    })
  }
}

/** No change of a book reaches the client. */
const lossOf = ({ connection }: Session): FrameFaults.FrameFault => ({
  action: { _tag: "drop" },
  connection,
  type: "orderbook_delta",
  count: Number.POSITIVE_INFINITY
})

// ---- REST ------------------------------------------------------------------------------------------------------------

export type Caller = Omit<RestRequest, "keyId"> & {
  /** The key that signed the request, `undefined` for an anonymous one; a failure says why the signature is wrong. */
  readonly prove: () => Result.Result<string | undefined, string>
}

/** Answers a REST request. */
export const answer = (front: Front, { method, path, prove, query }: Caller): RestAnswer => {
  const { faults, settings } = front
  if (faults.rest !== undefined && path.startsWith(faults.rest.pathPrefix)) {
    const { status } = faults.rest
    if (--faults.rest.left === 0) faults.rest = undefined
    return status === 429 ? tooManyRequests : serverError(status)
  }
  const proven = prove()
  if (Result.isFailure(proven)) return unauthorized(proven.failure)
  const keyId = proven.success
  if (!TokenBucket.take(bucketOf(front, keyId ?? ""), RestApi.tokensPerRequest, front.nowMicros() / 1000)) {
    return tooManyRequests
  }
  return RestApi.answer(
    { exchange: front.exchange, bookCache: front.bookCache, limits: settings },
    { method, path, query, keyId }
  )
}

const bucketOf = (front: Front, caller: string): TokenBucket.TokenBucket => {
  const known = front.buckets.get(caller)
  if (known !== undefined) return known
  const { readTokensMax, readTokensPerSecond } = front.settings
  const bucket = TokenBucket.make(readTokensPerSecond, readTokensMax, front.nowMicros() / 1000)
  front.buckets.set(caller, bucket)
  return bucket
}

// ---- time ------------------------------------------------------------------------------------------------------------

/** Does what is due by the owner's clock. What it makes of frames waits in the links to be flushed. */
export const tick = (front: Front): void => {
  const nowMicros = front.nowMicros()
  const isMaintained = Exchange.maintenanceNow(front.exchange) !== undefined
  FrameFaults.releaseDue(front.feed.faults, nowMicros)
  while (Agenda.firstAt(front.plans) <= nowMicros) Agenda.take(front.plans)?.()
  while (Agenda.firstAt(front.commands) <= nowMicros) Agenda.take(front.commands)?.()
  for (const connection of front.connections.values()) {
    Connection.tick(connection, nowMicros, front.settings.pingMillis)
    if (isMaintained) Connection.end(connection, 1001)
  }
}

/** When `tick` has something to do next by the owner's clock, `Infinity` for never. */
export const nextDueMicros = (front: Front): number => {
  let due = Math.min(
    FrameFaults.nextDueMicros(front.feed.faults),
    Agenda.firstAt(front.plans),
    Agenda.firstAt(front.commands),
    Exchange.nextMaintenanceMicros(front.exchange)
  )
  for (const connection of front.connections.values()) due = Math.min(due, Connection.nextDueMicros(connection))
  return due
}
