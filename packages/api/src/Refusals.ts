/**
 * Calls that the ledger would refuse again, refused by the node itself: a bucket that has too few tokens now has too few until the time
 * that the ledger named. So whoever sends a hundred times his limit costs the database one question, not a hundred.
 */
import type { LedgerCall } from "@kalshibook/store/Ledger"
import { refusalsMax } from "./ApiLimits.ts"

export interface Refusals {
  /** Microseconds for which such a call is refused without a question; 0 to ask. */
  readonly waitMicros: (call: LedgerCall, nowMicros: number) => number
  readonly note: (call: LedgerCall, waitMicros: number, nowMicros: number) => void
}

export const make = (): Refusals => {
  /** By key: a dearer call waits at least as long as the one that was refused. */
  const refused = new Map<string, { readonly cost: number; readonly untilMicros: number }>()
  return {
    waitMicros: ({ cost, prefix }, nowMicros) => {
      const last = refused.get(prefix)
      if (last === undefined || cost < last.cost) return 0
      if (last.untilMicros > nowMicros) return last.untilMicros - nowMicros
      refused.delete(prefix)
      return 0
    },
    note: ({ cost, prefix }, waitMicros, nowMicros) => {
      if (refused.size >= refusalsMax) refused.clear()
      refused.set(prefix, { cost, untilMicros: nowMicros + waitMicros })
    }
  }
}
