/**
 * The places of the connections: slot 0, 1, 2 ... each has one connection at a time and carries a bounded number of markets. A
 * market keeps its place for as long as it is recorded, also from one connection to the next.
 *
 * A new market goes to the first slot that has room, so that the later ones run empty by themselves as their markets close, and
 * their connections are let go. No market is ever moved to save a connection: a move costs the market a gap, an idle connection
 * costs nothing.
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
  /** Open while the slot has markets. */
  readonly wanted: Latch.Latch
  /** The exchange does not bear this connection now (429): nothing is placed here. */
  isRefused: boolean
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
  readonly connectionsMax: number
  /** Lowered to what the exchange bears (error 26). */
  marketsPerConnectionMax: number
  /** Opened when a slot was added. */
  readonly added: Latch.Latch
  /** Opened when there may be room for a market that there was no room for. */
  readonly freed: Latch.Latch
}

type SlotSettings = Pick<CollectorSettings, "connectionsMax" | "marketsPerConnectionMax">

export const make = ({ connectionsMax, marketsPerConnectionMax }: SlotSettings, nowMicros: number): Slots => {
  const slots: Slots = {
    all: [],
    marketsPerConnectionMax,
    connectionsMax,
    added: Latch.makeUnsafe(false),
    freed: Latch.makeUnsafe(false)
  }
  add(slots, nowMicros)
  return slots
}

const add = (slots: Slots, nowMicros: number): Slot => {
  const slot: Slot = {
    number: slots.all.length,
    tickers: new Set(),
    wanted: Latch.makeUnsafe(false),
    isRefused: false,
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

/**
 * How many markets can be recorded at a time. While the exchange refuses a connection, on those that it does not, and no others are
 * tried. O(slots).
 */
export const capacity = ({ all, connectionsMax, marketsPerConnectionMax }: Slots): number => {
  const borne = all.filter(({ isRefused }) => !isRefused).length
  return (borne < all.length ? borne : connectionsMax) * marketsPerConnectionMax
}

/** How many more could be now. O(slots). */
export const room = (slots: Slots): number => {
  const taken = slots.all.reduce((sum, { isRefused, tickers }) => sum + (isRefused ? 0 : tickers.size), 0)
  return Math.max(0, capacity(slots) - taken)
}

/** Gives a market its place: the first slot with room, else a new one. `undefined` when there is no room. O(slots). */
export const assign = (slots: Slots, ticker: MarketTicker, nowMicros: number): Slot | undefined => {
  const { all, connectionsMax, marketsPerConnectionMax } = slots
  const hasRoom = ({ isRefused, tickers }: Slot): boolean => !isRefused && tickers.size < marketsPerConnectionMax
  const mayAdd = all.length < connectionsMax && !all.some(({ isRefused }) => isRefused)
  const place = all.find(hasRoom) ?? (mayAdd ? add(slots, nowMicros) : undefined)
  if (place === undefined) return undefined
  place.tickers.add(ticker)
  place.wanted.openUnsafe()
  return place
}

/** The market's place is free again. */
export const leave = (slots: Slots, slot: Slot, ticker: MarketTicker): void => {
  slot.tickers.delete(ticker)
  if (slot.tickers.size === 0) slot.wanted.closeUnsafe()
  slots.freed.openUnsafe()
}

/** The open connection with this epoch. O(slots). */
export const linkOf = ({ all }: Slots, epoch: number): Link | undefined => {
  for (const { link } of all) if (link?.epoch === epoch) return link
  return undefined
}

/** Whether any connection is open. */
export const isLinked = ({ all }: Slots): boolean => all.some(({ link }) => link !== null)
