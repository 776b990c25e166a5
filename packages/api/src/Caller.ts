/**
 * Who asks: an account, what may be done in its name, and how that was shown. A key is one way; whatever else comes later makes the same
 * `Caller`, so that nothing behind `Callers` has to know how somebody was recognised.
 */
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import type { Scope, Tier } from "@kalshibook/core/contract/Pricing"
import type { Account } from "@kalshibook/store/Accounts"
import type { KeyRecord } from "@kalshibook/store/KeyRecord"
import type { Person } from "@kalshibook/store/MemberRecord"

/** How a caller has shown who he is. */
export type Authentication =
  /** With a key, or with a ticket that was issued for one. */
  | { readonly _tag: "key"; readonly key: KeyRecord }
  /** As a person who is signed in and a member of the account. */
  | { readonly _tag: "member"; readonly person: Person; readonly role: MemberRole }

/** What holds for this caller beside what holds for his account; `null` for nothing of its own. */
export interface CallerBounds {
  readonly requestsPerSecond: number | null
  readonly connections: number | null
  /** Credits a month. */
  readonly capCredits: number | null
  /** When what he has shown ends, Unix microseconds. */
  readonly expiresMicros: number | null
}

export interface Caller {
  readonly account: Account
  /** What counts for the account; `tier.limits` also has how fast a replay may be and how long downloads are kept. */
  readonly tier: Tier
  readonly scopes: ReadonlyArray<Scope>
  /** What ledger and usage name him by: the public prefix of his key, or `user-` and eight letters of a person's id. */
  readonly name: string
  /** The same for people: `the key kb_live_7Yq0hT3kPa_...`, or an address. */
  readonly title: string
  readonly bounds: CallerBounds
  readonly authentication: Authentication
}
