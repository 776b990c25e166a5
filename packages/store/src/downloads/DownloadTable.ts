/**
 * The table `downloads`: who may work on what, and how far it is. A worker holds a lease that it renews while it lives; whatever it
 * writes names the lease, so that one that was believed dead changes nothing any more.
 *
 * adapter: SQL
 */
import { Effect, Option, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { during, type HotTierError } from "../HotTierError.ts"
import { jsonText } from "../PgJson.ts"
import { int8 } from "../PgNumbers.ts"
import { DownloadPart } from "./DownloadPart.ts"
import * as Request from "./DownloadRequest.ts"
import type { Download, DownloadState } from "./Downloads.ts"

/** A download with what answers it. */
export interface StoredDownload extends Download {
  readonly sources: ReadonlyArray<Request.DownloadSource>
  readonly attempts: number
}

interface Row {
  readonly id: string
  readonly request: unknown
  readonly state: DownloadState
  readonly reason: string | null
  readonly parts: unknown
  readonly days_total: number
  readonly days_done: number
  readonly attempts: number
  readonly ts_created_micros: number
  readonly ts_expires_micros: number
}

const decodeRequest = Schema.decodeUnknownSync(Request.StoredRequest)
const decodeParts = Schema.decodeUnknownSync(Schema.Array(DownloadPart))

/** What is in the table is ours: a row that cannot be read is a defect. */
const downloadOf = (row: Row): StoredDownload => {
  const stored = decodeRequest(row.request)
  return {
    id: row.id,
    request: Request.requestOf(stored),
    sources: Request.sourcesOf(stored),
    state: row.state,
    reason: row.reason,
    daysTotal: row.days_total,
    daysDone: row.days_done,
    parts: decodeParts(row.parts),
    attempts: row.attempts,
    tsCreatedMicros: row.ts_created_micros,
    tsExpiresMicros: row.ts_expires_micros
  }
}

/** What a new download begins with. */
export interface Beginning {
  readonly stored: Request.StoredRequest
  readonly state: "queued" | "done"
  readonly parts: ReadonlyArray<DownloadPart>
  readonly daysTotal: number
  readonly nowMicros: number
  readonly expiresMicros: number
}

/** A worker's hold on a download. */
export interface Lease {
  readonly owner: string
  readonly nowMicros: number
  readonly untilMicros: number
}

export interface DownloadTable {
  /** Puts it in, or finds it; one that is there is kept longer, and one that failed waits again. */
  readonly begin: (beginning: Beginning) => Effect.Effect<StoredDownload, HotTierError>
  readonly find: (id: string, nowMicros: number) => Effect.Effect<Option.Option<StoredDownload>, HotTierError>
  /** Takes the one that has waited longest, or was left. */
  readonly claim: (lease: Lease) => Effect.Effect<Option.Option<StoredDownload>, HotTierError>
  /** Holds on. False when another has it. */
  readonly renew: (id: string, lease: Lease) => Effect.Effect<boolean, HotTierError>
  /** Notes a day's parts; the last day's make it done. False when another has it. */
  readonly dayDone: (
    download: StoredDownload,
    lease: Lease,
    parts: ReadonlyArray<DownloadPart>
  ) => Effect.Effect<boolean, HotTierError>
  readonly fail: (id: string, lease: Lease, reason: string) => Effect.Effect<void, HotTierError>
  /** Lets it wait for another attempt. */
  readonly release: (id: string, lease: Lease) => Effect.Effect<void, HotTierError>
  /** Ids that have expired. */
  readonly expired: (nowMicros: number) => Effect.Effect<ReadonlyArray<string>, HotTierError>
  /** Of these ids, those that are in the table. */
  readonly known: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, HotTierError>
  readonly forget: (id: string) => Effect.Effect<void, HotTierError>
}

export const make = (sql: SqlClient.SqlClient): DownloadTable => {
  const columns = sql.literal(
    "id, request, state, reason, parts, days_total, days_done, attempts, ts_created_micros, ts_expires_micros"
  )
  const first = (rows: ReadonlyArray<Row>) => Option.map(Option.fromUndefinedOr(rows[0]), downloadOf)
  const sums = (parts: ReadonlyArray<DownloadPart>) => ({
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0)
  })

  const begin = Effect.fnUntraced(function* (beginning: Beginning) {
    const { daysTotal, expiresMicros, nowMicros, parts, state, stored } = beginning
    const { bytes, rows } = sums(parts)
    const found = yield* sql<Row>`
      insert into downloads as known (id, request, state, parts, days_total, days_done, rows_done, bytes_done,
        ts_created_micros, ts_changed_micros, ts_expires_micros)
      values (${Request.idOf(stored)}, ${jsonText(stored)}::jsonb, ${state}, ${jsonText(parts)}::jsonb, ${daysTotal},
        ${state === "done" ? daysTotal : 0}, ${int8(rows)}, ${int8(bytes)}, ${int8(nowMicros)}, ${int8(nowMicros)},
        ${int8(expiresMicros)})
      on conflict (id) do update set
        ts_expires_micros = greatest(known.ts_expires_micros, excluded.ts_expires_micros),
        ts_changed_micros = excluded.ts_changed_micros,
        state = case known.state when 'failed' then 'queued' else known.state end,
        attempts = case known.state when 'failed' then 0 else known.attempts end,
        reason = null
      returning ${columns}`
    return downloadOf(found[0] as Row)
  })

  const claim = (lease: Lease) => sql<Row>`
    update downloads set state = 'running', attempts = attempts + 1, lease_owner = ${lease.owner},
      lease_until_micros = ${int8(lease.untilMicros)}, ts_changed_micros = ${int8(lease.nowMicros)}
    where id = (
      select id from downloads
      where state = 'queued' or (state = 'running' and lease_until_micros < ${int8(lease.nowMicros)})
      order by ts_created_micros limit 1 for update skip locked)
    returning ${columns}`

  const dayDone = Effect.fnUntraced(function* (
    download: StoredDownload,
    { nowMicros, owner }: Lease,
    parts: ReadonlyArray<DownloadPart>
  ) {
    const { bytes, rows } = sums(parts)
    const isLast = sql`days_done + 1 = days_total`
    const changed = yield* sql`
      update downloads set parts = parts || ${jsonText(parts)}::jsonb, days_done = days_done + 1,
        rows_done = rows_done + ${int8(rows)}, bytes_done = bytes_done + ${int8(bytes)},
        state = case when ${isLast} then 'done' else state end,
        lease_owner = case when ${isLast} then null else lease_owner end,
        lease_until_micros = case when ${isLast} then null else lease_until_micros end,
        ts_changed_micros = ${int8(nowMicros)}
      where id = ${download.id} and lease_owner = ${owner} and state = 'running' and days_done = ${download.daysDone}
      returning id`
    return changed.length === 1
  })

  const end = (id: string, { nowMicros, owner }: Lease, state: "queued" | "failed", reason: string | null) => sql`
    update downloads set state = ${state}, reason = ${reason}, lease_owner = null, lease_until_micros = null,
      ts_changed_micros = ${int8(nowMicros)}
    where id = ${id} and lease_owner = ${owner}`

  return {
    begin: (beginning) => during("beginDownload")(begin(beginning)),
    find: (id, nowMicros) =>
      during("findDownload")(
        Effect.map(
          sql<Row>`select ${columns} from downloads where id = ${id} and ts_expires_micros > ${int8(nowMicros)}`,
          first
        )
      ),
    claim: (lease) => during("claimDownload")(Effect.map(claim(lease), first)),
    renew: (id, { owner, untilMicros }) =>
      during("renewDownload")(
        Effect.map(
          sql`update downloads set lease_until_micros = ${int8(untilMicros)}
            where id = ${id} and lease_owner = ${owner} returning id`,
          (rows) => rows.length === 1
        )
      ),
    dayDone: (download, lease, parts) => during("noteDownload")(dayDone(download, lease, parts)),
    fail: (id, lease, reason) => during("failDownload")(Effect.asVoid(end(id, lease, "failed", reason))),
    release: (id, lease) => during("releaseDownload")(Effect.asVoid(end(id, lease, "queued", null))),
    expired: (nowMicros) =>
      during("expiredDownloads")(
        Effect.map(
          sql<{ id: string }>`select id from downloads where ts_expires_micros <= ${int8(nowMicros)}
            and state <> 'running' order by ts_expires_micros limit 1000`,
          (rows) => rows.map(({ id }) => id)
        )
      ),
    known: (ids) =>
      during("knownDownloads")(
        Effect.map(
          sql<{ id: string }>`select id from downloads where ${sql.in("id", [...ids, ""])}`,
          (rows) => new Set(rows.map(({ id }) => id))
        )
      ),
    forget: (id) => during("forgetDownload")(Effect.asVoid(sql`delete from downloads where id = ${id}`))
  }
}
