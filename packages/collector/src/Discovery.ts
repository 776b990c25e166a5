/**
 * Which markets there are to record: walks the open events by REST, again and again, and in between follows the lifecycle
 * channel and whatever turns up unannounced. Combos are left out: `/events` does not list them.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Rest from "@kalshibook/core/kalshi/Rest"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Recorder from "@kalshibook/core/Recorder"
import { microsFromIso } from "@kalshibook/core/Units"
import { type CatalogEntry, type CatalogSight, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { backoff } from "./Backoff.ts"
import { type CollectorSettings, Settings } from "./CollectorSettings.ts"
import { KalshiRest, type RestFailed } from "./KalshiRest.ts"
import { MarketFibers } from "./MarketFibers.ts"
import { finishFrame, notice, Recording, type RecordingState } from "./Recording.ts"

/** States after which no book comes back; one that is `closed` may open again, with a later time to close. */
const endedStatuses: ReadonlySet<string> = new Set(["determined", "disputed", "amended", "finalized"])
/** Lifecycle messages come in bursts; the markets of a burst are read together. */
const noticeDelayMillis = 250
/** A market that was heard of may not be there by REST at once: how often, and how far apart, it is asked for again. */
const noticeAttemptsMax = 4
const noticeRetryMillis = 2_000

export class Discovery extends Context.Service<
  Discovery,
  {
    /** Finds markets and hands them to their fibers, for ever. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/Discovery") {
  static readonly layerNoDeps: Layer.Layer<
    Discovery,
    never,
    KalshiRest | MarketCatalog | MarketFibers | Recording | Settings
  > = Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const rest = yield* KalshiRest
      const catalog = yield* MarketCatalog
      const fibers = yield* MarketFibers
      const recording = yield* Recording
      const settings = yield* Settings
      const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)
      const categoryBySeries = new Map<string, string>()
      /** Of the events of the last walk and those heard of since. */
      const seriesByEvent = new Map<string, string>()

      /** Stores what was seen. Books are recorded whether or not that succeeds; the next walk sees it again. */
      const remember = (sight: Partial<CatalogSight>): Effect.Effect<void> =>
        catalog.observe({ series: [], events: [], markets: [], ...sight }).pipe(
          Effect.matchEffect({
            onFailure: (error) => tell(recording, `the catalogue of markets cannot be written: ${error.message}`),
            onSuccess: () => Effect.void
          })
        )

      const entry = (ticker: string, body: object, leftOut: ReadonlySet<string>): CatalogEntry => ({
        ticker,
        body: Rest.without({ ...body }, leftOut),
        tsObservedMicros: recording.clock.nowMicros()
      })

      const observeSeries = (series: ReadonlyArray<Rest.Series>): Effect.Effect<void> => {
        for (const { category, ticker } of series) categoryBySeries.set(ticker, category ?? "")
        return remember({ series: series.map((body) => entry(body.ticker, body, Rest.seriesTradingFields)) })
      }

      /** Starts, reschedules or ends the recording of each market, and stores what was seen. */
      const observe = Effect.fnUntraced(function* (
        events: ReadonlyArray<Rest.Event>,
        markets: ReadonlyArray<Rest.Market>
      ): Effect.fn.Return<void, RestFailed> {
        for (const event of events) {
          seriesByEvent.set(event.event_ticker, event.series_ticker)
          if (!categoryBySeries.has(event.series_ticker)) {
            yield* observeSeries([yield* rest.series(event.series_ticker)])
          }
        }
        for (const market of markets) yield* follow(market)
        yield* remember({
          events: events.map((body) => entry(body.event_ticker, body, Rest.eventTradingFields)),
          markets: markets.map((body) => entry(body.ticker, body, Rest.marketTradingFields))
        })
      })

      const follow = (market: Rest.Market): Effect.Effect<void> => {
        const { close_time, open_time, price_ranges, status, ticker } = market
        if (endedStatuses.has(status)) return fibers.release(ticker)
        const isRecorded = recording.cells.has(ticker)
        if (!isRecorded && (status === "closed" || !isWanted(market))) return Effect.void
        return fibers.watch({
          ticker,
          openMicros: microsOr(open_time, 0),
          closeMicros: microsOr(close_time, Number.MAX_SAFE_INTEGER),
          grid: Option.getOrElse(PriceGrid.fromRanges(price_ranges ?? []), () => PriceGrid.any)
        })
      }

      const isWanted = (market: Rest.Market): boolean => {
        const seriesTicker = seriesByEvent.get(market.event_ticker) ?? ""
        return isChosen(settings, market.ticker, seriesTicker, categoryBySeries.get(seriesTicker) ?? "")
      }

      /** Reads these markets, with the events of those that may be recorded. Succeeds with the tickers that were found. */
      const read = Effect.fnUntraced(function* (tickers: ReadonlyArray<MarketTicker>) {
        const markets = yield* rest.markets(tickers)
        const unknown = new Set<string>()
        for (const { event_ticker, status } of markets) {
          if (!endedStatuses.has(status) && !seriesByEvent.has(event_ticker)) unknown.add(event_ticker)
        }
        const events = yield* Effect.forEach(unknown, (event) => Effect.map(rest.event(event), (reply) => reply.event))
        yield* observe(events, markets)
        return new Set(markets.map((market) => market.ticker))
      })

      /**
       * Reads all events with markets that are open or will be. Markets recorded that are not among them are asked for by name:
       * they may have ended.
       */
      const walk = Effect.gen(function* () {
        recording.missed.closeUnsafe()
        if (categoryBySeries.size === 0) yield* observeSeries(yield* rest.allSeries)
        const events = new Set<string>()
        const seen = new Set<MarketTicker>()
        for (const status of ["open", "unopened"] as const) {
          let cursor = ""
          do {
            const page = yield* rest.events(status, cursor)
            const markets = page.events.flatMap((event) => event.markets ?? [])
            for (const { event_ticker } of page.events) events.add(event_ticker)
            for (const { ticker } of markets) seen.add(ticker)
            yield* observe(page.events, markets)
            cursor = page.cursor ?? ""
          } while (cursor !== "")
        }
        const missing = [...recording.cells.keys()].filter((ticker) => !seen.has(ticker))
        if (missing.length > 0) yield* read(missing)
        for (const event of seriesByEvent.keys()) if (!events.has(event)) seriesByEvent.delete(event)
      })

      const told = <A>(effect: Effect.Effect<A, RestFailed>): Effect.Effect<A> =>
        effect.pipe(
          Effect.tapError((error) => tell(recording, `markets cannot be read, trying again: ${error.message}`)),
          Effect.retry(schedule),
          Effect.orDie,
          Effect.tap(Effect.sync(() => solved(recording)))
        )

      const walks = Effect.forever(
        told(walk).pipe(
          Effect.andThen(
            Effect.sleep(Duration.millis(settings.reconcileMillis)).pipe(Effect.raceFirst(recording.missed.await))
          )
        )
      )

      /** By ticker: how often it was asked for in vain. */
      const attempts = new Map<MarketTicker, number>()

      const followNotices = Effect.gen(function* () {
        yield* recording.noticed.await
        yield* Effect.sleep(Duration.millis(noticeDelayMillis))
        recording.noticed.closeUnsafe()
        const tickers = [...recording.notices]
        recording.notices.clear()
        const found = yield* told(read(tickers))
        const again: Array<MarketTicker> = []
        for (const ticker of tickers) {
          if (!recording.cells.has(ticker)) forgetStray(recording, ticker)
          const attempt = found.has(ticker) ? noticeAttemptsMax : (attempts.get(ticker) ?? 0) + 1
          if (attempt >= noticeAttemptsMax) attempts.delete(ticker)
          else {
            attempts.set(ticker, attempt)
            again.push(ticker)
          }
        }
        if (again.length > 0) yield* Effect.forkChild(Effect.delay(noticeAll(recording, again), noticeRetryMillis))
      })

      return Discovery.of({ run: Effect.raceFirst(walks, Effect.forever(followNotices)) })
    })
  )
}

/** One line for each new problem; without a connection, that is the problem to tell of, and told by `Connection`. */
const tell = (recording: RecordingState, problem: string): Effect.Effect<void> => {
  if (recording.link === null || recording.discoveryProblem === problem) return Effect.void
  recording.discoveryProblem = problem
  return Effect.logWarning(problem)
}

const solved = (recording: RecordingState): void => {
  recording.discoveryProblem = null
}

const noticeAll = (recording: RecordingState, tickers: ReadonlyArray<MarketTicker>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const ticker of tickers) notice(recording, ticker)
    finishFrame(recording)
  })

/** Frames of a market that is not to be recorded began a log that nobody would end. */
const forgetStray = ({ clock, recorder }: RecordingState, ticker: MarketTicker): void => {
  if (recorder.logs.has(ticker)) Recorder.forget(recorder, ticker, "unsubscribed", clock.nowMicros())
}

/** Whether the settings choose this market; without any choice, all are. */
const isChosen = (
  { categories, marketTickers, seriesTickers }: CollectorSettings,
  marketTicker: MarketTicker,
  seriesTicker: string,
  category: string
): boolean =>
  categories.length + marketTickers.length + seriesTickers.length === 0 ||
  marketTickers.includes(marketTicker) ||
  seriesTickers.includes(seriesTicker) ||
  categories.includes(category)

const microsOr = (text: string | undefined, otherwise: number): number =>
  Option.getOrElse(microsFromIso(text ?? ""), () => otherwise)
