/** Answers about candles: pages of them, or the same as one stream, each with whether its trades are whole. */
import type * as Candles from "@kalshibook/core/Candles"
import { startOf } from "@kalshibook/core/Candles"
import * as CandlesAnswer from "@kalshibook/core/contract/CandlesAnswer"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { limitDefault, timeMicrosMax } from "@kalshibook/core/contract/Limits"
import { candleColumns } from "@kalshibook/core/export/TableColumns"
import { hourMicros } from "@kalshibook/core/Units"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { fileText } from "@kalshibook/store/export/EngineFiles"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { History } from "@kalshibook/store/History"
import type { CandlePart } from "@kalshibook/store/HistoryCandles"
import { exchangeLagMicrosMax } from "@kalshibook/store/HistoryEdge"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Clock, Effect, Option, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { streamPageEntries } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { bornMicros } from "./MarketBirth.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"
import { noteOpenEnd, whenSealed } from "./SealedAnswers.ts"

interface AskedCandles extends PageQuery {
  readonly interval: CandlesAnswer.Interval
  readonly from?: number
  readonly to?: number
}

/** Candles with what is known of their trades. */
interface WholePart {
  readonly candles: ReadonlyArray<{ readonly candle: Candles.Candle; readonly areTradesWhole: boolean }>
  readonly knownMicros: number
}

const viewsOf = ({ candles, knownMicros }: WholePart) =>
  candles.map(({ areTradesWhole, candle }) => CandlesAnswer.view(candle, knownMicros, areTradesWhole))

export const CandlesHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "candles",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog
    const channelGaps = yield* ChannelGaps

    /** Holes are by our clock: what happened in a bucket was on its way to us a little later. */
    const withWholeness = Effect.fnUntraced(function* ({
      candles,
      knownMicros
    }: CandlePart): Effect.fn.Return<WholePart, HotTierError> {
      const fromMicros = Math.max(0, (candles[0]?.startMicros ?? 0) - exchangeLagMicrosMax)
      const toMicros = (candles.at(-1)?.endMicros ?? 0) + exchangeLagMicrosMax
      const holes = (yield* channelGaps.overlapping("trade", fromMicros, toMicros)).filter(
        ({ tsFilledMicros }) => tsFilledMicros === null
      )
      const isWhole = ({ endMicros, startMicros }: Candles.Candle): boolean =>
        !holes.some(
          ({ tsFromMicros, tsToMicros }) =>
            tsFromMicros < endMicros + exchangeLagMicrosMax &&
            (tsToMicros ?? Number.POSITIVE_INFINITY) > startMicros - exchangeLagMicrosMax
        )
      return { candles: candles.map((candle) => ({ candle, areTradesWhole: isWhole(candle) })), knownMicros }
    })

    /** What is asked for, with what the caller left out; a market has no candles before it opens. */
    const questionOf = Effect.fnUntraced(function* (marketTicker: string, asked: AskedCandles) {
      const intervalMicros = CandlesAnswer.intervalMicros[asked.interval]
      const { toMicros } = yield* rangeOf(asked)
      const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
      const fromMicros = asked.from ?? Math.min(toMicros, nowMicros + intervalMicros) - limitDefault * intervalMicros
      const bornAt = yield* bornMicros(catalog, marketTicker, "open_time")
      return {
        marketTicker,
        fromMicros: startOf(Math.max(0, fromMicros, bornAt), intervalMicros),
        toMicros,
        intervalMicros,
        isContinued: false,
        candlesAtOnce: streamPageEntries
      }
    })

    const refuseUnknown = Effect.fnUntraced(function* (ticker: string) {
      if (Option.isNone(yield* catalog.market(ticker))) return yield* Failures.unknownMarket(catalog, ticker)
    })

    const pageOfCandles = Effect.fnUntraced(function* (ticker: string, asked: AskedCandles) {
      const question = yield* questionOf(ticker, asked)
      const { intervalMicros } = question
      const { from, interval, to } = asked
      const page = yield* pageOf(Cursor.candles, { ticker, interval, from, to }, asked)
      const continued = Option.map(page.after, (afterMicros) => ({
        fromMicros: startOf(afterMicros, intervalMicros) + intervalMicros,
        isContinued: true
      }))
      const parts = history.candles({
        ...question,
        ...Option.getOrElse(continued, () => ({})),
        candlesAtOnce: page.entriesMax
      })
      const found = Option.getOrUndefined(yield* Stream.runHead(parts))
      if (found === undefined) yield* refuseUnknown(ticker)
      const { candles, knownMicros } = found ?? { candles: [], knownMicros: 0 }
      const { cursor, entries } = page.cut(candles, ({ startMicros }) => startMicros)
      const whole =
        entries.length === 0 ? { candles: [], knownMicros } : yield* withWholeness({ candles: entries, knownMicros })
      yield* noteOpenEnd(whole.candles.some(({ areTradesWhole }) => !areTradesWhole))
      return { market_ticker: ticker, interval, candles: viewsOf(whole), cursor }
    })

    const source = Effect.fnUntraced(function* (ticker: string, asked: AskedCandles) {
      yield* refuseUnknown(ticker)
      return {
        columns: candleColumns,
        toColumns: ({ candles, knownMicros }) => RowColumns.ofCandles(ticker, candles, knownMicros),
        toJson: viewsOf,
        rowsToPay: (part) => viewsOf(part).filter(({ trust }) => trust !== "stale").length,
        parts: Stream.mapEffect(history.candles(yield* questionOf(ticker, asked)), withWholeness),
        name: `candles_${asked.interval}_${fileText(ticker)}`
      } satisfies RowStreams.RowSource<WholePart, LogError>
    })

    return handlers.handleAll({
      list: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const form = yield* RowStreams.formOf(query)
          if (form !== "json") return yield* RowStreams.answer(yield* source(ticker, query), form)
          const { fromMicros, intervalMicros, toMicros } = yield* questionOf(ticker, query)
          // To the end of the last bucket, and as long as its trades may have been on their way.
          const endMicros = Math.min(timeMicrosMax, toMicros + intervalMicros + hourMicros)
          const digest = history.sealedDigest(endMicros)
          return yield* answered(
            CandlesAnswer.CandlesPage,
            only(CandlesAnswer.CandlesPage, "candles", query.fields)
          )(pageOfCandles(ticker, query)).pipe(whenSealed({ digest, also: [String(fromMicros)] }))
        }).pipe(Effect.catchTags(Failures.logFailures))
    })
  })
)
