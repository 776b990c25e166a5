/**
 * Stores from the tape what the outbox could not hold: a second recorder, made of the tape's last checkpoint, derives the same
 * records with the same offsets behind the live one, faster than they come. When little is left, the outbox is kept again from
 * that entry on, and the second recorder goes on up to it.
 */
import * as Outbox from "@kalshibook/core/Outbox"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import * as TapeReplay from "@kalshibook/core/TapeReplay"
import type { HotBatch } from "@kalshibook/store/HotTier"
import type { TapeError } from "@kalshibook/store/tape/TapeError"
import { Effect, Option, Stream } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import * as FeedTap from "./FeedTap.ts"
import type { RecordingState } from "./Recording.ts"

export interface CatchUpParts {
  readonly recording: RecordingState
  readonly settings: Pick<CollectorSettings, "catchUpEntriesLeft" | "catchUpRecordsMax">
  readonly store: (batch: HotBatch) => Effect.Effect<void, TapeError>
}

/**
 * Returns when the outbox takes over, or, should that be full again meanwhile, to be called once more. Everything that was
 * drained before must be stored.
 */
export const catchUp = Effect.fn("CatchUp.catchUp")(function* ({ recording, settings, store }: CatchUpParts) {
  const { tape } = recording
  const entryStored = recording.tapeEntryCommitted
  yield* Effect.logInfo("storing from the tape what memory could not hold").pipe(
    Effect.annotateLogs({ entries: tape.appended() - entryStored })
  )
  const from = yield* tape.checkpointBefore(entryStored)
  const replay = TapeReplay.make()
  /** The last entry that is ours to store; those behind it are in the outbox. */
  let entryEnd = Number.POSITIVE_INFINITY

  const commit = Effect.suspend(() => {
    const { epochLast, outbox, tsExchangeMicros, tsExchangeReceivedMicros } = replay.recorder
    // Of several entries of one microsecond the last ones may still come.
    const tsReceivedMicros = replay.tsReceivedMicros - 1
    const watermark = { epoch: epochLast, tsReceivedMicros, tsExchangeMicros, tsExchangeReceivedMicros }
    return store({
      ...Outbox.drain(outbox),
      watermark: { ...watermark, tapeId: tape.id, tapeEntry: replay.entryLast }
    })
  })

  /** Takes entries one after the other, and stores what they yield in batches. */
  const take = Effect.fnUntraced(function* (entries: ReadonlyArray<TapeEntry>) {
    for (const entry of entries) {
      if (entry.number > entryEnd) return
      // impossible: a tape that is being written has all its entries
      if (!TapeReplay.isNext(replay, entry)) return yield* Effect.die(`the tape lost entries before ${entry.number}`)
      TapeReplay.apply(replay, entry)
      const { outbox } = replay.recorder
      if (entry.number <= entryStored) Outbox.clear(outbox)
      else if (Outbox.entries(outbox) >= settings.catchUpRecordsMax) yield* commit
    }
    yield* Effect.yieldNow
  })

  const readOn = Effect.suspend(() =>
    Stream.runForEach(tape.read(replay.entryLast === 0 ? Option.getOrElse(from, () => 1) : replay.entryLast + 1), take)
  )

  const toTheEnd = Effect.gen(function* () {
    while (replay.entryLast < entryEnd) {
      if (entryEnd === Number.POSITIVE_INFINITY && tape.appended() - replay.entryLast <= settings.catchUpEntriesLeft) {
        entryEnd = tape.appended()
        recording.isSpilled = false
      }
      yield* tape.untilSynced(Math.min(entryEnd, tape.appended()))
      yield* readOn
    }
    yield* commit
  })
  // What was ours to store, and is not, must not be passed over by the outbox that begins behind it: it is taken from the tape, too.
  yield* toTheEnd.pipe(Effect.onError(() => Effect.sync(() => spill(recording))))
})

const spill = (recording: RecordingState): void => {
  recording.isSpilled = true
  FeedTap.clear(recording)
}
