/**
 * The `use_yes_price` mode of a subscription: the no side quoted on the yes scale, where a no bid at 35 cents reads 65.
 *
 * A collector asks for the mode to be off and never needs this; a simulated exchange does. Official AsyncAPI 2.0.0, September-October
 * 2026. No recording of the mode exists; that levels then still ascend by the price as written is our reading.
 */
import type { BookLevels, Side } from "../BookRecord.ts"
import { dollarE4 } from "../Units.ts"

/** Returns a price of `side` as written in the mode, and back: the function is its own inverse. Unit 1/10,000 dollar. */
export const swapScale = (side: Side, priceE4: number): number => (side === "no" ? dollarE4 - priceE4 : priceE4)

/** Returns the levels with the no side on the other scale, ascending by price as written. Its own inverse. O(levels). */
export const swapLevels = (levels: BookLevels): BookLevels => ({
  yes: levels.yes,
  no: levels.no.map((level) => ({ priceE4: swapScale("no", level.priceE4), sizeE2: level.sizeE2 })).reverse()
})
