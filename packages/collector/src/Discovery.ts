/**
 * Which markets there are to record: walks the open events by REST, again and again, and in between follows the lifecycle
 * channel and whatever turns up unannounced. Combos are read only where they are chosen: `/events` does not list them.
 */

import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Rest from "@kalshibook/core/kalshi/Rest"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as PriorityRule from "@kalshibook/core/settings/PriorityRule"
import { microsFromIso, sizeE2FromContracts } from "@kalshibook/core/Units"
import { type CatalogEntry, type CatalogSight, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Duration, Effect, Layer, Option, Predicate } from "effect"
import { backoff } from "./Backoff.ts"
import * as Choice from "./Choice.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Faults from "./Faults.ts"
import { type EventsQuery, KalshiRest, type RestFailed } from "./KalshiRest.ts"
import { MarketFibers } from "./MarketFibers.ts"
import type { MarketPhase } from "./MarketPlan.ts"
import * as NotRecorded from "./NotRecorded.ts"
import * as Placement from "./Placement.ts"
import { finishFrame, type News, notice, Recording, type RecordingState } from "./Recording.ts"
import * as Slots from "./Slots.ts"
import * as Unsettled from "./Unsettled.ts"

/** States after which no book comes back; one that is `closed` may open again, with a later time to close. */
const endedStatuses: ReadonlySet<string> = new Set(["determined", "disputed", "amended", "finalized"])
/** How long the first walk waits for the lifecycle channel. */
const listenerMillisMax = 2_000
/** Lifecycle messages come in bursts; the markets of a burst are read together. */
const noticeDelayMillis = 250
/** A market that was heard of may not be there by REST at once: how often, and how far apart, it is asked for again. */
const noticeAttemptsMax = 4
const noticeRetryMillis = 2_000
/** Unfinished markets of an earlier run that are read from the catalogue at a time. */
const recalledPerPage = 1_000

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
      /** Markets whose end is not stored yet. */
      const unsettled = Unsettled.make(settings.settlementMillis)
      let tsSeriesMicros = Number.NEGATIVE_INFINITY
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

      const candidate = (marketTicker: MarketTicker, eventTicker: string, collectionTicker: string) => {
        const seriesTicker = seriesByEvent.get(eventTicker) ?? ""
        const category = categoryBySeries.get(seriesTicker) ?? ""
        return { marketTicker, eventTicker, seriesTicker, category, collectionTicker }
      }

      const candidateOf = (market: Rest.Market): Choice.Candidate =>
        candidate(market.ticker, market.event_ticker, market.mve_collection_ticker ?? "")

      const isChosen = (market: Rest.Market): boolean => Choice.isChosen(settings, candidateOf(market))

      const mayBeChosen = (ticker: MarketTicker): boolean =>
        Choice.mayBeChosen(settings, ticker, (series) => categoryBySeries.get(series))

      const isRecorded = ({ ticker }: Rest.Market): boolean => recording.cells.has(ticker)

      /** Starts, reschedules or ends the recording of each market that is chosen, and stores what was seen of them. */
      const observe = Effect.fnUntraced(function* (
        events: ReadonlyArray<Rest.Event>,
        markets: ReadonlyArray<Rest.Market>,
        tsObservedMicros: number
      ): Effect.fn.Return<void, RestFailed> {
        for (const event of events) {
          seriesByEvent.set(event.event_ticker, event.series_ticker)
          if (!categoryBySeries.has(event.series_ticker)) {
            yield* observeSeries([yield* rest.series(event.series_ticker)])
          }
        }
        // An ended market whose event was not read is stored, too: it was recorded once, or is harmless.
        const chosen = markets.filter((each) => isRecorded(each) || endedStatuses.has(each.status) || isChosen(each))
        for (const market of chosen) yield* follow(market, tsObservedMicros)
        const eventTickers = new Set(chosen.map((market) => market.event_ticker))
        yield* remember({
          events: events
            .filter((event) => eventTickers.has(event.event_ticker))
            .map((body) => entry(body.event_ticker, body, Rest.eventTradingFields)),
          markets: chosen.map((body) => entry(body.ticker, body, Rest.marketTradingFields))
        })
        for (const { status, ticker } of chosen) Unsettled.note(unsettled, ticker, status, recording.clock.nowMicros())
      })

      const follow = (market: Rest.Market, tsObservedMicros: number): Effect.Effect<void> => {
        const { close_time, open_time, price_ranges, status, ticker } = market
        if (endedStatuses.has(status)) return fibers.release(ticker)
        if (status === "closed" && !isRecorded(market)) return Effect.void
        const closeMicros = microsOr(close_time, Number.MAX_SAFE_INTEGER)
        return fibers.watch({
          ticker,
          openMicros: microsOr(open_time, 0),
          // It has closed, though our clock may say that it will.
          closeMicros: status === "closed" ? Math.min(closeMicros, closedMicros(ticker)) : closeMicros,
          phase: phaseOf(status),
          grid: Option.getOrElse(PriceGrid.fromRanges(price_ranges ?? []), () => PriceGrid.any),
          weight: {
            rank: PriorityRule.rankOf(settings.priority, candidateOf(market)),
            volumeE2: volumeE2(market.volume_24h_fp) ?? volumeE2(market.volume_fp) ?? 0
          },
          tsObservedMicros
        })
      }

      /** When a market that is closed was first seen so. */
      const closedMicros = (ticker: MarketTicker): number => {
        const cell = recording.cells.get(ticker)
        const nowMicros = recording.clock.nowMicros()
        return cell?.phase !== "closed" ? nowMicros : Math.min(nowMicros, cell.closeMicros)
      }

      /** Of what moment an answer speaks for sure that is asked for now. */
      const observedMicros = (): number => recording.clock.nowMicros() - settings.restLagMillis * 1000

      /**
       * Acts on a lifecycle message. One that announces a market says enough to record it, as far as its event is known; where it is
       * not, REST will say more in a moment.
       */
      const hear = ({ news, ticker, tsReceivedMicros }: News): Effect.Effect<void> => {
        if (news._tag === "listed") {
          seriesByEvent.set(ticker, news.seriesTicker)
          return Effect.void
        }
        if (news._tag !== "announced") return fibers.hear(ticker, news, tsReceivedMicros)
        const market = candidate(ticker, news.eventTicker, "")
        if (!categoryBySeries.has(market.seriesTicker) || !Choice.isChosen(settings, market)) return Effect.void
        return fibers.watch({
          ticker,
          openMicros: news.openMicros,
          closeMicros: news.closeMicros,
          phase: "unopened",
          grid: news.grid ?? PriceGrid.any,
          weight: { rank: PriorityRule.rankOf(settings.priority, market), volumeE2: 0 },
          tsObservedMicros: tsReceivedMicros
        })
      }

      const followNews = Effect.gen(function* () {
        yield* recording.heard.await
        recording.heard.closeUnsafe()
        for (const news of recording.news.splice(0)) yield* hear(news)
      })

      /** Reads these markets, with the events of those that may be recorded. Succeeds with the tickers that were found. */
      const read = Effect.fnUntraced(function* (tickers: ReadonlyArray<MarketTicker>) {
        const tsObservedMicros = observedMicros()
        const markets = yield* rest.markets(tickers)
        const unknown = new Set<string>()
        for (const { event_ticker, status } of markets) {
          if (!endedStatuses.has(status) && !seriesByEvent.has(event_ticker)) unknown.add(event_ticker)
        }
        const events = yield* Effect.forEach(unknown, (event) => Effect.map(rest.event(event), (reply) => reply.event))
        yield* observe(events, markets, tsObservedMicros)
        return new Set(markets.map((market) => market.ticker))
      })

      /** Reads all pages of a list of events. */
      const readEvents = Effect.fnUntraced(function* (query: EventsQuery, seen: Sight) {
        let cursor = ""
        let events = 0
        do {
          const tsObservedMicros = observedMicros()
          const page = yield* rest.events(query, cursor)
          const markets = page.events.flatMap((event) => event.markets ?? [])
          for (const { event_ticker } of page.events) seen.events.add(event_ticker)
          yield* observe(page.events, markets, tsObservedMicros)
          for (const market of markets) see(market, seen)
          events += page.events.length
          cursor = page.cursor ?? ""
        } while (cursor !== "")
        return events
      })

      /** Notes a market that a walk came across, and why it is not recorded. */
      const see = (market: Rest.Market, seen: Sight): void => {
        if (seen.markets.has(market.ticker)) return
        seen.markets.add(market.ticker)
        if (isRecorded(market) || recording.noRoom.has(market.ticker)) return
        const why = Choice.isCombo(market.ticker) ? "combo" : "not_chosen"
        NotRecorded.pass(seen.passedOver, market.ticker, isChosen(market) ? "closed" : why)
      }

      /** The chosen combos: all of them, or by collection, or by event. */
      const readCombos = Effect.fnUntraced(function* (seen: Sight) {
        if (Choice.areAllCombosChosen(settings)) return yield* readEvents({ combosOf: "all" }, seen)
        for (const name of settings.combos) {
          if ((yield* readEvents({ combosOf: name }, seen)) > 0) continue
          const tsObservedMicros = observedMicros()
          // Not a collection: then it is an event, if it is anything.
          const reply = yield* rest.event(name).pipe(
            Effect.map(Option.some),
            Effect.catch((error) => (error.status === 404 ? Effect.succeedNone : Effect.fail(error)))
          )
          if (Option.isNone(reply)) continue
          const { event, markets = event.markets ?? [] } = reply.value
          yield* observe([event], markets, tsObservedMicros)
          for (const market of markets) see(market, seen)
        }
      })

      const readSeries = Effect.suspend(() => {
        if (recording.clock.nowMicros() - tsSeriesMicros < settings.seriesMillis * 1000) return Effect.void
        return Effect.map(Effect.flatMap(rest.allSeries, observeSeries), () => {
          tsSeriesMicros = recording.clock.nowMicros()
        })
      })

      /**
       * Reads all events with markets that are open or will be, or those that are chosen by name. Markets that are recorded, or were,
       * and are not among them are asked for, too: they may have ended.
       */
      const walk = Effect.gen(function* () {
        const isFirst = categoryBySeries.size === 0
        yield* readSeries
        // What is announced before somebody listens is not missed if the events are read after it.
        if (isFirst) yield* Effect.timeoutOption(recording.missed.await, Duration.millis(listenerMillisMax))
        recording.missed.closeUnsafe()
        recording.strangers.clear()
        const seen: Sight = { events: new Set(), markets: new Set(), passedOver: NotRecorded.begin() }
        const parts = Choice.isNamed(settings) ? settings.seriesTickers.map((seriesTicker) => ({ seriesTicker })) : [{}]
        for (const part of parts) {
          for (const status of ["open", "unopened"] as const) yield* readEvents({ status, ...part }, seen)
        }
        yield* readCombos(seen)
        const named = [...settings.marketTickers, ...recording.cells.keys()].filter((each) => !seen.markets.has(each))
        yield* readMissing(new Set(named))
        const ended = Unsettled.due(unsettled, recording.clock.nowMicros()).filter((each) => !seen.markets.has(each))
        yield* readMissing(new Set(ended))
        for (const event of seriesByEvent.keys()) if (!seen.events.has(event)) seriesByEvent.delete(event)
        recording.passedOver = seen.passedOver
      })

      const readMissing = Effect.fnUntraced(function* (tickers: ReadonlySet<MarketTicker>) {
        if (tickers.size === 0) return
        const found = yield* read([...tickers])
        for (const ticker of tickers) if (!found.has(ticker)) Unsettled.missed(unsettled, ticker)
      })

      /** Markets that an earlier run left unfinished. */
      const recall = Effect.gen(function* () {
        for (const status of Unsettled.statuses) {
          let after: string | undefined
          do {
            const page = yield* catalog.markets({ status }, { after, entriesMax: recalledPerPage })
            for (const { ticker } of page) Unsettled.recall(unsettled, ticker)
            after = page.length < recalledPerPage ? undefined : page.at(-1)?.ticker
          } while (after !== undefined)
        }
      })

      /** One line for each new problem; without a connection, that is the problem to tell of, and told by `Connections`. */
      const tell = ({ detail, path }: RestFailed): Effect.Effect<void> => {
        const problem = `markets cannot be read, trying again: ${detail}`
        const isExplained = !Slots.isLinked(recording.slots) || recording.maintenance !== null
        if (recording.maintenance === null) note(`markets cannot be read: ${detail}`)
        if (isExplained || problemsTold.has(problem)) return Effect.void
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

      const begin = Effect.andThen(
        walkOnce,
        Effect.sync(() => Placement.settle(recording))
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

      // Without the catalogue, what ended meanwhile is stored when it is seen by other means.
      const remembered = Effect.andThen(Effect.ignore(recall), Effect.never)
      const walkOn = Effect.andThen(
        begin,
        Effect.raceAllFirst([Effect.forever(walkAgain), Effect.forever(followNotices), remembered])
      )
      return Discovery.of({ run: Effect.raceFirst(walkOn, Effect.forever(followNews)) })
    })
  )
}

/** Tickers that a walk has come across. */
interface Sight {
  readonly events: Set<string>
  readonly markets: Set<MarketTicker>
  readonly passedOver: NotRecorded.PassedOver
}

const noticeAll = (recording: RecordingState, tickers: ReadonlyArray<MarketTicker>): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const ticker of tickers) notice(recording, ticker, "changed")
    finishFrame(recording)
  })

/** An `inactive` market will go on to trade. */
const phaseOf = (status: string): MarketPhase => {
  if (status === "closed") return "closed"
  return status === "active" || status === "inactive" ? "open" : "unopened"
}

const microsOr = (text: string | undefined, otherwise: number): number =>
  Option.getOrElse(microsFromIso(text ?? ""), () => otherwise)

/** Contracts as the exchange writes them, in 1/100; `undefined` where it does not. */
const volumeE2 = (text: unknown): number | undefined =>
  Predicate.isString(text) ? Option.getOrUndefined(sizeE2FromContracts(text)) : undefined
