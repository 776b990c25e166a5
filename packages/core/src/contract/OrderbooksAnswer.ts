/**
 * The answer of `/v1/orderbooks`: the books of several markets at one moment.
 */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import * as OrderbookAnswer from "./OrderbookAnswer.ts"
import { answerFields, Cursor, Instant, MarketTicker } from "./Scalars.ts"

const OrderbookItem = Schema.Struct(OrderbookAnswer.OrderbookBody.fields).annotate({
  identifier: "OrderbookItem",
  description: "The book of one market, as `/v1/markets/{ticker}/orderbook` answers it."
})

export const Orderbooks = Schema.Struct({
  at: Instant.annotate({
    description:
      "The moment of all books; without `at`, the moment up to which everything received was stored when the first page was answered."
  }),
  clock: OrderbookAnswer.Clock,
  orderbooks: Schema.Array(OrderbookItem).annotate({
    description: "Ascending by ticker. A page may have fewer than `limit` though another follows."
  }),
  not_recorded: Schema.Array(MarketTicker).annotate({
    description: "Of the tickers that were asked for by name, those of which nothing was recorded up to the moment.",
    examples: [[]]
  }),
  cursor: Cursor,
  ...answerFields
}).annotate({ identifier: "Orderbooks", description: "Books of several markets at one moment." })
export type Orderbooks = typeof Orderbooks.Type

/** With `depth` above 0 only the best `depth` levels of each side. O(levels). */
export const view = (
  atMicros: number,
  clock: OrderbookAnswer.BookAtMoment["clock"],
  books: ReadonlyArray<OrderbookAnswer.BookAtMoment>,
  depth: number
): Pick<Orderbooks, "at" | "clock" | "orderbooks"> => ({
  at: isoFromMicros(atMicros),
  clock,
  orderbooks: books.map((book) => OrderbookAnswer.view(book, depth))
})
