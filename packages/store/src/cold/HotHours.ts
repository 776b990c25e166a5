/**
 * The hours of the hot tier as the archiver sees them: where they begin, up to where they are whole, and their leaving. Nothing
 * leaves but by `prune`, and the database itself refuses what is not proved.
 */
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../Database.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"

export class HotHours extends Context.Service<
  HotHours,
  {
    /**
     * The first hour of which anything is in the hot tier: a record, a trade or a lifecycle message; `None` while nothing is. Reads
     * all trades: to be asked while nothing is sealed.
     */
    readonly first: Effect.Effect<Option.Option<number>, HotTierError>
    /** The hours that have a partition of records, in order. */
    readonly partitions: Effect.Effect<ReadonlyArray<number>, HotTierError>
    /** Records received before this have left the hot tier, Unix microseconds; 0 while none has. */
    readonly floor: Effect.Effect<number, HotTierError>
    /**
     * Whether the hot tier has all records of the hour: it has not left, and its partition is there or nothing was received in it (as
     * coverage counted; a partition that somebody dropped by hand leaves that count).
     */
    readonly isWhole: (hourMicros: number) => Effect.Effect<boolean, HotTierError>
    /** Whether trades that a hole lacked may have been stored in the hour, by REST: they are on no tape. */
    readonly hasFilledTrades: (hourMicros: number) => Effect.Effect<boolean, HotTierError>
    /**
     * Takes an hour out of the hot tier, with its keyframes, trades and lifecycle messages: the oldest, of which this revision was
     * proved just now. Fails, and changes nothing, when the revision does not count any more, when the hour is marked or is not the
     * next one, and when its coverage has not been summed up.
     */
    readonly prune: (hourMicros: number, revision: number) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/cold/HotHours") {
  static readonly layerNoDeps: Layer.Layer<HotHours, never, SqlClient.SqlClient> = Layer.effect(
    HotHours,
    Effect.map(SqlClient.SqlClient, (sql) => HotHours.of(make(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = HotHours.layerNoDeps.pipe(Layer.provide(Database.layer))
}

const make = (sql: SqlClient.SqlClient): HotHours["Service"] => ({
  first: sql<{ micros: number | null }>`
    select least((select min(hour) from hot_hours() as hour), (select min(ts_received_micros) from trades),
                 (select min(ts_received_micros) from lifecycle)) as micros`.pipe(
    Effect.map(([row]) => Option.map(Option.fromNullishOr(row?.micros), hourOf)),
    during("firstHotHour")
  ),
  partitions: sql<{ hour: number }>`select hour from hot_hours() as hour order by hour`.pipe(
    Effect.map((rows) => rows.map((row) => row.hour)),
    during("hotPartitions")
  ),
  floor: sql<{ from_micros: number }>`select from_micros from hot_floor`.pipe(
    Effect.map(([row]) => row?.from_micros ?? 0),
    during("hotFloor")
  ),
  isWhole: (hour) =>
    sql<{ is_whole: boolean }>`
      select ${int8(hour)} >= coalesce((select from_micros from hot_floor), 0)
         and (${int8(hour)} in (select hot_hours())
              or not exists (select from coverage_totals where hour_micros = ${int8(hour)} and records > 0)) as is_whole`.pipe(
      Effect.map(([row]) => row?.is_whole === true),
      during("isWholeHour")
    ),
  hasFilledTrades: (hour) =>
    sql<{ has_filled: boolean }>`
      select exists (
        select from channel_gaps
        where channel = 'trade' and entries_filled > 0 and ts_from_micros < ${int8(hour + hourMicros)}
          and ts_filled_micros >= ${int8(hour)}) as has_filled`.pipe(
      Effect.map(([row]) => row?.has_filled === true),
      during("hasFilledTrades")
    ),
  prune: (hour, revision) => sql`select prune_hour(${int8(hour)}, ${revision})`.pipe(Effect.asVoid, during("pruneHour"))
})
