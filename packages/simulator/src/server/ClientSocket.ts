// adapter: the ws package and node sockets, whose callbacks and buffers are not Effects
/**
 * One websocket of the simulated exchange: the outlet of its session, its keep-alive and its misfortunes.
 *
 * Frames are collected and written to the socket beneath `ws` once per tick. With compression they go through `ws` one by one.
 */
import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import type { Outlet } from "../session/Session.ts"
import * as FrameBatch from "./FrameBatch.ts"

/**
 * - `none`: all is well
 * - `data`: pings go on, nothing else comes; it is kept back until the thaw
 * - `all`: not even pings, and nothing is read
 */
export type Freeze = "none" | "data" | "all"

export interface ClientSocket {
  readonly websocket: WebSocket
  readonly stream: Duplex
  readonly batch: FrameBatch.FrameBatch
  /** Messages that wait to be compressed; unused without compression. */
  readonly compressed: Array<string>
  compressedBytes: number
  freeze: Freeze
  /** When a freeze ends by itself, milliseconds of the server's clock. */
  thawAtMillis: number
  nextPingMillis: number
  /** Commands received in the second that began at `commandsSinceMillis`. */
  commandsCount: number
  commandsSinceMillis: number
}

const pingBody = Buffer.from("heartbeat")

export const make = (websocket: WebSocket, stream: Duplex, nextPingMillis: number): ClientSocket => ({
  websocket,
  stream,
  batch: FrameBatch.make(),
  compressed: [],
  compressedBytes: 0,
  freeze: "none",
  thawAtMillis: Number.POSITIVE_INFINITY,
  nextPingMillis,
  commandsCount: 0,
  commandsSinceMillis: 0
})

const isCompressing = (socket: ClientSocket): boolean => socket.websocket.extensions !== ""

/** Where the session writes. */
export const outlet = (socket: ClientSocket): Outlet =>
  isCompressing(socket)
    ? {
        write: (text) => {
          socket.compressed.push(text)
          socket.compressedBytes += text.length
        },
        backlogBytes: () => socket.compressedBytes + socket.websocket.bufferedAmount
      }
    : {
        write: (text) => FrameBatch.append(socket.batch, text),
        backlogBytes: () => socket.batch.length + socket.stream.writableLength
      }

/** Writes what was collected, unless the connection is frozen or gone. */
export const flush = (socket: ClientSocket): void => {
  if (socket.freeze !== "none" || socket.stream.destroyed || socket.websocket.readyState !== socket.websocket.OPEN)
    return
  if (socket.batch.length > 0) socket.stream.write(FrameBatch.take(socket.batch))
  for (const text of socket.compressed.splice(0)) socket.websocket.send(text)
  socket.compressedBytes = 0
}

/** Pings when it is time, and ends a freeze whose time is over. */
export const tick = (socket: ClientSocket, nowMillis: number, pingMillis: number): void => {
  if (nowMillis >= socket.thawAtMillis) thaw(socket)
  if (nowMillis < socket.nextPingMillis) return
  socket.nextPingMillis = nowMillis + pingMillis
  if (socket.freeze !== "all" && socket.websocket.readyState === socket.websocket.OPEN) socket.websocket.ping(pingBody)
}

/** Stops the connection without closing it; for ever when `thawAtMillis` is infinite. */
export const freeze = (socket: ClientSocket, how: Exclude<Freeze, "none">, thawAtMillis: number): void => {
  socket.freeze = how
  socket.thawAtMillis = thawAtMillis
  if (how === "all") socket.stream.pause()
}

export const thaw = (socket: ClientSocket): void => {
  if (socket.freeze === "all") socket.stream.resume()
  socket.freeze = "none"
  socket.thawAtMillis = Number.POSITIVE_INFINITY
}

/** Ends the connection: with a close frame of this code, or, without one, as when a cable is cut. */
export const cut = (socket: ClientSocket, code: number | undefined): void => {
  if (code === undefined) socket.stream.destroy()
  else socket.websocket.close(code)
}

/** Whether the connection may send another command in this second. */
export const allowsCommand = (socket: ClientSocket, nowMillis: number, commandsPerSecondMax: number): boolean => {
  if (nowMillis - socket.commandsSinceMillis >= 1000) {
    socket.commandsSinceMillis = nowMillis
    socket.commandsCount = 0
  }
  return ++socket.commandsCount <= commandsPerSecondMax
}
