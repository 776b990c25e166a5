/**
 * Keeps one signed connection to the exchange open for ever: each one is an epoch. Every frame is decoded and recorded in the
 * socket's own callback; when the connection ends, every book of it is distrusted and the next one begins with jitter.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as Recorder from "@kalshibook/core/Recorder"
import { Epochs } from "@kalshibook/store/Epochs"
import { Context, Duration, Effect, type Exit, Latch, Layer, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Dialogue from "./Dialogue.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import { pauseReading } from "./HotWriter.ts"
import * as KalshiSocket from "./KalshiSocket.ts"
import { finishFrame, type Link, noticeLifecycle, noticeTrade, Recording } from "./Recording.ts"
import * as SideChannels from "./SideChannels.ts"
import * as Subscriber from "./Subscriber.ts"

/** A connection that lived this long was good: the delays start small again. */
const goodConnectionMicros = 10_000_000
/** How long the store may take to note the end of an epoch; it is a note for people, and the next connection must not wait. */
const closeEpochMillisMax = 1_000

/** The connection ended too soon to count as one. */
class ShortLived extends Schema.TaggedError<ShortLived>()("ShortLived", {}) {}

/** A connection that is open, and what it takes to keep it busy. */
interface OpenLink extends Link {
  readonly epoch: number
  readonly dialogue: Dialogue.Dialogue
  readonly run: Effect.Effect<never>
}

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
        const { clock } = recording
        const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)
        const { source, wsUrl: url } = access
        /** The problem that people were told of, lest they are told of each attempt. */
        let told: string | null = null
        /** Whether the last connection ended as soon as it was there: then people are not told of the next one either. */
        let isFlapping = false

        const linkUp = (socket: KalshiSocket.KalshiSocket, epoch: number): OpenLink => {
          const dialogue = Dialogue.make(socket, settings.replyMillisMax)
          const subscriber = Subscriber.make({ dialogue, socket, recording, settings })
          const side = SideChannels.make(dialogue, settings, (channel) => {
            if (channel === SideChannels.lifecycle) recording.missed.openUnsafe()
          })
          const link: OpenLink = {
            epoch,
            dialogue,
            subscriber,
            socket,
            subscriptionEnded: (channel) => {
              if (channel === Subscriber.bookChannel) subscriber.ended()
              else recording.afterFrame.push(() => side.ended(channel))
            },
            gone: Latch.makeUnsafe(false),
            run: Effect.raceFirst(subscriber.run, side.run)
          }
          Recorder.open(recording.recorder, epoch)
          recording.link = link
          recording.connection = `connected (epoch ${epoch})`
          recording.connectionSinceMicros = clock.nowMicros()
          finishFrame(recording)
          recording.linked.openUnsafe()
          return link
        }

        const linkDown = (link: OpenLink, exit: Exit.Exit<KalshiSocket.SocketEnd>): Effect.Effect<void> =>
          Effect.suspend(() => {
            const cause: GapCause = exit._tag === "Success" ? exit.value.cause : "recorder_stopped"
            const nowMicros = clock.nowMicros()
            recording.linked.closeUnsafe()
            recording.link = null
            recording.readingPaused = false
            recording.connectionSinceMicros = nowMicros
            Recorder.close(recording.recorder, cause, nowMicros)
            finishFrame(recording)
            link.gone.openUnsafe()
            return epochs
              .close(link.epoch, nowMicros, cause)
              .pipe(Effect.timeoutOption(Duration.millis(closeEpochMillisMax)), Effect.ignore)
          })

        const listenerOf = ({ dialogue, subscriber }: OpenLink): KalshiSocket.SocketListener => ({
          onFrame: (frame, tsReceivedMicros) => {
            const message = Wire.decode(frame)
            Recorder.receive(recording.recorder, message, tsReceivedMicros)
            if (message._tag === "subscribed" || message._tag === "ok" || message._tag === "error")
              dialogue.take(message)
            else if (message._tag === "market_lifecycle_v2") noticeLifecycle(recording, message)
            else if (message._tag === "trade") noticeTrade(recording, message.marketTicker)
            finishFrame(recording)
            pauseReading(recording, settings.queueRecordsMax)
            // Trades may flow on while the books stand still.
            const isBook = message._tag === "orderbook_delta" || message._tag === "orderbook_snapshot"
            return isBook || recording.recorder.followed.size === 0
          },
          onQuiet: subscriber.probe
        })

        /** One connection, from its opening to its end. Succeeds with how long it lived, in microseconds. */
        const session = Effect.gen(function* () {
          const socket = yield* KalshiSocket.open(clock, settings)
          const tsOpenedMicros = clock.nowMicros()
          const epoch = yield* epochs
            .open({ url, source, tsOpenedMicros })
            .pipe(Effect.retry({ while: (error) => error.isRetryable, schedule }), Effect.orDie)
          const end = yield* Effect.acquireUseRelease(
            Effect.sync(() => linkUp(socket, epoch)),
            (link) =>
              (isFlapping
                ? Effect.void
                : Effect.logInfo("connected to the exchange").pipe(Effect.annotateLogs({ epoch, url }))
              ).pipe(Effect.andThen(Effect.raceFirst(socket.receive(listenerOf(link)), link.run))),
            linkDown
          )
          const livedMicros = clock.nowMicros() - tsOpenedMicros
          isFlapping = livedMicros < goodConnectionMicros
          if (!isFlapping) told = null
          yield* tell(`the connection to the exchange ended (${end.cause}): ${end.detail}`)
          recording.connection = `lost: ${end.detail}`
          return livedMicros
        }).pipe(Effect.scoped, Effect.provideService(ExchangeAccess, access))

        /** One line for each new problem, not one for each attempt. */
        const tell = (problem: string): Effect.Effect<void> =>
          Effect.suspend(() => {
            if (told === problem) return Effect.void
            told = problem
            return Effect.logError(problem)
          })

        const attempt = session.pipe(
          Effect.tapError((error) => {
            isFlapping = false
            recording.connection = error.message
            return tell(`no connection to the exchange, trying again: ${error.message}`)
          }),
          Effect.flatMap((livedMicros) => (livedMicros < goodConnectionMicros ? new ShortLived() : Effect.void))
        )
        return Connection.of({ run: attempt.pipe(Effect.retry(schedule), Effect.orDie, Effect.forever) })
      })
    )
}
