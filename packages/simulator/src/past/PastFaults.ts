/** What goes wrong in made-up days, and when: planned beforehand from the seed alone. */
import * as Prng from "../exchange/Prng.ts"
import type { PastSettings } from "./PastSettings.ts"

/**
 * - `hole`: a few frames of the books are lost on the way
 * - `trade_hole`: a few trades are
 * - `garbled`: a frame of the books cannot be read
 * - `cut`: the connection is lost
 * - `silence`: nothing comes any more, and after a while the connection is given up
 * - `stop`: no recorder runs
 */
export const pastFaultKinds = ["hole", "trade_hole", "garbled", "cut", "silence", "stop"] as const
export type PastFaultKind = (typeof pastFaultKinds)[number]

export interface PastFault {
  readonly kind: PastFaultKind
  /** By the exchange's clock, Unix microseconds. */
  readonly atMicros: number
  /** For how long, microseconds; 0 for what concerns single frames. */
  readonly lastsMicros: number
}

const secondMicros = 1_000_000
const dayMicros = 86_400 * secondMicros

/** Share of each kind, and for how many seconds it lasts at least and at most. */
const kinds = {
  hole: { share: 0.35, seconds: [0, 0] },
  trade_hole: { share: 0.15, seconds: [0, 0] },
  garbled: { share: 0.1, seconds: [0, 0] },
  cut: { share: 0.2, seconds: [1, 30] },
  silence: { share: 0.1, seconds: [20, 40] },
  stop: { share: 0.1, seconds: [60, 600] }
} as const satisfies Record<PastFaultKind, { readonly share: number; readonly seconds: readonly [number, number] }>

/** The stream of the seed that faults are drawn from: above those of the exchange's parts. */
const stream = 500

/** Ascending by time. */
export const plan = ({ faultsPerDay, fromMicros, seed, untilMicros }: PastSettings): ReadonlyArray<PastFault> => {
  if (faultsPerDay === 0) return []
  const prng = Prng.make(seed, stream)
  const faults: Array<PastFault> = []
  // Each share is drawn in turn, so that even a few days have some of each kind.
  const turns = pastFaultKinds.flatMap((kind) => Array.from({ length: Math.round(kinds[kind].share * 20) }, () => kind))
  let left: Array<PastFaultKind> = []
  let atMicros = fromMicros
  for (;;) {
    atMicros += Math.ceil(Prng.exponential(prng, dayMicros / faultsPerDay))
    if (left.length === 0) left = Prng.shuffled(prng, turns)
    const kind = left.pop() ?? "hole"
    const [low, high] = kinds[kind].seconds
    const lastsMicros = Prng.between(prng, low, high) * secondMicros
    if (atMicros + lastsMicros + 60 * secondMicros >= untilMicros) return faults
    faults.push({ kind, atMicros, lastsMicros })
    // One after another: what happens to a recorder that does not run does not happen.
    atMicros += lastsMicros + 60 * secondMicros
  }
}
