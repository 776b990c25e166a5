/**
 * A connection without a socket: what is written waits, travels for a while, and arrives in order when its time has come.
 *
 * The time on the way is 0.1 to 5 ms, drawn for each moment of sending; nothing overtakes what was sent before, so that many frames
 * may arrive at one moment. A client that has paused gets nothing until it goes on; what it has not got counts as backlog.
 */

import * as Prng from "../exchange/Prng.ts"
import type { Link } from "../front/Connection.ts"

/** Who gets what arrives, called within `VirtualExchange.advanceTo` alone. May send, close, connect and ask REST meanwhile. */
export interface VirtualClient {
  /** A frame, as its bytes. */
  readonly onFrame: (bytes: Buffer) => void
  /** A websocket ping; it is answered by itself. */
  readonly onPing: () => void
  /** The exchange ended the connection: with this code, or with 1006 when it broke. Nothing comes after it. */
  readonly onClosed: (code: number, reason: string) => void
}

type Item =
  | { readonly _tag: "frame"; readonly bytes: Buffer }
  | { readonly _tag: "ping" }
  | { readonly _tag: "closed"; readonly code: number }

interface Travelling {
  readonly dueMicros: number
  readonly item: Item
}

export interface VirtualLink {
  readonly link: Link
  /** Hands over the messages of the client that came while nothing was read. */
  onMessage: (text: string) => void
  /** The exchange ended the connection. */
  onEnd: () => void
  readonly client: VirtualClient
  readonly prng: Prng.Prng
  readonly nowMicros: () => number
  /** Written and not sent. */
  written: Array<Buffer>
  writtenBytes: number
  /** On the way, in the order of arrival, from `arrived` on. */
  travelling: Array<Travelling>
  arrived: number
  travellingBytes: number
  sentAtMicros: number
  lastDueMicros: number
  isPaused: boolean
  isReading: boolean
  /** Messages of the client that nobody read yet. */
  unread: Array<string>
  /** The client closed it: nothing arrives any more. */
  isClosed: boolean
}

const latencyMicrosMin = 100
const latencyMicrosMax = 5_000
const brokenCode = 1006

export interface VirtualLinkParts {
  readonly client: VirtualClient
  /** Its own generator. */
  readonly prng: Prng.Prng
  readonly nowMicros: () => number
}

export const make = ({ client, nowMicros, prng }: VirtualLinkParts): VirtualLink => {
  const virtual: VirtualLink = {
    link: {
      write: (frame) => write(virtual, frame),
      backlogBytes: () => virtual.writtenBytes + virtual.travellingBytes,
      flush: () => flush(virtual),
      ping: () => post(virtual, { _tag: "ping" }),
      setReading: (isReading) => setReading(virtual, isReading),
      end: (code) => end(virtual, code)
    },
    onMessage: () => undefined,
    onEnd: () => undefined,
    client,
    prng,
    nowMicros,
    written: [],
    writtenBytes: 0,
    travelling: [],
    arrived: 0,
    travellingBytes: 0,
    sentAtMicros: -1,
    lastDueMicros: 0,
    isPaused: false,
    isReading: true,
    unread: [],
    isClosed: false
  }
  return virtual
}

const write = (virtual: VirtualLink, frame: string | Uint8Array): void => {
  const bytes = Buffer.from(frame as string)
  virtual.written.push(bytes)
  virtual.writtenBytes += bytes.length
}

const flush = (virtual: VirtualLink): void => {
  if (virtual.written.length === 0) return
  for (const bytes of virtual.written) post(virtual, { _tag: "frame", bytes })
  virtual.written = []
  virtual.writtenBytes = 0
}

/** Sends an item on its way. */
const post = (virtual: VirtualLink, item: Item): void => {
  const nowMicros = virtual.nowMicros()
  if (nowMicros !== virtual.sentAtMicros) {
    const latencyMicros = Prng.between(virtual.prng, latencyMicrosMin, latencyMicrosMax)
    virtual.lastDueMicros = Math.max(virtual.lastDueMicros, nowMicros + latencyMicros)
    virtual.sentAtMicros = nowMicros
  }
  virtual.travelling.push({ dueMicros: virtual.lastDueMicros, item })
  if (item._tag === "frame") virtual.travellingBytes += item.bytes.length
}

const setReading = (virtual: VirtualLink, isReading: boolean): void => {
  virtual.isReading = isReading
  if (isReading) for (const text of virtual.unread.splice(0)) virtual.onMessage(text)
}

/** With a code, behind all that was sent; without, as when a cable is cut: a part of what is on the way is lost. */
const end = (virtual: VirtualLink, code: number | undefined): void => {
  const { prng } = virtual
  if (code === undefined) {
    for (const { item } of virtual.travelling.splice(Prng.between(prng, virtual.arrived, virtual.travelling.length))) {
      if (item._tag === "frame") virtual.travellingBytes -= item.bytes.length
    }
  }
  post(virtual, { _tag: "closed", code: code ?? brokenCode })
  virtual.onEnd()
}

/** Takes a message of the client. */
export const send = (virtual: VirtualLink, text: string): void => {
  if (virtual.isReading) virtual.onMessage(text)
  else virtual.unread.push(text)
}

/** The client has gone: nothing arrives any more. */
export const close = (virtual: VirtualLink): void => {
  virtual.isClosed = true
  virtual.travelling = []
  virtual.arrived = 0
  virtual.travellingBytes = 0
}

/** When the next item arrives, `Infinity` for never. */
export const nextDueMicros = ({ arrived, isPaused, travelling }: VirtualLink): number =>
  isPaused ? Number.POSITIVE_INFINITY : (travelling[arrived]?.dueMicros ?? Number.POSITIVE_INFINITY)

/** Items that have arrived and are kept, before the list is cut. */
const arrivedMax = 4_096

/** Hands the client what has arrived by now, as long as it takes it. */
export const deliver = (virtual: VirtualLink, nowMicros: number): void => {
  while (nextDueMicros(virtual) <= nowMicros) {
    const { item } = virtual.travelling[virtual.arrived++] as Travelling
    if (virtual.arrived > arrivedMax) {
      virtual.travelling.splice(0, virtual.arrived)
      virtual.arrived = 0
    }
    hand(virtual, item)
  }
}

const hand = (virtual: VirtualLink, item: Item): void => {
  switch (item._tag) {
    case "frame":
      virtual.travellingBytes -= item.bytes.length
      virtual.client.onFrame(item.bytes)
      break
    case "ping":
      virtual.client.onPing()
      break
    case "closed":
      close(virtual)
      virtual.client.onClosed(item.code, "")
  }
}
