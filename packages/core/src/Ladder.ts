/**
 * The prices of one side that have a level, in order, with the best at hand. The sizes are in the book's `LevelTable`.
 *
 * A bitmap of the 10,000 possible prices with a summary above it, so that the best, and ascending order, cost a few word scans.
 * Every operation on one price is O(1); a ladder takes about 1.3 kB. Invariant: a bit is set exactly when its price has a size.
 */

const wordCount = 313
const summaryCount = 10

export interface Ladder {
  /** Bit p: price p has a level. Behind these words the summary; its bit w: word w is not 0. */
  readonly bits: Int32Array
  /** How many levels there are. */
  count: number
}

export const make = (): Ladder => ({ bits: new Int32Array(wordCount + summaryCount), count: 0 })

export const copy = (ladder: Ladder): Ladder => ({ bits: ladder.bits.slice(), count: ladder.count })

export const clear = (ladder: Ladder): void => {
  ladder.bits.fill(0)
  ladder.count = 0
}

/** Notes that a price without a level, 1..9999, has one now. */
export const add = (ladder: Ladder, priceE4: number): void => {
  const { bits } = ladder
  ladder.count++
  const word = priceE4 >>> 5
  const group = wordCount + (word >>> 5)
  bits[word] = (bits[word] as number) | (1 << (priceE4 & 31))
  bits[group] = (bits[group] as number) | (1 << (word & 31))
}

/** Notes that a price with a level has none any more. */
export const remove = (ladder: Ladder, priceE4: number): void => {
  const { bits } = ladder
  ladder.count--
  const word = priceE4 >>> 5
  const left = (bits[word] as number) & ~(1 << (priceE4 & 31))
  bits[word] = left
  if (left !== 0) return
  const group = wordCount + (word >>> 5)
  bits[group] = (bits[group] as number) & ~(1 << (word & 31))
}

/** The highest price with a level, 0 when there is none. */
export const bestPriceE4 = ({ bits }: Ladder): number => {
  for (let group = summaryCount - 1; group >= 0; group--) {
    const words = bits[wordCount + group] as number
    if (words === 0) continue
    const word = (group << 5) | (31 - Math.clz32(words))
    return (word << 5) | (31 - Math.clz32(bits[word] as number))
  }
  return 0
}

/** The prices with a level, ascending, best last; only the best `depth` when `depth` is above 0. O(levels). */
export const pricesE4 = ({ bits, count: all }: Ladder, depth: number): ReadonlyArray<number> => {
  const count = depth > 0 ? Math.min(depth, all) : all
  const result = new Array<number>(count)
  let at = count - 1
  for (let group = summaryCount - 1; group >= 0 && at >= 0; group--) {
    let words = bits[wordCount + group] as number
    while (words !== 0 && at >= 0) {
      const wordBit = 31 - Math.clz32(words)
      words &= ~(1 << wordBit)
      const word = (group << 5) | wordBit
      let prices = bits[word] as number
      while (prices !== 0 && at >= 0) {
        const bit = 31 - Math.clz32(prices)
        prices &= ~(1 << bit)
        result[at--] = (word << 5) | bit
      }
    }
  }
  return result
}
