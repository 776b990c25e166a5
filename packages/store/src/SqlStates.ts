/**
 * Errors of the writing connection in the words of all the others: the same reasons that `@effect/sql-pg` gives (it keeps its own
 * table to itself), so that nobody needs to know which driver refused.
 */
import { Predicate } from "effect"
import { SqlError } from "effect/sql"

/** An error of the driver `pg`, of the socket below it, or one that means that nobody answers. */
export const sqlErrorOf = (operation: string, cause: unknown): SqlError.SqlError => {
  const message = Predicate.isError(cause) ? cause.message : String(cause)
  return new SqlError.SqlError({ reason: reasonOf({ cause, message, operation }) })
}

interface Fields {
  readonly cause: unknown
  readonly message: string
  readonly operation: string
}

/** By the server's state; whatever has none did not come from a server, so there was none to talk to. */
const reasonOf = (fields: Fields): SqlError.SqlErrorReason => {
  const state = stringAt(fields.cause, "code")
  if (state === undefined || !/^[0-9A-Z]{5}$/.test(state) || stringAt(fields.cause, "severity") === undefined) {
    return new SqlError.ConnectionError(fields)
  }
  if (state.startsWith("08") || lostStates.has(state)) return new SqlError.ConnectionError(fields)
  if (state.startsWith("28")) return new SqlError.AuthenticationError(fields)
  if (state === "42501") return new SqlError.AuthorizationError(fields)
  if (state.startsWith("42")) return new SqlError.SqlSyntaxError(fields)
  if (state === "23505") {
    return new SqlError.UniqueViolation({ ...fields, constraint: stringAt(fields.cause, "constraint") ?? "unknown" })
  }
  if (state.startsWith("23")) return new SqlError.ConstraintError(fields)
  if (state === "40P01") return new SqlError.DeadlockError(fields)
  if (state === "40001") return new SqlError.SerializationError(fields)
  if (state === "55P03") return new SqlError.LockTimeoutError(fields)
  if (state === "57014") return new SqlError.StatementTimeoutError(fields)
  return new SqlError.UnknownError(fields)
}

/** The server ended the session because a transaction stood still for too long: ours may have, or the machine did. */
const lostStates: ReadonlySet<string> = new Set(["25P03", "25P04"])

const stringAt = (cause: unknown, key: string): string | undefined =>
  Predicate.hasProperty(cause, key) && Predicate.isString(cause[key]) ? cause[key] : undefined
