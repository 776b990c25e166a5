/**
 * The writing half of the hot tier in Postgres: one batch, one transaction.
 *
 * Rows travel as one array per column, which is an order of magnitude faster than a row at a time. Knows nothing of what is
 * read later; `HotTierPostgres` does.
 */
import type { BookRecord, DeltaRecord, GapRecord, MarketTicker, SnapshotRecord } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { hourMicros } from "@kalshibook/core/Units"
import { Effect, Semaphore } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import * as DeltaColumns from "./DeltaColumns.ts"
import * as Endings from "./Endings.ts"
import type { HotBatch, Watermark } from "./HotTier.ts"
import * as LevelsCodec from "./LevelsCodec.ts"
import { continuationOf, logsOf, OtherWriter, repeatedOf } from "./LogHeads.ts"
import type { MarketIds } from "./MarketIds.ts"
import { jsonText } from "./PgJson.ts"
import { byteas, int4s, int8, int8s, texts } from "./PgNumbers.ts"
import { kindCodes } from "./RecordRows.ts"
import { insertTrades } from "./TradeRows.ts"

/** A statement's arrays stay below some megabytes, whatever the batch holds. */
const rowsPerStatementMax = 5_000

type Ids = ReadonlyMap<MarketTicker, number>

/** A function that stores batches, one at a time, each in one transaction. */
export const make = (sql: SqlClient.SqlClient, markets: MarketIds) => {
  /** UTC hours whose partitions are there, and the last stored offset of each market's log: what is committed, or less. */
  const hours = new Set<number>()
  const heads = new Map<MarketTicker, number>()

  const ensureHours = Effect.fnUntraced(function* (batch: HotBatch) {
    const missing = new Set<number>()
    let hour = Number.NaN
    for (const { tsReceivedMicros } of batch.records) {
      if (tsReceivedMicros >= hour && tsReceivedMicros < hour + hourMicros) continue
      hour = tsReceivedMicros - (tsReceivedMicros % hourMicros)
      if (!hours.has(hour)) missing.add(hour)
    }
    for (const hour of missing) yield* sql`select ensure_hour(${int8(hour)})`
    return missing
  })

  const loadHeads = Effect.fnUntraced(function* (ids: Ids) {
    const missing = new Map<number, MarketTicker>()
    for (const [ticker, id] of ids) if (!heads.has(ticker)) missing.set(id, ticker)
    if (missing.size === 0) return
    const rows = yield* sql<{ market_id: number; record_offset: number }>`
      select market_id, record_offset from log_heads where market_id = any(${int4s([...missing.keys()])})`
    for (const ticker of missing.values()) heads.set(ticker, 0)
    for (const row of rows) heads.set(missing.get(row.market_id) as MarketTicker, row.record_offset)
  })

  const store = Effect.fnUntraced(function* (batch: HotBatch) {
    const logs = logsOf(batch.records)
    const tickers = new Set<MarketTicker>(logs.keys())
    for (const { marketTicker } of batch.keyframes) tickers.add(marketTicker)
    for (const { marketTicker } of batch.trades) tickers.add(marketTicker)
    const ids = yield* markets.ensure(tickers)
    const hoursMade = yield* ensureHours(batch)
    yield* loadHeads(ids)

    // Market by market, so that what is read together lies together, in the table and in its index.
    const rows: RecordsByKind = { deltas: [], snapshots: [], gaps: [] }
    const ends = { begun: [] as BookRecord[], moved: [] as BookRecord[] }
    const repeated: Array<BookRecord> = []
    for (const [ticker, log] of logs) {
      const offsetStored = heads.get(ticker) ?? 0
      const last = repeatedOf(log, offsetStored)
      if (last !== undefined) repeated.push(last)
      const records = continuationOf(log, offsetStored)
      for (const record of records) sortIn(rows, record)
      const end = records.at(-1)
      if (end !== undefined) (offsetStored === 0 ? ends.begun : ends.moved).push(end)
    }

    const write = rowsWriter(sql, (ticker) => ids.get(ticker) as number)
    yield* write.proveOurs(repeated)
    yield* write.deltas(rows.deltas)
    yield* write.snapshots(rows.snapshots)
    yield* write.gaps(rows.gaps)
    yield* write.gapEnds(rows.snapshots)
    yield* write.headsBegun(ends.begun)
    yield* write.headsMoved(ends.moved, (ticker) => heads.get(ticker) ?? 0)
    yield* write.firstSnapshots(rows.snapshots)
    yield* write.keyframes(batch.keyframes)
    yield* write.trades(batch.trades)
    yield* write.lifecycle(batch.lifecycle)
    yield* write.connections(connectionsOf(batch.connections))
    yield* write.channelGaps(channelGapsOf(batch.channelGaps))
    yield* write.watermark(batch.watermark)
    return { hoursMade, ends: [...ends.begun, ...ends.moved] }
  })

  // Batches commit in the order in which they were given, or the watermark would claim what is not stored.
  const oneAtATime = Semaphore.makeUnsafe(1)

  return (batch: HotBatch): Effect.Effect<void, SqlError.SqlError> =>
    store(batch).pipe(
      sql.withTransaction,
      Effect.tap(({ hoursMade, ends }) =>
        Effect.sync(() => {
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
      ),
      oneAtATime.withPermits(1)
    )
}

/** Each connection once, as the batch leaves it: a statement may touch a row only once. */
const connectionsOf = (told: HotBatch["connections"]): ReadonlyArray<ConnectionRecord> => {
  const known = new Map<number, ConnectionRecord>()
  Endings.tellConnections(known, told)
  return [...known.values()]
}

const channelGapsOf = (told: HotBatch["channelGaps"]): ReadonlyArray<ChannelGap> => {
  const known = new Map<string, ChannelGap>()
  Endings.tellChannelGaps(known, told, (gap) => gap)
  return [...known.values()]
}

interface RecordsByKind {
  readonly deltas: Array<DeltaRecord>
  readonly snapshots: Array<SnapshotRecord>
  readonly gaps: Array<GapRecord>
}

const sortIn = (rows: RecordsByKind, record: BookRecord): void => {
  if (record.kind === "delta") rows.deltas.push(record)
  else if (record.kind === "snapshot") rows.snapshots.push(record)
  else rows.gaps.push(record)
}

type Write = Effect.Effect<void, SqlError.SqlError>

const rowsWriter = (sql: SqlClient.SqlClient, idOf: (ticker: MarketTicker) => number) => {
  /** Runs a statement over the rows, some thousands at a time; not at all when there are none. */
  const inChunks =
    <A>(statement: (rows: ReadonlyArray<A>) => Effect.Effect<unknown, SqlError.SqlError>) =>
    (rows: ReadonlyArray<A>): Write =>
      Effect.gen(function* () {
        for (let start = 0; start < rows.length; start += rowsPerStatementMax) {
          yield* statement(rows.slice(start, start + rowsPerStatementMax))
        }
      })

  const marketIds = (rows: ReadonlyArray<{ readonly marketTicker: MarketTicker }>) =>
    int4s(rows.map((row) => idOf(row.marketTicker)))

  // Arrays side by side in the select list go row by row; in the from clause each would be written to a table of its own first,
  // which costs this statement, the only one that matters, a fifth more.
  const deltas = inChunks<DeltaRecord>((rows) => {
    const columns = DeltaColumns.of(rows, idOf)
    return sql`
      insert into records (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind,
                           side, price_e4, delta_e2)
      select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, 'd',
             case when is_yes then 'y' else 'n' end, price_e4, delta_e2
      from (select unnest(${columns.marketIds}) as market_id, unnest(${columns.offsets}) as record_offset,
                   unnest(${columns.tsReceivedMicros}) as ts_received_micros,
                   unnest(${columns.tsExchangeMicros}) as ts_exchange_micros, unnest(${columns.epochs}) as epoch,
                   unnest(${columns.sids}) as sid, unnest(${columns.seqs}) as seq, unnest(${columns.areYes}) as is_yes,
                   unnest(${columns.pricesE4}) as price_e4, unnest(${columns.deltasE2}) as delta_e2) as batch`
  })

  const snapshots = inChunks<SnapshotRecord>(
    (rows) => sql`
      insert into records (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind, levels)
      select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, 's', levels
      from unnest(${marketIds(rows)}, ${int8s(rows.map((row) => row.offset))},
                  ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsExchangeMicros))},
                  ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
                  ${int8s(rows.map((row) => row.seq))}, ${byteas(rows.map((row) => LevelsCodec.encode(row.levels)))})
        as batch (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, levels)`
  )

  const gaps = inChunks<GapRecord>(
    (rows) => sql`
      with batch as (
        select * from unnest(${marketIds(rows)}, ${int8s(rows.map((row) => row.offset))},
                             ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsExchangeMicros))},
                             ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
                             ${int8s(rows.map((row) => row.seq))}, ${texts(rows.map((row) => row.cause))},
                             ${int8s(rows.map((row) => row.tsDetectedMicros))})
          as batch (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, cause, ts_detected_micros)
      ), stored as (
        insert into records (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind,
                             gap_cause, ts_detected_micros)
        select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, 'g', cause, ts_detected_micros
        from batch
      )
      insert into gaps (market_id, record_offset, ts_received_micros, ts_detected_micros, cause)
      select market_id, record_offset, ts_received_micros, ts_detected_micros, cause from batch`
  )

  /** Snapshots end the gaps before them: of several, the first one after the gap counts. */
  const gapEnds = inChunks<SnapshotRecord>(
    (rows) => sql`
      with snapshots as (
        select * from unnest(${marketIds(rows)}, ${int8s(rows.map((row) => row.offset))},
                             ${int8s(rows.map((row) => row.tsReceivedMicros))})
          as batch (market_id, record_offset, ts_received_micros)
      ), ends as (
        select distinct on (g.market_id, g.record_offset)
               g.market_id, g.record_offset, s.record_offset as end_offset, s.ts_received_micros as ts_end_micros
        from gaps g join snapshots s on s.market_id = g.market_id and s.record_offset > g.record_offset
        where g.end_offset is null or g.end_offset > s.record_offset
        order by g.market_id, g.record_offset, s.record_offset
      )
      update gaps g set end_offset = ends.end_offset, ts_end_micros = ends.ts_end_micros
      from ends where g.market_id = ends.market_id and g.record_offset = ends.record_offset`
  )

  const headRows = (rows: ReadonlyArray<BookRecord>) => sql`
      unnest(${marketIds(rows)}, ${int8s(rows.map((row) => row.offset))},
             ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsExchangeMicros))},
             ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
             ${int8s(rows.map((row) => row.seq))}, ${texts(rows.map((row) => kindCodes[row.kind]))})
        as batch (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind)`

  /** Fails unless a statement about the ends of logs found them where we left them. */
  const unlessOthers = (rows: ReadonlyArray<BookRecord>, met: ReadonlyArray<unknown>): Effect.Effect<void> =>
    met.length === rows.length
      ? Effect.void
      : Effect.die(
          new OtherWriter(`${rows.length - met.length} of ${rows.length} logs, such as ${rows[0]?.marketTicker}`)
        )

  /** The records are stored already, by us: after a commit whose answer was lost they come once more. */
  const proveOurs = inChunks<BookRecord>((rows) =>
    Effect.flatMap(
      sql`
      select 1 from ${headRows(rows)} join records stored using (market_id, ts_received_micros, record_offset)
      where stored.epoch = batch.epoch and stored.sid = batch.sid and stored.seq = batch.seq`,
      (met) => unlessOthers(rows, met)
    )
  )

  const headsBegun = inChunks<BookRecord>((rows) =>
    Effect.flatMap(
      sql`
      insert into log_heads (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind)
      select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind::"char"
      from ${headRows(rows)} on conflict do nothing returning 1`,
      (met) => unlessOthers(rows, met)
    )
  )

  /** Snapshots begin the logs that have none before; of several, the first counts. */
  const firstSnapshots = inChunks<SnapshotRecord>(
    (rows) => sql`
      update log_heads as head set ts_first_snapshot_micros = batch.ts_received_micros
      from (select market_id, min(ts_received_micros) as ts_received_micros
            from unnest(${marketIds(rows)}, ${int8s(rows.map((row) => row.tsReceivedMicros))})
              as snapshots (market_id, ts_received_micros) group by market_id) as batch
      where head.market_id = batch.market_id and head.ts_first_snapshot_micros is null`
  )

  /** Each head moves only from where we know it to be: of two writers, the second to commit is refused. */
  const headsMoved = (ends: ReadonlyArray<BookRecord>, offsetStored: (ticker: MarketTicker) => number): Write =>
    inChunks<BookRecord>((rows) =>
      Effect.flatMap(
        sql`
      update log_heads as head
      set record_offset = batch.record_offset, ts_received_micros = batch.ts_received_micros,
          ts_exchange_micros = batch.ts_exchange_micros, epoch = batch.epoch, sid = batch.sid, seq = batch.seq,
          kind = batch.kind::"char"
      from ${headRows(rows)}
        join unnest(${marketIds(rows)}, ${int8s(rows.map((row) => offsetStored(row.marketTicker)))})
          as known (market_id, record_offset) using (market_id)
      where head.market_id = known.market_id and head.record_offset = known.record_offset
      returning 1`,
        (met) => unlessOthers(rows, met)
      )
    )(ends)

  const keyframes = inChunks<Keyframe>(
    (rows) => sql`
      insert into keyframes (market_id, record_offset, ts_received_micros, ts_exchange_micros, ts_exchange_effective_micros,
                             epoch, sid, seq, since_offset, book_hash, levels)
      select * from unnest(${marketIds(rows)}, ${int8s(rows.map((row) => row.offset))},
                           ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsExchangeMicros))},
                           ${int8s(rows.map((row) => row.tsExchangeEffectiveMicros))},
                           ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
                           ${int8s(rows.map((row) => row.seq))}, ${int8s(rows.map((row) => row.sinceOffset))},
                           ${texts(rows.map((row) => row.bookHash))},
                           ${byteas(rows.map((row) => LevelsCodec.encode(row.levels)))})
      on conflict do nothing`
  )

  const trades = inChunks<TradeRecord>((rows) => insertTrades(sql, rows, idOf))

  const lifecycle = inChunks<LifecycleRecord>(
    (rows) => sql`
      insert into lifecycle (epoch, sid, seq, ts_received_micros, ticker, event_type, body)
      select epoch, sid, seq, ts_received_micros, ticker, event_type, body::jsonb
      from unnest(${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
                  ${int8s(rows.map((row) => row.seq))}, ${int8s(rows.map((row) => row.tsReceivedMicros))},
                  ${texts(rows.map((row) => row.ticker))}, ${texts(rows.map((row) => row.eventType))},
                  ${texts(rows.map((row) => jsonText(row.body)))})
        as batch (epoch, sid, seq, ts_received_micros, ticker, event_type, body)
      on conflict do nothing`
  )

  const connections = inChunks<ConnectionRecord>(
    (rows) => sql`
      insert into epochs as stored (epoch, slot, url, source, ts_opened_micros, ts_closed_micros, close_cause)
      select * from unnest(${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.slot))},
                           ${texts(rows.map((row) => row.url))}, ${texts(rows.map((row) => row.source))},
                           ${int8s(rows.map((row) => row.tsOpenedMicros))}, ${int8s(rows.map((row) => row.tsClosedMicros))},
                           ${texts(rows.map((row) => row.closeCause))})
      on conflict (epoch) do update set ts_closed_micros = excluded.ts_closed_micros, close_cause = excluded.close_cause
      where stored.ts_closed_micros is null and excluded.ts_closed_micros is not null`
  )

  const channelGaps = inChunks<ChannelGap>(
    (rows) => sql`
      insert into channel_gaps as stored (channel, epoch, sid, seq_from, seq_to, cause, ts_from_micros, ts_detected_micros,
                                          ts_to_micros)
      select * from unnest(${texts(rows.map((row) => row.channel))}, ${int4s(rows.map((row) => row.epoch))},
                           ${int4s(rows.map((row) => row.sid))}, ${int8s(rows.map((row) => row.seqFrom))},
                           ${int8s(rows.map((row) => row.seqTo))}, ${texts(rows.map((row) => row.cause))},
                           ${int8s(rows.map((row) => row.tsFromMicros))}, ${int8s(rows.map((row) => row.tsDetectedMicros))},
                           ${int8s(rows.map((row) => row.tsToMicros))})
      on conflict (channel, ts_from_micros, epoch, sid, seq_from) do update
      set seq_to = coalesce(excluded.seq_to, stored.seq_to), ts_to_micros = excluded.ts_to_micros
      where stored.ts_to_micros is null`
  )

  /** Each part of the watermark moves forward only, the tape's entry on one tape; the exchange's time and its receipt move together. */
  const watermark = (mark: Watermark): Write =>
    Effect.asVoid(sql`
      insert into watermark as stored (epoch, ts_received_micros, ts_exchange_micros, ts_exchange_received_micros, tape_id,
                                       tape_entry)
      values (${mark.epoch}, ${int8(mark.tsReceivedMicros)}, ${int8(mark.tsExchangeMicros)}, ${int8(mark.tsExchangeReceivedMicros)},
              ${mark.tapeId}, ${int8(mark.tapeEntry)})
      on conflict (only_row) do update set
        epoch = greatest(stored.epoch, excluded.epoch),
        ts_received_micros = greatest(stored.ts_received_micros, excluded.ts_received_micros),
        (ts_exchange_micros, ts_exchange_received_micros) = (
          select ts_exchange_micros, ts_exchange_received_micros
          from (values (stored.ts_exchange_micros, stored.ts_exchange_received_micros),
                       (excluded.ts_exchange_micros, excluded.ts_exchange_received_micros))
            as marks (ts_exchange_micros, ts_exchange_received_micros)
          order by ts_exchange_micros desc nulls last limit 1),
        tape_id = coalesce(excluded.tape_id, stored.tape_id),
        tape_entry = case when excluded.tape_id is null then stored.tape_entry
                          when excluded.tape_id = stored.tape_id then greatest(stored.tape_entry, excluded.tape_entry)
                          else excluded.tape_entry end`)

  return {
    proveOurs,
    deltas,
    snapshots,
    gaps,
    gapEnds,
    headsBegun,
    headsMoved,
    firstSnapshots,
    keyframes,
    trades,
    lifecycle,
    connections,
    channelGaps,
    watermark
  }
}
