/**
 * Knows when the exchange rests: reads its schedule and its status at the start, every hour, after every lost connection, and often
 * while it rests. While it does, connections that end are expected to, and nobody hurries back.
 */
import * as Maintenance from "@kalshibook/core/kalshi/Maintenance"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Context, Duration, Effect, Latch, Layer } from "effect"
import { Settings } from "./CollectorSettings.ts"
import { KalshiRest } from "./KalshiRest.ts"
import { Recording } from "./Recording.ts"

/** How often the clock is looked at. */
const lookMillis = 250
/** After connections were lost, the status is read at most this often. */
const readEveryMillisMin = 5_000
/** How long its last word on whether it rests may take. */
const lastWordMillisMax = 5_000

export class ExchangeCalendar extends Context.Service<
  ExchangeCalendar,
  {
    /** Whether the exchange rests now, by all that is known. */
    readonly now: () => Maintenance.Maintenance | undefined
    /** Waits while it rests. */
    readonly active: Effect.Effect<void>
    /** A connection was lost: why may have to be asked. */
    readonly lost: () => void
    /** Keeps itself, and `maintenance` of the recording, up to date, for ever. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/ExchangeCalendar") {
  static readonly layerNoDeps: Layer.Layer<ExchangeCalendar, never, KalshiRest | Recording | Settings> = Layer.effect(
    ExchangeCalendar,
    Effect.gen(function* () {
      const rest = yield* KalshiRest
      const recording = yield* Recording
      const settings = yield* Settings
      const { clock } = recording
      const active = Latch.makeUnsafe(true)
      const asked = Latch.makeUnsafe(false)
      let calendar = settings.calendarAssumed
      let status: Maintenance.StatusRead | undefined

      const now = (): Maintenance.Maintenance | undefined =>
        Maintenance.judge(calendar, status, clock.nowMicros(), settings.statusMillisMax * 1000)

      const readSchedule = Effect.map(rest.exchangeSchedule, (schedule) => {
        calendar = Maintenance.fromSchedule(schedule)
      })
      const readStatus = Effect.suspend(() => {
        const tsReadMicros = clock.nowMicros()
        return Effect.map(rest.exchangeStatus, (said) => {
          status = { isActive: Maintenance.isActive(said), tsReadMicros }
        })
      })

      /** It is over when the exchange does not say otherwise: it need not end to the second. */
      const next = Effect.gen(function* () {
        const is = now() ?? null
        if (is !== null || recording.maintenance === null) return is
        yield* Effect.ignore(Effect.timeout(readStatus, Duration.millis(lastWordMillisMax)))
        return now() ?? null
      })

      const look = Effect.gen(function* () {
        const is = yield* next
        const was = recording.maintenance
        recording.maintenance = is
        if (is === null) active.openUnsafe()
        else active.closeUnsafe()
        if (was === null && is !== null) {
          const until = is.toMicros === null ? "" : `, until ${isoFromMicros(is.toMicros)}`
          yield* Effect.logInfo(`the exchange is in maintenance by its own ${is.by}${until}`)
        }
        if (was !== null && is === null) yield* Effect.logInfo("the exchange's maintenance is over")
      })

      /** What cannot be read is read again in its turn; until then what was known, or is assumed, counts. */
      const read = Effect.gen(function* () {
        yield* Effect.ignore(readStatus)
        yield* look
        yield* Effect.ignore(readSchedule)
        yield* look
      })

      const pause = Effect.suspend(() => {
        const millis = pauseMillis()
        const shortest = Math.min(readEveryMillisMin, millis)
        const soon = Effect.andThen(asked.await, Effect.sleep(Duration.millis(shortest)))
        return Effect.raceFirst(Effect.sleep(Duration.millis(millis)), soon)
      })

      /** Until the status is read again. Around the end of maintenance it is asked for often. */
      const pauseMillis = (): number => {
        const { calendarMillis, maintenanceRetryMillisMin } = settings
        if (recording.maintenance === null) return calendarMillis
        const { toMicros } = recording.maintenance
        const leftMillis = toMicros === null ? maintenanceRetryMillisMin : (toMicros - clock.nowMicros()) / 1000
        return Math.min(maintenanceRetryMillisMin, Math.max(leftMillis, readEveryMillisMin))
      }

      const follow = Effect.gen(function* () {
        asked.closeUnsafe()
        yield* read
        yield* pause
      })

      return ExchangeCalendar.of({
        now,
        active: active.await,
        lost: () => asked.openUnsafe(),
        run: Effect.raceFirst(
          Effect.forever(follow),
          Effect.forever(Effect.andThen(look, Effect.sleep(Duration.millis(lookMillis))))
        )
      })
    })
  )
}
