/**
 * What is known of series, events and markets: Kalshi's own metadata, and every version of it that was seen.
 *
 * A body is Kalshi's REST object less the fields that trading changes (`marketTradingFields` of core's kalshi/Rest), so that a new
 * version means that something about the market itself changed.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { Context, type Effect, type Option } from "effect"
import type { HotTierError } from "./HotTier.ts"

export type CatalogBody = Readonly<Record<string, unknown>>

/** One series, event or market as the exchange described it at `tsObservedMicros`. `body` has Kalshi's own field names. */
export interface CatalogEntry {
  readonly ticker: string
  readonly body: CatalogBody
  readonly tsObservedMicros: number
}

/** Which markets. Absent fields do not restrict. */
export interface MarketFilter {
  readonly seriesTicker?: string | undefined
  readonly eventTicker?: string | undefined
  /** Kalshi's response vocabulary: `initialized`, `active`, `inactive`, `closed`, `determined`, `finalized`, ... */
  readonly status?: string | undefined
  readonly category?: string | undefined
  readonly tickers?: ReadonlyArray<MarketTicker> | undefined
}

export interface EventFilter {
  readonly seriesTicker?: string | undefined
  readonly category?: string | undefined
}

export interface SeriesFilter {
  readonly category?: string | undefined
}

/** Entries in ascending ticker order; `after` continues behind that ticker. */
export interface CatalogPage {
  readonly after?: string | undefined
  readonly entriesMax: number
}

export class MarketCatalog extends Context.Service<
  MarketCatalog,
  {
    /** Stores what is new or changed; an unchanged body is not a new version. One transaction. */
    readonly observe: (seen: {
      readonly series: ReadonlyArray<CatalogEntry>
      readonly events: ReadonlyArray<CatalogEntry>
      readonly markets: ReadonlyArray<CatalogEntry>
    }) => Effect.Effect<void, HotTierError>
    readonly markets: (filter: MarketFilter, page: CatalogPage) => Effect.Effect<ReadonlyArray<CatalogEntry>, HotTierError>
    readonly market: (ticker: MarketTicker) => Effect.Effect<Option.Option<CatalogEntry>, HotTierError>
    readonly events: (filter: EventFilter, page: CatalogPage) => Effect.Effect<ReadonlyArray<CatalogEntry>, HotTierError>
    readonly event: (ticker: string) => Effect.Effect<Option.Option<CatalogEntry>, HotTierError>
    readonly seriesList: (filter: SeriesFilter, page: CatalogPage) => Effect.Effect<ReadonlyArray<CatalogEntry>, HotTierError>
    readonly series: (ticker: string) => Effect.Effect<Option.Option<CatalogEntry>, HotTierError>
  }
>()("@kalshibook/store/MarketCatalog") {}
