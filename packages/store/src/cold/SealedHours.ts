/**
 * Where the cold tier's reading begins: which sealed hours hold rows of a market, by which revisions, and which records have left the
 * hot tier. One statement for each question, so that floor, revisions and marks belong together.
 *
 * What counts is a row of Postgres (`Segments` writes them); this reads, and knows nothing of objects.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { dayOf, hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { during, type HotTierError } from "../HotTierError.ts"
import { int8 } from "../PgNumbers.ts"
import type { SealedHour } from "./Manifests.ts"
import { restingMicrosMin } from "./RestingLogs.ts"

/** A sealed hour, and whether something was stored of it since. */
export interface FoundHour extends SealedHour {
  /** Records that the files lack are in the hot tier, and its keyframes may lack them, too. */
  readonly isMarked: boolean
}

export interface HoursFound {
  /** Records received before this have left the hot tier, Unix microseconds; 0 when none has. */
  readonly floorMicros: number
  readonly hours: ReadonlyArray<FoundHour>
}

/** Sealed hours that begin in [from, to). */
export interface HoursQuery {
  /** Only those with rows of records of this market; `undefined` for all. */
  readonly marketTicker: MarketTicker | undefined
  /** Marked ones also without such rows: what was stored since may be the market's. */
  readonly alsoMarked: boolean
  readonly fromMicros: number
  readonly toMicros: number
  /** Which ones when there are more than `hoursMax`, and in which order. */
  readonly order: "earliest" | "latest"
  readonly hoursMax: number
}

/** A sealed hour, by what makes an answer about it another. */
export interface SealedRevision {
  readonly hourMicros: number
  readonly revision: number
  readonly isMarked: boolean
}

/** Hours in which trades were received that had happened in some time, [from, to). */
export interface TradeHours {
  readonly fromMicros: number
  readonly toMicros: number
}

/** A gap as Postgres keeps it for ever. */
export interface StoredGap {
  readonly marketTicker: MarketTicker
  readonly offset: number
  readonly tsReceivedMicros: number
}

/** A market, and the latest hour before another in which it has rows. */
export interface InterruptedLog {
  readonly marketTicker: MarketTicker
  readonly hourMicros: number
}

export class SealedHours extends Context.Service<
  SealedHours,
  {
    /** The floor alone. */
    readonly floorMicros: Effect.Effect<number, HotTierError>
    readonly hours: (query: HoursQuery) => Effect.Effect<HoursFound, HotTierError>
    /**
     * When trades were received that had happened in [from, to) and were lost on their channel at first: from each hole that touches
     * the time until it was filled.
     */
    readonly fills: (fromMicros: number, toMicros: number) => Effect.Effect<ReadonlyArray<TradeHours>, HotTierError>
    /** Every sealed hour in its current revision, ascending. O(hours). */
    readonly revisions: Effect.Effect<ReadonlyArray<SealedRevision>, HotTierError>
    /** Markets of which something was recorded at the moment or since. */
    readonly writtenSince: (fromMicros: number) => Effect.Effect<ReadonlyArray<MarketTicker>, HotTierError>
    /** Markets whose logs are at rest in an hour, unless they have records in it (`RestingLogs`). */
    readonly resting: (hourMicros: number) => Effect.Effect<ReadonlyArray<MarketTicker>, HotTierError>
    /**
     * Markets of which something was recorded in an hour or since, and which have rows in sealed hours before it, though not in the one
     * right before it; each with the latest of those.
     */
    readonly interrupted: (hourMicros: number) => Effect.Effect<ReadonlyArray<InterruptedLog>, HotTierError>
    /** Gaps that begin in [from, to); of one market, or of all (a scan). */
    readonly gaps: (
      marketTicker: MarketTicker | undefined,
      fromMicros: number,
      toMicros: number
    ) => Effect.Effect<ReadonlyArray<StoredGap>, HotTierError>
  }
>()("@kalshibook/store/cold/SealedHours") {
  static readonly layerNoDeps: Layer.Layer<SealedHours, never, SqlClient.SqlClient> = Layer.effect(
    SealedHours,
    Effect.map(SqlClient.SqlClient, (sql) => SealedHours.of(make(sql)))
  )

  /** Nothing is sealed, and nothing has left the hot tier: for tests of the hot tier alone. */
  static readonly layerNone: Layer.Layer<SealedHours> = Layer.succeed(
    SealedHours,
    SealedHours.of({
      floorMicros: Effect.succeed(0),
      hours: () => Effect.succeed({ floorMicros: 0, hours: [] }),
      gaps: () => Effect.succeed([]),
      fills: () => Effect.succeed([]),
      revisions: Effect.succeed([]),
      writtenSince: () => Effect.succeed([]),
      resting: () => Effect.succeed([]),
      interrupted: () => Effect.succeed([])
    })
  )
}

const make = (sql: SqlClient.SqlClient): SealedHours["Service"] => {
  const floor = sql.literal("coalesce((select from_micros from hot_floor), 0)")
  const columns = sql.literal("from_micros, revision, manifest_key, manifest_sha256, manifest_bytes")

  const isMarked = sql.literal("exists (select from segment_marks where hour_micros = from_micros)")

  /** Each hour of the market's days whose bit is set. */
  const ofMarket = (ticker: MarketTicker, { alsoMarked, fromMicros, toMicros }: HoursQuery) => sql`
    and (${alsoMarked ? sql`${isMarked} or` : sql``} from_micros in (
      select day_micros + hour * 3600000000 from sealed_hours join markets using (market_id), generate_series(0, 23) as hour
      where ticker = ${ticker} and day_micros >= ${int8(dayOf(fromMicros))} and day_micros < ${int8(toMicros)}
        and (hours >> hour) & 1 = 1))`

  const hours = (query: HoursQuery) =>
    sql<HourRow>`
      select floor_micros, found.* from (select ${floor} as floor_micros) as only_row left join lateral (
        select ${columns},
               ${isMarked} as is_marked
        from segments
        where span = 'hour' and is_current and from_micros >= ${int8(query.fromMicros)} and from_micros < ${int8(query.toMicros)}
          ${query.marketTicker === undefined ? sql`` : ofMarket(query.marketTicker, query)}
        order by from_micros ${sql.literal(query.order === "latest" ? "desc" : "")} limit ${query.hoursMax}
      ) as found on true`.pipe(
      Effect.map((rows) => ({
        floorMicros: rows[0]?.floor_micros ?? 0,
        hours: rows
          .flatMap(hourOfRow)
          .sort((left, right) =>
            query.order === "latest" ? right.hourMicros - left.hourMicros : left.hourMicros - right.hourMicros
          )
      }))
    )

  const gaps = (ticker: MarketTicker | undefined, fromMicros: number, toMicros: number) =>
    sql<{ ticker: string; record_offset: number; ts_received_micros: number }>`
      select ticker, record_offset, ts_received_micros from gaps join markets using (market_id)
      where ts_received_micros >= ${int8(fromMicros)} and ts_received_micros < ${int8(toMicros)}
        ${ticker === undefined ? sql`` : sql`and ticker = ${ticker}`}
      order by record_offset`.pipe(
      Effect.map((rows) =>
        rows.map((row) => ({
          marketTicker: row.ticker,
          offset: row.record_offset,
          tsReceivedMicros: row.ts_received_micros
        }))
      )
    )

  const fills = (fromMicros: number, toMicros: number) =>
    sql<{ from_micros: number; to_micros: number }>`
      select ts_from_micros as from_micros, coalesce(ts_filled_micros, ${int8(Number.MAX_SAFE_INTEGER)}) as to_micros
      from channel_gaps
      where channel = 'trade' and ts_from_micros < ${int8(toMicros)} and coalesce(ts_to_micros > ${int8(fromMicros)}, true)`.pipe(
      Effect.map((rows) => rows.map((row) => ({ fromMicros: row.from_micros, toMicros: row.to_micros })))
    )

  const revisions = sql<{ from_micros: number; revision: number; is_marked: boolean }>`
    select from_micros, revision, ${isMarked} as is_marked from segments
    where span = 'hour' and is_current order by from_micros`.pipe(
    Effect.map((rows) =>
      rows.map((row) => ({ hourMicros: row.from_micros, revision: row.revision, isMarked: row.is_marked }))
    )
  )

  const writtenSince = (fromMicros: number) =>
    sql<{ ticker: string }>`
      select ticker from log_heads join markets using (market_id) where ts_received_micros >= ${int8(fromMicros)}`.pipe(
      Effect.map((rows) => rows.map((row) => row.ticker))
    )

  // In the words of the index `gaps_long`.
  const resting = (hour: number) =>
    sql<{ ticker: string }>`
      select ticker from gaps g join markets using (market_id)
      where (ts_end_micros is null or ts_end_micros - ts_received_micros > 86400000000) and cause <> 'market_closed'
        and ts_received_micros < ${int8(hour - restingMicrosMin)}
        and (ts_end_micros is null or ts_end_micros >= ${int8(hour)})
        and not exists (
          select from gaps later
          where later.market_id = g.market_id and later.record_offset > g.record_offset
            and later.ts_received_micros < ${int8(hour)})`.pipe(Effect.map((rows) => rows.map((row) => row.ticker)))

  /** The lateral part finds the last day with a bit below the hour, and the highest of its bits. */
  const interrupted = (hour: number) => {
    const before = hour - hourMicros
    const day = dayOf(before)
    const mask = 2 ** ((before - day) / hourMicros + 1) - 1
    return sql<{ ticker: string; hour_micros: number }>`
      select ticker, last.hour_micros from log_heads join markets using (market_id) cross join lateral (
        select day_micros + (length(ltrim(bits::bit(24)::text, '0')) - 1) * 3600000000 as hour_micros
        from (
          select day_micros, case when day_micros = ${int8(day)} then hours & ${mask} else hours end as bits
          from sealed_hours where market_id = log_heads.market_id and day_micros <= ${int8(day)}
          order by day_micros desc limit 2
        ) as days
        where bits <> 0 order by day_micros desc limit 1
      ) as last
      where log_heads.ts_received_micros >= ${int8(hour)} and last.hour_micros < ${int8(before)}
      order by ticker collate "C"`.pipe(
      Effect.map((rows) => rows.map((row) => ({ marketTicker: row.ticker, hourMicros: row.hour_micros })))
    )
  }

  return {
    resting: (hour) => resting(hour).pipe(during("restingLogs")),
    interrupted: (hour) => interrupted(hour).pipe(during("interruptedLogs")),
    writtenSince: (fromMicros) => writtenSince(fromMicros).pipe(during("writtenSince")),
    fills: (fromMicros, toMicros) => fills(fromMicros, toMicros).pipe(during("tradeFills")),
    revisions: revisions.pipe(during("sealedRevisions")),
    floorMicros: sql<{ floor_micros: number }>`select ${floor} as floor_micros`.pipe(
      Effect.map(([row]) => row?.floor_micros ?? 0),
      during("hotFloor")
    ),
    hours: (query) => hours(query).pipe(during("sealedHours")),
    gaps: (ticker, fromMicros, toMicros) => gaps(ticker, fromMicros, toMicros).pipe(during("storedGaps"))
  }
}

interface HourRow {
  readonly floor_micros: number
  readonly from_micros: number | null
  readonly revision: number
  readonly manifest_key: string
  readonly manifest_sha256: string
  readonly manifest_bytes: number
  readonly is_marked: boolean
}

const hourOfRow = (row: HourRow): ReadonlyArray<FoundHour> =>
  row.from_micros === null
    ? []
    : [
        {
          hourMicros: row.from_micros,
          revision: row.revision,
          manifestKey: row.manifest_key,
          manifestSha256: row.manifest_sha256,
          manifestBytes: row.manifest_bytes,
          isMarked: row.is_marked
        }
      ]
