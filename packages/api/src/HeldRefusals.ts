/**
 * When somebody who goes on far above his limit hears of it: ten refusals a second at once, the rest a little later each, up to a second. A
 * program that waits for its answers is slowed down to what the node can bear, so that others do not feel it; one that heeds `Retry-After`
 * never meets this. Held by each node for itself.
 */
import { refusalHoldMillisMax, refusalsAtOnce, refusalsMax } from "./ApiLimits.ts"

export interface HeldRefusals {
  /** How long the refusal of a call by this key is held back, milliseconds. */
  readonly holdMillis: (prefix: string, nowMillis: number) => number
}

/** Its multiples are spread evenly over every unit. */
const goldenRatio = 0.618_033_988_749_895

const spacingMillis = 1_000 / refusalsAtOnce

export const make = (): HeldRefusals => {
  /** By key: the moment of the last refusal, in a line in which they are `spacingMillis` apart. */
  const last = new Map<string, number>()
  let beyond = 0
  /** Beyond the longest hold they are spread over its second half, lest all come again at one moment. */
  const scattered = (): number => Math.round(refusalHoldMillisMax * (0.5 + ((beyond++ * goldenRatio) % 1) / 2))
  return {
    holdMillis: (prefix, nowMillis) => {
      const atMillis = Math.max(last.get(prefix) ?? 0, nowMillis - 1_000) + spacingMillis
      const dueMillis = Math.max(0, atMillis - nowMillis)
      const holdMillis = dueMillis < refusalHoldMillisMax ? dueMillis : scattered()
      // In the order of last use, so that the one that leaves is the one that was refused longest ago.
      last.delete(prefix)
      const [oldest] = last.size >= refusalsMax ? last.keys() : []
      if (oldest !== undefined) last.delete(oldest)
      last.set(prefix, Math.min(atMillis, nowMillis + refusalHoldMillisMax))
      return holdMillis
    }
  }
}
