/**
 * The answer of `/v1/markets/{ticker}/orderbook/samples`: one market's book at regular moments.
 */
import * as Schema from "effect/Schema"
import type { Level } from "../BookRecord.ts"
import * as BookSamples from "../BookSamples.ts"
import { dollarE4, dollarsFromPriceE4, isoFromMicros } from "../Units.ts"
import * as DerivedView from "./DerivedView.ts"
import * as OrderbookFp from "./OrderbookFp.ts"
import { answerFields, Cursor, Dollars, Instant, MarketTicker, Offset } from "./Scalars.ts"
import { GapCause } from "./TrustView.ts"

export const BookSample = Schema.Struct({
  at: Instant.annotate({ description: "The moment." }),
  trust: Schema.Literals(BookSamples.trustStates).annotate({
    description: "Whether the book may be believed, as the `trust.state` of a single book."
  }),
  gap_cause: Schema.NullOr(GapCause).annotate({ description: "Why not, where it is `stale`; null otherwise." }),
  offset: Schema.optionalKey(Offset).annotate({
    description: "The last record of the log that is part of the book. Not in a summary."
  }),
  orderbook_fp: Schema.optionalKey(OrderbookFp.OrderbookFp),
  yes_bid_dollars: Schema.optionalKey(Schema.NullOr(Dollars)).annotate({
    description: "With `view=summary`: the best yes bid; null when nobody bids for yes."
  }),
  yes_ask_implied_dollars: Schema.optionalKey(Schema.NullOr(Dollars)).annotate({
    description: "With `view=summary`: one dollar less the best no bid; null when nobody bids for no."
  }),
  derived: Schema.optionalKey(DerivedView.Derived)
}).annotate({
  identifier: "BookSample",
  description:
    "The best `depth` levels of each side at a moment, by the receive clock; with `view=summary` the best prices alone, without `offset` and `orderbook_fp`."
})
export type BookSample = typeof BookSample.Type

export const Samples = Schema.Struct({
  market_ticker: MarketTicker,
  every_seconds: Schema.Finite.annotate({ description: "From one moment to the next.", examples: [1] }),
  depth: Schema.Int.annotate({ description: "Levels of each side at most.", examples: [10] }),
  samples: Schema.Array(BookSample).annotate({
    description: "Ascending by time. Moments before the market's first record have none."
  }),
  cursor: Cursor,
  ...answerFields
}).annotate({ identifier: "Samples", description: "A page of a market's books at regular moments." })

/** One sample of the columns. O(depth). */
export const view = (samples: BookSamples.BookSamples, index: number): BookSample => {
  const start = index * samples.depth
  return {
    ...headView(samples, index),
    offset: samples.offset[index] as number,
    orderbook_fp: OrderbookFp.view({
      yes: ladder(samples.yesPriceE4, samples.yesSizeE2, start, samples.yesLevels[index] as number),
      no: ladder(samples.noPriceE4, samples.noSizeE2, start, samples.noLevels[index] as number)
    }),
    ...derivedView(samples, index)
  }
}

/** The same in short: best prices, without ladders. O(1). */
export const summary = (samples: BookSamples.BookSamples, index: number): BookSample => {
  const start = index * samples.depth
  const hasYes = samples.yesLevels[index] !== 0
  const hasNo = samples.noLevels[index] !== 0
  return {
    ...headView(samples, index),
    yes_bid_dollars: hasYes ? dollarsFromPriceE4(samples.yesPriceE4[start] as number) : null,
    yes_ask_implied_dollars: hasNo ? dollarsFromPriceE4(dollarE4 - (samples.noPriceE4[start] as number)) : null,
    ...derivedView(samples, index)
  }
}

const headView = (samples: BookSamples.BookSamples, index: number) => ({
  at: isoFromMicros(samples.atMicros[index] as number),
  trust: BookSamples.trustStates[samples.trust[index] as number] ?? ("unknown" as const),
  gap_cause: BookSamples.causeAt(samples, index) ?? null
})

const derivedView = (samples: BookSamples.BookSamples, index: number) => {
  const { names } = samples.derive
  if (names.length === 0) return {}
  return { derived: DerivedView.view(names, (place) => BookSamples.derivedAt(samples, index, place)) }
}

/** Ascending by price: the columns have the best first. */
const ladder = (prices: Int32Array, sizes: Float64Array, start: number, count: number): ReadonlyArray<Level> =>
  Array.from({ length: count }, (_, index) => {
    const place = start + count - 1 - index
    return { priceE4: prices[place] as number, sizeE2: sizes[place] as number }
  })
