/**
 * Commits what was recorded, with the watermark, in one transaction per tick. While the store is away it keeps trying and
 * nothing is lost: what is received meanwhile waits in a bounded outbox, and when that is full the socket is not read.
 */
import * as Outbox from "@kalshibook/core/Outbox"
import { type HotBatch, HotTier } from "@kalshibook/store/HotTier"
import { Context, Duration, Effect, Layer } from "effect"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { Recording, type RecordingState } from "./Recording.ts"

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

      // What was drained and is not known to be stored. Survives an interruption, so that nothing is lost and the next flush
      // begins with it; storing it twice is harmless.
      let pending: HotBatch | null = null

      const drain = (): HotBatch => {
        const tsReceivedMicros = recording.clock.mark()
        const { epoch, outbox, tsExchangeMicros, tsExchangeReceivedMicros } = recording.recorder
        const watermark = { epoch, tsReceivedMicros, tsExchangeMicros, tsExchangeReceivedMicros }
        return { ...Outbox.drain(outbox), watermark }
      }

      const commitPending = Effect.gen(function* () {
        const batch = pending ?? drain()
        pending = batch
        recording.recordsInFlight = batch.records.length
        yield* hotTier.append(batch).pipe(
          Effect.tapError((error) => storeFailed(recording, error)),
          Effect.retry({ while: (error) => error.isRetryable, schedule }),
          // What Postgres refuses for good cannot be stored: the process must not go on as if it were.
          Effect.orDie
        )
        pending = null
        recording.recordsInFlight = 0
        recording.recordsCommitted += batch.records.length
        recording.tsCommittedMicros = batch.watermark.tsReceivedMicros
        recording.storeProblem = null
        resumeReading(recording, settings.queueRecordsMax)
      })

      const flush = Effect.suspend(() => (pending === null ? Effect.void : commitPending)).pipe(
        Effect.andThen(commitPending)
      )

      const tick = Effect.gen(function* () {
        const isDue = recording.clock.nowMicros() - recording.tsCommittedMicros >= settings.watermarkMillis * 1000
        if (isDue || !Outbox.isEmpty(recording.recorder.outbox)) yield* commitPending
        yield* Effect.sleep(Duration.millis(settings.flushMillis))
      })

      return HotWriter.of({ flush, run: Effect.forever(tick) })
    })
  )
}

const storeFailed = (recording: RecordingState, error: { readonly message: string }): Effect.Effect<void> => {
  const isNew = recording.storeProblem === null
  recording.storeProblem = error.message
  return isNew ? Effect.logError("the database does not take records, trying again", error.message) : Effect.void
}

/** Stops reading the socket when more waits than `queueRecordsMax`. Called for each frame. */
export const pauseReading = (recording: RecordingState, queueRecordsMax: number): void => {
  if (recording.readingPaused || recording.recorder.outbox.records.length < queueRecordsMax) return
  recording.readingPaused = true
  recording.link?.socket.pause()
}

const resumeReading = (recording: RecordingState, queueRecordsMax: number): void => {
  if (!recording.readingPaused || recording.recorder.outbox.records.length > queueRecordsMax / 2) return
  recording.readingPaused = false
  recording.link?.socket.resume()
}
