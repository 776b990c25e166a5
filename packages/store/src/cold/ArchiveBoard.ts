/**
 * How the cold tier is, for whoever asks: the tables tell how far it is sealed, the archiver leaves what it is doing, or what it does
 * not get on with. Nothing depends on it.
 */
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../Database.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"

export interface ArchiveState {
  /** Every hour from the first recorded one up to here is sealed; `null` while none is. */
  readonly sealedUntilMicros: number | null
  /** When an hour was sealed last. */
  readonly tsSealedMicros: number | null
  /** Hours that are sealed, their bytes in the bucket, and how many of them have to be sealed again. */
  readonly hours: number
  readonly bytes: number
  readonly hoursMarked: number
  /** Records received before this have left the hot tier; `null` while none has. */
  readonly hotFromMicros: number | null
  /** What the archiver said last; `null` when none has ever run. */
  readonly report: ArchiverReport | null
}

export interface ArchiverReport {
  readonly tsReportedMicros: number
  /** What it is doing, for people. */
  readonly activity: string
  /** Why it does not get on, for people; `null` while it does. */
  readonly problem: string | null
}

export class ArchiveBoard extends Context.Service<
  ArchiveBoard,
  {
    /** Takes the place of what was said before. */
    readonly post: (report: ArchiverReport) => Effect.Effect<void, HotTierError>
    readonly read: Effect.Effect<ArchiveState, HotTierError>
  }
>()("@kalshibook/store/cold/ArchiveBoard") {
  static readonly layerNoDeps: Layer.Layer<ArchiveBoard, never, SqlClient.SqlClient> = Layer.effect(
    ArchiveBoard,
    Effect.map(SqlClient.SqlClient, (sql) => ArchiveBoard.of(make(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = ArchiveBoard.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** A cold tier in which nothing is sealed: for tests of what lies beside it. */
  static readonly layerMemory: Layer.Layer<ArchiveBoard> = Layer.sync(ArchiveBoard, () => {
    let report: ArchiverReport | null = null
    return ArchiveBoard.of({
      post: (posted) =>
        Effect.sync(() => {
          report = posted
        }),
      read: Effect.sync(() => ({
        sealedUntilMicros: null,
        tsSealedMicros: null,
        hours: 0,
        bytes: 0,
        hoursMarked: 0,
        hotFromMicros: null,
        report
      }))
    })
  })
}

const make = (sql: SqlClient.SqlClient): ArchiveBoard["Service"] => ({
  post: ({ activity, problem, tsReportedMicros }) =>
    sql`insert into archiver_status (ts_reported_micros, activity, problem)
        values (${int8(tsReportedMicros)}, ${activity}, ${problem})
        on conflict (only_row) do update set
          ts_reported_micros = excluded.ts_reported_micros, activity = excluded.activity, problem = excluded.problem`.pipe(
      Effect.asVoid,
      during("postArchiver")
    ),
  read: sql<Row>`
    with hours as (
      select from_micros, bytes, ts_sealed_micros, lead(from_micros) over (order by from_micros) as next
      from segments where span = 'hour' and is_current
    )
    select (select min(from_micros) + ${int8(hourMicros)} from hours
            where next is distinct from from_micros + ${int8(hourMicros)}) as sealed_until_micros,
           (select max(ts_sealed_micros) from hours) as ts_sealed_micros,
           (select count(*) from hours) as hours, (select coalesce(sum(bytes), 0)::bigint from hours) as bytes,
           (select count(distinct hour_micros) from segment_marks
            where hour_micros in (select from_micros from hours)) as hours_marked,
           (select from_micros from hot_floor) as hot_from_micros,
           status.ts_reported_micros, status.activity, status.problem
    from (select) as one left join archiver_status status on true`.pipe(
    Effect.flatMap(([row]) => (row === undefined ? Effect.die("no row of one") : Effect.succeed(stateOf(row)))),
    during("readArchive")
  )
})

interface Row {
  readonly sealed_until_micros: number | null
  readonly ts_sealed_micros: number | null
  readonly hours: number
  readonly bytes: number
  readonly hours_marked: number
  readonly hot_from_micros: number | null
  readonly ts_reported_micros: number | null
  readonly activity: string
  readonly problem: string | null
}

const stateOf = (row: Row): ArchiveState => ({
  sealedUntilMicros: row.sealed_until_micros,
  tsSealedMicros: row.ts_sealed_micros,
  hours: row.hours,
  bytes: row.bytes,
  hoursMarked: row.hours_marked,
  hotFromMicros: row.hot_from_micros,
  report:
    row.ts_reported_micros === null
      ? null
      : { tsReportedMicros: row.ts_reported_micros, activity: row.activity, problem: row.problem }
})
