/** The answer about one book at a moment, whichever way its question came (`BooksHandlers`, `StraightBooks`). */
import type { BookClock } from "@kalshibook/core/BookRecord"
import * as OrderbookAnswer from "@kalshibook/core/contract/OrderbookAnswer"
import type { View } from "@kalshibook/core/contract/Parameters"
import { History } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect } from "effect"
import * as Failures from "./Failures.ts"
import { answered } from "./RequestMeta.ts"
import { noteOpenEnd, whenSealed } from "./SealedAnswers.ts"

/** The query of `getOrderbook`, decoded. */
export interface BookQuery {
  /** Unix microseconds; absent for now. */
  readonly at?: number
  readonly clock?: BookClock
  readonly depth?: number
  readonly view?: View
}

export const make = Effect.gen(function* () {
  const history = yield* History
  const catalog = yield* MarketCatalog
  const written = answered(OrderbookAnswer.Orderbook)
  return (ticker: string, query: BookQuery) => {
    const { at, clock = "received", depth } = query
    const book = at === undefined ? history.bookNow(ticker) : history.bookAt(ticker, at, clock)
    // By the exchange's clock, what was received later may belong to the moment.
    const digest = at === undefined || clock === "exchange" ? Effect.succeedNone : history.sealedDigest(at + 1)
    return book.pipe(
      Effect.tap(({ gapEndsMicros, trust }) => noteOpenEnd(trust._tag === "stale" && gapEndsMicros === null)),
      Effect.map((answer) =>
        query.view === "summary" ? OrderbookAnswer.summary(answer, depth) : OrderbookAnswer.view(answer, depth ?? 0)
      ),
      written,
      whenSealed({ digest }),
      Effect.catchTags({
        MarketNotRecorded: () => Failures.nothingRecorded(catalog, ticker),
        BeforeFirstRecord: Failures.beforeFirstRecord,
        InTheFuture: Failures.timeInFuture
      }),
      Effect.catchTags(Failures.logFailures)
    )
  }
})
