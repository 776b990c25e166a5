// adapter: reads the machine's clocks
/**
 * The receive clock: Unix microseconds that never go back, also when the wall clock is set back or the process is started
 * again (`notBefore`). The wall clock says where it starts, the monotonic clock how it goes on.
 */
import { Context, Effect, Layer } from "effect"

/** How far the clock may trail a wall clock that was set forward before it follows it. */
const stepMicros = 1_000_000

export interface ReceiveClockState {
  /** The time now; at least the time returned before. */
  readonly nowMicros: () => number
  /** Returns a time such that everything stamped so far is at or before it, and everything later is after it. */
  readonly mark: () => number
  /** Everything from now on is after this time. */
  readonly notBefore: (micros: number) => void
}

export class ReceiveClock extends Context.Service<ReceiveClock, ReceiveClockState>()(
  "@kalshibook/collector/ReceiveClock"
) {
  static readonly layer: Layer.Layer<ReceiveClock> = Layer.effect(
    ReceiveClock,
    Effect.sync(() => make(() => Date.now() * 1000, () => performance.now() * 1000))
  )
}

/** Over the two clocks of a machine, both in microseconds. */
export const make = (wallMicros: () => number, monotonicMicros: () => number): ReceiveClockState => {
  let offsetMicros = wallMicros() - monotonicMicros()
  let lastMicros = 0
  let checkAtMicros = 0
  const nowMicros = (): number => {
    const monotonic = monotonicMicros()
    // The wall clock is asked once a second: it may have been set, or have drifted from the monotonic one.
    if (monotonic >= checkAtMicros) {
      checkAtMicros = monotonic + stepMicros
      const offset = wallMicros() - monotonic
      if (Math.abs(offset - offsetMicros) > stepMicros) offsetMicros = offset
      else offsetMicros += (offset - offsetMicros) / 8
    }
    lastMicros = Math.max(lastMicros, Math.floor(monotonic + offsetMicros))
    return lastMicros
  }
  return {
    nowMicros,
    mark: () => {
      const micros = nowMicros()
      lastMicros = micros + 1
      return micros
    },
    notBefore: (micros) => {
      lastMicros = Math.max(lastMicros, micros + 1)
    }
  }
}
