/**
 * A `market_id` for the protocol. The exchange's own is not recorded, and clients take an empty one for a market that does not exist, so
 * each market gets one that is made of its ticker: the same at any time and on any node, never the exchange's.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"

/** By ticker; forgotten all at once when there are too many. */
const made = new Map<MarketTicker, string>()
const madeMax = 100_000

/** A UUID of version 8, whose meaning is its maker's (RFC 9562). */
export const of = (marketTicker: MarketTicker): string => {
  const known = made.get(marketTicker)
  if (known !== undefined) return known
  if (made.size >= madeMax) made.clear()
  const words = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((seed) => hex(hash(marketTicker, seed)))
  const digits = words.join("")
  const uuid = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
  made.set(marketTicker, uuid)
  return uuid
}

/** FNV-1a of 32 bits, its bits mixed once more. */
const hash = (text: string, seed: number): number => {
  let value = seed
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  return (value ^ (value >>> 15)) >>> 0
}

const hex = (value: number): string => value.toString(16).padStart(8, "0")
