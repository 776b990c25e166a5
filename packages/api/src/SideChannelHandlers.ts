/** Answers about trades and lifecycle messages, each with the holes of its channel. */
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import * as ChannelGapView from "@kalshibook/core/contract/ChannelGapView"
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as LifecycleView from "@kalshibook/core/contract/LifecycleView"
import { timeMicrosMax } from "@kalshibook/core/contract/Limits"
import * as TradeView from "@kalshibook/core/contract/TradeView"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { hourMicros } from "@kalshibook/core/Units"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { fileText } from "@kalshibook/store/export/EngineFiles"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { History } from "@kalshibook/store/History"
import { exchangeLagMicrosMax } from "@kalshibook/store/HistoryEdge"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { streamPageEntries } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { bornMicros } from "./MarketBirth.ts"
import { type PageQuery, pageOf, rangeOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered } from "./RequestMeta.ts"
import * as RowStreams from "./RowStreams.ts"
import { noteOpenEnd, whenSealed } from "./SealedAnswers.ts"

interface RangeQuery extends PageQuery {
  readonly from?: number
  readonly to?: number
}

/**
 * The time that a page stands for, [from, to): what its range has behind the page before, up to its last entry where another page
 * follows.
 */
const timeOf = (
  range: { readonly fromMicros: number; readonly toMicros: number },
  afterMicros: Option.Option<number>,
  lastMicros: number | undefined,
  cursor: string
) => ({
  fromMicros: Option.getOrElse(afterMicros, () => range.fromMicros),
  toMicros: cursor === "" || lastMicros === undefined ? range.toMicros : lastMicros + 1
})

interface Range {
  readonly fromMicros: number
  readonly toMicros: number
}

/** A market's trades, for a stream. */
const tradesSource = (
  history: History["Service"],
  marketTicker: string,
  range: Range
): RowStreams.RowSource<ReadonlyArray<TradeRecord>, LogError> => ({
  columns: segmentColumns.trades,
  toColumns: RowColumns.ofTrades,
  toJson: (trades) => trades.map(TradeView.view),
  rowsToPay: (trades) => trades.length,
  parts: RowStreams.paged(streamPageEntries, (after) =>
    history.trades({ marketTicker, ...range, after, tradesMax: streamPageEntries })
  ),
  name: `trades_${fileText(marketTicker)}`
})

export const TradesHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "trades",
  Effect.fn(function* (handlers) {
    const history = yield* History
    const catalog = yield* MarketCatalog
    const channelGaps = yield* ChannelGaps
    const pageOfTrades = Effect.fnUntraced(function* (ticker: string, range: Range, query: RangeQuery) {
      const page = yield* pageOf(Cursor.trades, { ticker, from: query.from, to: query.to }, query)
      const after = Option.map(page.after, ([tsExchangeMicros, tradeId]) => ({ tsExchangeMicros, tradeId }))
      const found = yield* history.trades({ marketTicker: ticker, ...range, after, tradesMax: page.entriesMax })
      if (found.length === 0 && Option.isNone(yield* catalog.market(ticker))) {
        return yield* Failures.unknownMarket(catalog, ticker)
      }
      const { entries, cursor } = page.cut(found, (trade) => [trade.tsExchangeMicros, trade.tradeId] as const)
      const bornAt = query.from === undefined ? yield* bornMicros(catalog, ticker, "open_time") : query.from
      const time = timeOf(
        { ...range, fromMicros: Math.min(bornAt, entries[0]?.tsExchangeMicros ?? bornAt) },
        Option.map(page.after, ([tsExchangeMicros]) => tsExchangeMicros),
        entries.at(-1)?.tsExchangeMicros,
        cursor
      )
      // Holes are by our clock: what happened in the page's time was on its way to us a little later.
      const gaps = yield* channelGaps.overlapping(
        "trade",
        Math.max(0, time.fromMicros - exchangeLagMicrosMax),
        Math.min(Number.MAX_SAFE_INTEGER, time.toMicros + exchangeLagMicrosMax)
      )
      yield* noteOpenEnd(gaps.some(({ tsFilledMicros }) => tsFilledMicros === null))
      return {
        trades: entries.map(TradeView.view),
        ...ChannelGapView.listed(gaps, ChannelGapView.tradeView),
        cursor
      }
    })

    return handlers.handleAll({
      list: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const form = yield* RowStreams.formOf(query)
          const range = yield* rangeOf(query)
          // A trade may have been on its way to us when the hour in which it was made ended.
          const digest = history.sealedDigest(Math.min(timeMicrosMax, range.toMicros + hourMicros))
          const open = yield* bornMicros(catalog, ticker, "open_time")
          if (form === "json")
            return yield* answered(
              TradeView.Trades,
              only(TradeView.Trades, "trades", query.fields)
            )(pageOfTrades(ticker, range, query)).pipe(whenSealed({ digest, also: [String(open)] }))
          if (Option.isNone(yield* catalog.market(ticker))) return yield* Failures.unknownMarket(catalog, ticker)
          return yield* RowStreams.answer(tradesSource(history, ticker, range), form)
        }).pipe(Effect.catchTags(Failures.logFailures))
    })
  })
)

export const LifecycleHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "lifecycle",
  Effect.fn(function* (handlers) {
    const log = yield* LifecycleLog
    const catalog = yield* MarketCatalog
    const channelGaps = yield* ChannelGaps

    /** A page of messages about a market, or about everything. */
    const pageOfMessages = Effect.fnUntraced(function* (query: RangeQuery, ticker?: string) {
      const range = yield* rangeOf(query)
      const page = yield* pageOf(Cursor.lifecycle, { ticker, from: query.from, to: query.to }, query)
      const after = Option.map(page.after, ([tsReceivedMicros, epoch, sid, seq]) => ({
        tsReceivedMicros,
        epoch,
        sid,
        seq
      }))
      const found = yield* log.messages({ ticker, ...range, after, messagesMax: page.entriesMax })
      const { entries, cursor } = page.cut(found, (one) => [one.tsReceivedMicros, one.epoch, one.sid, one.seq] as const)
      const isWhole = query.from === undefined && ticker !== undefined
      const bornAt = isWhole ? yield* bornMicros(catalog, ticker, "created_time") : range.fromMicros
      const time = timeOf(
        { ...range, fromMicros: Math.min(bornAt, entries[0]?.tsReceivedMicros ?? bornAt) },
        Option.map(after, (one) => one.tsReceivedMicros),
        entries.at(-1)?.tsReceivedMicros,
        cursor
      )
      const gaps = yield* channelGaps.overlapping("market_lifecycle_v2", time.fromMicros, time.toMicros)
      return {
        lifecycle: entries.map(LifecycleView.view),
        ...ChannelGapView.listed(gaps, ChannelGapView.lifecycleView),
        cursor
      }
    })

    return handlers.handleAll({
      ofMarket: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const answer = yield* pageOfMessages(query, ticker)
          if (answer.lifecycle.length === 0 && Option.isNone(yield* catalog.market(ticker))) {
            return yield* Failures.unknownMarket(catalog, ticker)
          }
          return answer
        }).pipe(
          answered(LifecycleView.Lifecycle, only(LifecycleView.Lifecycle, "lifecycle", query.fields)),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        ),
      list: ({ query }) =>
        pageOfMessages(query).pipe(
          answered(LifecycleView.Lifecycle, only(LifecycleView.Lifecycle, "lifecycle", query.fields)),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        )
    })
  })
)
