/** A market that is to be recorded, as discovery hands it over: when, at which prices, and where it stands among the others. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { PriceGrid } from "@kalshibook/core/PriceGrid"
import type { Weight } from "./Admission.ts"

/** Not open yet, open (or merely paused), or closed (and maybe to be opened again). */
export type MarketPhase = "unopened" | "open" | "closed"

export interface MarketPlan {
  readonly ticker: MarketTicker
  /** Scheduled times, Unix microseconds. */
  readonly openMicros: number
  readonly closeMicros: number
  /** What the exchange says of it, whatever our clock says of its schedule. */
  readonly phase: MarketPhase
  readonly grid: PriceGrid
  readonly weight: Weight
  /** The moment of the receive clock of which it speaks for sure: what was heard later is truer. */
  readonly tsObservedMicros: number
}
