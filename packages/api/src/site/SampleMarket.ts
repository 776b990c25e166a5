/**
 * The market of the front page where no series is open to everybody: the busiest one of the latest sample day (the first of a month, which
 * needs no key), as the manifests of its sealed hours count. Found once in a while: a day has some megabytes of them.
 */
import { dayMicros, dayOf } from "@kalshibook/core/cold/SegmentKeys"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Datasets, type SealedSpan } from "@kalshibook/store/downloads/Datasets"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Clock, Duration, Effect, Option } from "effect"

/** Of the last month and this one, the latest that has anything. */
const monthsBack = 2

const keptFor = Duration.minutes(10)

export interface SampleMarket {
  readonly market_ticker: string
  readonly title: string
  /** Receipt of its first and last record of the day. */
  readonly from: string
  readonly to: string
}

interface Busy {
  readonly ticker: string
  readonly records: number
  readonly fromMicros: number
  readonly toMicros: number
}

/** Of the whole day's files where they are made, else of its hours. O(markets of the day). */
export const busiest = (spans: ReadonlyArray<SealedSpan>): Busy | undefined => {
  const days = spans.filter(({ manifest }) => manifest.span === "day")
  const byTicker = new Map<string, Busy>()
  for (const { manifest } of days.length > 0 ? days : spans) {
    for (const { market_ticker: ticker, records, ts_first_micros: first, ts_last_micros: last } of manifest.markets) {
      if (first === null || last === null) continue
      const before = byTicker.get(ticker) ?? { ticker, records: 0, fromMicros: first, toMicros: last }
      byTicker.set(ticker, {
        ticker,
        records: before.records + records,
        fromMicros: Math.min(before.fromMicros, first),
        toMicros: Math.max(before.toMicros, last)
      })
    }
  }
  let most: Busy | undefined
  for (const one of byTicker.values()) if (one.records > (most?.records ?? 0)) most = one
  return most
}

/** The beginnings of the months up to now, the latest first. */
const sampleDays = (nowMicros: number): ReadonlyArray<number> => {
  const days: Array<number> = []
  for (let day = dayOf(nowMicros); days.length < monthsBack; day -= dayMicros) {
    if (isoFromMicros(day).slice(8, 10) === "01") days.push(day)
  }
  return days
}

const find = Effect.gen(function* () {
  const datasets = yield* Datasets
  const catalog = yield* MarketCatalog
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
  for (const day of sampleDays(nowMicros)) {
    const busy = busiest(yield* datasets.ofDay(day))
    if (busy === undefined) continue
    const version = yield* catalog.market(busy.ticker)
    const title = Option.match(version, { onNone: () => undefined, onSome: ({ body }) => body["title"] })
    return Option.some<SampleMarket>({
      market_ticker: busy.ticker,
      title: typeof title === "string" && title !== "" ? title : busy.ticker,
      from: isoFromMicros(busy.fromMicros),
      to: isoFromMicros(busy.toMicros)
    })
  }
  return Option.none<SampleMarket>()
}).pipe(
  // The page does without.
  Effect.catch((error) => Effect.as(Effect.logWarning(`no market for the front page: ${error.message}`), Option.none()))
)

/** None where no sample day is sealed, or the bucket is away. */
export const finder: Effect.Effect<
  Effect.Effect<Option.Option<SampleMarket>>,
  never,
  Datasets | MarketCatalog
> = Effect.flatMap(Effect.context<Datasets | MarketCatalog>(), (context) =>
  Effect.cachedWithTTL(Effect.provideContext(find, context), keptFor)
)
