/**
 * Gives callers their turn, one after the other and no more than so many a second, by the machine's monotonic clock: a wall clock
 * that is set stops nobody. Whoever was told to go slower says so, and the pace comes back turn by turn.
 */
import { Clock, Duration, Effect } from "effect"

export interface Pace {
  /** Waits for the caller's turn. Who is interrupted while waiting leaves its turn unused. */
  readonly turn: Effect.Effect<void>
  /** From now on half as fast, but never slower than one turn a second; each turn taken brings back a tenth of what is missing. */
  readonly slowDown: () => void
}

const intervalMillisMax = 1_000
const recovery = 0.9

export const make = (turnsPerSecondMax: number): Pace => {
  const intervalMillisMin = 1_000 / turnsPerSecondMax
  let intervalMillis = intervalMillisMin
  let nextMillis = Number.NEGATIVE_INFINITY
  return {
    turn: Effect.flatMap(Clock.monotonicTimeNanos, (nanos) => {
      const nowMillis = Number(nanos) / 1e6
      const turnMillis = Math.max(nextMillis, nowMillis)
      nextMillis = turnMillis + intervalMillis
      intervalMillis = Math.max(intervalMillisMin, intervalMillis * recovery)
      return turnMillis > nowMillis ? Effect.sleep(Duration.millis(turnMillis - nowMillis)) : Effect.void
    }),
    slowDown: () => {
      intervalMillis = Math.max(intervalMillisMin, Math.min(intervalMillisMax, intervalMillis * 2))
    }
  }
}
