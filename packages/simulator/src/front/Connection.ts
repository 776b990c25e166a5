/**
 * One client's connection as the exchange keeps it: its session, its keep-alive, its misfortunes. What carries the frames is a
 * `Link`: a socket, or in virtual time nothing at all.
 */
import type { Outlet, Session } from "../session/Session.ts"

/** The way to a client. Knows nothing of the protocol. */
export interface Link extends Outlet {
  /** Sends on what was written, unless the link is gone. */
  readonly flush: () => void
  readonly ping: (body: string) => void
  /** Goes on, or stops, taking in what the client sends. */
  readonly setReading: (isReading: boolean) => void
  /** Ends: with a close frame of this code, or, without one, as when a cable is cut. */
  readonly end: (code: number | undefined) => void
}

/**
 * - `none`: all is well
 * - `data`: pings go on, nothing else comes; it is kept back until the thaw
 * - `all`: silence: not even pings, and nothing is read
 */
type Freeze = "none" | "data" | "all"

export interface Connection {
  readonly session: Session
  readonly link: Link
  freeze: Freeze
  /** When a freeze ends by itself, microseconds of the owner's clock; `Infinity` when it does not. */
  thawAtMicros: number
  nextPingMicros: number
  /** Commands received in the second that began at `commandsSinceMicros`. */
  commandsCount: number
  commandsSinceMicros: number
  /** It was told to end, or ended. */
  isEnding: boolean
}

const pingBody = "heartbeat"

export const make = (session: Session, link: Link, nextPingMicros: number): Connection => ({
  session,
  link,
  freeze: "none",
  thawAtMicros: Number.POSITIVE_INFINITY,
  nextPingMicros,
  commandsCount: 0,
  commandsSinceMicros: 0,
  isEnding: false
})

/** Pings when it is time, and ends a freeze whose time is over. */
export const tick = (connection: Connection, nowMicros: number, pingMillis: number): void => {
  if (nowMicros >= connection.thawAtMicros) thaw(connection)
  if (nowMicros < connection.nextPingMicros) return
  connection.nextPingMicros = nowMicros + pingMillis * 1000
  if (connection.freeze !== "all" && !connection.isEnding) connection.link.ping(pingBody)
}

/** When `tick` has something to do next, microseconds of the owner's clock. */
export const nextDueMicros = ({ nextPingMicros, thawAtMicros }: Connection): number =>
  Math.min(nextPingMicros, thawAtMicros)

/** Sends what was written, unless the connection is frozen. */
export const flush = (connection: Connection): void => {
  if (connection.freeze === "none") connection.link.flush()
}

/** Stops the connection without closing it; for ever when `thawAtMicros` is infinite. */
export const freeze = (connection: Connection, how: Exclude<Freeze, "none">, thawAtMicros: number): void => {
  thaw(connection)
  connection.freeze = how
  connection.thawAtMicros = thawAtMicros
  if (how === "all") connection.link.setReading(false)
}

export const thaw = (connection: Connection): void => {
  if (connection.freeze === "all") connection.link.setReading(true)
  connection.freeze = "none"
  connection.thawAtMicros = Number.POSITIVE_INFINITY
}

/** Ends the connection, once: with a close frame of this code, or, without one, as when a cable is cut. */
export const end = (connection: Connection, code: number | undefined): void => {
  if (connection.isEnding) return
  connection.isEnding = true
  if (code !== undefined) flush(connection)
  connection.link.end(code)
}

const secondMicros = 1_000_000

/** Whether the connection may send another command in this second. */
export const allowsCommand = (connection: Connection, nowMicros: number, commandsPerSecondMax: number): boolean => {
  if (nowMicros - connection.commandsSinceMicros >= secondMicros) {
    connection.commandsSinceMicros = nowMicros
    connection.commandsCount = 0
  }
  return ++connection.commandsCount <= commandsPerSecondMax
}
