/** What is known of the people of an account, and of those who were invited. */
import { type MemberRole, memberRoles } from "@kalshibook/core/contract/MemberRoles"
import type { Account } from "./Accounts.ts"

/** Somebody who is signed in. */
export interface Person {
  readonly userId: string
  /** In lower case; verified by the auth server. */
  readonly email: string
}

export interface Member extends Person {
  readonly role: MemberRole
  /** Unix microseconds. */
  readonly joinedMicros: number
}

export interface Membership {
  readonly account: Account
  readonly role: MemberRole
}

export interface Invitation {
  readonly invitationId: string
  readonly email: string
  readonly role: MemberRole
  readonly createdMicros: number
  readonly expiresMicros: number
}

export interface InvitationWish {
  readonly email: string
  readonly role: MemberRole
  readonly invitedBy: string
}

/** Who is changed, and by whom: an owner of the account, as it is at that moment. */
export interface MemberChange {
  readonly accountId: string
  readonly by: string
  readonly userId: string
}

/** What became of a change: `last_owner` where nobody would be left to own the account, `no_owner` where whoever acts is none. */
export type MemberOutcome = "done" | "unknown" | "last_owner" | "no_owner"

/** How long an invitation waits for its guest. */
export const invitationMicros = 7 * 24 * 3_600_000_000

/** The role with more rights. */
export const higherRole = (one: MemberRole, other: MemberRole): MemberRole =>
  memberRoles.indexOf(one) <= memberRoles.indexOf(other) ? one : other
