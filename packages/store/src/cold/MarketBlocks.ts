/**
 * Markets of a file in blocks that are read at once: large enough that reading them costs more than beginning to, small enough for
 * memory.
 */
import type { ManifestMarket } from "@kalshibook/core/cold/Manifest"

/** Rows of markets that follow each other in a file. */
export interface MarketBlock {
  readonly rowFirst: number
  /** In the order of their rows, without holes between them. */
  readonly markets: ReadonlyArray<ManifestMarket>
}

/** About 100 bytes each in memory. A market that has more is a block by itself. */
export const rowsMax = 65_536

/** The markets of a file, in any order, as blocks. */
export const of = (markets: ReadonlyArray<ManifestMarket>): ReadonlyArray<MarketBlock> => {
  const blocks: Array<{ readonly rowFirst: number; readonly markets: Array<ManifestMarket> }> = []
  let rowNext = Number.NaN
  for (const market of markets.toSorted((left, right) => left.row_first - right.row_first)) {
    const block = blocks.at(-1)
    const end = market.row_first + market.rows
    if (block !== undefined && market.row_first === rowNext && end - block.rowFirst <= rowsMax)
      block.markets.push(market)
    else blocks.push({ rowFirst: market.row_first, markets: [market] })
    rowNext = end
  }
  return blocks
}
