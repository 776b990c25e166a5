/**
 * Keeps signed connections to the exchange open for ever, one in each slot that has markets: each one is an epoch (`OpenLink`).
 * When a connection ends, every book of it is distrusted and the next one begins with jitter; all of them together never shake
 * hands more often than is polite, and while the exchange rests they hardly try.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import { Context, Duration, Effect, type Exit, FiberMap, Layer, Random, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import { ExchangeCalendar } from "./ExchangeCalendar.ts"
import { type ConnectFailed, ExchangeLine } from "./ExchangeLine.ts"
import * as Faults from "./Faults.ts"
import * as Journal from "./Journal.ts"
import * as KalshiSocket from "./KalshiSocket.ts"
import * as OpenLink from "./OpenLink.ts"
import * as Pace from "./Pace.ts"
import * as Placement from "./Placement.ts"
import { Recording } from "./Recording.ts"
import * as Slots from "./Slots.ts"

/** A connection that lived this long was good: the delays start small again. */
const goodConnectionMicros = 10_000_000
/** Looks at a slot without markets before its connection is let go of. */
const idleLooks = 4

/** The connection ended too soon to count as one. */
class ShortLived extends Schema.TaggedError<ShortLived>()("ShortLived", {}) {}

export class Connections extends Context.Service<
  Connections,
  {
    /** Connects each slot, records, and connects again, for ever. Slots that are added meanwhile are connected, too. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/Connections") {
  static readonly layerNoDeps: Layer.Layer<
    Connections,
    never,
    ExchangeAccess | ExchangeCalendar | ExchangeLine | Recording | Settings
  > = Layer.effect(
    Connections,
    Effect.gen(function* () {
      const line = yield* ExchangeLine
      const access = yield* ExchangeAccess
      const calendar = yield* ExchangeCalendar
      const recording = yield* Recording
      const settings = yield* Settings
      const { clock, slots } = recording
      const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)
      const handshakes = Pace.make(settings.handshakesPerSecondMax)
      const parts = { access, recording, settings, isResting: () => calendar.now() !== undefined }

      const linkDown = (
        slot: Slots.Slot,
        link: OpenLink.OpenLink,
        exit: Exit.Exit<KalshiSocket.SocketEnd>
      ): Effect.Effect<void> =>
        Effect.sync(() => {
          const cause: GapCause = exit._tag === "Success" ? causeOf(exit.value.cause) : "recorder_stopped"
          const nowMicros = clock.nowMicros()
          slot.linked.closeUnsafe()
          slot.link = null
          slot.sinceMicros = nowMicros
          if (exit._tag === "Success") noteEnd(slot, link.epoch, { cause, detail: exit.value.detail }, nowMicros)
          Journal.act(recording, link.epoch, { act: "close", cause }, nowMicros)
          link.gone.openUnsafe()
        })

      const noteEnd = (slot: Slots.Slot, epoch: number, end: KalshiSocket.SocketEnd, tsMicros: number): void => {
        slot.lastEnd = { ...end, epoch, tsMicros }
        recording.sight.connectionEnds[end.cause]++
        if (!isFault(end.cause)) return
        Faults.note(recording.sight.faults, tsMicros, {
          kind: "connection",
          cause: `${end.cause}: ${end.detail}`,
          action: "connecting again",
          slot: slot.number,
          epoch
        })
      }

      /** What the exchange does to connections while it rests is not a fault of theirs. */
      const causeOf = (cause: GapCause): GapCause => {
        if (cause !== "connection_lost" && cause !== "silence") return cause
        calendar.lost()
        return calendar.now() === undefined ? cause : "maintenance"
      }

      /** Lets a connection go that no market has needed for a while. The first one stays: it carries the whole exchange's channels. */
      const letIdleGo = Effect.fnUntraced(function* (slot: Slots.Slot, socket: KalshiSocket.KalshiSocket) {
        let looks = 0
        while (slot.number === 0 || looks < idleLooks) {
          yield* Effect.sleep(Duration.millis(settings.slotIdleMillis / idleLooks))
          looks = slot.tickers.size === 0 ? looks + 1 : 0
        }
        socket.cut({ cause: "unsubscribed", detail: "it has no markets any more" })
        return yield* Effect.never
      })

      /** While the exchange rests, a while; once it does not, a moment, lest all return at once. */
      const rest = Effect.gen(function* () {
        const { maintenanceRetryMillisMax, maintenanceRetryMillisMin, returnMillisMax } = settings
        const millis = yield* Random.nextBetween(maintenanceRetryMillisMin, maintenanceRetryMillisMax)
        const back = Effect.flatMap(Random.nextBetween(0, returnMillisMax), (moment) =>
          Effect.andThen(calendar.active, Effect.sleep(Duration.millis(moment)))
        )
        yield* Effect.raceFirst(Effect.sleep(Duration.millis(millis)), back)
      })

      const keepConnected = (slot: Slots.Slot): Effect.Effect<never> => {
        /** The problem that people were told of, lest they are told of each attempt. */
        let told: string | null = null
        /** Whether the last connection ended as soon as it was there: then people are not told of the next one either. */
        let isFlapping = false
        /** Since when the exchange refuses the connection for being one too many. */
        let tsRefusedMicros: number | null = null

        /** One line for each new problem, not one for each attempt, and none for what maintenance explains. */
        const tell = (problem: string): Effect.Effect<void> =>
          Effect.suspend(() => {
            if (told === problem || parts.isResting()) return Effect.void
            told = problem
            return Effect.logError(problem)
          })

        const tellConnected = (epoch: number): Effect.Effect<void> =>
          isFlapping
            ? Effect.void
            : Effect.logInfo("connected to the exchange").pipe(Effect.annotateLogs({ epoch, url: access.wsUrl }))

        /** One connection, from its opening to its end. Succeeds with how long it lived, in microseconds. */
        const session = Effect.gen(function* () {
          const socket = yield* KalshiSocket.open(line, clock, settings)
          const tsOpenedMicros = clock.nowMicros()
          tsRefusedMicros = null
          const end = yield* Effect.acquireUseRelease(
            Effect.sync(() => OpenLink.make(parts, slot, socket)),
            (link) =>
              Effect.andThen(
                tellConnected(link.epoch),
                Effect.raceAllFirst([socket.receive(link.listener), link.run, letIdleGo(slot, socket)])
              ),
            (link, exit) => linkDown(slot, link, exit)
          )
          const livedMicros = clock.nowMicros() - tsOpenedMicros
          isFlapping = livedMicros < goodConnectionMicros
          if (!isFlapping) told = null
          slot.connection = `lost: ${end.detail}`
          if (isFault(slot.lastEnd?.cause ?? end.cause)) {
            yield* tell(`the connection to the exchange ended (${end.cause}): ${end.detail}`).pipe(
              Effect.annotateLogs({ epoch: slot.lastEnd?.epoch })
            )
          }
          return livedMicros
        }).pipe(Effect.scoped)

        const failed = (error: ConnectFailed): Effect.Effect<void, ConnectFailed> =>
          Effect.gen(function* () {
            isFlapping = false
            slot.connection = error.message
            if (parts.isResting()) return yield* rest
            Faults.note(recording.sight.faults, clock.nowMicros(), {
              kind: "connection",
              cause: error.message,
              action: "trying again, less and less often",
              slot: slot.number
            })
            yield* tell(`no connection to the exchange, trying again: ${error.message}`)
            // One that is refused while others are let in is one too many.
            const isTooMany = error.status === tooManyConnections && slot.number > 0 && Slots.isLinked(slots)
            tsRefusedMicros = isTooMany ? (tsRefusedMicros ?? clock.nowMicros()) : null
            const isForLong =
              tsRefusedMicros !== null &&
              clock.nowMicros() - tsRefusedMicros >= settings.connectionRefusedMillisMax * 1000
            return isForLong ? yield* giveUp : yield* error
          })

        /** Its markets go elsewhere, as far as there is room, until it is tried again. */
        const giveUp = Effect.gen(function* () {
          slot.isRefused = true
          Placement.vacate(recording, [...slot.tickers])
          yield* Effect.sleep(Duration.millis(settings.connectionRetryMillis))
          tsRefusedMicros = null
          slot.isRefused = false
          slots.freed.openUnsafe()
        })

        const attempt = Effect.gen(function* () {
          if (slot.number > 0) yield* slot.wanted.await
          yield* handshakes.turn
          const livedMicros = yield* session
          if (parts.isResting()) return yield* rest
          return livedMicros < goodConnectionMicros ? yield* new ShortLived() : undefined
        }).pipe(Effect.catchTag("ConnectFailed", failed))

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
          slots.added.closeUnsafe()
          for (const slot of slots.all) {
            yield* FiberMap.run(fibers, slot.number, keepConnected(slot), { onlyIfMissing: true })
          }
          yield* slots.added.await
        })
        // A slot's fiber that fails has a defect: it is the collector's.
        return yield* Effect.raceFirst(Effect.forever(connectAll), Effect.andThen(FiberMap.join(fibers), Effect.never))
      }).pipe(Effect.scoped)
      return Connections.of({ run })
    })
  )
}

/** A connection that ends for maintenance, or for want of markets, does as it should. */
const isFault = (cause: GapCause): boolean => cause !== "maintenance" && cause !== "unsubscribed"

/** The exchange has as many connections of ours as it bears. */
const tooManyConnections = 429
