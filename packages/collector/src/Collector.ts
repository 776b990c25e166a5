/**
 * The whole recorder, from the exchange's socket to the hot tier. Starting it takes up every log where it ended; stopping it
 * commits what was received and says where the logs end. When the disk gives out it stops, waits for room, and begins again from
 * what is on the tape.
 */
import type { HotTierError } from "@kalshibook/store/HotTier"
import type { TapeError } from "@kalshibook/store/tape/TapeError"
import { Context, Duration, Effect, Exit, Fiber, Layer, Schedule, Scope } from "effect"
import * as CollectorMetrics from "./CollectorMetrics.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Status from "./CollectorStatus.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import { ExchangeLine } from "./ExchangeLine.ts"
import * as Faults from "./Faults.ts"
import * as Observation from "./Observation.ts"
import { ReceiveClock } from "./ReceiveClock.ts"
import type { RecordingState } from "./Recording.ts"
import * as Session from "./Session.ts"
import * as Sight from "./Sight.ts"

/** The recording that goes on, and its end. */
interface Current extends Session.Session {
  readonly end: Effect.Effect<void>
}

export class Collector extends Context.Service<
  Collector,
  {
    readonly status: Effect.Effect<Status.CollectorStatus>
    /** Never succeeds; fails when the collector cannot go on (its fault is a defect). */
    readonly failed: Effect.Effect<never>
    /** The live books and what else the recording knows. Another one after the disk gave out. */
    readonly recording: () => RecordingState
  }
>()("@kalshibook/collector/Collector") {
  /** Records from the moment it is built until its scope is closed. */
  static readonly layerNoDeps: Layer.Layer<Collector, HotTierError | TapeError, Session.Needs> = Layer.effect(
    Collector,
    Effect.gen(function* () {
      const access = yield* ExchangeAccess
      const settings = yield* Settings
      const needs = yield* Effect.context<Session.Needs>()
      const clock = yield* ReceiveClock
      const sight = Sight.make()
      const observer = yield* Observation.make

      /** Everything of one recording ends with its own scope. */
      const begin = (cause: "recorder_stopped" | "storage") =>
        Effect.gen(function* () {
          const own = yield* Scope.make()
          return yield* Session.open(cause).pipe(
            Scope.provide(own),
            Effect.provideService(Sight.Sight, sight),
            Effect.map((session) => {
              Sight.begin(sight, session.recording, clock.nowMicros())
              return { ...session, end: Scope.close(own, Exit.void) }
            }),
            Effect.onError((failure) => Scope.close(own, Exit.failCause(failure)))
          )
        }).pipe(Effect.provideContext(needs))

      // Closes what is current then, and only after whatever runs in it has ended: what that has to say last is committed, too.
      let current: Current = yield* Effect.acquireRelease(
        begin("recorder_stopped"),
        (): Effect.Effect<void> => Effect.suspend(() => current.end),
        {
          interruptible: true
        }
      )
      let storageProblem: string | null = null

      /** Tries until there is room again. */
      const beginAgain = begin("storage").pipe(
        Effect.tapError((error) => tellStorage(error)),
        Effect.retry(Schedule.spaced(Duration.millis(settings.storageRetryMillis))),
        Effect.orDie
      )

      const tellStorage = (error: HotTierError | TapeError): Effect.Effect<void> =>
        Effect.suspend(() => {
          if (storageProblem === error.message) return Effect.void
          storageProblem = error.message
          Faults.note(sight.faults, clock.nowMicros(), {
            kind: "tape",
            cause: error.message,
            action: "recording stops until there is room; gaps are written"
          })
          return Effect.logError(`nothing is recorded: ${error.message}`)
        })

      const run = Effect.gen(function* () {
        const error = yield* Effect.flip(current.run)
        yield* tellStorage(error)
        yield* current.end
        Sight.end(sight, current.recording)
        yield* Effect.sleep(Duration.millis(settings.storageRetryMillis))
        current = yield* beginAgain
        storageProblem = null
        Faults.note(sight.faults, clock.nowMicros(), {
          kind: "session",
          cause: "recording had stopped",
          action: "recording again, from what is on the tape"
        })
        yield* Effect.logInfo("recording again")
      })

      const status = Effect.suspend(() => current.reportParts).pipe(
        Effect.map((parts) => {
          const exchange = { source: access.source, url: access.wsUrl, storageProblem }
          return Status.read(current.recording, exchange, observer.last(), parts)
        })
      )
      const look = Effect.suspend(() => observer.look(current.recording))
      yield* look
      const measure = Effect.andThen(look, status).pipe(Effect.flatMap(CollectorMetrics.makeReporter()))
      yield* measure.pipe(Effect.repeat(Schedule.spaced(Duration.seconds(1))), Effect.forkScoped)
      const fiber: Fiber.Fiber<never> = yield* Effect.forkScoped(Effect.forever(run))
      return Collector.of({ status, failed: Fiber.join(fiber), recording: () => current.recording })
    })
  )

  /** Ready to use: needs the stores, the exchange's access, the settings and an HTTP client. */
  static readonly layer: Layer.Layer<
    Collector,
    HotTierError | TapeError,
    Exclude<Session.Needs, ExchangeLine | ReceiveClock>
  > = Collector.layerNoDeps.pipe(Layer.provide(Layer.mergeAll(ExchangeLine.layerNoDeps, ReceiveClock.layer)))
}
