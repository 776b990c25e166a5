// adapter: the ws package and node sockets, whose callbacks and buffers are not Effects
/**
 * One websocket of the simulated exchange as the link of its connection.
 *
 * Frames are collected and written to the socket beneath `ws` once per tick. With compression they go through `ws` one by one.
 */
import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import type { Link } from "../front/Connection.ts"
import * as FrameBatch from "./FrameBatch.ts"

export interface ClientSocket {
  readonly websocket: WebSocket
  readonly stream: Duplex
  readonly link: Link
}

export const make = (websocket: WebSocket, stream: Duplex): ClientSocket => {
  const isCompressing = websocket.extensions !== ""
  return {
    websocket,
    stream,
    link: { ...wire(websocket, stream), ...(isCompressing ? compressed : plain)(websocket, stream) }
  }
}

const isOpen = (websocket: WebSocket, stream: Duplex): boolean =>
  !stream.destroyed && websocket.readyState === websocket.OPEN

type Writing = Pick<Link, "write" | "backlogBytes" | "flush">

const plain = (websocket: WebSocket, stream: Duplex): Writing => {
  const batch = FrameBatch.make()
  return {
    write: (frame) => FrameBatch.append(batch, frame),
    backlogBytes: () => batch.length + stream.writableLength,
    flush: () => {
      if (batch.length > 0 && isOpen(websocket, stream)) stream.write(FrameBatch.take(batch))
    }
  }
}

const compressed = (websocket: WebSocket, stream: Duplex): Writing => {
  const waiting: Array<string | Uint8Array> = []
  let waitingBytes = 0
  return {
    write: (frame) => {
      waiting.push(frame)
      waitingBytes += frame.length
    },
    backlogBytes: () => waitingBytes + websocket.bufferedAmount,
    flush: () => {
      if (!isOpen(websocket, stream)) return
      for (const frame of waiting.splice(0)) websocket.send(frame)
      waitingBytes = 0
    }
  }
}

const wire = (websocket: WebSocket, stream: Duplex): Omit<Link, keyof Writing> => ({
  ping: (body) => {
    if (isOpen(websocket, stream)) websocket.ping(body)
  },
  setReading: (isReading) => {
    if (isReading) stream.resume()
    else stream.pause()
  },
  end: (code) => {
    if (code === undefined) stream.destroy()
    else websocket.close(code)
  }
})
