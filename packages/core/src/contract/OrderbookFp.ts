/**
 * An order book as Kalshi's REST writes it: two ladders of bids, decimal strings, ascending, best last, `[]` when empty
 * (Kalshi Trade API v2, GET /markets/{ticker}/orderbook, 2026-11).
 */
import * as Schema from "effect/Schema"
import type { BookLevels, Level } from "../BookRecord.ts"
import { contractsFromSizeE2, dollarsFromPriceE4 } from "../Units.ts"
import { Contracts, Dollars } from "./Scalars.ts"

const PriceLevel = Schema.Tuple([Dollars, Contracts]).annotate({
  identifier: "PriceLevel",
  description: "One level: [price in dollars of this side, size in contracts].",
  examples: [["0.3400", "78.00"]]
})

export const OrderbookFp = Schema.Struct({
  yes_dollars: Schema.Array(PriceLevel).annotate({
    description: "Bids for yes, ascending by price: the best bid is the last entry. [] when there is none."
  }),
  no_dollars: Schema.Array(PriceLevel).annotate({
    description: "Bids for no, ascending by price: the best bid is the last entry. A no bid at p is a yes ask at 1 - p."
  })
}).annotate({
  identifier: "OrderbookFp",
  description: "Both ladders in the shape of Kalshi's own REST answer."
})
export type OrderbookFp = typeof OrderbookFp.Type

export const view = (levels: BookLevels): OrderbookFp => ({
  yes_dollars: levels.yes.map(levelView),
  no_dollars: levels.no.map(levelView)
})

const levelView = (level: Level): readonly [string, string] => [
  dollarsFromPriceE4(level.priceE4),
  contractsFromSizeE2(level.sizeE2)
]
