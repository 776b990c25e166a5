/**
 * Which markets there are to record: walks the open events by REST, again and again, and in between follows the lifecycle
 * channel and whatever turns up unannounced. Combos are left out: `/events` does not list them.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Rest from "@kalshibook/core/kalshi/Rest"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import { microsFromIso } from "@kalshibook/core/Units"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { type CatalogEntry, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { Settings } from "./CollectorSettings.ts"
import { KalshiRest, type RestFailed } from "./KalshiRest.ts"
import { MarketFibers } from "./MarketFibers.ts"
import { Recording } from "./Recording.ts"

/** States in which a market has a book, or will have one. */
const recordedStatuses: ReadonlySet<string> = new Set(["initialized", "active", "inactive"])
/** States after which no book comes back. */
const endedStatuses: ReadonlySet<string> = new Set(["determined", "disputed", "amended", "finalized"])
/** Lifecycle messages come in bursts; the markets of a burst are read together. */
const noticeDelayMillis = 250

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
      const categoryBySeries = new Map<string, string>()
      const seriesByEvent = new Map<string, string>()

      const entry = (ticker: string, body: object, leftOut: ReadonlySet<string>): CatalogEntry => ({
        ticker,
        body: Rest.without({ ...body }, leftOut),
        tsObservedMicros: recording.clock.nowMicros()
      })

      const observeSeries = Effect.fnUntraced(function* (series: ReadonlyArray<Rest.Series>) {
        for (const { category, ticker } of series) categoryBySeries.set(ticker, category ?? "")
        yield* catalog.observe({
          series: series.map((body) => entry(body.ticker, body, Rest.seriesTradingFields)),
          events: [],
          markets: []
        })
      })

      /** Stores what was seen, and starts, reschedules or ends the recording of each market. */
      const observe = Effect.fnUntraced(function* (
        events: ReadonlyArray<Rest.Event>,
        markets: ReadonlyArray<Rest.Market>
      ): Effect.fn.Return<void, HotTierError | RestFailed> {
        for (const event of events) {
          seriesByEvent.set(event.event_ticker, event.series_ticker)
          if (!categoryBySeries.has(event.series_ticker))
            yield* observeSeries([yield* rest.series(event.series_ticker)])
        }
        yield* catalog.observe({
          series: [],
          events: events.map((body) => entry(body.event_ticker, body, Rest.eventTradingFields)),
          markets: markets.map((body) => entry(body.ticker, body, Rest.marketTradingFields))
        })
        for (const market of markets) {
          if (endedStatuses.has(market.status)) yield* fibers.release(market.ticker)
          else if (isWanted(market) && recordedStatuses.has(market.status)) yield* watch(market)
        }
      })

      const isWanted = (market: Rest.Market): boolean => {
        const { categories, marketTickers, seriesTickers } = settings
        if (categories.length + marketTickers.length + seriesTickers.length === 0) return true
        const seriesTicker = seriesByEvent.get(market.event_ticker) ?? ""
        return (
          marketTickers.includes(market.ticker) ||
          seriesTickers.includes(seriesTicker) ||
          categories.includes(categoryBySeries.get(seriesTicker) ?? "")
        )
      }

      const watch = (market: Rest.Market): Effect.Effect<void> =>
        fibers.watch({
          ticker: market.ticker,
          openMicros: microsOr(market.open_time, 0),
          closeMicros: microsOr(market.close_time, Number.MAX_SAFE_INTEGER),
          grid: Option.getOrElse(PriceGrid.fromRanges(market.price_ranges ?? []), () => PriceGrid.any)
        })

      /** Reads these markets, with the events that are not known yet. */
      const read = Effect.fnUntraced(function* (tickers: ReadonlyArray<MarketTicker>) {
        const markets = yield* rest.markets(tickers)
        const unknown = new Set(
          markets.map((market) => market.event_ticker).filter((event) => !seriesByEvent.has(event))
        )
        const events = yield* Effect.forEach(unknown, (event) => Effect.map(rest.event(event), (reply) => reply.event))
        yield* observe(events, markets)
      })

      /** Reads all open markets. Those recorded that are not among them are asked for by name: they may have ended. */
      const reconcile = Effect.gen(function* () {
        if (categoryBySeries.size === 0) yield* observeSeries(yield* rest.allSeries)
        const seen = new Set<MarketTicker>()
        let cursor = ""
        do {
          const page = yield* rest.openEvents(cursor)
          const markets = page.events.flatMap((event) => event.markets ?? [])
          for (const { ticker } of markets) seen.add(ticker)
          yield* observe(page.events, markets)
          cursor = page.cursor ?? ""
        } while (cursor !== "")
        const missing = [...recording.cells.keys()].filter((ticker) => !seen.has(ticker))
        if (missing.length > 0) yield* read(missing)
        recording.isDiscovered = true
      })

      const followNotices = Effect.gen(function* () {
        yield* recording.noticed.await
        yield* Effect.sleep(Duration.millis(noticeDelayMillis))
        recording.noticed.closeUnsafe()
        const tickers = new Set(recording.unannounced)
        for (const message of recording.lifecycle) tickers.add(message.marketTicker)
        recording.unannounced.clear()
        recording.lifecycle = []
        yield* read([...tickers])
      })

      const guarded = <E extends { readonly message: string }>(effect: Effect.Effect<void, E>): Effect.Effect<void> =>
        effect.pipe(
          Effect.catch((error) => Effect.logWarning(`markets could not be read, trying again later: ${error.message}`))
        )

      return Discovery.of({
        run: Effect.raceFirst(
          Effect.forever(Effect.andThen(guarded(reconcile), Effect.sleep(Duration.millis(settings.reconcileMillis)))),
          Effect.forever(guarded(followNotices))
        )
      })
    })
  )
}

const microsOr = (text: string | undefined, otherwise: number): number =>
  Option.getOrElse(microsFromIso(text ?? ""), () => otherwise)
