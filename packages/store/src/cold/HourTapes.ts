/**
 * Which entries of which tape an hour came from, as the database noted it while the hour was stored (`hour_tapes`); and whether an
 * hour had records at all, when they are not there any more.
 */
import type { ManifestTape } from "@kalshibook/core/cold/Manifest"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { HotSocket } from "../HotSocket.ts"
import { int8, pg } from "../PgStatement.ts"

/** In the order of their ids; none where it is not known. */
export const read = (
  socket: HotSocket,
  hourMicros: number
): Effect.Effect<ReadonlyArray<ManifestTape>, SqlError.SqlError> =>
  Effect.map(
    socket.query(pg`
      select tape_id, entry_first, entry_last from hour_tapes
      where hour_micros = ${int8(hourMicros)} and entry_last is not null order by tape_id`),
    (rows) =>
      rows.map((row) => ({
        tape_id: String(row["tape_id"]),
        entry_first: Number(row["entry_first"]),
        entry_last: Number(row["entry_last"])
      }))
  )

/** The entries of several hours: of each tape from the first to the last. */
export const union = (hours: ReadonlyArray<ReadonlyArray<ManifestTape>>): ReadonlyArray<ManifestTape> => {
  const tapes = new Map<string, ManifestTape>()
  for (const tape of hours.flat()) {
    const known = tapes.get(tape.tape_id) ?? tape
    tapes.set(tape.tape_id, {
      tape_id: tape.tape_id,
      entry_first: Math.min(known.entry_first, tape.entry_first),
      entry_last: Math.max(known.entry_last, tape.entry_last)
    })
  }
  return [...tapes.values()].sort((left, right) => (left.tape_id < right.tape_id ? -1 : 1))
}
