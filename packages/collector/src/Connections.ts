/**
 * Keeps signed connections to the exchange open for ever, one in each slot: each one is an epoch. Every frame is decoded and
 * recorded in the socket's own callback; when a connection ends, every book of it is distrusted and the next one begins with
 * jitter.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import { Context, Effect, type Exit, FiberMap, Latch, Layer, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import * as Dialogue from "./Dialogue.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import { ExchangeLine } from "./ExchangeLine.ts"
import * as Faults from "./Faults.ts"
import * as Journal from "./Journal.ts"
import * as KalshiSocket from "./KalshiSocket.ts"
import { finishFrame, noticeLifecycle, noticeTrade, Recording } from "./Recording.ts"
import * as SideChannels from "./SideChannels.ts"
import type { Link, Slot } from "./Slots.ts"
import * as Subscriber from "./Subscriber.ts"

/** A connection that lived this long was good: the delays start small again. */
const goodConnectionMicros = 10_000_000

/** The connection ended too soon to count as one. */
class ShortLived extends Schema.TaggedError<ShortLived>()("ShortLived", {}) {}

/** A connection that is open, and what it takes to keep it busy. */
interface OpenLink extends Link {
  readonly dialogue: Dialogue.Dialogue
  readonly run: Effect.Effect<never>
}

export class Connections extends Context.Service<
  Connections,
  {
    /** Connects each slot, records, and connects again, for ever. Slots that are added meanwhile are connected, too. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/Connections") {
  static readonly layerNoDeps: Layer.Layer<Connections, never, ExchangeAccess | ExchangeLine | Recording | Settings> =
    Layer.effect(
      Connections,
      Effect.gen(function* () {
        const line = yield* ExchangeLine
        const { source, wsUrl: url } = yield* ExchangeAccess
        const recording = yield* Recording
        const settings = yield* Settings
        const { clock } = recording
        const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)

        const linkUp = (slot: Slot, socket: KalshiSocket.KalshiSocket): OpenLink => {
          const epoch = recording.epochNext++
          Journal.act(recording, epoch, { act: "open", slot: slot.number, url, source })
          const heard: KalshiSocket.KalshiSocket = {
            ...socket,
            send: (text) => {
              Journal.sent(recording, epoch, text)
              socket.send(text)
            }
          }
          const dialogue = Dialogue.make(heard, settings.replyMillisMax)
          const subscriber = Subscriber.make({ dialogue, epoch, socket, recording, settings })
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
            run: slot.number === 0 ? Effect.raceFirst(subscriber.run, side.run) : subscriber.run
          }
          slot.link = link
          slot.connections++
          recording.sight.connectionsOpened++
          slot.connection = `connected (epoch ${epoch})`
          slot.sinceMicros = clock.nowMicros()
          slot.linked.openUnsafe()
          return link
        }

        const linkDown = (slot: Slot, link: OpenLink, exit: Exit.Exit<KalshiSocket.SocketEnd>): Effect.Effect<void> =>
          Effect.sync(() => {
            const cause: GapCause = exit._tag === "Success" ? exit.value.cause : "recorder_stopped"
            const nowMicros = clock.nowMicros()
            slot.linked.closeUnsafe()
            slot.link = null
            slot.sinceMicros = nowMicros
            if (exit._tag === "Success") {
              slot.lastEnd = { ...exit.value, epoch: link.epoch, tsMicros: nowMicros }
              recording.sight.connectionEnds[cause]++
              Faults.note(recording.sight.faults, nowMicros, {
                kind: "connection",
                cause: `${cause}: ${exit.value.detail}`,
                action: "connecting again",
                slot: slot.number,
                epoch: link.epoch
              })
            }
            Journal.act(recording, link.epoch, { act: "close", cause }, nowMicros)
            link.gone.openUnsafe()
          })

        const listenerOf = (slot: Slot, { dialogue, epoch, subscriber }: OpenLink): KalshiSocket.SocketListener => ({
          onFrame: (frame, tsReceivedMicros) => {
            slot.frames++
            const message = Journal.receive(recording, epoch, frame, tsReceivedMicros)
            if (message._tag === "subscribed" || message._tag === "ok" || message._tag === "error")
              dialogue.take(message)
            else if (message._tag === "market_lifecycle_v2") noticeLifecycle(recording, message)
            else if (message._tag === "trade") noticeTrade(recording, message.marketTicker)
            finishFrame(recording)
            // Trades may flow on while the books stand still.
            const isBook = message._tag === "orderbook_delta" || message._tag === "orderbook_snapshot"
            return isBook || recording.recorder.connections.get(epoch)?.followed.size === 0
          },
          onQuiet: subscriber.probe
        })

        const keepConnected = (slot: Slot): Effect.Effect<never> => {
          /** The problem that people were told of, lest they are told of each attempt. */
          let told: string | null = null
          /** Whether the last connection ended as soon as it was there: then people are not told of the next one either. */
          let isFlapping = false

          /** One line for each new problem, not one for each attempt. */
          const tell = (problem: string): Effect.Effect<void> =>
            Effect.suspend(() => {
              if (told === problem) return Effect.void
              told = problem
              return Effect.logError(problem)
            })

          const tellConnected = (epoch: number): Effect.Effect<void> =>
            isFlapping
              ? Effect.void
              : Effect.logInfo("connected to the exchange").pipe(Effect.annotateLogs({ epoch, url }))

          /** One connection, from its opening to its end. Succeeds with how long it lived, in microseconds. */
          const session = Effect.gen(function* () {
            const socket = yield* KalshiSocket.open(line, clock, settings)
            const tsOpenedMicros = clock.nowMicros()
            const end = yield* Effect.acquireUseRelease(
              Effect.sync(() => linkUp(slot, socket)),
              (link) =>
                Effect.andThen(
                  tellConnected(link.epoch),
                  Effect.raceFirst(socket.receive(listenerOf(slot, link)), link.run)
                ),
              (link, exit) => linkDown(slot, link, exit)
            )
            const livedMicros = clock.nowMicros() - tsOpenedMicros
            isFlapping = livedMicros < goodConnectionMicros
            if (!isFlapping) told = null
            yield* tell(`the connection to the exchange ended (${end.cause}): ${end.detail}`).pipe(
              Effect.annotateLogs({ epoch: slot.lastEnd?.epoch })
            )
            slot.connection = `lost: ${end.detail}`
            return livedMicros
          }).pipe(Effect.scoped)

          const attempt = session.pipe(
            Effect.tapError((error) => {
              isFlapping = false
              slot.connection = error.message
              Faults.note(recording.sight.faults, clock.nowMicros(), {
                kind: "connection",
                cause: error.message,
                action: "trying again, less and less often",
                slot: slot.number
              })
              return tell(`no connection to the exchange, trying again: ${error.message}`)
            }),
            Effect.flatMap((livedMicros) => (livedMicros < goodConnectionMicros ? new ShortLived() : Effect.void))
          )
          return attempt.pipe(
            Effect.retry(schedule),
            Effect.orDie,
            Effect.forever,
            Effect.annotateLogs({ slot: slot.number })
          )
        }

        const run = Effect.gen(function* () {
          const fibers = yield* FiberMap.make<number, never, never>()
          const connectAll = Effect.gen(function* () {
            const { added, all } = recording.slots
            added.closeUnsafe()
            for (const slot of all) {
              yield* FiberMap.run(fibers, slot.number, keepConnected(slot), { onlyIfMissing: true })
            }
            yield* added.await
          })
          // A slot's fiber that fails has a defect: it is the collector's.
          return yield* Effect.raceFirst(
            Effect.forever(connectAll),
            Effect.andThen(FiberMap.join(fibers), Effect.never)
          )
        }).pipe(Effect.scoped)
        return Connections.of({ run })
      })
    )
}
