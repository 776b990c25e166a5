/**
 * Commits what was recorded, with the watermark, in one transaction per tick. While the store is away it keeps trying and
 * nothing is lost: what is received meanwhile waits in a bounded outbox, and when that is full the socket is not read.
 */
import * as Outbox from "@kalshibook/core/Outbox"
import { type HotBatch, HotTier } from "@kalshibook/store/HotTier"
import { Context, Duration, Effect, Layer } from "effect"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { entriesWaiting, Recording, type RecordingState } from "./Recording.ts"

export class HotWriter extends Context.Service<
  HotWriter,
  {
    /** Commits everything received so far; returns when it is stored, however long that takes. Not while `run` runs. */
    readonly flush: Effect.Effect<void>
    /** Commits tick by tick, for ever. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/HotWriter") {
  static readonly layerNoDeps: Layer.Layer<HotWriter, never, HotTier | Recording | Settings> = Layer.effect(
    HotWriter,
    Effect.gen(function* () {
      const hotTier = yield* HotTier
      const recording = yield* Recording
      const settings = yield* Settings
      const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)

      const drain = (): HotBatch => {
        const tsReceivedMicros = recording.clock.mark()
        const { epoch, outbox, tsExchangeMicros, tsExchangeReceivedMicros } = recording.recorder
        const watermark = {
          epoch,
          tsReceivedMicros,
          tsExchangeMicros,
          tsExchangeReceivedMicros,
          tapeId: null,
          tapeEntry: 0
        }
        return { ...Outbox.drain(outbox), watermark }
      }

      /**
       * What was drained stays in `pending` until it is known to be stored. That survives an interruption, so that nothing is
       * lost and the next commit begins with it; storing it twice is harmless.
       */
      const commitPending = Effect.suspend(() => {
        const batch = recording.pending ?? drain()
        recording.pending = batch
        return hotTier.append(batch).pipe(
          Effect.tapError((error) => storeFailed(recording, error)),
          Effect.retry({ while: (error) => error.isRetryable, schedule }),
          // What Postgres refuses for good cannot be stored: the process must not go on as if it were.
          Effect.orDie,
          Effect.andThen(() => {
            recording.pending = null
            recording.recordsCommitted += batch.records.length
            recording.tsCommittedMicros = batch.watermark.tsReceivedMicros
            resumeReading(recording, settings.queueRecordsMax)
            return storeRecovered(recording)
          })
        )
      })

      const flush = Effect.suspend(() => (recording.pending === null ? Effect.void : commitPending)).pipe(
        Effect.andThen(commitPending)
      )

      const tick = Effect.gen(function* () {
        const startMicros = recording.clock.nowMicros()
        const isDue = startMicros - recording.tsCommittedMicros >= settings.watermarkMillis * 1000
        if (isDue || entriesWaiting(recording) > 0) yield* commitPending
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
  return isNew ? Effect.logError(`the database does not take records, trying again: ${error.message}`) : Effect.void
}

const storeRecovered = (recording: RecordingState): Effect.Effect<void> => {
  if (recording.storeProblem === null) return Effect.void
  recording.storeProblem = null
  return Effect.logInfo("the database takes records again")
}

/** Stops reading the socket when more waits than `queueRecordsMax`. Called for each frame. */
export const pauseReading = (recording: RecordingState, queueRecordsMax: number): void => {
  if (recording.readingPaused || entriesWaiting(recording) < queueRecordsMax) return
  recording.readingPaused = true
  recording.link?.socket.pause()
}

const resumeReading = (recording: RecordingState, queueRecordsMax: number): void => {
  if (!recording.readingPaused || entriesWaiting(recording) > queueRecordsMax / 2) return
  recording.readingPaused = false
  recording.link?.socket.resume()
}
