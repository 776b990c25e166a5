/**
 * What no encoding saves: the bits of randomness in the columns that a row of `incremental_book_L2` has, too. Counted by the laws by which
 * the hour is made, and from below: what could be told from other columns is left out.
 */
import * as LogRows from "@kalshibook/core/cold/LogRows"

export interface Entropy {
  /** Bytes a record. Both times: the first by its distance from the market's last one, the other by its lag behind it. */
  readonly times: number
  /** Side and price, and the sizes of new levels. */
  readonly levels: number
}

/** Bits of a number that is exponentially distributed around a mean, in whole units. */
const exponentialBits = (mean: number): number => (mean <= 0 ? 0 : Math.log2(Math.E * mean))

/** Bits of all values together, each drawn by the frequencies of all. */
const bitsOf = (counts: ReadonlyMap<number, number>): number => {
  let values = 0
  for (const count of counts.values()) values += count
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / values)
  return bits
}

const count = (counts: Map<number, number>, value: number): void => {
  counts.set(value, (counts.get(value) ?? 0) + 1)
}

/** Reads the rows of an hour, market by market. */
export const of = (batches: Iterable<LogRows.LogRows>): Entropy => {
  const lags = new Map<number, number>()
  const levels = new Map<number, number>()
  const sizes = new Map<number, number>()
  const heldE2 = new Map<number, number>()
  let records = 0
  let distanceBits = 0
  let ticker: string | undefined
  let first = 0
  let last = 0
  let ofMarket = 0
  const endMarket = (): void => {
    if (ofMarket > 1) distanceBits += (ofMarket - 1) * exponentialBits((last - first) / (ofMarket - 1))
    ofMarket = 0
  }
  for (const rows of batches) {
    for (let row = 0; row < rows.rows; row++) {
      if (rows.kind[row] !== LogRows.kindDelta) continue
      const now = LogRows.tickerAt(rows, row)
      const receivedMicros = rows.tsReceivedMicros[row] as number
      if (now !== ticker) {
        endMarket()
        ticker = now
        heldE2.clear()
        first = receivedMicros
      }
      last = receivedMicros
      ofMarket++
      records++
      count(lags, receivedMicros - (rows.tsExchangeMicros[row] as number))
      const level = (rows.priceE4[row] as number) * 4 + (rows.side[row] as number)
      const sizeE2 = rows.sizeE2[row] as number
      const held = heldE2.get(level) ?? 0
      heldE2.set(level, held + sizeE2)
      count(levels, level)
      // A change of what is there may be told by what is there.
      if (held === 0) count(sizes, sizeE2)
    }
  }
  endMarket()
  return { times: (distanceBits + bitsOf(lags)) / 8 / records, levels: (bitsOf(levels) + bitsOf(sizes)) / 8 / records }
}
