/**
 * Whether a book may be believed. A state, not a flag: it says since when, or why not.
 */
import type { GapRecord } from "./BookRecord.ts"

/**
 * - `unknown`: no snapshot yet
 * - `trusted`: exact since the snapshot at `sinceOffset`
 * - `stale`: not known since `gap`; the levels, if any, are the last good ones
 */
export type Trust =
  | { readonly _tag: "unknown" }
  | { readonly _tag: "trusted"; readonly sinceOffset: number }
  | { readonly _tag: "stale"; readonly gap: GapRecord }

export const unknown: Trust = { _tag: "unknown" }
export const trusted = (sinceOffset: number): Trust => ({ _tag: "trusted", sinceOffset })
export const stale = (gap: GapRecord): Trust => ({ _tag: "stale", gap })
