/**
 * Which hours have to be sealed again: the database marks those that a late gap makes wrong, in the gap's own transaction, and people
 * may ask for others. A mark may also stand on an hour that is not sealed yet: it may have been read for it already.
 */
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../Database.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8, int8s, texts } from "../PgNumbers.ts"

/** An hour of which something was stored after it was sealed, or may have been. */
export interface SegmentMark {
  readonly hourMicros: number
  /** `late_gap`, or what a person wrote. */
  readonly reason: string
  /** Grows each time that the hour is marked for this reason. */
  readonly tsMarkedMicros: number
}

export class SegmentMarks extends Context.Service<
  SegmentMarks,
  {
    /** From now on gaps that reach back mark this hour. To be done before anything of an hour is read that is not sealed yet. */
    readonly begin: (hourMicros: number) => Effect.Effect<void, HotTierError>
    /** Marks of the hours that begin in [from, to), in order. Read before the hour itself is. */
    readonly list: (fromMicros: number, toMicros: number) => Effect.Effect<ReadonlyArray<SegmentMark>, HotTierError>
    /** Asks for an hour to be sealed again. */
    readonly set: (mark: SegmentMark) => Effect.Effect<void, HotTierError>
    /** Clears marks, unless they were set again since they were read: the hour was looked at, and is right as it is. */
    readonly clear: (marks: ReadonlyArray<SegmentMark>) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/cold/SegmentMarks") {
  static readonly layerNoDeps: Layer.Layer<SegmentMarks, never, SqlClient.SqlClient> = Layer.effect(
    SegmentMarks,
    Effect.map(SqlClient.SqlClient, (sql) => SegmentMarks.of(make(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = SegmentMarks.layerNoDeps.pipe(Layer.provide(Database.layer))
}

/** The statement of `clear`, for whoever has a transaction. */
export const clearMarks = (sql: SqlClient.SqlClient, marks: ReadonlyArray<SegmentMark>) => sql`
  delete from segment_marks mark using unnest(${int8s(marks.map((mark) => mark.hourMicros))},
    ${texts(marks.map((mark) => mark.reason))}, ${int8s(marks.map((mark) => mark.tsMarkedMicros))})
    as read (hour_micros, reason, ts_marked_micros)
  where mark.hour_micros = read.hour_micros and mark.reason = read.reason
    and mark.ts_marked_micros = read.ts_marked_micros`

const make = (sql: SqlClient.SqlClient): SegmentMarks["Service"] => ({
  begin: (hourMicros) => sql`select begin_sealing(${int8(hourMicros)})`.pipe(Effect.asVoid, during("beginSealing")),
  list: (fromMicros, toMicros) =>
    sql<Row>`
      select hour_micros, reason, ts_marked_micros from segment_marks
      where hour_micros >= ${int8(fromMicros)} and hour_micros < ${int8(toMicros)} order by hour_micros, reason`.pipe(
      Effect.map((rows) => rows.map(markOf)),
      during("segmentMarks")
    ),
  set: ({ hourMicros, reason, tsMarkedMicros }) =>
    sql`insert into segment_marks as stored (hour_micros, reason, ts_marked_micros)
        values (${int8(hourMicros)}, ${reason}, ${int8(tsMarkedMicros)})
        on conflict (hour_micros, reason) do update
        set ts_marked_micros = greatest(excluded.ts_marked_micros, stored.ts_marked_micros + 1)`.pipe(
      Effect.asVoid,
      during("markHour")
    ),
  clear: (marks) => clearMarks(sql, marks).pipe(Effect.asVoid, during("clearMarks"))
})

interface Row {
  readonly hour_micros: number
  readonly reason: string
  readonly ts_marked_micros: number
}

const markOf = (row: Row): SegmentMark => ({
  hourMicros: row.hour_micros,
  reason: row.reason,
  tsMarkedMicros: row.ts_marked_micros
})
