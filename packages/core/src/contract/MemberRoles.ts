/** What a member of an account is there for. Which role may ask what stands in the table of prices; what each has of the scopes of keys, here. */
import type { Scope } from "./Pricing.ts"

/** Those with more rights first. `owner`: everything. `member`: data and keys. `billing`: what was used and what it costs. */
export const memberRoles = ["owner", "member", "billing"] as const
export type MemberRole = (typeof memberRoles)[number]

/** What people may do with data and keys. */
export const scopesOfRole: Readonly<Record<MemberRole, ReadonlyArray<Scope>>> = {
  owner: ["read", "stream", "download", "admin"],
  member: ["read", "stream", "download", "admin"],
  billing: []
}
