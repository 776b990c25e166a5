/**
 * How markets ended: those that the catalogue knows as finalized, by when they were settled.
 *
 * Each is its newest version, with when its result and its settlement were first seen. Lists are ordered by the exchange's time of
 * settlement, or where it gave none by when we saw it.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { microsFromIso } from "@kalshibook/core/Units"
import { Context, Effect, Layer, Option, Predicate } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import * as Database from "./Database.ts"
import { during, type HotTierError } from "./HotTierError.ts"
import { type CatalogBody, type CatalogVersion, MarketCatalog } from "./MarketCatalog.ts"
import { int8, texts } from "./PgNumbers.ts"

export interface Settlement {
  readonly ticker: MarketTicker
  readonly seriesTicker: string | null
  /** The newest version of the market's description. */
  readonly body: CatalogBody
  readonly version: number
  /** The exchange's time of settlement, Unix microseconds; `null` where it gave none. */
  readonly tsSettledMicros: number | null
  /** When the market was first seen finalized. */
  readonly tsObservedMicros: number
  /** When it was first seen with this result. */
  readonly tsResultObservedMicros: number
}

/** Where a settlement stands in the list. */
export interface SettlementPlace {
  /** Time of settlement or, where there is none, of observation, Unix microseconds. */
  readonly tsListedMicros: number
  readonly ticker: MarketTicker
}

/** [from, to) by the time of the list. Absent fields do not restrict. */
export interface SettlementQuery {
  readonly fromMicros: number
  readonly toMicros: number
  readonly seriesTicker?: string | undefined
  readonly eventTicker?: string | undefined
  readonly tickers?: ReadonlyArray<MarketTicker> | undefined
  readonly after: Option.Option<SettlementPlace>
  readonly entriesMax: number
}

export const placeOf = ({ ticker, tsObservedMicros, tsSettledMicros }: Settlement): SettlementPlace => ({
  tsListedMicros: tsSettledMicros ?? tsObservedMicros,
  ticker
})

export class Settlements extends Context.Service<
  Settlements,
  {
    /** Ascending by (time, ticker). */
    readonly list: (query: SettlementQuery) => Effect.Effect<ReadonlyArray<Settlement>, HotTierError>
  }
>()("@kalshibook/store/Settlements") {
  static readonly layerNoDeps: Layer.Layer<Settlements, never, SqlClient.SqlClient> = Layer.effect(
    Settlements,
    Effect.map(SqlClient.SqlClient, (sql) => Settlements.of({ list: listOf(sql) }))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = Settlements.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, over the catalogue that it is built with. */
  static readonly layerMemory: Layer.Layer<Settlements, never, MarketCatalog> = Layer.effect(
    Settlements,
    Effect.map(MarketCatalog, (catalog) => Settlements.of({ list: listInMemory(catalog) }))
  )
}

interface Row {
  readonly ticker: string
  readonly series_ticker: string | null
  readonly body: CatalogBody
  readonly version: number
  readonly ts_settled_micros: number | null
  readonly ts_observed_micros: number
  readonly ts_result_observed_micros: number
}

const listOf = (sql: SqlClient.SqlClient): Settlements["Service"]["list"] =>
  Effect.fnUntraced(function* (query) {
    const clauses: Array<Statement.Fragment> = [
      sql`one.ts_listed_micros >= ${int8(query.fromMicros)}`,
      sql`one.ts_listed_micros < ${int8(query.toMicros)}`
    ]
    if (query.eventTicker !== undefined) clauses.push(sql`one.event_ticker = ${query.eventTicker}`)
    if (query.seriesTicker !== undefined) {
      clauses.push(sql`one.event_ticker in (select ticker from events where series_ticker = ${query.seriesTicker})`)
    }
    if (query.tickers !== undefined) clauses.push(sql`one.ticker = any(${texts(query.tickers)})`)
    if (Option.isSome(query.after)) {
      const { ticker, tsListedMicros } = query.after.value
      clauses.push(sql`(one.ts_listed_micros, one.ticker) > (${int8(tsListedMicros)}, ${ticker})`)
    }
    const rows = yield* sql<Row>`
      select one.ticker, event.series_ticker, market.body, market.version, one.ts_settled_micros, one.ts_observed_micros,
        (select min(known.ts_observed_micros) from market_versions known where known.market_id = one.market_id
           and known.body -> 'result' is not distinct from market.body -> 'result') as ts_result_observed_micros
      from settlements one join markets market using (market_id) left join events event on event.ticker = one.event_ticker
      where ${sql.and(clauses)} order by one.ts_listed_micros, one.ticker limit ${query.entriesMax}`
    return rows.map((row) => ({
      ticker: row.ticker,
      seriesTicker: row.series_ticker,
      body: row.body,
      version: row.version,
      tsSettledMicros: row.ts_settled_micros,
      tsObservedMicros: row.ts_observed_micros,
      tsResultObservedMicros: row.ts_result_observed_micros
    }))
  }, during("settlements"))

const timeText = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

const settledMicros = ({ settlement_ts: text }: CatalogBody): number | null =>
  Predicate.isString(text) && timeText.test(text) ? Option.getOrNull(microsFromIso(text)) : null

/** What the versions of a market say of its end, the oldest first. */
const settlementOf = (versions: ReadonlyArray<CatalogVersion>, seriesTicker: string | null): Settlement | undefined => {
  const last = versions.at(-1)
  if (last === undefined || last.body["status"] !== "finalized") return undefined
  const run = versions.slice(versions.findLastIndex(({ body }) => body["status"] !== "finalized") + 1)
  const result = versions.find(({ body }) => body["result"] === last.body["result"])
  return {
    ticker: last.ticker,
    seriesTicker,
    body: last.body,
    version: last.version,
    tsSettledMicros: run.reduce<number | null>((known, { body }) => settledMicros(body) ?? known, null),
    tsObservedMicros: run[0]?.tsObservedMicros ?? last.tsObservedMicros,
    tsResultObservedMicros: result?.tsObservedMicros ?? last.tsObservedMicros
  }
}

const listInMemory = (catalog: MarketCatalog["Service"]): Settlements["Service"]["list"] =>
  Effect.fnUntraced(function* (query) {
    const { eventTicker, seriesTicker, tickers } = query
    const filter = { eventTicker, seriesTicker, tickers, status: "finalized" }
    const found: Array<Settlement> = []
    for (const { body, ticker } of yield* catalog.markets(filter, { entriesMax: Number.MAX_SAFE_INTEGER })) {
      const event = yield* catalog.event(String(body["event_ticker"]))
      const series = Option.map(event, (one) => one.body["series_ticker"]).pipe(Option.filter(Predicate.isString))
      const settlement = settlementOf(yield* catalog.versions("market", ticker), Option.getOrNull(series))
      if (settlement !== undefined) found.push(settlement)
    }
    return found
      .map((settlement) => ({ settlement, place: placeOf(settlement) }))
      .filter(({ place }) => place.tsListedMicros >= query.fromMicros && place.tsListedMicros < query.toMicros)
      .filter(({ place }) => Option.isNone(query.after) || compare(place, query.after.value) > 0)
      .sort((left, right) => compare(left.place, right.place))
      .slice(0, query.entriesMax)
      .map(({ settlement }) => settlement)
  })

const compare = (left: SettlementPlace, right: SettlementPlace): number =>
  left.tsListedMicros - right.tsListedMicros || (left.ticker < right.ticker ? -1 : left.ticker > right.ticker ? 1 : 0)
