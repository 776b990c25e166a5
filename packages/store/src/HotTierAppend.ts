/**
 * The writing half of the hot tier in Postgres: one batch, one transaction. Records go through COPY, all else by a statement for
 * each kind. Knows nothing of what is read later; `HotTierPostgres` does.
 */
import type { BookRecord, GapRecord, MarketTicker, SnapshotRecord } from "@kalshibook/core/BookRecord"
import { hourMicros } from "@kalshibook/core/Units"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import * as Endings from "./Endings.ts"
import type { HotConnection, HotSession } from "./HotConnection.ts"
import type { HotBatch } from "./HotTier.ts"
import * as Statements from "./HotTierStatements.ts"
import { continuationOf, logsOf, OtherWriter, repeatedOf } from "./LogHeads.ts"
import type { MarketIds } from "./MarketIds.ts"
import type { Statement } from "./PgStatement.ts"
import * as RecordCopy from "./RecordCopy.ts"
import { insertTrades } from "./TradeRows.ts"

/** Whatever the batch holds, a statement's arrays and a COPY's bytes stay below some megabytes. */
const rowsPerStatementMax = 5_000
const rowsPerCopyMax = 50_000

type Ids = ReadonlyMap<MarketTicker, number>

/** A function that stores batches, in the order of the calls, each in one transaction. */
export const make = (connection: HotConnection["Service"], markets: MarketIds) => {
  /** UTC hours whose partitions are there, and the last stored offset of each market's log: what is committed, or less. */
  const hours = new Set<number>()
  let hourNewest = 0
  const heads = new Map<MarketTicker, number>()

  const ensureHours = Effect.fnUntraced(function* ({ query }: HotSession, batch: HotBatch) {
    const missing = new Set<number>()
    let hour = Number.NaN
    for (const { tsReceivedMicros } of batch.records) {
      if (tsReceivedMicros >= hour && tsReceivedMicros < hour + hourMicros) continue
      hour = tsReceivedMicros - (tsReceivedMicros % hourMicros)
      // One that is long over may have left the hot tier since: a gap that reaches back is asked for its place each time.
      if (!hours.has(hour) || hour < hourNewest - hourMicros) missing.add(hour)
      hourNewest = Math.max(hourNewest, hour)
    }
    for (const hour of missing) yield* query(Statements.ensureHour(hour))
    return missing
  })

  const loadHeads = Effect.fnUntraced(function* ({ query }: HotSession, ids: Ids) {
    const missing = new Map<number, MarketTicker>()
    for (const [ticker, id] of ids) if (!heads.has(ticker)) missing.set(id, ticker)
    if (missing.size === 0) return
    const rows = yield* query(Statements.readHeads([...missing.keys()]))
    for (const ticker of missing.values()) heads.set(ticker, 0)
    for (const row of rows) {
      heads.set(missing.get(Number(row["market_id"])) as MarketTicker, Number(row["record_offset"]))
    }
  })

  const store = Effect.fnUntraced(function* (session: HotSession, batch: HotBatch) {
    const ids = yield* markets.ensureWithin(session, tickersOf(batch))
    const hoursMade = yield* ensureHours(session, batch)
    yield* loadHeads(session, ids)

    const news = newsOf(batch.records, heads)
    const idOf = (ticker: MarketTicker) => ids.get(ticker) as number
    const offsetOf = (ticker: MarketTicker) => heads.get(ticker) ?? 0
    const write = writer(session)
    yield* write.provenOurs(news.repeated, (rows) => Statements.findStored(rows, idOf))
    for (let start = 0; start < news.records.length; start += rowsPerCopyMax) {
      const rows =
        start === 0 && news.records.length <= rowsPerCopyMax
          ? news.records
          : news.records.slice(start, start + rowsPerCopyMax)
      yield* session.copy(RecordCopy.statement, RecordCopy.encode(rows, idOf))
    }
    yield* write.rows(news.gaps, (rows) => Statements.gaps(rows, idOf))
    yield* write.rows(news.snapshots, (rows) => Statements.gapEnds(rows, idOf))
    yield* write.provenOurs(news.begun, (rows) => Statements.beginHeads(rows, idOf))
    yield* write.provenOurs(news.moved, (rows) => Statements.moveHeads(rows, idOf, offsetOf))
    yield* write.rows(news.snapshots, (rows) => Statements.firstSnapshots(rows, idOf))
    yield* write.rows(batch.keyframes, (rows) => Statements.keyframes(rows, idOf))
    yield* write.rows(batch.trades, (rows) => insertTrades(rows, idOf))
    yield* write.rows(batch.lifecycle, Statements.lifecycle)
    yield* write.rows(Endings.connectionsOf(batch.connections), Statements.connections)
    yield* write.rows(Endings.channelGapsOf(batch.channelGaps), Statements.channelGaps)
    yield* session.count(Statements.watermark(batch.watermark))
    return { ids, hoursMade, ends: [...news.begun, ...news.moved] }
  })

  return (batch: HotBatch): Effect.Effect<void, SqlError.SqlError> =>
    connection
      .transaction((session) => store(session, batch))
      .pipe(
        Effect.flatMap(({ ids, hoursMade, ends }) =>
          Effect.sync(() => {
            markets.remember(ids)
            for (const hour of hoursMade) hours.add(hour)
            for (const { marketTicker, offset } of ends) heads.set(marketTicker, offset)
          })
        ),
        // What was thought to be there may be what failed (an hour that was dropped meanwhile): look again next time.
        Effect.onError(() =>
          Effect.sync(() => {
            hours.clear()
            heads.clear()
          })
        )
      )
}

const tickersOf = (batch: HotBatch): ReadonlySet<MarketTicker> => {
  const tickers = new Set<MarketTicker>()
  for (const { marketTicker } of batch.records) tickers.add(marketTicker)
  for (const { marketTicker } of batch.keyframes) tickers.add(marketTicker)
  for (const { marketTicker } of batch.trades) tickers.add(marketTicker)
  return tickers
}

interface News {
  /** All that is new, market by market, so that what is read together lies together, in the table and in its index. */
  readonly records: Array<BookRecord>
  readonly snapshots: Array<SnapshotRecord>
  readonly gaps: Array<GapRecord>
  /** The new ends of logs that had none, and of those that had one. */
  readonly begun: Array<BookRecord>
  readonly moved: Array<BookRecord>
  /** Of each log the last record that should be stored already. */
  readonly repeated: Array<BookRecord>
}

const newsOf = (batch: ReadonlyArray<BookRecord>, heads: ReadonlyMap<MarketTicker, number>): News => {
  const news: News = { records: [], snapshots: [], gaps: [], begun: [], moved: [], repeated: [] }
  for (const [ticker, log] of logsOf(batch)) {
    const offsetStored = heads.get(ticker) ?? 0
    const last = repeatedOf(log, offsetStored)
    if (last !== undefined) news.repeated.push(last)
    const records = continuationOf(log, offsetStored)
    for (const record of records) {
      news.records.push(record)
      if (record.kind === "snapshot") news.snapshots.push(record)
      else if (record.kind === "gap") news.gaps.push(record)
    }
    const end = records.at(-1)
    if (end !== undefined) (offsetStored === 0 ? news.begun : news.moved).push(end)
  }
  return news
}

const writer = ({ count }: HotSession) => {
  const inChunks = Effect.fnUntraced(function* <A>(
    rows: ReadonlyArray<A>,
    statement: (rows: ReadonlyArray<A>) => Statement
  ) {
    let met = 0
    for (let start = 0; start < rows.length; start += rowsPerStatementMax) {
      met += yield* count(statement(rows.slice(start, start + rowsPerStatementMax)))
    }
    return met
  })

  /** Dies unless the statement met a row for each: it then found logs where we did not leave them. */
  const provenOurs = (
    records: ReadonlyArray<BookRecord>,
    statement: (rows: ReadonlyArray<BookRecord>) => Statement
  ): Effect.Effect<void, SqlError.SqlError> =>
    Effect.flatMap(inChunks(records, statement), (met) =>
      met === records.length
        ? Effect.void
        : Effect.die(
            new OtherWriter(`${records.length - met} of ${records.length} logs, such as ${records[0]?.marketTicker}`)
          )
    )

  /** Some thousands of rows at a time; not at all when there are none. */
  return { rows: inChunks, provenOurs }
}
