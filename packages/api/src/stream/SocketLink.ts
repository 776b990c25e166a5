// adapter: node sockets, whose writes and callbacks are not Effects
/**
 * The socket beneath a websocket as where frames go. They are framed already, so they are written past the websocket: it is the write call
 * that costs, and a frame that many readers share is one buffer in all their sockets.
 */
import { Buffer } from "node:buffer"
import type { Socket } from "node:net"
import type { GoodbyeReason } from "@kalshibook/core/contract/stream/StreamMessages"
import type { Link } from "./Session.ts"

/** How long a reader that is ended has to read what was written. */
const drainMillisMax = 30_000

/** The same while the server stops. */
const stopMillisMax = 500

/** Codes of RFC 6455, 7.4.1, and of its private range. */
const closeCodes: Readonly<Record<GoodbyeReason, number>> = {
  slow_reader: 1008,
  server_stopping: 1001,
  key_revoked: 1008,
  key_expired: 1008,
  account_closed: 1008,
  credits_exhausted: 1008,
  over_limit: 1008,
  too_many_mistakes: 1008,
  failed: 1011
}

export const make = (socket: Socket): Link => {
  // What is coalesced already must not wait for an acknowledgement.
  socket.setNoDelay(true)
  return {
    write: (frame) => {
      if (!socket.destroyed && socket.writable) socket.write(frame)
    },
    waitingBytes: () => socket.writableLength,
    end: (reason) => {
      if (!socket.destroyed && socket.writable) socket.end(closeFrame(closeCodes[reason], reason))
      setTimeout(() => socket.destroy(), reason === "server_stopping" ? stopMillisMax : drainMillisMax).unref()
    }
  }
}

const closeFrame = (code: number, reason: string): Buffer => {
  const text = Buffer.from(reason)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
