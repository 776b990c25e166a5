/** Entries for tests of the tape. */
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import { Tape, type TapeError } from "@kalshibook/store/tape/Tape"
import { Effect, Stream } from "effect"

/** Appends a frame for each text; their receive times follow from their numbers. */
export const appendTexts = (tape: Tape["Service"], texts: ReadonlyArray<string>): void => {
  for (const text of texts) {
    const tsReceivedMicros = 1_000_000 + tape.appended() + 1
    tape.append({ kind: "received", epoch: 1, tsReceivedMicros, body: Buffer.from(text) })
  }
}

/** All that the tape gives from an entry on. */
export const entriesFrom = (fromEntry: number): Effect.Effect<ReadonlyArray<TapeEntry>, TapeError, Tape> =>
  Effect.flatMap(Tape, (tape) => Effect.map(Stream.runCollect(tape.read(fromEntry)), (groups) => groups.flat()))

export const textOf = (entry: TapeEntry | undefined): string => Buffer.from(entry?.body ?? []).toString()
