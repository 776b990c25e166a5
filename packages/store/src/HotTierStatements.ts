/**
 * What the hot tier's transactions say to Postgres beside the COPY of the records: one statement for each kind of row, with all of
 * its rows at once.
 */
import type { BookRecord, GapRecord, MarketTicker, SnapshotRecord } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import type { LifecycleRecord } from "@kalshibook/core/TradeRecord"
import type { Watermark } from "./HotTier.ts"
import * as LevelsCodec from "./LevelsCodec.ts"
import { jsonText } from "./PgJson.ts"
import { byteas, int4, int4s, int8, int8s, pg, type Statement, text, texts } from "./PgStatement.ts"
import { kindCodes } from "./RecordRows.ts"

type IdOf = (ticker: MarketTicker) => number

const marketIds = (rows: ReadonlyArray<{ readonly marketTicker: MarketTicker }>, idOf: IdOf) =>
  int4s(rows.map((row) => idOf(row.marketTicker)))

export const ensureHour = (hourMicros: number): Statement => pg`select ensure_hour(${int8(hourMicros)})`

/** Answers market_id and record_offset of the logs that have an end. */
export const readHeads = (ids: ReadonlyArray<number>): Statement =>
  pg`select market_id, record_offset from log_heads where market_id = any(${int4s(ids)})`

/** The gaps once more, where their ends will be noted. */
export const gaps = (rows: ReadonlyArray<GapRecord>, idOf: IdOf): Statement => pg`
  insert into gaps (market_id, record_offset, ts_received_micros, ts_detected_micros, cause)
  select * from unnest(${marketIds(rows, idOf)}, ${int8s(rows.map((row) => row.offset))},
                       ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsDetectedMicros))},
                       ${texts(rows.map((row) => row.cause))})`

/** Snapshots end the gaps before them: of several, the first one after the gap counts. */
export const gapEnds = (rows: ReadonlyArray<SnapshotRecord>, idOf: IdOf): Statement => pg`
  with snapshots as (
    select * from unnest(${marketIds(rows, idOf)}, ${int8s(rows.map((row) => row.offset))},
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

const headRows = (rows: ReadonlyArray<BookRecord>, idOf: IdOf): Statement => pg`
  unnest(${marketIds(rows, idOf)}, ${int8s(rows.map((row) => row.offset))},
         ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsExchangeMicros))},
         ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
         ${int8s(rows.map((row) => row.seq))}, ${texts(rows.map((row) => kindCodes[row.kind]))})
    as batch (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind)`

/** Finds those of the records that are stored as they are here. */
export const findStored = (rows: ReadonlyArray<BookRecord>, idOf: IdOf): Statement => pg`
  select 1 from ${headRows(rows, idOf)} join records stored using (market_id, ts_received_micros, record_offset)
  where stored.epoch = batch.epoch and stored.sid = batch.sid and stored.seq = batch.seq`

/** Notes the ends of logs that had none. */
export const beginHeads = (rows: ReadonlyArray<BookRecord>, idOf: IdOf): Statement => pg`
  insert into log_heads (market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind)
  select market_id, record_offset, ts_received_micros, ts_exchange_micros, epoch, sid, seq, kind::"char"
  from ${headRows(rows, idOf)} on conflict do nothing`

/** Moves the ends of those logs that end where we know them to. */
export const moveHeads = (rows: ReadonlyArray<BookRecord>, idOf: IdOf, offsetOf: IdOf): Statement => pg`
  update log_heads as head
  set record_offset = batch.record_offset, ts_received_micros = batch.ts_received_micros,
      ts_exchange_micros = batch.ts_exchange_micros, epoch = batch.epoch, sid = batch.sid, seq = batch.seq,
      kind = batch.kind::"char"
  from ${headRows(rows, idOf)}
    join unnest(${marketIds(rows, idOf)}, ${int8s(rows.map((row) => offsetOf(row.marketTicker)))})
      as known (market_id, record_offset) using (market_id)
  where head.market_id = known.market_id and head.record_offset = known.record_offset`

/** Snapshots begin the recording of logs that have none before; of several, the first counts. */
export const firstSnapshots = (rows: ReadonlyArray<SnapshotRecord>, idOf: IdOf): Statement => pg`
  update log_heads as head set ts_first_snapshot_micros = batch.ts_received_micros
  from (select market_id, min(ts_received_micros) as ts_received_micros
        from unnest(${marketIds(rows, idOf)}, ${int8s(rows.map((row) => row.tsReceivedMicros))})
          as snapshots (market_id, ts_received_micros) group by market_id) as batch
  where head.market_id = batch.market_id and head.ts_first_snapshot_micros is null`

export const keyframes = (rows: ReadonlyArray<Keyframe>, idOf: IdOf): Statement => pg`
  insert into keyframes (market_id, record_offset, ts_received_micros, ts_exchange_micros, ts_exchange_effective_micros,
                         epoch, sid, seq, since_offset, book_hash, levels)
  select * from unnest(${marketIds(rows, idOf)}, ${int8s(rows.map((row) => row.offset))},
                       ${int8s(rows.map((row) => row.tsReceivedMicros))}, ${int8s(rows.map((row) => row.tsExchangeMicros))},
                       ${int8s(rows.map((row) => row.tsExchangeEffectiveMicros))},
                       ${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
                       ${int8s(rows.map((row) => row.seq))}, ${int8s(rows.map((row) => row.sinceOffset))},
                       ${texts(rows.map((row) => row.bookHash))},
                       ${byteas(rows.map((row) => LevelsCodec.encode(row.levels)))})
  on conflict do nothing`

export const lifecycle = (rows: ReadonlyArray<LifecycleRecord>): Statement => pg`
  insert into lifecycle (epoch, sid, seq, ts_received_micros, ticker, event_type, body)
  select epoch, sid, seq, ts_received_micros, ticker, event_type, body::jsonb
  from unnest(${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.sid))},
              ${int8s(rows.map((row) => row.seq))}, ${int8s(rows.map((row) => row.tsReceivedMicros))},
              ${texts(rows.map((row) => row.ticker))}, ${texts(rows.map((row) => row.eventType))},
              ${texts(rows.map((row) => jsonText(row.body)))})
    as batch (epoch, sid, seq, ts_received_micros, ticker, event_type, body)
  on conflict do nothing`

/** Of each epoch at most one row: a statement may touch a row only once. */
export const connections = (rows: ReadonlyArray<ConnectionRecord>): Statement => pg`
  insert into epochs as stored (epoch, slot, url, source, ts_opened_micros, ts_closed_micros, close_cause)
  select * from unnest(${int4s(rows.map((row) => row.epoch))}, ${int4s(rows.map((row) => row.slot))},
                       ${texts(rows.map((row) => row.url))}, ${texts(rows.map((row) => row.source))},
                       ${int8s(rows.map((row) => row.tsOpenedMicros))}, ${int8s(rows.map((row) => row.tsClosedMicros))},
                       ${texts(rows.map((row) => row.closeCause))})
  on conflict (epoch) do update set ts_closed_micros = excluded.ts_closed_micros, close_cause = excluded.close_cause
  where stored.ts_closed_micros is null and excluded.ts_closed_micros is not null`

/** Of each hole at most one row. */
export const channelGaps = (rows: ReadonlyArray<ChannelGap>): Statement => pg`
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

/** Each part of the watermark moves forward only, the tape's entry on one tape; the exchange's time and its receipt move together. */
export const watermark = (mark: Watermark): Statement => pg`
  insert into watermark as stored (epoch, ts_received_micros, ts_exchange_micros, ts_exchange_received_micros, tape_id,
                                   tape_entry)
  values (${int4(mark.epoch)}, ${int8(mark.tsReceivedMicros)}, ${int8(mark.tsExchangeMicros)},
          ${int8(mark.tsExchangeReceivedMicros)}, ${text(mark.tapeId)}, ${int8(mark.tapeEntry)})
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
                      else excluded.tape_entry end`
