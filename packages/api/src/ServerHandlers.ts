/** Answers about the server itself: status, health, metrics, the index and what problems mean. */
import { apiVersion, KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import type { LiveFacts } from "@kalshibook/core/contract/LiveAnswer"
import { docsOf } from "@kalshibook/core/contract/ProblemKind"
import { declaration, type ProblemCode, problems } from "@kalshibook/core/contract/Problems"
import { UnknownRoute } from "@kalshibook/core/contract/ProblemsOfServer"
import { ProblemAnswer } from "@kalshibook/core/contract/ServerGroups"
import * as StatusAnswer from "@kalshibook/core/contract/StatusAnswer"
import { ArchiveBoard } from "@kalshibook/store/cold/ArchiveBoard"
import { HotTier, type Watermark } from "@kalshibook/store/HotTier"
import { Clock, Effect, Metric, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"
import { storeFailed } from "./Failures.ts"
import { LiveMarkets } from "./live/LiveMarkets.ts"
import { RecorderStatusSource } from "./RecorderStatusSource.ts"
import { answered, RequestMeta } from "./RequestMeta.ts"
import { docsPath, errorsPath, llmsFullPath, llmsPath, openApiPath } from "./RouteTable.ts"
import * as SiteRoutes from "./site/SiteRoutes.ts"

/** How long the database may take to say how far it is; a status that waits longer tells nobody that it is away. */
const watermarkMillisMax = 2_000

/** The status with a watermark. Reads it before the clock, so that the lag is never too small. */
const statusWith = Effect.fnUntraced(function* <E>(
  startedMicros: number,
  readWatermark: Effect.Effect<Option.Option<Watermark>, E>
) {
  const source = yield* RecorderStatusSource
  const recorder = yield* source.status
  const watermark = Option.getOrUndefined(yield* readWatermark)
  const archive = Option.getOrUndefined(yield* readArchive)
  const live = Option.getOrUndefined(Option.map(yield* Effect.serviceOption(LiveMarkets), factsOf))
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
  return StatusAnswer.view({ recorder, watermark, archive, live, nowMicros, startedMicros, apiVersion })
})

const factsOf = (markets: LiveMarkets["Service"]): LiveFacts => ({
  ...markets.state(),
  markets: Array.from(markets.tickers()).length,
  lag: markets.lag()
})

/** `None` while the database is away, and where nobody asked for a cold tier. */
const readArchive = Effect.flatMap(
  Effect.serviceOption(ArchiveBoard),
  Option.match({
    onNone: () => Effect.succeedNone,
    onSome: ({ read }) =>
      read.pipe(
        Effect.timeoutOption(watermarkMillisMax),
        Effect.catchTag("HotTierError", () => Effect.succeedNone)
      )
  })
)

export const StatusHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "status",
  Effect.fn(function* (handlers) {
    const context = yield* Effect.context<HotTier | RecorderStatusSource>()
    const startedMicros = (yield* Clock.currentTimeMillis) * 1_000
    const { watermark } = yield* HotTier
    let known = Option.none<Watermark>()
    // A recorder of this process is asked without the database: whoever wants to know why data is late must be answered while it is away.
    const lastKnown = watermark.pipe(
      Effect.tap((read) => Effect.sync(() => (known = read))),
      Effect.timeoutOption(watermarkMillisMax),
      Effect.map(Option.getOrElse(() => known)),
      Effect.catchTag("HotTierError", () => Effect.sync(() => known))
    )
    const status = Effect.provideContext(statusWith(startedMicros, lastKnown), context)
    return handlers.handleAll({
      status: () => status.pipe(answered(StatusAnswer.Status), Effect.catchTag("HotTierError", storeFailed))
    })
  })
)

const databaseUp = Metric.gauge("kalshibook_database_up", {
  description: "1 when the database answered this scrape, else 0."
})
const lagSeconds = Metric.gauge("kalshibook_watermark_lag_seconds", {
  description: "Seconds since the moment up to which everything received is stored."
})
const marketsRecorded = Metric.gauge("kalshibook_markets_recorded", { description: "Markets with a recorded log." })

/** Sets the gauges that are read when they are asked for. */
const scrape = Effect.fnUntraced(
  function* () {
    const { watermark } = yield* HotTier
    const status = yield* statusWith(0, watermark)
    yield* Metric.update(databaseUp, 1)
    yield* Metric.update(marketsRecorded, status.markets_recorded)
    if (status.watermark !== null) yield* Metric.update(lagSeconds, status.watermark.lag_seconds)
  },
  Effect.catchTag("HotTierError", () => Metric.update(databaseUp, 0))
)

const links = {
  documentation: docsPath,
  errors: errorsPath,
  openapi: openApiPath,
  llms: llmsPath,
  llms_full: llmsFullPath,
  status: "/v1/status",
  markets: "/v1/markets",
  events: "/v1/events",
  series: "/v1/series",
  orderbook: "/v1/markets/{ticker}/orderbook?at=",
  orderbook_samples: "/v1/markets/{ticker}/orderbook/samples?from=&to=&every=",
  orderbooks: "/v1/orderbooks?event=&at=",
  deltas: "/v1/markets/{ticker}/deltas?from=&to=",
  trades: "/v1/markets/{ticker}/trades?from=&to=",
  candles: "/v1/markets/{ticker}/candles?interval=1m&from=&to=",
  lifecycle: "/v1/markets/{ticker}/lifecycle?from=&to=",
  lifecycle_of_all: "/v1/lifecycle?from=&to=",
  settlements: "/v1/settlements?from=&to=",
  coverage: "/v1/markets/{ticker}/coverage?from=&to=",
  coverage_of_all: "/v1/coverage?from=&to=",
  datasets: "/v1/datasets",
  pricing: "/v1/pricing",
  usage: "/v1/usage?from=&to=",
  health: "/healthz",
  metrics: "/metrics"
}

export const HealthHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "health",
  Effect.fn(function* (handlers) {
    const context = yield* Effect.context<HotTier | RecorderStatusSource>()
    const { watermark } = yield* HotTier
    const frontPage = yield* SiteRoutes.frontPage
    return handlers.handleAll({
      healthz: () =>
        Effect.as(watermark, { status: "ok" } as const).pipe(
          answered(StatusAnswer.Health),
          Effect.catchTag("HotTierError", storeFailed)
        ),
      metrics: () => Effect.andThen(Effect.provideContext(scrape(), context), PrometheusMetrics.format()),
      // A browser gets the site, everybody else what there is.
      index: ({ request }) => Option.match(frontPage(request), { onNone: () => index, onSome: Effect.succeed }),
      problem: ({ params: { code } }) =>
        Effect.gen(function* () {
          if (Object.hasOwn(problems, code)) return { problem: describe(code as ProblemCode) }
          const { requestId } = yield* RequestMeta
          const detail = `There is no problem \`${code}\`.`
          return yield* new UnknownRoute({ detail, request_id: requestId, suggestion: openApiPath })
        }).pipe(answered(ProblemAnswer))
    })
  })
)

const index = answered(StatusAnswer.Index)(
  Effect.succeed({
    name: "KalshiBook",
    description: "The complete, exact order-book history of the Kalshi prediction market.",
    version: apiVersion,
    links
  } as const)
)

const describe = (code: ProblemCode) => ({
  code,
  ...declaration(code),
  docs: docsOf(code),
  meaning: problems[code].meaning
})
