/**
 * Which markets there are to record: walks the open events by REST, again and again, and in between follows the lifecycle
 * channel and whatever turns up unannounced. Combos are left out: `/events` does not list them.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Rest from "@kalshibook/core/kalshi/Rest"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import { microsFromIso } from "@kalshibook/core/Units"
import { type CatalogEntry, type CatalogSight, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { backoff } from "./Backoff.ts"
import * as Choice from "./Choice.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Faults from "./Faults.ts"
import { type EventsQuery, KalshiRest, type RestFailed } from "./KalshiRest.ts"
import { MarketFibers } from "./MarketFibers.ts"
import { finishFrame, notice, Recording, type RecordingState } from "./Recording.ts"
import * as Slots from "./Slots.ts"

/** States after which no book comes back; one that is `closed` may open again, with a later time to close. */
const endedStatuses: ReadonlySet<string> = new Set(["determined", "disputed", "amended", "finalized"])
/** How long the first walk waits for the lifecycle channel. */
const listenerMillisMax = 2_000
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
      /** By ticker: how often a market that was heard of was asked for in vain. */
      const attempts = new Map<MarketTicker, number>()
      /** What people were told of, lest they are told of each attempt. */
      let catalogProblem: string | null = null
      const problemsTold = new Set<string>()

      const note = (cause: string): void =>
        Faults.note(recording.sight.faults, recording.clock.nowMicros(), {
          kind: "discovery",
          cause,
          action: "trying again; markets that are known are recorded meanwhile"
        })

      /** Stores what was seen. Books are recorded whether or not that succeeds; the next walk sees it again. */
      const remember = (sight: Partial<CatalogSight>): Effect.Effect<void> =>
        catalog.observe({ series: [], events: [], markets: [], ...sight }).pipe(
          Effect.matchEffect({
            onFailure: ({ message }) => {
              const isNew = catalogProblem !== message
              catalogProblem = message
              note(`the list of markets cannot be stored: ${message}`)
              return isNew ? Effect.logWarning(`the list of markets cannot be stored: ${message}`) : Effect.void
            },
            onSuccess: () => {
              catalogProblem = null
              return Effect.void
            }
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

      const isChosen = (market: Rest.Market): boolean => {
        const seriesTicker = seriesByEvent.get(market.event_ticker) ?? ""
        const category = categoryBySeries.get(seriesTicker) ?? ""
        return Choice.isChosen(settings, { marketTicker: market.ticker, seriesTicker, category })
      }

      const mayBeChosen = (ticker: MarketTicker): boolean =>
        Choice.mayBeChosen(settings, ticker, (series) => categoryBySeries.get(series))

      const isRecorded = ({ ticker }: Rest.Market): boolean => recording.cells.has(ticker)

      /** Starts, reschedules or ends the recording of each market that is chosen, and stores what was seen of them. */
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
        // An ended market whose event was not read is stored, too: it was recorded once, or is harmless.
        const chosen = markets.filter((each) => isRecorded(each) || endedStatuses.has(each.status) || isChosen(each))
        for (const market of chosen) yield* follow(market)
        const eventTickers = new Set(chosen.map((market) => market.event_ticker))
        yield* remember({
          events: events
            .filter((event) => eventTickers.has(event.event_ticker))
            .map((body) => entry(body.event_ticker, body, Rest.eventTradingFields)),
          markets: chosen.map((body) => entry(body.ticker, body, Rest.marketTradingFields))
        })
      })

      const follow = (market: Rest.Market): Effect.Effect<void> => {
        const { close_time, open_time, price_ranges, status, ticker } = market
        if (endedStatuses.has(status)) return fibers.release(ticker)
        if (status === "closed" && !isRecorded(market)) return Effect.void
        return fibers.watch({
          ticker,
          openMicros: microsOr(open_time, 0),
          closeMicros: microsOr(close_time, Number.MAX_SAFE_INTEGER),
          grid: Option.getOrElse(PriceGrid.fromRanges(price_ranges ?? []), () => PriceGrid.any)
        })
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

      /** Reads all pages of a list of events. */
      const readEvents = Effect.fnUntraced(function* (query: EventsQuery, seen: Sight) {
        let cursor = ""
        do {
          const page = yield* rest.events(query, cursor)
          const markets = page.events.flatMap((event) => event.markets ?? [])
          for (const { event_ticker } of page.events) seen.events.add(event_ticker)
          for (const { ticker } of markets) seen.markets.add(ticker)
          yield* observe(page.events, markets)
          cursor = page.cursor ?? ""
        } while (cursor !== "")
      })

      /**
       * Reads all events with markets that are open or will be, or those that are chosen by name. Markets recorded that are not
       * among them are asked for, too: they may have ended.
       */
      const walk = Effect.gen(function* () {
        if (categoryBySeries.size === 0) {
          yield* observeSeries(yield* rest.allSeries)
          // What is announced before somebody listens is not missed if the events are read after it.
          yield* Effect.timeoutOption(recording.missed.await, Duration.millis(listenerMillisMax))
        }
        recording.missed.closeUnsafe()
        recording.strangers.clear()
        const seen: Sight = { events: new Set(), markets: new Set() }
        const parts = Choice.isNamed(settings) ? settings.seriesTickers.map((seriesTicker) => ({ seriesTicker })) : [{}]
        for (const part of parts) {
          for (const status of ["open", "unopened"] as const) yield* readEvents({ status, ...part }, seen)
        }
        const named = [...settings.marketTickers, ...recording.cells.keys()]
        const missing = new Set(named.filter((ticker) => !seen.markets.has(ticker)))
        if (missing.size > 0) yield* read([...missing])
        for (const event of seriesByEvent.keys()) if (!seen.events.has(event)) seriesByEvent.delete(event)
      })

      /** One line for each new problem; without a connection, that is the problem to tell of, and told by `Connection`. */
      const tell = ({ detail, path }: RestFailed): Effect.Effect<void> => {
        const problem = `markets cannot be read, trying again: ${detail}`
        note(`markets cannot be read: ${detail}`)
        if (!Slots.isLinked(recording.slots) || problemsTold.has(problem)) return Effect.void
        problemsTold.add(problem)
        recording.discoveryProblem = problem
        return Effect.logWarning(problem).pipe(Effect.annotateLogs({ path }))
      }

      const persist = <A>(effect: Effect.Effect<A, RestFailed>): Effect.Effect<A> =>
        effect.pipe(Effect.tapError(tell), Effect.retry(schedule), Effect.orDie)

      const walkOnce = Effect.andThen(
        persist(walk),
        Effect.sync(() => {
          recording.discoveryProblem = null
          problemsTold.clear()
        })
      )

      const walkAgain = Effect.sleep(Duration.millis(settings.reconcileMillis)).pipe(
        Effect.raceFirst(recording.missed.await),
        Effect.andThen(walkOnce)
      )

      const followNotices = Effect.gen(function* () {
        yield* recording.noticed.await
        yield* Effect.sleep(Duration.millis(noticeDelayMillis))
        recording.noticed.closeUnsafe()
        const notices = new Map(recording.notices)
        recording.notices.clear()
        const tickers: Array<MarketTicker> = []
        for (const [ticker, what] of notices) {
          const isNews = recording.cells.has(ticker) ? what === "changed" : mayBeChosen(ticker)
          if (isNews) tickers.push(ticker)
        }
        const found = yield* persist(read(tickers))
        const again = tickers.filter((ticker) => !found.has(ticker) && isAskedAgain(ticker))
        for (const ticker of found) attempts.delete(ticker)
        if (again.length > 0) yield* Effect.forkChild(Effect.delay(noticeAll(recording, again), noticeRetryMillis))
      })

      const isAskedAgain = (ticker: MarketTicker): boolean => {
        const attempt = (attempts.get(ticker) ?? 0) + 1
        attempts.set(ticker, attempt)
        if (attempt < noticeAttemptsMax) return true
        attempts.delete(ticker)
        return false
      }

      return Discovery.of({
        run: walkOnce.pipe(Effect.andThen(Effect.raceFirst(Effect.forever(walkAgain), Effect.forever(followNotices))))
      })
    })
  )
}

/** Tickers that a walk has come across. */
interface Sight {
  readonly events: Set<string>
  readonly markets: Set<MarketTicker>
}

const noticeAll = (recording: RecordingState, tickers: ReadonlyArray<MarketTicker>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const ticker of tickers) notice(recording, ticker, "changed")
    finishFrame(recording)
  })

const microsOr = (text: string | undefined, otherwise: number): number =>
  Option.getOrElse(microsFromIso(text ?? ""), () => otherwise)
