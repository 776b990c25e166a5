/** Answers about how much is known, of a market and of all of them. */
import * as CoverageAnswer from "@kalshibook/core/contract/CoverageAnswer"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { coverageDaysMax } from "@kalshibook/core/contract/Limits"
import { hourMicros } from "@kalshibook/core/Units"
import { Coverage, type HourRange } from "@kalshibook/store/Coverage"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Cache, Clock, Duration, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { coverageMillisMax, coverageRangesMax } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { answered } from "./RequestMeta.ts"

const dayMicros = 24 * hourMicros

/** The hours that are asked for: the last day, or the day before `to`, where `from` is absent. */
const hoursOf = Effect.fnUntraced(function* (query: { readonly from?: number; readonly to?: number }) {
  const toMicros = query.to ?? (yield* Clock.currentTimeMillis) * 1_000
  const fromMicros = query.from ?? Math.max(0, toMicros - dayMicros)
  if (query.to === undefined && fromMicros > toMicros) return CoverageAnswer.hoursTouched(fromMicros, fromMicros)
  if (fromMicros > toMicros) return yield* Failures.rangeReversed(fromMicros, toMicros)
  if (toMicros - fromMicros > coverageDaysMax * dayMicros) {
    return yield* Failures.rangeTooLong(fromMicros, coverageDaysMax)
  }
  return CoverageAnswer.hoursTouched(fromMicros, toMicros)
})

export const CoverageHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "coverage",
  Effect.fn(function* (handlers) {
    const coverage = yield* Coverage
    const catalog = yield* MarketCatalog
    /** By the range as text. A failure is not kept. */
    const ofExchange = yield* Cache.makeWith(
      (key: string) => {
        const [fromMicros = 0, toMicros = 0] = key.split(" ").map(Number)
        return coverage.exchange({ fromMicros, toMicros })
      },
      {
        capacity: coverageRangesMax,
        timeToLive: (exit) => (exit._tag === "Success" ? Duration.millis(coverageMillisMax) : Duration.zero)
      }
    )
    const exchangeOf = ({ fromMicros, toMicros }: HourRange) => Cache.get(ofExchange, `${fromMicros} ${toMicros}`)
    return handlers.handleAll({
      market: ({ params: { ticker }, query }) =>
        Effect.gen(function* () {
          const range = yield* hoursOf(query)
          return CoverageAnswer.marketView(ticker, range, yield* coverage.market(ticker, range))
        }).pipe(
          answered(CoverageAnswer.MarketCoverage),
          Effect.catchTag("MarketUnheardOf", () => Failures.unknownMarket(catalog, ticker)),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        ),
      exchange: ({ query }) =>
        Effect.gen(function* () {
          const range = yield* hoursOf(query)
          return CoverageAnswer.exchangeView(range, yield* exchangeOf(range))
        }).pipe(answered(CoverageAnswer.ExchangeCoverage), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)
