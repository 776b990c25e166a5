/**
 * The one statement that says what is open and what of it is lost, over any range, for one market or for all.
 *
 * It cuts time into pieces, per market: open (cause null), and those parts of it that are lost, each to one cause. A piece that
 * spans several hours is not cut by hours, which would make an hour's row for each of 80,000 markets: its ends go to their hours,
 * and in between it only counts as one market that lost the whole hour. So the cost is that of the pieces and that of the hours,
 * not of both together.
 */
import { hourMicros } from "@kalshibook/core/Units"
import type { SqlClient, Statement } from "effect/sql"
import type { LossCause } from "./Coverage.ts"
import { int8 } from "./PgNumbers.ts"

export interface SumsQuery {
  /** [from, to), Unix microseconds: any moments. */
  readonly fromMicros: number
  readonly toMicros: number
  /** `CoverageEdge.stoppedFromMicros`. */
  readonly stoppedFromMicros: number | null
  /** Only this market. */
  readonly marketId?: number | undefined
}

/** A row per hour and cause; the one without a cause has the open time. */
export interface SumRow {
  readonly hour_micros: number
  readonly cause: LossCause | null
  readonly micros: number
  /** Gaps that began in the hour while their market was open. */
  readonly gaps: number
}

/** `Number.MAX_SAFE_INTEGER`: what the tables call never. */
const never = "9007199254740991"

/**
 * The statements that others begin with, as common tables of SQL:
 * - `opened`: a row per market and time that it was open, cut to the range; `ts_first` is that of the first snapshot of its log
 * - `holes`: the gaps of these markets that reach into the range, cut to what comes after the first snapshot and before the next
 *   gap, which then counts
 */
export const openedAndHoles = (sql: SqlClient.SqlClient, query: SumsQuery): Statement.Fragment => {
  const [from, to] = [int8(query.fromMicros), int8(query.toMicros)]
  const ofMarket = query.marketId === undefined ? sql.literal("") : sql`and o.market_id = ${query.marketId}`
  return sql`
    opened as materialized (
      select o.market_id, greatest(lower(span), ${from}) as ts_from, least(upper(span), ${to}) as ts_to,
             head.ts_first_snapshot_micros as ts_first
      from market_openings o cross join unnest(o.openings) as span left join log_heads head using (market_id)
      where upper(o.openings) > ${from} and lower(o.openings) < ${to} and upper(span) > ${from} and lower(span) < ${to}
        ${ofMarket}
    ), holes as materialized (
      select market_id, record_offset, cause, ts_received_micros as ts_begun, ts_detected_micros, ts_end_micros, ts_first,
             greatest(ts_received_micros, ts_first) as ts_from,
             least(coalesce(ts_end_micros, ${sql.literal(never)}),
                   lead(ts_received_micros) over (partition by market_id order by record_offset)) as ts_to
      from (select distinct market_id, ts_first from opened where ts_first is not null) as logged join gaps using (market_id)
      where coalesce(ts_end_micros, ${sql.literal(never)}) >= ${from} and ts_received_micros < ${to}
    )`
}

/** Open and lost time of each hour of the range, and the gaps that began in it. Hours without any have no row. */
export const sums = (sql: SqlClient.SqlClient, query: SumsQuery): Statement.Statement<SumRow> => {
  const [from, to, hour] = [int8(query.fromMicros), int8(query.toMicros), sql.literal(String(hourMicros))]
  const stoppedFrom = int8(query.stoppedFromMicros)
  return sql<SumRow>`
    with ${openedAndHoles(sql, query)}, pieces as (
      select null::text as cause, ts_from, ts_to from opened
      union all
      select 'not_recorded', ts_from, least(ts_to, ts_first) from opened where ts_first is null or ts_first > ts_from
      union all
      select holes.cause, greatest(opened.ts_from, holes.ts_from), least(opened.ts_to, holes.ts_to)
      from opened join holes using (market_id) where holes.ts_from < opened.ts_to and holes.ts_to > opened.ts_from
      union all
      select 'recorder_stopped', greatest(ts_from, ts_first, ${stoppedFrom}), ts_to from opened
      where ts_first is not null and ts_to > greatest(ts_first, ${stoppedFrom}) and ${stoppedFrom} is not null
        and not exists (select from gaps g where g.market_id = opened.market_id and g.ts_end_micros is null)
    ), parts as (
      select part.cause, part.hour_micros, sum(part.micros) as micros, sum(part.whole) as whole
      from pieces cross join lateral (
        values (cause, ts_from - ts_from % ${hour}, least(ts_to, ts_from - ts_from % ${hour} + ${hour}) - ts_from, 0),
               (cause, ts_to - ts_to % ${hour},
                case when ts_to / ${hour} > ts_from / ${hour} then ts_to % ${hour} else 0 end, 0),
               (cause, ts_from - ts_from % ${hour} + ${hour}, 0, case when ts_to / ${hour} > ts_from / ${hour} then 1 else 0 end),
               (cause, ts_to - ts_to % ${hour}, 0, case when ts_to / ${hour} > ts_from / ${hour} then -1 else 0 end)
      ) as part (cause, hour_micros, micros, whole)
      where ts_from < ts_to
      group by part.cause, part.hour_micros
    ), grid as (
      select causes.cause, hours.hour_micros,
             coalesce(parts.micros, 0) + ${hour} * sum(coalesce(parts.whole, 0)) over (
               partition by causes.cause order by hours.hour_micros) as micros
      from (select distinct cause from parts) as causes
        cross join generate_series(${from} - ${from} % ${hour}, ${to} - 1, ${hour}) as hours (hour_micros)
        left join parts on parts.hour_micros = hours.hour_micros and parts.cause is not distinct from causes.cause
    ), begun as (
      select ts_begun - ts_begun % ${hour} as hour_micros, holes.cause, count(*) as gaps
      from holes
      where ts_begun >= greatest(ts_first, ${from})
        and exists (select from opened where opened.market_id = holes.market_id
                    and ts_begun >= opened.ts_from and ts_begun < opened.ts_to)
      group by 1, 2
    )
    select hour_micros, cause, coalesce(grid.micros, 0)::bigint as micros, coalesce(begun.gaps, 0)::integer as gaps
    from (select * from grid where micros > 0) as grid full join begun using (hour_micros, cause)
    order by hour_micros, cause collate "C" nulls first`
}
