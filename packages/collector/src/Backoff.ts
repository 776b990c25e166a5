/** Delays between attempts: doubling from the first to the last, with jitter so that many do not return at once. */
import { Duration, Effect, Schedule } from "effect"

export const backoff = (millisMin: number, millisMax: number): Schedule.Schedule<Duration.Duration> =>
  Schedule.exponential(Duration.millis(millisMin)).pipe(
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.millis(millisMax)))),
    Schedule.jittered
  )
