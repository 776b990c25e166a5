/** Answers about how markets ended. */
import * as Cursor from "@kalshibook/core/contract/Cursor"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as SettlementsAnswer from "@kalshibook/core/contract/SettlementsAnswer"
import { placeOf, Settlements } from "@kalshibook/store/Settlements"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Failures from "./Failures.ts"
import { pageOf, rangeOf } from "./Paging.ts"
import { only } from "./Projection.ts"
import { answered } from "./RequestMeta.ts"

export const SettlementsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "settlements",
  Effect.fn(function* (handlers) {
    const settlements = yield* Settlements
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          const { event_ticker, from, series_ticker, tickers, to } = query
          const range = yield* rangeOf(query)
          const page = yield* pageOf(Cursor.settlements, { from, to, series_ticker, event_ticker, tickers }, query)
          const found = yield* settlements.list({
            ...range,
            seriesTicker: series_ticker,
            eventTicker: event_ticker,
            tickers,
            after: Option.map(page.after, ([tsListedMicros, ticker]) => ({ tsListedMicros, ticker })),
            entriesMax: page.entriesMax
          })
          const { cursor, entries } = page.cut(found, (one) => {
            const { ticker, tsListedMicros } = placeOf(one)
            return [tsListedMicros, ticker] as const
          })
          return { settlements: entries.map(SettlementsAnswer.view), cursor }
        }).pipe(
          answered(SettlementsAnswer.Settlements, only(SettlementsAnswer.Settlements, "settlements", query.fields)),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        )
    })
  })
)
