// adapter: reads the machine's clocks
/**
 * The receive clock: Unix microseconds that never go back and never stand still, also when the wall clock is set back or the
 * process is started again (`notBefore`). The wall clock says where it starts, the monotonic clock how it goes on. A wall
 * clock that is ahead is followed at once; one that is behind is approached by going a tenth slower.
 */
import { Context, Effect, Layer } from "effect"

/** How often the wall clock is compared, and how much of that time is given up to come back to it. */
const compareMicros = 1_000_000
const slewMicrosMax = compareMicros / 10
/** A correction at one comparison that is more than the drift of any machine's clock. */
const unsteadyMicros = 20_000

export interface ReceiveClockState {
  /** The time now; at least the time returned before. */
  readonly nowMicros: () => number
  /** Returns a time such that everything stamped so far is at or before it, and everything later is after it. */
  readonly mark: () => number
  /** For how long something lasts: knows no leaps, and nothing of the time of day. */
  readonly monotonicMicros: () => number
  /** When it was last corrected by more than a clock's drift, by the monotonic clock; what it measured across that moment is wrong. */
  readonly unsteadyAtMicros: () => number
  /** Everything from now on is after this time. */
  readonly notBefore: (micros: number) => void
}

export class ReceiveClock extends Context.Service<ReceiveClock, ReceiveClockState>()(
  "@kalshibook/collector/ReceiveClock"
) {
  static readonly layer: Layer.Layer<ReceiveClock> = Layer.effect(
    ReceiveClock,
    Effect.sync(() =>
      make(
        () => Date.now() * 1000,
        () => performance.now() * 1000
      )
    )
  )
}

/** Over the two clocks of a machine, both in microseconds. */
export const make = (wallMicros: () => number, monotonicMicros: () => number): ReceiveClockState => {
  let offsetMicros = wallMicros() - monotonicMicros()
  let compareAtMicros = monotonicMicros() + compareMicros
  let lastMicros = 0
  let unsteadyAtMicros = Number.NEGATIVE_INFINITY
  const nowMicros = (): number => {
    const monotonic = monotonicMicros()
    if (monotonic >= compareAtMicros) {
      compareAtMicros = monotonic + compareMicros
      const corrected = Math.max(wallMicros() - monotonic, offsetMicros - slewMicrosMax)
      if (Math.abs(corrected - offsetMicros) > unsteadyMicros) unsteadyAtMicros = monotonic
      offsetMicros = corrected
    }
    lastMicros = Math.max(lastMicros, Math.floor(monotonic + offsetMicros))
    return lastMicros
  }
  return {
    nowMicros,
    monotonicMicros,
    unsteadyAtMicros: () => unsteadyAtMicros,
    mark: () => {
      const micros = nowMicros()
      lastMicros = micros + 1
      return micros
    },
    notBefore: (micros) => {
      offsetMicros = Math.max(offsetMicros, micros + 1 - monotonicMicros())
      // Also when the wall clock is behind, and approached from the next call on.
      lastMicros = Math.max(lastMicros, micros + 1)
    }
  }
}
