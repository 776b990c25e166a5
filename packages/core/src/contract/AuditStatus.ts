/**
 * What a recorder knows of its audits and the API passes on in `/v1/status`: how often its books were held against the
 * exchange's own, what came of it, and the last time that they were not the same. A plain value.
 */
import type { AuditRates, LevelDifference } from "../Audit.ts"

/**
 * Why books were not compared:
 * - `maintenance`, `disconnected`, `recorder_behind`: there was nothing to judge with
 * - `clock_unsteady`: our clock was corrected meanwhile, so that nobody knows which moment the answer speaks of
 * - `no_markets`: no book was trusted
 * - `slow_answer`: the answer took so long that it shows nothing
 * - `rest_failed`, `store_failed`: the exchange's REST interface, or our store, did not answer
 */
export type AuditSkipReason =
  | "maintenance"
  | "disconnected"
  | "recorder_behind"
  | "clock_unsteady"
  | "no_markets"
  | "slow_answer"
  | "rest_failed"
  | "store_failed"

/** A book that was not the exchange's. */
export interface AuditFailure {
  readonly marketTicker: string
  /** When the exchange's book was there, by the receive clock, Unix microseconds. */
  readonly tsAnsweredMicros: number
  /** Offset of the last record in the book of our log that came closest. */
  readonly offset: number
  readonly levelsCompared: number
  readonly levelsDifferent: number
  /** The first levels that differ. */
  readonly differences: ReadonlyArray<LevelDifference>
}

export interface AuditStatus {
  /** Audits of this process. */
  readonly sinceStart: AuditRates
  /** Stored audits of the last hour and the last 24 hours, of earlier processes too; counted once a minute. */
  readonly lastHour: AuditRates
  readonly lastDay: AuditRates
  /** Rounds in which nothing was compared, by reason, since the start. */
  readonly roundsSkipped: Readonly<Partial<Record<AuditSkipReason, number>>>
  /** The last failure of this process. */
  readonly lastFailure: AuditFailure | null
  /** Why books cannot be compared right now, in words; `null` when they can. */
  readonly problem: string | null
}
