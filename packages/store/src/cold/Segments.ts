/**
 * Which hours and days are sealed, by which manifest. The objects are in the bucket; what counts is a row here, which is written
 * once its objects were read back and proved.
 *
 * Revisions of a span are fenced: 1, 2, 3 ..., each once, whoever seals. Knows nothing of what is in the objects.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { dayMicros, dayOf, hourMicros, type SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../Database.ts"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8, texts } from "../PgNumbers.ts"
import { clearMarks, type SegmentMark } from "./SegmentMarks.ts"

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

/** A revision to be committed, and what it answers. */
export interface SegmentCommit {
  readonly segment: Segment
  /** The markets that have rows of records in it, for hours; days leave it empty. */
  readonly tickers: ReadonlyArray<MarketTicker>
  /** Marks that were read before the span was: they are cleared, unless they were set again since. */
  readonly marks: ReadonlyArray<SegmentMark>
  /** The hours that a day was made of, which must still be those that count; hours leave it empty. */
  readonly madeOf: ReadonlyArray<Segment>
}

/** What became of a commit. */
export type Committed =
  | { readonly _tag: "Committed" }
  /** Somebody else committed this revision, or a later one, first; nothing was changed. What counts now. */
  | { readonly _tag: "Outrun"; readonly current: Segment }
  /** An hour that the day was made of does not count any more; nothing was changed. */
  | { readonly _tag: "Outdated"; readonly hour: Segment }

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
    /** Every revision of the hours or days that begin in [from, to), in order. */
    readonly revisions: (
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
    /** The days, by their beginning, whose 24 hours are sealed and unmarked, and that have no files made of them yet. */
    readonly daysDue: Effect.Effect<ReadonlyArray<number>, HotTierError>
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

  const revisions = (tag: SegmentSpan["_tag"], fromMicros: number, toMicros: number, isCurrent = false) =>
    sql<Row>`
      select ${columns} from segments
      where span = ${tag} and from_micros >= ${int8(fromMicros)} and from_micros < ${int8(toMicros)}
        and (is_current or not ${isCurrent})
      order by from_micros, revision`.pipe(Effect.map((rows) => rows.map(segmentOf)))

  const daysDue = sql<{ day: number }>`
    select hours.day
    from (select from_micros - from_micros % ${int8(dayMicros)} as day, max(commit_number) as commit_number
          from segments where span = 'hour' and is_current
            and from_micros not in (select hour_micros from segment_marks)
          group by 1 having count(*) = 24) as hours
      left join segments made on made.span = 'day' and made.from_micros = hours.day and made.is_current
    where made.commit_number is null or made.commit_number < hours.commit_number
    order by hours.day`.pipe(Effect.map((rows) => rows.map((row) => row.day)))

  const sealedUntil = sql<{ until: number | null }>`
    select min(from_micros) + ${int8(hourMicros)} as until
    from (select from_micros, lead(from_micros) over (order by from_micros) as next
          from segments where span = 'hour' and is_current) as hours
    where next is distinct from from_micros + ${int8(hourMicros)}`.pipe(
    Effect.map(([row]) => Option.fromNullishOr(row?.until))
  )

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

  const commit = Effect.fnUntraced(function* ({ madeOf, marks, segment, tickers }: SegmentCommit) {
    const { fromMicros, _tag } = segment.span
    yield* sql`select pg_advisory_xact_lock(hashtextextended('kalshibook.segments', 0))`
    const before = Option.getOrUndefined(yield* current(segment.span))
    if ((before?.revision ?? 0) !== segment.revision - 1) {
      // impossible: revisions are counted from those that were committed
      if (before === undefined) return yield* Effect.die(`revision ${segment.revision} of a span without any`)
      return { _tag: "Outrun", current: before } satisfies Committed as Committed
    }
    for (const hour of madeOf) {
      const counts = Option.getOrUndefined(yield* current(hour.span))
      if (counts?.revision !== hour.revision) return { _tag: "Outdated", hour } satisfies Committed as Committed
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
    yield* clearMarks(sql, marks)
    return { _tag: "Committed" } satisfies Committed as Committed
  }, sql.withTransaction)

  return {
    current: (span) => current(span).pipe(during("currentSegment")),
    list: (tag, fromMicros, toMicros) => revisions(tag, fromMicros, toMicros, true).pipe(during("listSegments")),
    revisions: (tag, fromMicros, toMicros) => revisions(tag, fromMicros, toMicros).pipe(during("listSegments")),
    sealedUntil: sealedUntil.pipe(during("sealedUntil")),
    commit: (request) => commit(request).pipe(during("commitSegment"), Effect.withSpan("Segments.commit")),
    verified: ({ revision, span }, tsVerifiedMicros) =>
      sql`update segments set ts_verified_micros = greatest(ts_verified_micros, ${int8(tsVerifiedMicros)})
          where span = ${span._tag} and from_micros = ${int8(span.fromMicros)} and revision = ${revision}`.pipe(
        Effect.asVoid,
        during("verifiedSegment")
      ),
    daysDue: daysDue.pipe(during("daysDue"))
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
