/**
 * Up to when coverage counts time: the rule by which `History.bookAt` says `stale` of what comes after the watermark, as a bound.
 */
import { Clock, Effect, Option } from "effect"
import { isSilent, microsOf } from "./HistoryEdge.ts"
import type { Watermark } from "./HotTier.ts"

export interface CoverageEdge {
  /** Exclusive, Unix microseconds. */
  readonly countedToMicros: number
  /** Beginnings of hours up to here lie behind hours that are complete, Unix microseconds; 0 before anything was recorded. */
  readonly provenToMicros: number
  /** From where on nothing is known of any book, because no recorder runs, Unix microseconds; `null` while one does. */
  readonly stoppedFromMicros: number | null
}

/** While a recorder runs, time after the watermark is not counted; when none does, it passes, and nothing of it is known. */
export const at = Effect.fnUntraced(function* (watermark: Option.Option<Pick<Watermark, "tsReceivedMicros">>) {
  const nowMillis = yield* Clock.currentTimeMillis
  const nowMicros = microsOf(nowMillis) + 1
  if (Option.isNone(watermark)) {
    return { countedToMicros: nowMicros, provenToMicros: 0, stoppedFromMicros: 0 } satisfies CoverageEdge
  }
  const provenToMicros = watermark.value.tsReceivedMicros + 1
  const edge: CoverageEdge = isSilent(watermark.value, nowMillis)
    ? { countedToMicros: Math.max(nowMicros, provenToMicros), provenToMicros, stoppedFromMicros: provenToMicros }
    : { countedToMicros: provenToMicros, provenToMicros, stoppedFromMicros: null }
  return edge
})
