/**
 * The top of a book: what the exchange sent (two best bids) and what follows from it (the yes ask, spread and mid).
 */
import * as Schema from "effect/Schema"
import * as Book from "../Book.ts"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4, unitsToDecimal } from "../Units.ts"
import { Contracts, Dollars } from "./Scalars.ts"

export const Best = Schema.Struct({
  yes_bid_dollars: Schema.NullOr(Dollars).annotate({
    description: "The best yes bid; null when nobody bids for yes."
  }),
  yes_bid_size_fp: Schema.NullOr(Contracts).annotate({ description: "Contracts at the best yes bid." }),
  yes_ask_implied_dollars: Schema.NullOr(Dollars).annotate({
    description:
      "One dollar less the best no bid: the price at which yes can be bought. Null when nobody bids for no. Kalshi sends no asks."
  }),
  yes_ask_implied_size_fp: Schema.NullOr(Contracts).annotate({ description: "Contracts at the best no bid." }),
  spread_dollars: Schema.NullOr(Dollars).annotate({
    description: "Implied yes ask less yes bid; null when either is. Zero or less only in a book that is not trusted."
  }),
  mid_dollars: Schema.NullOr(Schema.String).annotate({
    description:
      "Half way between yes bid and implied yes ask, exact: four fraction digits, five where needed. Null when either is.",
    examples: ["0.34505"]
  })
}).annotate({
  identifier: "Best",
  description: "The top of the whole book, whatever `depth` is."
})
export type Best = typeof Best.Type

export const view = (book: Book.Book): Best => {
  const yes = Book.best(book, "yes")
  const no = Book.best(book, "no")
  const askImpliedE4 = no === undefined ? undefined : dollarE4 - no.priceE4
  return {
    yes_bid_dollars: yes === undefined ? null : dollarsFromPriceE4(yes.priceE4),
    yes_bid_size_fp: yes === undefined ? null : contractsFromSizeE2(yes.sizeE2),
    yes_ask_implied_dollars: askImpliedE4 === undefined ? null : dollarsFromPriceE4(askImpliedE4),
    yes_ask_implied_size_fp: no === undefined ? null : contractsFromSizeE2(no.sizeE2),
    spread_dollars:
      yes === undefined || askImpliedE4 === undefined ? null : dollarsFromPriceE4(askImpliedE4 - yes.priceE4),
    mid_dollars: yes === undefined || askImpliedE4 === undefined ? null : halfDollars(yes.priceE4 + askImpliedE4)
  }
}

/** Half of a whole number of 1/10,000 dollar, as an exact decimal. */
const halfDollars = (twiceE4: number): string =>
  twiceE4 % 2 === 0 ? dollarsFromPriceE4(twiceE4 / 2) : unitsToDecimal(twiceE4 * 5, 5)
