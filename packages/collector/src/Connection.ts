/**
 * Keeps one signed connection to the exchange open for ever: each one is an epoch. Every frame is decoded and recorded in the
 * socket's own callback; when the connection ends, every book of it is distrusted and the next one begins with jitter.
 */
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as Recorder from "@kalshibook/core/Recorder"
import { Epochs } from "@kalshibook/store/Epochs"
import { Context, Effect, Latch, Layer } from "effect"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import { pauseReading } from "./HotWriter.ts"
import * as KalshiSocket from "./KalshiSocket.ts"
import { noticeLifecycle, Recording, type RecordingState } from "./Recording.ts"
import * as Subscriber from "./Subscriber.ts"

/** A connection that lived this long was good: the delays start small again. */
const goodConnectionMicros = 10_000_000

export class Connection extends Context.Service<
  Connection,
  {
    /** Connects, records, and connects again, for ever. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/Connection") {
  static readonly layerNoDeps: Layer.Layer<Connection, never, Epochs | ExchangeAccess | Recording | Settings> =
    Layer.effect(
      Connection,
      Effect.gen(function* () {
        const access = yield* ExchangeAccess
        const epochs = yield* Epochs
        const recording = yield* Recording
        const settings = yield* Settings
        const { clock, recorder } = recording
        const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)

        const onFrame = (frame: Buffer, tsReceivedMicros: number): void => {
          const message = Wire.decode(frame)
          Recorder.receive(recorder, message, tsReceivedMicros)
          passOn(recording, message)
          pauseReading(recording, settings.queueRecordsMax)
        }

        const onQuiet = (): void => recording.link?.subscriber.probe()

        /** One connection, from its opening to its end. */
        const session = Effect.gen(function* () {
          const socket = yield* KalshiSocket.open(clock, settings, { onFrame, onQuiet })
          const tsOpenedMicros = clock.nowMicros()
          const epoch = yield* epochs
            .open({ url: access.wsUrl, source: access.source, tsOpenedMicros })
            .pipe(Effect.retry({ while: (error) => error.isRetryable, schedule }), Effect.orDie)
          Recorder.open(recorder, epoch)
          const subscriber = Subscriber.make(socket, recording, settings)
          const gone = Latch.makeUnsafe(false)
          recording.link = { subscriber, socket, gone }
          recording.linked.openUnsafe()
          recording.connection = `connected (epoch ${epoch})`
          recording.connectionSinceMicros = tsOpenedMicros
          yield* Effect.logInfo("connected to the exchange").pipe(Effect.annotateLogs({ epoch, url: access.wsUrl }))
          const end = yield* socket.ended.pipe(
            Effect.raceFirst(subscriber.run),
            Effect.onExit((exit) =>
              Effect.gen(function* () {
                recording.linked.closeUnsafe()
                recording.link = null
                recording.readingPaused = false
                recording.connectionSinceMicros = clock.nowMicros()
                gone.openUnsafe()
                const cause = exit._tag === "Success" ? exit.value.cause : "recorder_stopped"
                Recorder.close(recorder, cause, clock.nowMicros())
                yield* Effect.ignore(epochs.close(epoch, clock.nowMicros(), cause))
              })
            )
          )
          recording.connection = `lost: ${end.detail}`
          yield* Effect.logWarning("the connection to the exchange ended").pipe(
            Effect.annotateLogs({ epoch, cause: end.cause, detail: end.detail })
          )
          return clock.nowMicros() - tsOpenedMicros
        }).pipe(Effect.scoped, Effect.provideService(ExchangeAccess, access))

        /** Fails when the connection was short, so that the schedule waits before the next. */
        const attempt = session.pipe(
          Effect.tapError((error) => noticeFailure(recording, error.message)),
          Effect.flatMap((livedMicros) =>
            livedMicros < goodConnectionMicros ? Effect.fail("short-lived") : Effect.void
          )
        )
        return Connection.of({ run: attempt.pipe(Effect.retry(schedule), Effect.orDie, Effect.forever) })
      })
    )
}

/** One line for each new problem, not one for each attempt. */
const noticeFailure = (recording: RecordingState, problem: string): Effect.Effect<void> => {
  if (recording.connection === problem) return Effect.void
  recording.connection = problem
  return Effect.logError(`no connection to the exchange, trying again: ${problem}`)
}

const passOn = (recording: RecordingState, message: ServerMessage): void => {
  switch (message._tag) {
    case "subscribed":
    case "ok":
    case "error":
      recording.link?.subscriber.reply(message)
      break
    case "market_lifecycle_v2":
      noticeLifecycle(recording, message)
      break
    default:
      break
  }
}
