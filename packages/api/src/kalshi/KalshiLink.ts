// adapter: Node's sockets
/**
 * The way out to one client: frames go to the socket beneath the websocket, as many as there are in one write, and what it has not taken
 * is counted. What comes in, and the closing handshake, are the websocket's own.
 */
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import * as WebsocketBytes from "./WebsocketBytes.ts"

export interface KalshiLink {
  /** Sends the frames, in order. `false` when the connection has ended: none was written. */
  readonly send: (frames: ReadonlyArray<string>) => boolean
  /** As the exchange does, every ten seconds: a ping with the body `heartbeat`. */
  readonly ping: () => void
  /** Bytes that are sent and not taken. */
  readonly backlogBytes: () => number
  /** Waits until there is room, or the connection has ended. */
  readonly room: Effect.Effect<void>
  /** Cuts the connection: whoever reads nothing does not take a closing frame either. */
  readonly cut: () => void
}

/** Of a request whose connection was upgraded to a websocket without compression. */
export const make = (request: HttpServerRequest.HttpServerRequest): KalshiLink => {
  const { socket } = toIncomingMessage(request)
  return {
    send: (frames) => {
      if (frames.length > 0 && socket.writable) socket.write(WebsocketBytes.ofTexts(frames))
      return socket.writable
    },
    ping: () => {
      if (socket.writable) socket.write(WebsocketBytes.ping("heartbeat"))
    },
    backlogBytes: () => socket.writableLength,
    room: Effect.callback<void>((resume) => {
      if (!socket.writableNeedDrain || !socket.writable) return resume(Effect.void)
      const done = () => {
        socket.off("drain", done)
        socket.off("close", done)
        resume(Effect.void)
      }
      socket.on("drain", done)
      socket.on("close", done)
      return Effect.sync(() => {
        socket.off("drain", done)
        socket.off("close", done)
      })
    }),
    cut: () => socket.destroy()
  }
}
