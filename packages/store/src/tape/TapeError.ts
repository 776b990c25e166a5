/** The one error of the tape. */
import { Schema } from "effect"

/**
 * - `locked`: another process writes this tape.
 * - `disk_full`: there is no room, or less than the tape leaves to others; or the file may not grow.
 * - `disk_slow`: the disk takes nothing, and what waits in memory has reached its bound.
 * - `io`: the system refused, for another reason.
 */
const reasons = ["locked", "disk_full", "disk_slow", "io"] as const

/** The tape cannot be opened, written or read. What was synced before is on the disk and whole. */
export class TapeError extends Schema.TaggedError<TapeError>()("TapeError", {
  reason: Schema.Literals(reasons),
  /** A sentence for the one who runs it: what was tried, and what came of it. */
  problem: Schema.String
}) {
  /** Whether opening the tape again may succeed without anybody's doing. */
  get isRetryable(): boolean {
    return this.reason !== "locked"
  }

  override get message(): string {
    return this.problem
  }
}

/** What the system says when there is no room: the disk, the quota, or the size of one file. */
const fullCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

/** The error of a call that the system refused. `what` goes on after "Could not". */
export const refused = (what: string, cause: unknown): TapeError => {
  const { code, message } = cause as NodeJS.ErrnoException
  const isFull = code !== undefined && fullCodes.has(code)
  return new TapeError({
    reason: isFull ? "disk_full" : "io",
    problem: `Could not ${what}: ${isFull ? `the disk is full (${code})` : message}`
  })
}
