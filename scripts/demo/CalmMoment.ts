/** A moment of filled days at which nothing goes wrong with a market: what a newcomer's first question is about. */
import type { PastFault } from "@kalshibook/simulator/past/PastFaults"

const minuteMicros = 60_000_000

export interface FilledTime {
  readonly fromMicros: number
  readonly untilMicros: number
  /** In the order of their moments. */
  readonly faults: ReadonlyArray<PastFault>
}

/** Some minutes after the market opened, a minute away from every fault and from the end; `undefined` where there is none. Unix microseconds. */
export const calmMoment = (
  tsOpenMicros: number,
  { faults, fromMicros, untilMicros }: FilledTime
): number | undefined => {
  let atMicros = Math.max(fromMicros, tsOpenMicros) + 5 * minuteMicros
  for (const fault of faults) {
    const endMicros = fault.atMicros + fault.lastsMicros + minuteMicros
    if (atMicros > fault.atMicros - minuteMicros && atMicros < endMicros) atMicros = endMicros
  }
  return atMicros < untilMicros - minuteMicros ? atMicros : undefined
}
