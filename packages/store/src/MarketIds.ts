/**
 * The short ids under which the hot tier keeps markets, remembered: a ticker's id never changes.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { Effect, Option } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { HotSession } from "./HotConnection.ts"
import { pg, texts } from "./PgStatement.ts"

export interface MarketIds {
  /** The id of a market that has one. */
  readonly find: (ticker: MarketTicker) => Effect.Effect<Option.Option<number>, SqlError.SqlError>
  /** The ids of these markets; those that have none get one, in the transaction that is open. */
  readonly ensure: (
    session: HotSession,
    tickers: ReadonlySet<MarketTicker>
  ) => Effect.Effect<ReadonlyMap<MarketTicker, number>, SqlError.SqlError>
  /** Remembers ids whose transaction was committed. */
  readonly remember: (ids: ReadonlyMap<MarketTicker, number>) => void
}

interface Row {
  readonly ticker: string
  readonly market_id: number
}

export const make = (sql: SqlClient.SqlClient): MarketIds => {
  /** Grows with the number of markets ever asked for: about 100 bytes each. Holds only ids that are committed. */
  const known = new Map<MarketTicker, number>()

  const find = Effect.fnUntraced(function* (ticker: MarketTicker) {
    const id = known.get(ticker)
    if (id !== undefined) return Option.some(id)
    const [row] = yield* sql<Row>`select ticker, market_id from markets where ticker = ${ticker}`
    if (row === undefined) return Option.none<number>()
    known.set(ticker, row.market_id)
    return Option.some(row.market_id)
  })

  const ensure = Effect.fnUntraced(function* (session: HotSession, tickers: ReadonlySet<MarketTicker>) {
    const ids = new Map<MarketTicker, number>()
    const missing: Array<MarketTicker> = []
    for (const ticker of tickers) {
      const id = known.get(ticker)
      if (id === undefined) missing.push(ticker)
      else ids.set(ticker, id)
    }
    if (missing.length === 0) return ids
    // In the order of the catalogue's own inserts: two transactions that meet must not wait for one another.
    missing.sort()
    yield* session.count(pg`
      insert into markets (ticker) select ticker from unnest(${texts(missing)}) as missing (ticker)
      order by ticker collate "C" on conflict (ticker) do nothing`)
    const rows = yield* session.query(pg`select ticker, market_id from markets where ticker = any(${texts(missing)})`)
    for (const row of rows) ids.set(String(row["ticker"]), Number(row["market_id"]))
    return ids
  })

  const remember = (ids: ReadonlyMap<MarketTicker, number>): void => {
    for (const [ticker, id] of ids) known.set(ticker, id)
  }

  return { find, ensure, remember }
}
