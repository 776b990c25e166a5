/**
 * Which hours and days are sealed, by which manifest. The objects are in the bucket; what counts is a row here, which is written
 * once its objects were read back and proved.
 *
 * Revisions of a span are fenced: 1, 2, 3 ..., each once, whoever seals. Knows nothing of what is in the objects.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { dayOf, hourMicros, type SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../Database.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8, int8s, texts } from "../PgNumbers.ts"

/** One revision of a sealed hour or day. */
export interface Segment {
  readonly span: SegmentSpan
  /** 1, 2, 3 ...: a correction is a new one. */
  readonly revision: number
  readonly manifestKey: string
  /** Of the manifest's bytes, hexadecimal. */
  readonly manifestSha256: string
  readonly manifestBytes: number
  /** Records of all markets that are no keyframes. */
  readonly records: number
  /** Rows and bytes of all its files, without the manifest. */
  readonly rows: number
  readonly bytes: number
  /** Markets that have rows of records in it. */
  readonly markets: number
  /** Why it takes the place of the revision before; `null` for the first. */
  readonly reason: string | null
  /** For people: which program on which machine. */
  readonly sealedBy: string
  readonly tsSealedMicros: number
  /** When its objects were read back from the bucket and proved, last. */
  readonly tsVerifiedMicros: number
}

/** A sealed hour of which something was stored afterwards. */
export interface SegmentMark {
  readonly hourMicros: number
  /** `late_gap`, or what a person wrote. */
  readonly reason: string
  /** Grows each time that the hour is marked for this reason. */
  readonly tsMarkedMicros: number
}

/** A revision to be committed, and what it answers. */
export interface SegmentCommit {
  readonly segment: Segment
  /** The markets that have rows of records in it, for hours; days leave it empty. */
  readonly tickers: ReadonlyArray<MarketTicker>
  /** Marks that were read before the span was: they are cleared, unless they were set again since. */
  readonly marks: ReadonlyArray<SegmentMark>
}

/** What became of a commit. */
export type Committed =
  | { readonly _tag: "Committed" }
  /** Somebody else committed this revision, or a later one, first; nothing was changed. What counts now. */
  | { readonly _tag: "Outrun"; readonly current: Segment }

export class Segments extends Context.Service<
  Segments,
  {
    /** The revision that counts. */
    readonly current: (span: SegmentSpan) => Effect.Effect<Option.Option<Segment>, HotTierError>
    /** The revisions that count of the hours or days that begin in [from, to), in order. */
    readonly list: (
      tag: SegmentSpan["_tag"],
      fromMicros: number,
      toMicros: number
    ) => Effect.Effect<ReadonlyArray<Segment>, HotTierError>
    /** End of the first hours that are sealed without one missing, Unix microseconds; `None` while none is. */
    readonly sealedUntil: Effect.Effect<Option.Option<number>, HotTierError>
    /** Makes a revision the one that counts, in one transaction, when it follows the one that counts now. */
    readonly commit: (commit: SegmentCommit) => Effect.Effect<Committed, HotTierError>
    /** Notes that a revision was read back from the bucket and proved once more. */
    readonly verified: (segment: Segment, tsVerifiedMicros: number) => Effect.Effect<void, HotTierError>
    /** Sealed hours that have to be sealed again, in order. Read before the hour itself is. */
    readonly marks: (fromMicros: number, toMicros: number) => Effect.Effect<ReadonlyArray<SegmentMark>, HotTierError>
    /** Clears marks, unless they were set again since they were read: the hour was looked at, and is right as it is. */
    readonly clear: (marks: ReadonlyArray<SegmentMark>) => Effect.Effect<void, HotTierError>
    /** Asks for an hour to be sealed again. */
    readonly mark: (hourMicros: number, reason: string, tsMarkedMicros: number) => Effect.Effect<void, HotTierError>
  }
>()("@kalshibook/store/cold/Segments") {
  static readonly layerNoDeps: Layer.Layer<Segments, never, SqlClient.SqlClient> = Layer.effect(
    Segments,
    Effect.map(SqlClient.SqlClient, (sql) => Segments.of(make(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = Segments.layerNoDeps.pipe(Layer.provide(Database.layer))
}

const make = (sql: SqlClient.SqlClient): Segments["Service"] => {
  const columns = sql.literal(
    `span, from_micros, revision, manifest_key, manifest_sha256, manifest_bytes, records, rows, bytes, markets, reason,
     sealed_by, ts_sealed_micros, ts_verified_micros`
  )

  const current = ({ _tag, fromMicros }: SegmentSpan) =>
    sql<Row>`
      select ${columns} from segments where span = ${_tag} and from_micros = ${int8(fromMicros)} and is_current`.pipe(
      Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), segmentOf))
    )

  const list = (tag: SegmentSpan["_tag"], fromMicros: number, toMicros: number) =>
    sql<Row>`
      select ${columns} from segments
      where span = ${tag} and from_micros >= ${int8(fromMicros)} and from_micros < ${int8(toMicros)} and is_current
      order by from_micros`.pipe(Effect.map((rows) => rows.map(segmentOf)))

  const sealedUntil = sql<{ until: number | null }>`
    select min(from_micros) + ${int8(hourMicros)} as until
    from (select from_micros, lead(from_micros) over (order by from_micros) as next
          from segments where span = 'hour' and is_current) as hours
    where next is distinct from from_micros + ${int8(hourMicros)}`.pipe(
    Effect.map(([row]) => Option.fromNullishOr(row?.until))
  )

  const clear = (marks: ReadonlyArray<SegmentMark>) => sql`
    delete from segment_marks mark using unnest(${int8s(marks.map((mark) => mark.hourMicros))},
      ${texts(marks.map((mark) => mark.reason))}, ${int8s(marks.map((mark) => mark.tsMarkedMicros))})
      as read (hour_micros, reason, ts_marked_micros)
    where mark.hour_micros = read.hour_micros and mark.reason = read.reason
      and mark.ts_marked_micros = read.ts_marked_micros`

  /** Sets the hour's bit for these markets, and takes it from all others. */
  const noteMarkets = Effect.fnUntraced(function* (fromMicros: number, tickers: ReadonlyArray<MarketTicker>) {
    const day = dayOf(fromMicros)
    const bit = 2 ** ((fromMicros - day) / hourMicros)
    const ids = sql`select market_id from markets where ticker = any(${texts(tickers)})`
    yield* sql`delete from sealed_hours where day_micros = ${int8(day)} and hours = ${bit} and market_id not in (${ids})`
    yield* sql`update sealed_hours set hours = hours - ${bit}
      where day_micros = ${int8(day)} and hours & ${bit} <> 0 and market_id not in (${ids})`
    const noted = yield* sql`
      insert into sealed_hours as stored (market_id, day_micros, hours)
      select market_id, ${int8(day)}, ${bit} from (${ids}) as known
      on conflict (market_id, day_micros) do update set hours = stored.hours | excluded.hours
      returning market_id`
    // impossible: a market whose records were stored has an id
    if (noted.length !== new Set(tickers).size) return yield* Effect.die("a sealed market has no id")
  })

  const commit = Effect.fnUntraced(function* ({ marks, segment, tickers }: SegmentCommit) {
    const { fromMicros, _tag } = segment.span
    yield* sql`select pg_advisory_xact_lock(hashtextextended('kalshibook.segments', 0))`
    const before = Option.getOrUndefined(yield* current(segment.span))
    if ((before?.revision ?? 0) !== segment.revision - 1) {
      // impossible: revisions are counted from those that were committed
      if (before === undefined) return yield* Effect.die(`revision ${segment.revision} of a span without any`)
      return { _tag: "Outrun", current: before } satisfies Committed as Committed
    }
    yield* sql`update segments set is_current = false
      where span = ${_tag} and from_micros = ${int8(fromMicros)} and is_current`
    yield* sql`
      insert into segments (${columns})
      values (${_tag}, ${int8(fromMicros)}, ${segment.revision}, ${segment.manifestKey}, ${segment.manifestSha256},
              ${int8(segment.manifestBytes)}, ${int8(segment.records)}, ${int8(segment.rows)}, ${int8(segment.bytes)},
              ${segment.markets}, ${segment.reason}, ${segment.sealedBy}, ${int8(segment.tsSealedMicros)},
              ${int8(segment.tsVerifiedMicros)})`
    if (_tag === "hour") yield* noteMarkets(fromMicros, tickers)
    yield* clear(marks)
    return { _tag: "Committed" } satisfies Committed as Committed
  }, sql.withTransaction)

  return {
    current: (span) => current(span).pipe(during("currentSegment")),
    list: (tag, fromMicros, toMicros) => list(tag, fromMicros, toMicros).pipe(during("listSegments")),
    sealedUntil: sealedUntil.pipe(during("sealedUntil")),
    commit: (request) => commit(request).pipe(during("commitSegment"), Effect.withSpan("Segments.commit")),
    verified: ({ revision, span }, tsVerifiedMicros) =>
      sql`update segments set ts_verified_micros = greatest(ts_verified_micros, ${int8(tsVerifiedMicros)})
          where span = ${span._tag} and from_micros = ${int8(span.fromMicros)} and revision = ${revision}`.pipe(
        Effect.asVoid,
        during("verifiedSegment")
      ),
    marks: (fromMicros, toMicros) =>
      sql<MarkRow>`
        select hour_micros, reason, ts_marked_micros from segment_marks
        where hour_micros >= ${int8(fromMicros)} and hour_micros < ${int8(toMicros)} order by hour_micros, reason`.pipe(
        Effect.map((rows) => rows.map(markOf)),
        during("segmentMarks")
      ),
    clear: (marks) => clear(marks).pipe(Effect.asVoid, during("clearMarks")),
    mark: (hour, reason, tsMarkedMicros) =>
      sql`insert into segment_marks as stored (hour_micros, reason, ts_marked_micros)
          values (${int8(hour)}, ${reason}, ${int8(tsMarkedMicros)})
          on conflict (hour_micros, reason) do update
          set ts_marked_micros = greatest(excluded.ts_marked_micros, stored.ts_marked_micros + 1)`.pipe(
        Effect.asVoid,
        during("markHour")
      )
  }
}

interface Row {
  readonly span: SegmentSpan["_tag"]
  readonly from_micros: number
  readonly revision: number
  readonly manifest_key: string
  readonly manifest_sha256: string
  readonly manifest_bytes: number
  readonly records: number
  readonly rows: number
  readonly bytes: number
  readonly markets: number
  readonly reason: string | null
  readonly sealed_by: string
  readonly ts_sealed_micros: number
  readonly ts_verified_micros: number
}

const segmentOf = (row: Row): Segment => ({
  span: { _tag: row.span, fromMicros: row.from_micros },
  revision: row.revision,
  manifestKey: row.manifest_key,
  manifestSha256: row.manifest_sha256,
  manifestBytes: row.manifest_bytes,
  records: row.records,
  rows: row.rows,
  bytes: row.bytes,
  markets: row.markets,
  reason: row.reason,
  sealedBy: row.sealed_by,
  tsSealedMicros: row.ts_sealed_micros,
  tsVerifiedMicros: row.ts_verified_micros
})

interface MarkRow {
  readonly hour_micros: number
  readonly reason: string
  readonly ts_marked_micros: number
}

const markOf = (row: MarkRow): SegmentMark => ({
  hourMicros: row.hour_micros,
  reason: row.reason,
  tsMarkedMicros: row.ts_marked_micros
})
