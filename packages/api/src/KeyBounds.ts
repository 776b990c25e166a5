/**
 * Nobody hands out more than he has: what a key makes, changes or replaces has at most its own scopes, caps, rate, streams and time. So a
 * key that was made for little cannot be turned into one for more.
 */
import type { Scope } from "@kalshibook/core/contract/Pricing"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { Caller } from "./Caller.ts"

/** What is to be given to a key; `null` for no bound of its own. */
export interface KeyGift {
  readonly scopes: ReadonlyArray<Scope>
  readonly requestsPerSecond: number | null
  readonly connections: number | null
  readonly capCredits: number | null
  readonly expiresMicros: number | null
}

export type Excess =
  | { readonly _tag: "scope"; readonly scope: Scope }
  | { readonly _tag: "bound"; readonly parameter: string; readonly allowed: string }

/** What of a gift is more than the caller has; `undefined` where nothing is. */
export const excessOf = ({ authentication, bounds, scopes }: Caller, gift: KeyGift): Excess | undefined => {
  // A key is asked for its scope alone: one with `admin` would do for a member what only owners may.
  const isLesser = authentication._tag === "member" && authentication.role !== "owner"
  const scope = gift.scopes.find((one) => !scopes.includes(one) || (isLesser && one === "admin"))
  if (scope !== undefined) return { _tag: "scope", scope }
  const beyond = (given: number | null, own: number | null) => own !== null && (given === null || given > own)
  const bound = (parameter: string, allowed: string): Excess => ({ _tag: "bound", parameter, allowed })
  const atMost = (own: number | null) => `at most ${own}, what the key has that asks`
  if (beyond(gift.capCredits, bounds.capCredits)) return bound("month_credits_cap", atMost(bounds.capCredits))
  if (beyond(gift.requestsPerSecond, bounds.requestsPerSecond)) {
    return bound("requests_per_second", atMost(bounds.requestsPerSecond))
  }
  if (beyond(gift.connections, bounds.connections)) return bound("connections", atMost(bounds.connections))
  if (beyond(gift.expiresMicros, bounds.expiresMicros)) {
    return bound("expires_at", `not after ${isoFromMicros(bounds.expiresMicros ?? 0)}, when the key ends that asks`)
  }
  return undefined
}

/** What the caller gives where he does not say: as much as he may. */
export const ownOf = ({ bounds, scopes }: Caller): KeyGift => ({ ...bounds, scopes })
