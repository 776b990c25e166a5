/**
 * Every comparison of a stored log with a book that the exchange's REST interface answered: what came of it, and for failures the
 * evidence. Knows nothing of how they are judged: `Audit` of core does.
 */
import type { AuditRates, UndecidedReason, Verdict } from "@kalshibook/core/Audit"
import type { BookLevels, MarketTicker } from "@kalshibook/core/BookRecord"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { inMemory } from "./AuditsMemory.ts"
import { inPostgres } from "./AuditsPostgres.ts"
import * as Database from "./Database.ts"
import type { HotTierError } from "./HotTierError.ts"

/** One audit of one market. Times are Unix microseconds by the receive clock. */
export interface AuditRecord {
  readonly marketTicker: MarketTicker
  readonly tsRequestedMicros: number
  /** With the market, this names the audit. */
  readonly tsAnsweredMicros: number
  /** The window of the log in which the answer's book had to be, both ends included. */
  readonly tsFromMicros: number
  readonly tsToMicros: number
  /** The connection of the log's last record within the window; 0 where there is none. */
  readonly epoch: number
  readonly verdict: Verdict["_tag"]
  /** Why nothing can be said; `null` unless undecided. */
  readonly reason: UndecidedReason | null
  /** Offset of the last record in the book that equals the answer or, when it failed, comes closest; `null` when undecided. */
  readonly offset: number | null
  /** The least age of the answer; `null` unless passed. */
  readonly ageMicros: number | null
  /** Levels that either book has, and those of them at which they are not the same. */
  readonly levelsCompared: number
  readonly levelsDifferent: number
  /** The answer, kept when it failed; else `null`. */
  readonly answer: BookLevels | null
}

export class Audits extends Context.Service<
  Audits,
  {
    /** Stores audits, all or none. One that is stored already (same market, same time of the answer) is ignored. */
    readonly store: (audits: ReadonlyArray<AuditRecord>) => Effect.Effect<void, HotTierError>
    /** Counts the audits answered in [fromMicros, toMicros). O(audits in it), by an index of their own. */
    readonly rates: (fromMicros: number, toMicros: number) => Effect.Effect<AuditRates, HotTierError>
    /** The last audits of a market, newest first. */
    readonly latest: (
      marketTicker: MarketTicker,
      auditsMax: number
    ) => Effect.Effect<ReadonlyArray<AuditRecord>, HotTierError>
  }
>()("@kalshibook/store/Audits") {
  static readonly layerNoDeps: Layer.Layer<Audits, never, SqlClient.SqlClient> = Layer.effect(
    Audits,
    Effect.map(SqlClient.SqlClient, (sql) => Audits.of(inPostgres(sql)))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = Audits.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, without limit: for tests. */
  static readonly layerMemory: Layer.Layer<Audits> = Layer.sync(Audits, () => Audits.of(inMemory()))
}
