/**
 * What the recorder says of itself, left in the database for an API that runs in another process. One row, replaced every few
 * seconds. Nothing depends on it.
 */
import { RecorderReport } from "@kalshibook/core/contract/RecorderReport"
import {
  type RecorderStatus,
  recorderStates,
  type SourceKind,
  sourceDescriptions
} from "@kalshibook/core/contract/RecorderStatus"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { during, type HotTierError } from "./HotTierError.ts"
import { jsonText } from "./PgJson.ts"
import { int8 } from "./PgNumbers.ts"

export interface PostedStatus {
  readonly status: RecorderStatus
  /** When the recorder said so, by its receive clock, Unix microseconds. */
  readonly tsReportedMicros: number
}

export class StatusBoard extends Context.Service<
  StatusBoard,
  {
    /** Takes the place of what was said before. */
    readonly post: (posted: PostedStatus) => Effect.Effect<void, HotTierError>
    /** What was said last. A report of another version that cannot be read is left out. */
    readonly read: Effect.Effect<Option.Option<PostedStatus>, HotTierError>
    /** Bytes that the whole database takes on its disk; `null` where there is no disk. */
    readonly databaseBytes: Effect.Effect<number | null, HotTierError>
  }
>()("@kalshibook/store/StatusBoard") {
  static readonly layerNoDeps: Layer.Layer<StatusBoard, never, SqlClient.SqlClient> = Layer.effect(
    StatusBoard,
    Effect.map(SqlClient.SqlClient, (sql) => StatusBoard.of(inPostgres(sql)))
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<StatusBoard> = Layer.sync(StatusBoard, () => {
    let last: PostedStatus | null = null
    return StatusBoard.of({
      post: (posted) =>
        Effect.sync(() => {
          last = posted
        }),
      read: Effect.sync(() => Option.fromNullOr(last)),
      databaseBytes: Effect.succeed(null)
    })
  })
}

interface Row {
  readonly ts_reported_micros: number
  readonly source: string
  readonly url: string | null
  readonly state: string
  readonly ts_since_micros: number | null
  readonly markets_recorded: number
  readonly records_per_second: number | null
  readonly report: unknown
}

const inPostgres = (sql: SqlClient.SqlClient): StatusBoard["Service"] => ({
  post: ({ status, tsReportedMicros }) =>
    sql`insert into recorder_status (ts_reported_micros, source, url, state, ts_since_micros, markets_recorded,
                                     records_per_second, report)
        values (${int8(tsReportedMicros)}, ${status.source}, ${status.url}, ${status.state},
                ${status.sinceMicros === null ? null : int8(status.sinceMicros)}, ${status.marketsRecorded},
                ${status.recordsPerSecond}, ${status.report === null ? null : jsonText(status.report)}::text::jsonb)
        on conflict (only_row) do update set
          ts_reported_micros = excluded.ts_reported_micros, source = excluded.source, url = excluded.url,
          state = excluded.state, ts_since_micros = excluded.ts_since_micros, markets_recorded = excluded.markets_recorded,
          records_per_second = excluded.records_per_second, report = excluded.report`.pipe(
      Effect.asVoid,
      during("postStatus")
    ),
  read: sql<Row>`
    select ts_reported_micros, source, url, state, ts_since_micros, markets_recorded, records_per_second, report
    from recorder_status`.pipe(
    Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), postedOf)),
    during("readStatus")
  ),
  databaseBytes: sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`.pipe(
    Effect.map(([row]) => row?.bytes ?? null),
    during("databaseBytes")
  )
})

const postedOf = (row: Row): PostedStatus => ({
  tsReportedMicros: row.ts_reported_micros,
  status: {
    source: Object.hasOwn(sourceDescriptions, row.source) ? (row.source as SourceKind) : "unknown",
    url: row.url,
    state: recorderStates.find((state) => state === row.state) ?? "stopped",
    sinceMicros: row.ts_since_micros,
    marketsRecorded: row.markets_recorded,
    recordsPerSecond: row.records_per_second,
    report: Option.getOrNull(Schema.decodeUnknownOption(RecorderReport)(row.report))
  }
})
