/**
 * What is known of series, events and markets: Kalshi's own metadata, and every version of it that was seen.
 *
 * A body is Kalshi's REST object less the fields that trading changes (`marketTradingFields` of core's kalshi/Rest), so that a new
 * version means that something about the market itself changed.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { Context, Effect, Layer, type Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "./Database.ts"
import type { HotTierError } from "./HotTierError.ts"
import * as MarketCatalogMemory from "./MarketCatalogMemory.ts"
import * as MarketCatalogPostgres from "./MarketCatalogPostgres.ts"

export type CatalogBody = Readonly<Record<string, unknown>>

/** One series, event or market as the exchange described it at `tsObservedMicros`. `body` has Kalshi's own field names. */
export interface CatalogEntry {
  readonly ticker: string
  readonly body: CatalogBody
  readonly tsObservedMicros: number
}

/** A body that was seen, and which one of its kind: 1, 2, 3 ... in the order in which they were seen. */
export interface CatalogVersion extends CatalogEntry {
  readonly version: number
}

/** Which table of the catalogue. */
export type CatalogKind = "market" | "event" | "series"

/** Which markets. Absent fields do not restrict. */
export interface MarketFilter {
  readonly seriesTicker?: string | undefined
  readonly eventTicker?: string | undefined
  /** Kalshi's response vocabulary: `initialized`, `active`, `inactive`, `closed`, `determined`, `finalized`, ... */
  readonly status?: string | undefined
  readonly category?: string | undefined
  readonly tickers?: ReadonlyArray<MarketTicker> | undefined
  /** Words, as core's `MarketSearch` means them, one at least. The list is then by rank, and by ticker within. */
  readonly question?: string | undefined
}

export interface EventFilter {
  readonly seriesTicker?: string | undefined
  readonly category?: string | undefined
}

export interface SeriesFilter {
  readonly category?: string | undefined
}

/** Entries in ascending ticker order, unless a question ranks them; `after` continues behind that ticker. */
export interface CatalogPage {
  readonly after?: string | undefined
  /** Of a list by rank: the rank of `after`. */
  readonly afterRank?: number | undefined
  /**
   * What was known at this moment, Unix microseconds: of each ticker the newest version seen at or before it. Filters mean those
   * versions, and what was seen later is not there. Absent: what is known now.
   */
  readonly asOfMicros?: number | undefined
  readonly entriesMax: number
}

/** What one look at the exchange showed. A ticker that appears twice is taken in the order of the list. */
export interface CatalogSight {
  readonly series: ReadonlyArray<CatalogEntry>
  readonly events: ReadonlyArray<CatalogEntry>
  readonly markets: ReadonlyArray<CatalogEntry>
}

export class MarketCatalog extends Context.Service<
  MarketCatalog,
  {
    /** Stores what is new or changed; an unchanged body is not a new version. One transaction. */
    readonly observe: (seen: CatalogSight) => Effect.Effect<void, HotTierError>
    readonly markets: (
      filter: MarketFilter,
      page: CatalogPage
    ) => Effect.Effect<ReadonlyArray<CatalogVersion>, HotTierError>
    /** The newest version, or the newest that was seen at or before `asOfMicros`. The same for events and series. */
    readonly market: (
      ticker: MarketTicker,
      asOfMicros?: number
    ) => Effect.Effect<Option.Option<CatalogVersion>, HotTierError>
    readonly events: (
      filter: EventFilter,
      page: CatalogPage
    ) => Effect.Effect<ReadonlyArray<CatalogVersion>, HotTierError>
    readonly event: (ticker: string, asOfMicros?: number) => Effect.Effect<Option.Option<CatalogVersion>, HotTierError>
    readonly seriesList: (
      filter: SeriesFilter,
      page: CatalogPage
    ) => Effect.Effect<ReadonlyArray<CatalogVersion>, HotTierError>
    readonly series: (ticker: string, asOfMicros?: number) => Effect.Effect<Option.Option<CatalogVersion>, HotTierError>
    /** Every version that was seen, the oldest first; none of a ticker that was never seen. */
    readonly versions: (kind: CatalogKind, ticker: string) => Effect.Effect<ReadonlyArray<CatalogVersion>, HotTierError>
  }
>()("@kalshibook/store/MarketCatalog") {
  static readonly layerNoDeps: Layer.Layer<MarketCatalog, never, SqlClient.SqlClient> = Layer.effect(
    MarketCatalog,
    Effect.map(SqlClient.SqlClient, (sql) => MarketCatalog.of(MarketCatalogPostgres.make(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = MarketCatalog.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, for tests. */
  static readonly layerMemory: Layer.Layer<MarketCatalog> = Layer.sync(MarketCatalog, () =>
    MarketCatalog.of(MarketCatalogMemory.make())
  )
}
