/** Coverage in Postgres: hours that are summed up are read, the others are computed from the facts in one statement. */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import { hourMicros } from "@kalshibook/core/Units"
import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import type { Coverage, CoverageHour, HourGap, HourRange, Loss, LossCause, MarketHour } from "./Coverage.ts"
import * as CoverageEdge from "./CoverageEdge.ts"
import { gapsPerHourMax, hoursOf, runsOf } from "./CoverageHours.ts"
import * as CoverageRollUp from "./CoverageRollUp.ts"
import { openedAndHoles, type SumRow, type SumsQuery, sums } from "./CoverageSums.ts"
import { during } from "./HotTierError.ts"
import * as MarketIds from "./MarketIds.ts"
import { MarketUnheardOf } from "./MarketUnheardOf.ts"
import { int8, int8s } from "./PgNumbers.ts"

export const make = (sql: SqlClient.SqlClient): Omit<Coverage["Service"], "keepRolledUp"> => {
  const markets = MarketIds.make(sql)

  const edge = sql<{ ts_received_micros: number }>`select ts_received_micros from watermark`.pipe(
    Effect.flatMap(([row]) =>
      CoverageEdge.at(Option.map(Option.fromNullishOr(row), (mark) => ({ tsReceivedMicros: mark.ts_received_micros })))
    )
  )

  /** Those of the hours, an ascending list, that are summed up and still hold. */
  const rolledUp = Effect.fnUntraced(function* (hours: ReadonlyArray<number>) {
    const rows = yield* sql<TotalRow>`
      select hour_micros, open_micros, trusted_micros, records from coverage_totals total
      where hour_micros = any(${int8s(hours)}) and not is_stale and not exists (
        select from coverage_marks mark
        where mark.ts_from_micros < total.hour_micros + ${int8(hourMicros)} and mark.ts_to_micros > total.hour_micros)`
    const lost = yield* sql<SumRow>`
      select hour_micros, cause, lost_micros as micros, gaps from coverage_losses
      where hour_micros = any(${int8s(rows.map((row) => row.hour_micros))}) order by hour_micros, cause collate "C"`
    const losses = Map.groupBy(lost, (row) => row.hour_micros)
    return new Map(
      rows.map((row): readonly [number, CoverageHour] => [
        row.hour_micros,
        {
          hourMicros: row.hour_micros,
          openMicros: row.open_micros,
          trustedMicros: row.trusted_micros,
          records: row.records,
          losses: (losses.get(row.hour_micros) ?? []).flatMap(lossOf)
        }
      ])
    )
  })

  const exchange = Effect.fnUntraced(function* (range: HourRange) {
    const { countedToMicros, stoppedFromMicros } = yield* edge
    const asked = hoursOf(range, countedToMicros)
    const known = yield* rolledUp(asked)
    const live = asked.filter((hour) => !known.has(hour))
    const counted = new Map<number, CoverageHour>(known)
    for (const { fromMicros, toMicros } of runsOf(live)) {
      const found = yield* sums(sql, { fromMicros, toMicros: Math.min(toMicros, countedToMicros), stoppedFromMicros })
      const records = yield* allRecords(hoursOf({ fromMicros, toMicros }, toMicros))
      for (const hour of hoursFrom(found, hoursOf({ fromMicros, toMicros }, countedToMicros), records)) {
        counted.set(hour.hourMicros, hour)
      }
    }
    return { countedToMicros, hours: asked.flatMap((hour) => counted.get(hour) ?? []) }
  })

  /** Records of all markets by hour: counted already, or by the same look-ups as `CoverageRollUp`. */
  const allRecords = Effect.fnUntraced(function* (hours: ReadonlyArray<number>) {
    const counted = new Map<number, number>()
    const rows = yield* sql<{ hour_micros: number; records: number }>`
      select hour_micros, records from coverage_totals where hour_micros = any(${int8s(hours)})`
    for (const row of rows) counted.set(row.hour_micros, row.records)
    for (const hour of hours) {
      if (counted.has(hour)) continue
      counted.set(hour, yield* CoverageRollUp.recordsIn(sql, hour))
    }
    return counted
  })

  /** Records of one market by hour: counted already, or the difference of two offsets less the gaps between them. */
  const marketRecords = Effect.fnUntraced(function* (marketId: number, hours: ReadonlyArray<number>) {
    const counted = yield* sql<{ hour_micros: number; records: number }>`
      select total.hour_micros, coalesce(hour.records, 0) as records
      from coverage_totals total left join coverage_hours hour
        on hour.hour_micros = total.hour_micros and hour.market_id = ${marketId}
      where total.hour_micros = any(${int8s(hours)})`
    const known = new Map(counted.map((row) => [row.hour_micros, row.records]))
    for (const run of runsOf(hours.filter((hour) => !known.has(hour)))) {
      const within = sql`market_id = ${marketId} and ts_received_micros >= ${int8(run.fromMicros)}
        and ts_received_micros < ${int8(run.toMicros)}`
      const inHour = sql`ts_received_micros >= hour and ts_received_micros < hour + ${int8(hourMicros)}`
      const rows = yield* sql<{ hour_micros: number; records: number }>`
        select hour as hour_micros, last.record_offset - first.record_offset + 1 - (
                 select count(*) from gaps where market_id = ${marketId}
                 and record_offset between first.record_offset and last.record_offset) as records
        from unnest(${int8s(hoursOf(run, run.toMicros))}) as hours (hour)
          cross join lateral (select record_offset from records where ${within} and ${inHour}
                              order by ts_received_micros, record_offset limit 1) as first
          cross join lateral (select record_offset from records where ${within} and ${inHour}
                              order by ts_received_micros desc, record_offset desc limit 1) as last`
      for (const row of rows) known.set(row.hour_micros, row.records)
    }
    return known
  })

  const gapsByHour = (query: SumsQuery & { readonly marketId: number }) => sql<GapRow>`
    with ${openedAndHoles(sql, query)}, touched as (
      select hour as hour_micros, holes.record_offset, holes.cause, ts_begun, ts_detected_micros, ts_end_micros,
             coalesce((select sum(greatest(0, least(holes.ts_to, opened.ts_to, hour + ${int8(hourMicros)})
                                              - greatest(holes.ts_from, opened.ts_from, hour))) from opened), 0)::bigint as micros,
             ts_begun >= hour and ts_begun < hour + ${int8(hourMicros)} and ts_begun >= ts_first and exists (
               select from opened where ts_begun >= opened.ts_from and ts_begun < opened.ts_to) as is_begun
      from holes cross join lateral generate_series(
        greatest(ts_begun, ${int8(query.fromMicros)}) - greatest(ts_begun, ${int8(query.fromMicros)}) % ${int8(hourMicros)},
        greatest(ts_begun, least(holes.ts_to, ${int8(query.toMicros)}) - 1), ${int8(hourMicros)}) as hour
    ), ranked as (
      select *, row_number() over by_hour as place, count(*) over (partition by hour_micros) as gaps
      from touched where micros > 0 or is_begun window by_hour as (partition by hour_micros order by record_offset)
    )
    select hour_micros, record_offset, cause, ts_begun, ts_detected_micros, ts_end_micros, micros, gaps::integer as gaps
    from ranked where place <= ${gapsPerHourMax} order by hour_micros, record_offset`

  const market = Effect.fnUntraced(function* (marketTicker: MarketTicker, range: HourRange) {
    const id = yield* markets.find(marketTicker)
    if (Option.isNone(id)) return yield* new MarketUnheardOf({ marketTicker })
    const { countedToMicros, stoppedFromMicros } = yield* edge
    const hours = hoursOf(range, countedToMicros)
    const [fromMicros] = hours
    if (fromMicros === undefined) return { countedToMicros, hours: [] }
    const toMicros = Math.min(range.toMicros, countedToMicros)
    const query = { fromMicros, toMicros, stoppedFromMicros, marketId: id.value }
    const found = yield* sums(sql, query)
    const gaps = Map.groupBy(yield* gapsByHour(query), (row) => row.hour_micros)
    const records = yield* marketRecords(id.value, hours)
    const withGaps = hoursFrom(found, hours, records).map((hour): MarketHour => {
      const rows = gaps.get(hour.hourMicros) ?? []
      return { ...hour, gaps: rows.map(gapOf), gapsLeftOut: (rows[0]?.gaps ?? 0) - rows.length }
    })
    return { countedToMicros, hours: withGaps }
  })

  const rollUp = CoverageRollUp.make(sql)

  return {
    market: (ticker, range) =>
      market(ticker, range).pipe(
        Effect.catchTag("SqlError", (error) => Effect.fail(error).pipe(during("coverage"))),
        Effect.withSpan("Coverage.market")
      ),
    exchange: (range) => exchange(range).pipe(during("coverage"), Effect.withSpan("Coverage.exchange")),
    rollUp: rollUp.pipe(during("rollUp"), Effect.withSpan("Coverage.rollUp"))
  }
}

interface TotalRow {
  readonly hour_micros: number
  readonly open_micros: number
  readonly trusted_micros: number
  readonly records: number
}

interface GapRow {
  readonly hour_micros: number
  readonly record_offset: number
  readonly cause: GapCause
  readonly ts_begun: number
  readonly ts_detected_micros: number
  readonly ts_end_micros: number | null
  readonly micros: number
  /** All of the hour. */
  readonly gaps: number
}

const gapOf = (row: GapRow): HourGap => ({
  offset: row.record_offset,
  cause: row.cause,
  fromMicros: row.ts_begun,
  detectedMicros: row.ts_detected_micros,
  toMicros: row.ts_end_micros,
  lostMicros: row.micros
})

const lossOf = ({ cause, gaps, micros }: SumRow): ReadonlyArray<Loss> =>
  cause === null ? [] : [{ cause: cause satisfies LossCause, lostMicros: micros, gaps }]

/** Rows of sums as hours, one for each that is asked for. */
const hoursFrom = (
  rows: ReadonlyArray<SumRow>,
  hours: ReadonlyArray<number>,
  records: ReadonlyMap<number, number>
): ReadonlyArray<CoverageHour> => {
  const byHour = Map.groupBy(rows, (row) => row.hour_micros)
  return hours.map((hour) => {
    const found = byHour.get(hour) ?? []
    const openMicros = found.find((row) => row.cause === null)?.micros ?? 0
    const losses = found.flatMap(lossOf)
    const lostMicros = losses.reduce((sum, loss) => sum + loss.lostMicros, 0)
    const trustedMicros = openMicros - lostMicros
    return { hourMicros: hour, openMicros, trustedMicros, records: records.get(hour) ?? 0, losses }
  })
}
