/**
 * Search over markets in Postgres: conditions and order of a list of the catalogue, where `one`, `event` and `series` are what it joins.
 *
 * What is known now is found by the indexes of words; what was known at a moment is looked through.
 */
import * as MarketSearch from "@kalshibook/core/MarketSearch"
import type { SqlClient, Statement } from "effect/sql"

export interface CatalogSearch {
  readonly conditions: ReadonlyArray<Statement.Fragment>
  /** The rank of a market, as `MarketSearch.rankOf` has it. */
  readonly rank: Statement.Fragment
}

/** Words are free of whatever means something in a query: they are what punctuation leaves over. */
const queryOf = (words: ReadonlyArray<string>): string => words.map((word) => `'${word}':*`).join(" & ")

export const searchFor = (
  sql: SqlClient.SqlClient,
  question: string,
  asOfMicros: number | undefined
): CatalogSearch => {
  const words = MarketSearch.wordsOf(question)
  const condition = (word: string): Statement.Fragment => {
    const query = sql`${queryOf([word])}::tsquery`
    return asOfMicros === undefined
      ? sql`one.market_id in (
          select market_id from markets where search @@ ${query}
          union select found.market_id from markets found join events on events.ticker = found.event_ticker
            where events.search @@ ${query}
          union select found.market_id from markets found join events on events.ticker = found.event_ticker
            join series known on known.ticker = events.series_ticker where known.search @@ ${query})`
      : sql`(one.search @@ ${query} or event.search @@ ${query} or series.search @@ ${query})`
  }
  const rank = sql`(case when one.ticker = ${MarketSearch.tickerOf(question)} then 0 else
    1 + 2 * (case one.status when 'active' then 0 when 'initialized' then 1 when 'inactive' then 1 else 2 end)
    + (case when one.search @@ ${queryOf(words)}::tsquery then 0 else 1 end) end)`
  return { conditions: words.map(condition), rank }
}
