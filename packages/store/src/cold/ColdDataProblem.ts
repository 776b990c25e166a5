/** What a question over the cold tier fails with: its data is not what it must be, or its store is away. Never a wrong book. */
import { Schema } from "effect"

/**
 * - `missing`: the store has no such object
 * - `differs`: its bytes are not those that its manifest, or Postgres, names
 * - `unreadable`: it cannot be read as what it should be
 * - `incomplete`: it does not hold the rows that its manifest tells of
 * - `not_sealed`: records have left the hot tier, and no sealed hour says where they are
 */
const coldProblems = ["missing", "differs", "unreadable", "incomplete", "not_sealed"] as const

/** The stored data is damaged: the same question fails until somebody has sealed the hour again or brought the object back. */
export class ColdDataProblem extends Schema.TaggedError<ColdDataProblem>()("ColdDataProblem", {
  problem: Schema.Literals(coldProblems),
  /** Key of the object; of an hour without one, the hour. */
  key: Schema.String,
  /** What was found, for people. */
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.key}: ${this.problem}: ${this.detail}`
  }
}

/** The object store or this machine could not serve an object now; the data may well be right. */
export class ColdTierAway extends Schema.TaggedError<ColdTierAway>()("ColdTierAway", {
  key: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.key}: ${this.detail}`
  }
}

export type ColdTierError = ColdDataProblem | ColdTierAway
