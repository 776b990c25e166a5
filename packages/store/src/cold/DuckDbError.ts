/** What DuckDB refused, sorted by what a caller can do about it. */
import { Predicate, Schema } from "effect"

/**
 * - `OutOfMemory`: more memory, or more room for spilling, than the database may take
 * - `TimedOut`: DuckDB worked for longer than the query may take
 * - `Interrupted`: somebody stopped the query
 * - `BadFile`: a file is missing, cut short or damaged
 * - `DiskFull`: there was no room to write
 * - `NotAllowed`: a file outside of the folders that may be read and written, or a setting
 * - `BadQuery`: the query itself: syntax, names, types, values that do not convert
 * - `Other`: anything else
 */
export const duckDbReasons = [
  "OutOfMemory",
  "TimedOut",
  "Interrupted",
  "BadFile",
  "DiskFull",
  "NotAllowed",
  "BadQuery",
  "Other"
] as const
export type DuckDbReason = (typeof duckDbReasons)[number]

export class DuckDbError extends Schema.TaggedError<DuckDbError>()("DuckDbError", {
  /** What was asked for, in a few words. */
  operation: Schema.String,
  reason: Schema.Literals(duckDbReasons),
  /** DuckDB's own words. */
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: ${this.reason}: ${this.detail}`
  }
}

/** An error of the driver: it carries its kind in front of its message. */
export const duckDbErrorOf = (operation: string, cause: unknown): DuckDbError => {
  const detail = Predicate.isError(cause) ? cause.message : String(cause)
  return new DuckDbError({ operation, reason: reasonOf(detail), detail })
}

const reasonOf = (detail: string): DuckDbReason => {
  const kind = /^([A-Za-z]+(?: [A-Za-z]+)*?) Error:/.exec(detail)?.[1] ?? ""
  switch (kind) {
    case "Out of Memory":
      return "OutOfMemory"
    case "INTERRUPT":
      return "Interrupted"
    case "Permission":
      return "NotAllowed"
    case "IO":
      return /no space left/i.test(detail) ? "DiskFull" : "BadFile"
    case "Parser":
    case "Binder":
    case "Catalog":
    case "Conversion":
    case "Out of Range":
    case "Mismatch Type":
      return "BadQuery"
    case "Invalid Input":
      if (/configuration option/.test(detail)) return "NotAllowed"
      return /magic bytes|parquet|thrift|\.(?:parquet|csv|json)/i.test(detail) ? "BadFile" : "BadQuery"
    default:
      return /parquet|thrift|decompress|corrupt/i.test(detail) ? "BadFile" : "Other"
  }
}
