/** Audits in Postgres: the table `audits`. */
import { type UndecidedReason, undecidedReasons, type Verdict } from "@kalshibook/core/Audit"
import type { BookLevels, MarketTicker } from "@kalshibook/core/BookRecord"
import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import type { AuditRecord, Audits } from "./Audits.ts"
import { during } from "./HotTierError.ts"
import * as LevelsCodec from "./LevelsCodec.ts"
import * as MarketIds from "./MarketIds.ts"
import { byteas, int4s, int8, int8s, texts } from "./PgNumbers.ts"

const verdictCodes = { passed: "p", failed: "f", undecided: "u" } as const satisfies Record<Verdict["_tag"], string>

interface Row {
  readonly ts_answered_micros: number
  readonly ts_requested_micros: number
  readonly ts_from_micros: number
  readonly ts_to_micros: number
  readonly record_offset: number | null
  readonly age_micros: number | null
  readonly epoch: number
  readonly levels_compared: number
  readonly levels_different: number
  readonly verdict: string
  readonly reason: string | null
  readonly answer: Uint8Array | null
}

export const inPostgres = (sql: SqlClient.SqlClient): Audits["Service"] => {
  const markets = MarketIds.make(sql)

  const store = Effect.fnUntraced(function* (audits: ReadonlyArray<AuditRecord>) {
    if (audits.length === 0) return
    const ids = yield* markets.ensure(new Set(audits.map(({ marketTicker }) => marketTicker)))
    const column = <A>(of: (audit: AuditRecord) => A): ReadonlyArray<A> => audits.map(of)
    yield* sql`
      insert into audits (market_id, ts_answered_micros, ts_requested_micros, ts_from_micros, ts_to_micros, record_offset,
                          age_micros, epoch, levels_compared, levels_different, verdict, reason, answer)
      select unnest(${int4s(column(({ marketTicker }) => ids.get(marketTicker) as number))}),
             unnest(${int8s(column(({ tsAnsweredMicros }) => tsAnsweredMicros))}),
             unnest(${int8s(column(({ tsRequestedMicros }) => tsRequestedMicros))}),
             unnest(${int8s(column(({ tsFromMicros }) => tsFromMicros))}),
             unnest(${int8s(column(({ tsToMicros }) => tsToMicros))}),
             unnest(${int8s(column(({ offset }) => offset))}),
             unnest(${int8s(column(({ ageMicros }) => ageMicros))}),
             unnest(${int4s(column(({ epoch }) => epoch))}),
             unnest(${int4s(column(({ levelsCompared }) => levelsCompared))}),
             unnest(${int4s(column(({ levelsDifferent }) => levelsDifferent))}),
             unnest(${texts(column(({ verdict }) => verdictCodes[verdict]))})::"char",
             unnest(${texts(column(({ reason }) => reason))}),
             unnest(${byteas(column(({ answer }) => (answer === null ? null : LevelsCodec.encode(answer))))})
      on conflict do nothing`
  }, sql.withTransaction)

  const rates = (fromMicros: number, toMicros: number) =>
    sql<{ verdict: string; audits: number }>`
      select verdict, count(*) as audits from audits
      where ts_answered_micros >= ${int8(fromMicros)} and ts_answered_micros < ${int8(toMicros)} group by verdict`.pipe(
      Effect.map((rows) => {
        const counts = { passed: 0, failed: 0, undecided: 0 }
        for (const { audits, verdict } of rows) counts[verdictOf(verdict)] = audits
        return counts
      })
    )

  const latest = Effect.fnUntraced(function* (ticker: MarketTicker, auditsMax: number) {
    const id = yield* markets.find(ticker)
    if (Option.isNone(id)) return []
    const rows = yield* sql<Row>`
      select ts_answered_micros, ts_requested_micros, ts_from_micros, ts_to_micros, record_offset, age_micros, epoch,
             levels_compared, levels_different, verdict, reason, answer
      from audits where market_id = ${id.value} order by ts_answered_micros desc limit ${auditsMax}`
    return rows.map((row) => auditOf(ticker, row))
  })

  return {
    store: (audits) => store(audits).pipe(during("storeAudits")),
    rates: (fromMicros, toMicros) => rates(fromMicros, toMicros).pipe(during("auditRates")),
    latest: (ticker, auditsMax) => latest(ticker, auditsMax).pipe(during("latestAudits"))
  }
}

/** The verdict of a code; the table admits no fourth. */
const verdictOf = (code: string): Verdict["_tag"] => (code === "p" ? "passed" : code === "f" ? "failed" : "undecided")

const auditOf = (marketTicker: MarketTicker, row: Row): AuditRecord => ({
  marketTicker,
  tsRequestedMicros: row.ts_requested_micros,
  tsAnsweredMicros: row.ts_answered_micros,
  tsFromMicros: row.ts_from_micros,
  tsToMicros: row.ts_to_micros,
  epoch: row.epoch,
  verdict: verdictOf(row.verdict),
  reason: reasonOf(row.reason),
  offset: row.record_offset,
  ageMicros: row.age_micros,
  levelsCompared: row.levels_compared,
  levelsDifferent: row.levels_different,
  answer: row.answer === null ? null : levelsOf(marketTicker, row.answer)
})

const reasonOf = (text: string | null): UndecidedReason | null =>
  undecidedReasons.find((reason) => reason === text) ?? null

const levelsOf = (marketTicker: MarketTicker, bytes: Uint8Array): BookLevels => {
  const levels = LevelsCodec.decode(bytes)
  // impossible: levels are written by LevelsCodec alone; a damaged table has no evidence to show.
  if (levels === undefined) throw new Error(`the stored answer about ${marketTicker} is damaged`)
  return levels
}
