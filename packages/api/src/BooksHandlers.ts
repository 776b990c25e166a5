/** Answers about books: one at a moment, many at a moment, one at many moments. */
import type { BookClock } from "@kalshibook/core/BookRecord"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { everyMicrosDefault, samplesDepthDefault, samplesDepthMax } from "@kalshibook/core/contract/Limits"
import * as OrderbookAnswer from "@kalshibook/core/contract/OrderbookAnswer"
import * as OrderbooksAnswer from "@kalshibook/core/contract/OrderbooksAnswer"
import * as SamplesAnswer from "@kalshibook/core/contract/SamplesAnswer"
import { hourMicros } from "@kalshibook/core/Units"
import { History } from "@kalshibook/store/History"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Clock, Effect, Option, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { booksAtOnceMax, marketsOfBooksMax } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { answered } from "./RequestMeta.ts"

/** Which markets, as they are asked for. */
interface Selection {
  readonly tickers?: ReadonlyArray<string>
  readonly event?: string
  readonly series?: string
}

interface BooksQuery extends Selection, PageQuery {
  readonly at?: number
  readonly clock?: BookClock
  readonly depth?: number
}

interface SamplesQuery extends PageQuery {
  readonly from?: number
  readonly to?: number
  readonly every?: number
  readonly depth?: number
}

export const BooksHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "books",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog

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
      const { at, clock = "received", event, series, tickers } = query
      const page = yield* pageOf(Cursor.orderbooks, { tickers, event, series, at, clock }, query)
      const [pinnedMicros, afterTicker] = Option.getOrElse(page.after, () => [at, ""] as const)
      const candidates = yield* tickersOf(query, pinnedMicros)
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

    const samples = Effect.fnUntraced(function* (ticker: string, query: SamplesQuery) {
      const { depth = samplesDepthDefault, every: everyMicros = everyMicrosDefault } = query
      if (depth < 1 || depth > samplesDepthMax) return yield* Failures.sampleDepth(samplesDepthMax)
      const { toMicros } = yield* rangeOf(query)
      const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
      const firstMicros = query.from ?? Math.max(0, Math.min(toMicros, nowMicros) - hourMicros)
      const question = { ticker, from: query.from, to: query.to, every: query.every, depth }
      const page = yield* pageOf(Cursor.samples, question, query)
      const fromMicros = Option.match(page.after, {
        onNone: () => firstMicros,
        onSome: (afterMicros) => afterMicros + everyMicros
      })
      const found: Array<SamplesAnswer.BookSample> = []
      const times: Array<number> = []
      yield* history.samples({ marketTicker: ticker, fromMicros, toMicros, everyMicros, depth }).pipe(
        Stream.takeWhile(() => found.length < page.entriesMax),
        Stream.runForEach((some) =>
          Effect.sync(() => {
            for (let index = 0; index < some.count && found.length < page.entriesMax; index++) {
              found.push(SamplesAnswer.view(some, index))
              times.push(some.atMicros[index] as number)
            }
          })
        )
      )
      if (found.length === 0) {
        yield* history.records({ marketTicker: ticker, ...allTime, afterOffset: 0, recordsMax: 1 })
      }
      const { cursor } = page.cut(times, (micros) => micros)
      return {
        market_ticker: ticker,
        every_seconds: everyMicros / 1_000_000,
        depth,
        samples: found.slice(0, page.entriesMax - 1),
        cursor
      }
    })

    return handlers.handleAll({
      at: ({ params: { ticker }, query }) => {
        const clock = query.clock ?? "received"
        const book = query.at === undefined ? history.bookNow(ticker) : history.bookAt(ticker, query.at, clock)
        return book.pipe(
          Effect.map((answer) => OrderbookAnswer.view(answer, query.depth ?? 0)),
          answered(OrderbookAnswer.Orderbook),
          Effect.catchTags({
            MarketNotRecorded: () => Failures.nothingRecorded(catalog, ticker),
            BeforeFirstRecord: Failures.beforeFirstRecord,
            InTheFuture: Failures.timeInFuture
          }),
          Effect.catchTags(Failures.logFailures)
        )
      },
      many: ({ query }) =>
        many(query).pipe(
          answered(OrderbooksAnswer.Orderbooks),
          Effect.catchTags({ InTheFuture: Failures.timeInFuture, ...Failures.logFailures })
        ),
      samples: ({ params: { ticker }, query }) =>
        samples(ticker, query).pipe(
          answered(SamplesAnswer.Samples),
          Effect.catchTag("MarketNotRecorded", () => Failures.nothingRecorded(catalog, ticker)),
          Effect.catchTags(Failures.logFailures)
        )
    })
  })
)

const allTime = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
