/**
 * The places of the connections: slot 0, 1, 2 ... each has one connection at a time and carries a bounded number of markets. A
 * market keeps its place for as long as it is recorded; new markets go where there are fewest.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { Latch } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { KalshiSocket, SocketEnd } from "./KalshiSocket.ts"
import type { Subscriber } from "./Subscriber.ts"

/** A connection that is open. */
export interface Link {
  readonly epoch: number
  readonly subscriber: Subscriber
  readonly socket: KalshiSocket
  /** The exchange ended what was subscribed on this channel. May be called within a frame. */
  readonly subscriptionEnded: (channel: string) => void
  /** Opened when it is gone. */
  readonly gone: Latch.Latch
}

export interface Slot {
  readonly number: number
  readonly tickers: Set<MarketTicker>
  /** The connection that is open; `linked` is open while there is one. */
  link: Link | null
  readonly linked: Latch.Latch
  /** What the connection is doing, for people, and since when it is there or gone (receive clock). */
  connection: string
  sinceMicros: number
  /** Connections that were opened here since the start. */
  connections: number
  /** Why the connection before this one ended, and when (receive clock); `null` before the first end. */
  lastEnd: (SocketEnd & { readonly epoch: number; readonly tsMicros: number }) | null
  /** Frames received here since the start. */
  frames: number
}

export interface Slots {
  /** The first carries the channels of the whole exchange, too, and is always there. */
  readonly all: Array<Slot>
  readonly marketsPerConnectionMax: number
  readonly connectionsMax: number
  /** Opened when a slot was added. */
  readonly added: Latch.Latch
}

type SlotSettings = Pick<CollectorSettings, "connectionsMax" | "marketsPerConnectionMax">

export const make = ({ connectionsMax, marketsPerConnectionMax }: SlotSettings, nowMicros: number): Slots => {
  const slots: Slots = { all: [], marketsPerConnectionMax, connectionsMax, added: Latch.makeUnsafe(false) }
  add(slots, nowMicros)
  return slots
}

const add = (slots: Slots, nowMicros: number): Slot => {
  const slot: Slot = {
    number: slots.all.length,
    tickers: new Set(),
    link: null,
    linked: Latch.makeUnsafe(false),
    connection: "not connected yet",
    sinceMicros: nowMicros,
    connections: 0,
    lastEnd: null,
    frames: 0
  }
  slots.all.push(slot)
  slots.added.openUnsafe()
  return slot
}

/** How many markets can be recorded at a time. */
export const capacity = ({ connectionsMax, marketsPerConnectionMax }: SlotSettings): number =>
  connectionsMax * marketsPerConnectionMax

/** Gives a market its place: the one with the fewest markets, a new one when all are full. `undefined` when there is no room. O(slots). */
export const assign = (slots: Slots, ticker: MarketTicker, nowMicros: number): Slot | undefined => {
  let place: Slot | undefined
  for (const slot of slots.all) if (place === undefined || slot.tickers.size < place.tickers.size) place = slot
  if (place === undefined || place.tickers.size >= slots.marketsPerConnectionMax) {
    place = slots.all.length < slots.connectionsMax ? add(slots, nowMicros) : undefined
  }
  place?.tickers.add(ticker)
  return place
}

/** The open connection with this epoch. O(slots). */
export const linkOf = ({ all }: Slots, epoch: number): Link | undefined => {
  for (const { link } of all) if (link?.epoch === epoch) return link
  return undefined
}

/** Whether any connection is open. */
export const isLinked = ({ all }: Slots): boolean => all.some(({ link }) => link !== null)
