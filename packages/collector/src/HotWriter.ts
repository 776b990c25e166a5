/**
 * Commits what was recorded, with the watermark, in one transaction per tick, and never more than the tape has safely on the disk.
 * While the store is away it keeps trying and nothing is lost: what is received meanwhile waits in a bounded outbox, and when
 * that is full, on the tape alone, from which the writer then derives it again.
 */
import { type HotBatch, HotTier } from "@kalshibook/store/HotTier"
import type { TapeError } from "@kalshibook/store/tape/TapeError"
import { Context, Duration, Effect, Layer } from "effect"
import { backoff } from "./Backoff.ts"
import { catchUp } from "./CatchUp.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Faults from "./Faults.ts"
import * as FeedTap from "./FeedTap.ts"
import { entriesWaiting, Recording, type RecordingState } from "./Recording.ts"
import * as Sight from "./Sight.ts"

export class HotWriter extends Context.Service<
  HotWriter,
  {
    /** Commits everything received so far; returns when it is stored, however long that takes. Not while `run` runs. */
    readonly flush: Effect.Effect<void, TapeError>
    /** Commits tick by tick, for ever; fails when the tape does. */
    readonly run: Effect.Effect<never, TapeError>
  }
>()("@kalshibook/collector/HotWriter") {
  static readonly layerNoDeps: Layer.Layer<HotWriter, never, HotTier | Recording | Settings> = Layer.effect(
    HotWriter,
    Effect.gen(function* () {
      const hotTier = yield* HotTier
      const recording = yield* Recording
      const settings = yield* Settings
      const { tape } = recording
      const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)

      const drain = (): HotBatch => {
        const tsReceivedMicros = recording.clock.mark()
        const { epochLast, tsExchangeMicros, tsExchangeReceivedMicros } = recording.recorder
        const exchange = { tsExchangeMicros, tsExchangeReceivedMicros }
        const place = { tapeId: tape.id, tapeEntry: tape.appended() }
        return { ...FeedTap.drain(recording), watermark: { epoch: epochLast, tsReceivedMicros, ...exchange, ...place } }
      }

      /** Stores a batch whose entries are on the disk, however long the database is away. */
      const store = (batch: HotBatch): Effect.Effect<void, TapeError> =>
        tape.untilSynced(batch.watermark.tapeEntry).pipe(
          Effect.andThen(
            hotTier.append(batch).pipe(
              Effect.tapError((error) => storeFailed(recording, error)),
              Effect.retry({ while: (error) => error.isRetryable, schedule }),
              // What Postgres refuses for good cannot be stored: the process must not go on as if it were.
              Effect.orDie
            )
          ),
          Effect.andThen(() => {
            recording.recordsCommitted += batch.records.length
            recording.tsCommittedMicros = batch.watermark.tsReceivedMicros
            recording.tapeEntryCommitted = batch.watermark.tapeEntry
            Sight.stored(recording.sight, batch, recording.clock.nowMicros())
            return storeRecovered(recording)
          }),
          Effect.withSpan("HotWriter.commit", {
            attributes: {
              records: batch.records.length,
              tapeEntry: batch.watermark.tapeEntry,
              epoch: batch.watermark.epoch
            }
          })
        )

      /**
       * What was drained stays in `pending` until it is known to be stored. That survives an interruption, so that nothing is
       * lost and the next commit begins with it; storing it twice is harmless.
       */
      const commitPending = Effect.suspend(() => {
        const batch = recording.pending ?? drain()
        recording.pending = batch
        return Effect.andThen(
          store(batch),
          Effect.sync(() => {
            recording.pending = null
          })
        )
      })

      /** Brings what is stored level with what is recorded. */
      const level = Effect.gen(function* () {
        if (recording.pending !== null) yield* commitPending
        while (recording.isSpilled) yield* catchUp({ recording, settings, store })
      })

      const flush = Effect.andThen(level, commitPending)

      const tick = Effect.gen(function* () {
        const startMicros = recording.clock.nowMicros()
        const isDue = startMicros - recording.tsCommittedMicros >= settings.watermarkMillis * 1000
        if (isDue || entriesWaiting(recording) > 0 || recording.isSpilled) {
          yield* level
          yield* commitPending
        }
        // After a commit that took longer than a tick the next one begins at once.
        const elapsedMillis = (recording.clock.nowMicros() - startMicros) / 1000
        yield* Effect.sleep(Duration.millis(Math.max(0, settings.flushMillis - elapsedMillis)))
      })

      return HotWriter.of({ flush, run: Effect.forever(tick) })
    })
  )
}

const storeFailed = (recording: RecordingState, error: { readonly message: string }): Effect.Effect<void> => {
  const isNew = recording.storeProblem === null
  recording.storeProblem = error.message
  Faults.note(recording.sight.faults, recording.clock.nowMicros(), {
    kind: "store",
    cause: error.message,
    action: "trying again; what is received waits"
  })
  return isNew ? Effect.logError(`the database does not take records, trying again: ${error.message}`) : Effect.void
}

const storeRecovered = (recording: RecordingState): Effect.Effect<void> => {
  if (recording.storeProblem === null) return Effect.void
  recording.storeProblem = null
  return Effect.logInfo("the database takes records again")
}
