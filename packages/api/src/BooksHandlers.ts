/** Answers about books: one at a moment, many at a moment, one at many moments. */
import type { BookClock } from "@kalshibook/core/BookRecord"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import type * as OrderbookAnswer from "@kalshibook/core/contract/OrderbookAnswer"
import * as OrderbooksAnswer from "@kalshibook/core/contract/OrderbooksAnswer"
import * as SamplesAnswer from "@kalshibook/core/contract/SamplesAnswer"
import { History } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { booksAtOnceMax, marketsOfBooksMax } from "./ApiLimits.ts"
import * as BookAnswer from "./BookAnswer.ts"
import * as Failures from "./Failures.ts"
import { type PageQuery, pageOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"
import * as SampleAnswers from "./SampleAnswers.ts"
import { whenSealed } from "./SealedAnswers.ts"

/** Which markets, as they are asked for. */
interface Selection {
  readonly tickers?: ReadonlyArray<string> | undefined
  readonly event?: string | undefined
  readonly series?: string | undefined
}

interface BooksQuery extends Selection, PageQuery {
  readonly event_ticker?: string
  readonly series_ticker?: string
  readonly at?: number
  readonly clock?: BookClock
  readonly depth?: number
}

export const BooksHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "books",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog
    const bookAnswer = yield* BookAnswer.make

    /** The tickers that a selection may mean at the moment, ascending bytewise. */
    const tickersOf = Effect.fnUntraced(function* (
      { event, series, tickers }: Selection,
      atMicros: number | undefined
    ) {
      if (event !== undefined && Option.isNone(yield* catalog.event(event))) {
        return yield* Failures.unknownEvent(catalog, event)
      }
      if (series !== undefined && Option.isNone(yield* catalog.series(series))) {
        return yield* Failures.unknownSeries(catalog, series)
      }
      const named = tickers === undefined ? yield* history.recordedAt(atMicros) : [...new Set(tickers)].sort(compare)
      if (event === undefined && series === undefined) return named
      const found: Array<string> = []
      for (let start = 0; start < named.length; start += marketsOfBooksMax) {
        const some = named.slice(start, start + marketsOfBooksMax)
        const filter = { eventTicker: event, seriesTicker: series, tickers: some }
        for (const { ticker } of yield* catalog.markets(filter, { entriesMax: some.length })) found.push(ticker)
      }
      return found.sort(compare)
    })

    const many = Effect.fnUntraced(function* (query: BooksQuery) {
      const { at, clock = "received", tickers } = query
      const { event = query.event_ticker, series = query.series_ticker } = query
      const page = yield* pageOf(Cursor.orderbooks, { tickers, event, series, at, clock }, query)
      const [pinnedMicros, afterTicker] = Option.getOrElse(page.after, () => [at, ""] as const)
      const candidates = yield* tickersOf({ event, series, tickers }, pinnedMicros)
      const wanted = candidates.filter((ticker) => ticker > afterTicker).slice(0, page.entriesMax)
      // One more than the page tells whether there is another; its book is not needed.
      const asked = wanted.slice(0, page.entriesMax - 1)
      const withClosed = tickers !== undefined
      const { atMicros, books } = yield* history.booksAt({ tickers: asked, atMicros: pinnedMicros, clock, withClosed })
      const orderbooks: Array<OrderbookAnswer.OrderbookBody> = []
      for (let start = 0; start < books.length; start += booksAtOnceMax) {
        const some = books.slice(start, start + booksAtOnceMax)
        orderbooks.push(...OrderbooksAnswer.view(atMicros, clock, some, query.depth ?? 0).orderbooks)
        yield* Effect.yieldNow
      }
      const recorded = new Set(books.map((book) => book.marketTicker))
      const { cursor } = page.cut(wanted, (ticker) => [atMicros, ticker] as const)
      return {
        ...OrderbooksAnswer.view(atMicros, clock, [], 0),
        orderbooks,
        not_recorded: withClosed ? asked.filter((ticker) => !recorded.has(ticker)) : [],
        cursor
      }
    })

    return handlers.handleAll({
      at: ({ params: { ticker }, query }) => bookAnswer(ticker, query),
      many: ({ query }) =>
        many(query).pipe(
          answered(OrderbooksAnswer.Orderbooks, only(OrderbooksAnswer.Orderbooks, "orderbooks", query.fields)),
          Effect.catchTags({ InTheFuture: Failures.timeInFuture, ...Failures.logFailures })
        ),
      samples: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const form = yield* RowStreams.formOf(query)
          if (query.view === "summary" && form !== "json" && form !== "ndjson") return yield* Failures.viewOfTable()
          if (form !== "json") {
            return yield* RowStreams.answer(yield* SampleAnswers.source(history, ticker, query), form)
          }
          const digest =
            query.from === undefined || query.to === undefined ? Effect.succeedNone : history.sealedDigest(query.to)
          return yield* answered(
            SamplesAnswer.Samples,
            only(SamplesAnswer.Samples, "samples", query.fields)
          )(SampleAnswers.page(history, ticker, query)).pipe(whenSealed({ digest }))
        }).pipe(
          Effect.catchTag("MarketNotRecorded", () => Failures.nothingRecorded(catalog, ticker)),
          Effect.catchTags(Failures.logFailures)
        )
    })
  })
)

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
