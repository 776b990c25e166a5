/** Sums up the hours that are complete, and sums up again those of which facts have changed. See `Coverage.rollUp`. */
import { hourMicros } from "@kalshibook/core/Units"
import { Effect } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import type { RolledUp } from "./Coverage.ts"
import { hourOf } from "./CoverageHours.ts"
import { type SumRow, sums } from "./CoverageSums.ts"
import { int4s, int8, int8s, texts } from "./PgNumbers.ts"

/** Hours of one call: some seconds of work with 80,000 open markets, most of which an hour costs as well as a day. */
const hoursPerCallMax = 24

export const make = (sql: SqlClient.SqlClient) => {
  /** Whoever is first does the work; the lock ends with the transaction. */
  const isFirst = Effect.map(
    sql<{ locked: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended('kalshibook.coverage', 0)) as locked`,
    ([row]) => row?.locked === true
  )

  /** A mark that is seen here is seen by all that is summed up below; one that is not comes with the next call. */
  const noteMarks = sql`
    with marks as (delete from coverage_marks returning ts_from_micros, ts_to_micros)
    update coverage_totals total set is_stale = true
    where not is_stale and exists (
      select from marks
      where marks.ts_from_micros < total.hour_micros + ${int8(hourMicros)} and marks.ts_to_micros > total.hour_micros
    )`

  /** The next hours to sum up for the first time: those behind the last, in the beginning those since the first snapshot of all. */
  const nextNew = Effect.gen(function* () {
    const [state] = yield* sql<{ proven: number | null; next: number | null }>`
      select (select ts_received_micros + 1 from watermark) as proven,
             coalesce((select max(hour_micros) + ${int8(hourMicros)} from coverage_totals),
                      (select min(ts_first_snapshot_micros) from log_heads)) as next`
    if (state === undefined || state.proven === null || state.next === null) return { hours: [], isLast: true }
    const hours: Array<number> = []
    const end = hourOf(state.proven)
    for (let hour = hourOf(state.next); hour < end && hours.length < hoursPerCallMax; hour += hourMicros)
      hours.push(hour)
    return { hours, isLast: hourOf(state.next) + hours.length * hourMicros >= end }
  })

  /** The oldest hours that are stale, as far as they lie within as many hours as a call may sum up. */
  const nextStale = Effect.gen(function* () {
    const rows = yield* sql<{ hour_micros: number }>`
      select hour_micros from coverage_totals where is_stale order by hour_micros limit ${hoursPerCallMax + 1}`
    const [first] = rows
    if (first === undefined) return { hours: [], isLast: true }
    const hours = rows
      .map((row) => row.hour_micros)
      .filter((hour) => hour < first.hour_micros + hoursPerCallMax * hourMicros)
    return { hours, isLast: hours.length === rows.length }
  })

  const storeNew = Effect.fnUntraced(function* (hours: ReadonlyArray<number>) {
    for (const hour of hours) {
      yield* sql`
        ${countedIn(sql, hour)}, stored as (
          insert into coverage_hours (market_id, hour_micros, records)
          select market_id, ${int8(hour)}, records from counted where records > 0
          on conflict do nothing
        )
        insert into coverage_totals (hour_micros, open_micros, trusted_micros, records)
        select ${int8(hour)}, 0, 0, coalesce(sum(records), 0) from counted`
    }
  })

  /** Writes what the facts of these hours, an ascending list, now say of time. Their records stay: they are final. */
  const storeSums = Effect.fnUntraced(function* (hours: ReadonlyArray<number>) {
    const [fromMicros, last] = [hours[0], hours.at(-1)]
    if (fromMicros === undefined || last === undefined) return
    const found = yield* sums(sql, { fromMicros, toMicros: last + hourMicros, stoppedFromMicros: null })
    const wanted = new Set(hours)
    const rows = found.filter((row) => wanted.has(row.hour_micros))
    const lost = rows.filter((row): row is SumRow & { readonly cause: string } => row.cause !== null)
    const open = new Map(rows.filter((row) => row.cause === null).map((row) => [row.hour_micros, row.micros]))
    const trusted = new Map(open)
    for (const row of lost) trusted.set(row.hour_micros, (trusted.get(row.hour_micros) ?? 0) - row.micros)
    yield* sql`delete from coverage_losses where hour_micros = any(${int8s(hours)})`
    yield* sql`
      update coverage_totals total set open_micros = made.open, trusted_micros = made.trusted, is_stale = false
      from unnest(${int8s(hours)}, ${int8s(hours.map((hour) => open.get(hour) ?? 0))},
                  ${int8s(hours.map((hour) => trusted.get(hour) ?? 0))}) as made (hour_micros, open, trusted)
      where total.hour_micros = made.hour_micros`
    yield* sql`
      insert into coverage_losses (hour_micros, cause, lost_micros, gaps)
      select * from unnest(${int8s(lost.map((row) => row.hour_micros))}, ${texts(lost.map((row) => row.cause))},
                           ${int8s(lost.map((row) => row.micros))}, ${int4s(lost.map((row) => row.gaps))})`
  })

  return Effect.gen(function* () {
    if (!(yield* isFirst)) return { hours: 0, isLevel: true } satisfies RolledUp
    yield* noteMarks
    const fresh = yield* nextNew
    if (fresh.hours.length > 0) yield* storeNew(fresh.hours)
    const stale = fresh.hours.length > 0 ? { hours: [], isLast: false } : yield* nextStale
    const hours = [...fresh.hours, ...stale.hours]
    yield* storeSums(hours)
    const rolledUp: RolledUp = { hours: hours.length, isLevel: fresh.isLast && stale.isLast }
    return rolledUp
  }).pipe(sql.withTransaction)
}

/** The records received in an hour, of all markets, counted now. */
export const recordsIn = (sql: SqlClient.SqlClient, hour: number) =>
  Effect.map(
    sql<{ records: number }>`${countedIn(sql, hour)} select coalesce(sum(records), 0)::bigint as records from counted`,
    ([row]) => row?.records ?? 0
  )

/**
 * The beginning of a statement, with a table `counted` of how many records of each market were received in an hour: the difference
 * of offsets, which have no holes, less the gaps between them. Costs some look-ups for each market that has any, however many.
 */
const countedIn = (sql: SqlClient.SqlClient, hour: number): Statement.Fragment => {
  const inHour = sql`ts_received_micros >= ${int8(hour)} and ts_received_micros < ${int8(hour + hourMicros)}`
  return sql`
    with recursive first as (
      (select market_id, record_offset from records where ${inHour}
       order by market_id, ts_received_micros, record_offset limit 1)
      union all
      select next.* from first cross join lateral (
        select market_id, record_offset from records where market_id > first.market_id and ${inHour}
        order by market_id, ts_received_micros, record_offset limit 1
      ) as next
    ), counted as (
      select first.market_id, last.record_offset - first.record_offset + 1 - (
               select count(*) from gaps
               where gaps.market_id = first.market_id and gaps.record_offset between first.record_offset and last.record_offset
             ) as records
      from first cross join lateral (
        select record_offset from records where market_id = first.market_id and ${inHour}
        order by ts_received_micros desc, record_offset desc limit 1
      ) as last
    )`
}
