/**
 * The hash of one level, in two independent 32-bit lanes. A book's digest is the sum of its levels' hashes in each lane
 * (mod 2^32), which is why it does not depend on the order of updates and costs O(1) per change. Recipe: SPEC-book.md.
 */
import type { Side } from "./BookRecord.ts"

const mix = (seed: number, key: number, sizeE2: number): number => {
  let hash = Math.imul(key ^ seed, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ (sizeE2 | 0), 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13) ^ ((sizeE2 / 4_294_967_296) | 0), 0x27d4eb2f)
  hash = Math.imul(hash ^ (hash >>> 16), 0x165667b1)
  return hash ^ (hash >>> 15)
}

const keyOf = (side: Side, priceE4: number): number => (side === "yes" ? priceE4 : priceE4 | 0x4000)

/** Low lane of a level's hash, a signed 32-bit number. `sizeE2` is a whole number from 1 to 2^53 - 1. */
export const levelHashLow = (side: Side, priceE4: number, sizeE2: number): number =>
  mix(0x9e3779b1, keyOf(side, priceE4), sizeE2)

/** High lane of a level's hash. */
export const levelHashHigh = (side: Side, priceE4: number, sizeE2: number): number =>
  mix(0x7f4a7c15, keyOf(side, priceE4), sizeE2)

const laneToText = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0")

/** Two lanes as 16 hexadecimal digits, high lane first. */
export const hashToText = (high: number, low: number): string => laneToText(high) + laneToText(low)
