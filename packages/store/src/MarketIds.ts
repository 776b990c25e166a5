/**
 * The short ids under which the hot tier keeps markets, remembered: a ticker's id never changes.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { Effect, Option } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { HotSession } from "./HotConnection.ts"
import { texts } from "./PgNumbers.ts"
import * as PgStatement from "./PgStatement.ts"
import { pg } from "./PgStatement.ts"

export interface MarketIds {
  /** The id of a market that has one. */
  readonly find: (ticker: MarketTicker) => Effect.Effect<Option.Option<number>, SqlError.SqlError>
  /** The ids of these markets; those that have none get one, in the transaction that is open. */
  readonly ensure: (tickers: ReadonlySet<MarketTicker>) => Effect.Effect<Ids, SqlError.SqlError>
  /** The same in a transaction of the writing connection. To be remembered when that is committed. */
  readonly ensureWithin: (
    session: HotSession,
    tickers: ReadonlySet<MarketTicker>
  ) => Effect.Effect<Ids, SqlError.SqlError>
  /** Remembers ids that are committed. */
  readonly remember: (ids: Ids) => void
}

type Ids = ReadonlyMap<MarketTicker, number>

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

  /** Those that are known, and the others in the order of the catalogue's own inserts: transactions that meet must not wait for one another. */
  const look = (tickers: ReadonlySet<MarketTicker>) => {
    const ids = new Map<MarketTicker, number>()
    const missing: Array<MarketTicker> = []
    for (const ticker of tickers) {
      const id = known.get(ticker)
      if (id === undefined) missing.push(ticker)
      else ids.set(ticker, id)
    }
    return { ids, missing: missing.sort() }
  }

  const ensure = Effect.fnUntraced(function* (tickers: ReadonlySet<MarketTicker>) {
    const { ids, missing } = look(tickers)
    if (missing.length === 0) return ids
    yield* sql`
      insert into markets (ticker) select ticker from unnest(${texts(missing)}) as missing (ticker)
      order by ticker collate "C" on conflict (ticker) do nothing`
    const rows = yield* sql<Row>`select ticker, market_id from markets where ticker = any(${texts(missing)})`
    for (const row of rows) ids.set(row.ticker, row.market_id)
    // A transaction that is rolled back takes its new ids with it.
    yield* sql.afterCommit(Effect.sync(() => remember(ids)))
    return ids
  })

  const ensureWithin = Effect.fnUntraced(function* (session: HotSession, tickers: ReadonlySet<MarketTicker>) {
    const { ids, missing } = look(tickers)
    if (missing.length === 0) return ids
    yield* session.count(pg`
      insert into markets (ticker) select ticker from unnest(${PgStatement.texts(missing)}) as missing (ticker)
      order by ticker collate "C" on conflict (ticker) do nothing`)
    const rows = yield* session.query(
      pg`select ticker, market_id from markets where ticker = any(${PgStatement.texts(missing)})`
    )
    for (const row of rows) ids.set(String(row["ticker"]), Number(row["market_id"]))
    return ids
  })

  const remember = (ids: Ids): void => {
    for (const [ticker, id] of ids) known.set(ticker, id)
  }

  return { find, ensure, ensureWithin, remember }
}
