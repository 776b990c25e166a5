/**
 * The bids of one side: sizes by price, sparse, with the best price at hand.
 *
 * Prices live in a bitmap of the 10,000 possible ones with a summary above it (so the best, and ascending order, cost a few
 * word scans), sizes in an open-addressing table that grows with the number of levels. Every operation on one level is O(1);
 * a ladder costs about 1.3 kB and 20 bytes a level. Invariant: a bit is set exactly when its price has a size above 0.
 */
import type { Level } from "./BookRecord.ts"

const wordCount = 313
const summaryCount = 10
const tableSlotsMin = 16

export interface Ladder {
  /** Bit p of the bitmap: price p has a level. */
  readonly bits: Int32Array
  /** Bit w of the summary: word w of the bitmap is not 0. */
  readonly summary: Int32Array
  /** Prices by slot, 0 for a free slot. Length is a power of two, at most half full. */
  keys: Uint16Array
  /** Sizes in 1/100 contract by slot. */
  sizes: Float64Array
  /** How many levels there are. */
  count: number
}

export const make = (): Ladder => ({
  bits: new Int32Array(wordCount),
  summary: new Int32Array(summaryCount),
  keys: new Uint16Array(tableSlotsMin),
  sizes: new Float64Array(tableSlotsMin),
  count: 0
})

export const copy = (ladder: Ladder): Ladder => ({
  bits: ladder.bits.slice(),
  summary: ladder.summary.slice(),
  keys: ladder.keys.slice(),
  sizes: ladder.sizes.slice(),
  count: ladder.count
})

export const clear = (ladder: Ladder): void => {
  ladder.bits.fill(0)
  ladder.summary.fill(0)
  ladder.keys.fill(0)
  ladder.count = 0
}

const home = (priceE4: number, mask: number): number => (Math.imul(priceE4, 0x9e3779b1) >>> 16) & mask

/** The slot of the price, or the free slot where it would go. Ends because the table is at most half full. */
const find = (keys: Uint16Array, priceE4: number): number => {
  const mask = keys.length - 1
  let slot = home(priceE4, mask)
  while (keys[slot] !== priceE4 && keys[slot] !== 0) slot = (slot + 1) & mask
  return slot
}

/** The size at a price in 1/100 contract, 0 where there is no level. */
export const size = (ladder: Ladder, priceE4: number): number => {
  if (((ladder.bits[priceE4 >>> 5] as number) & (1 << (priceE4 & 31))) === 0) return 0
  return ladder.sizes[find(ladder.keys, priceE4)] as number
}

/** Sets the size at a price; 0 removes the level. `priceE4` is 1..9999 and `sizeE2` a whole number from 0 on: `Book` checks. */
export const set = (ladder: Ladder, priceE4: number, sizeE2: number): void => {
  const slot = find(ladder.keys, priceE4)
  if (sizeE2 === 0) {
    if (ladder.keys[slot] === priceE4) remove(ladder, priceE4, slot)
    return
  }
  if (ladder.keys[slot] === priceE4) {
    ladder.sizes[slot] = sizeE2
    return
  }
  ladder.keys[slot] = priceE4
  ladder.sizes[slot] = sizeE2
  ladder.count++
  const word = priceE4 >>> 5
  ladder.bits[word] = (ladder.bits[word] as number) | (1 << (priceE4 & 31))
  ladder.summary[word >>> 5] = (ladder.summary[word >>> 5] as number) | (1 << (word & 31))
  if (ladder.count * 2 > ladder.keys.length) grow(ladder)
}

const remove = (ladder: Ladder, priceE4: number, removed: number): void => {
  const { keys, sizes } = ladder
  const mask = keys.length - 1
  // Backward shift: closes the hole so that every key stays reachable from its home without tombstones.
  let hole = removed
  for (let slot = (hole + 1) & mask; keys[slot] !== 0; slot = (slot + 1) & mask) {
    const distance = (slot - home(keys[slot] as number, mask)) & mask
    if (distance >= ((slot - hole) & mask)) {
      keys[hole] = keys[slot] as number
      sizes[hole] = sizes[slot] as number
      hole = slot
    }
  }
  keys[hole] = 0
  ladder.count--
  const word = priceE4 >>> 5
  const bits = (ladder.bits[word] as number) & ~(1 << (priceE4 & 31))
  ladder.bits[word] = bits
  if (bits === 0) ladder.summary[word >>> 5] = (ladder.summary[word >>> 5] as number) & ~(1 << (word & 31))
}

const grow = (ladder: Ladder): void => {
  const { keys, sizes } = ladder
  ladder.keys = new Uint16Array(keys.length * 2)
  ladder.sizes = new Float64Array(keys.length * 2)
  for (let slot = 0; slot < keys.length; slot++) {
    const key = keys[slot] as number
    if (key === 0) continue
    const target = find(ladder.keys, key)
    ladder.keys[target] = key
    ladder.sizes[target] = sizes[slot] as number
  }
}

/** The highest price with a level, 0 when there is none. */
export const bestPriceE4 = (ladder: Ladder): number => {
  for (let group = summaryCount - 1; group >= 0; group--) {
    const words = ladder.summary[group] as number
    if (words === 0) continue
    const word = (group << 5) | (31 - Math.clz32(words))
    return (word << 5) | (31 - Math.clz32(ladder.bits[word] as number))
  }
  return 0
}

/** The level with the highest price, `undefined` when there is none. */
export const best = (ladder: Ladder): Level | undefined => {
  const priceE4 = bestPriceE4(ladder)
  return priceE4 === 0 ? undefined : { priceE4, sizeE2: size(ladder, priceE4) }
}

/** Ascending by price, best last; only the best `depth` when `depth` is above 0. */
export const levels = (ladder: Ladder, depth: number): ReadonlyArray<Level> => {
  const count = depth > 0 ? Math.min(depth, ladder.count) : ladder.count
  const result = new Array<Level>(count)
  let at = count - 1
  for (let group = summaryCount - 1; group >= 0 && at >= 0; group--) {
    let words = ladder.summary[group] as number
    while (words !== 0 && at >= 0) {
      const wordBit = 31 - Math.clz32(words)
      words &= ~(1 << wordBit)
      const word = (group << 5) | wordBit
      let bits = ladder.bits[word] as number
      while (bits !== 0 && at >= 0) {
        const bit = 31 - Math.clz32(bits)
        bits &= ~(1 << bit)
        const priceE4 = (word << 5) | bit
        result[at--] = { priceE4, sizeE2: size(ladder, priceE4) }
      }
    }
  }
  return result
}
