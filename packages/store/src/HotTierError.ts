/** The one error of everything that the database keeps: hot tier, catalogue and epochs. */
import { Effect, Predicate, Schema } from "effect"
import { SqlError } from "effect/sql"

/** Postgres refused or could not be reached; nothing of the operation was stored. */
export class HotTierError extends Schema.TaggedError<HotTierError>()("HotTierError", {
  operation: Schema.String,
  reason: SqlError.SqlError
}) {
  /** Whether the same call may succeed later (the database was away, a deadlock, a timeout). */
  get isRetryable(): boolean {
    return this.reason.isRetryable || isAway(this.reason.reason.cause)
  }

  override get message(): string {
    const cause = this.reason.reason.cause
    return `${this.operation}: ${Predicate.isError(cause) ? cause.message : this.reason.message}`
  }
}

/**
 * Turns an error of the driver into one that names the operation. Gotcha: a transaction of `sql.withTransaction` whose connection is
 * lost cannot be rolled back, and the driver makes a defect of that; it is the same error as any other.
 */
export const during =
  (operation: string) =>
  <A, R>(effect: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, HotTierError, R> =>
    effect.pipe(
      Effect.catchDefect((defect) => (SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect))),
      Effect.mapError((reason) => new HotTierError({ operation, reason }))
    )

/**
 * States by which a server says that it is not there now but may be again: it shuts down, crashed or starts (57P), or has no
 * connection, memory or disk to spare (53).
 */
const isAway = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") &&
  Predicate.isString(cause.code) &&
  (cause.code.startsWith("57P") || cause.code.startsWith("53"))
