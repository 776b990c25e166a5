/** The twin of `MembersPostgres` in memory. */
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import { Clock, Effect, Option } from "effect"
import type { Account } from "./Accounts.ts"
import type { AccountsState } from "./AccountsState.ts"
import { newInvitationToken } from "./InvitationToken.ts"
import {
  higherRole,
  type Invitation,
  invitationMicros,
  type Member,
  type MemberChange,
  type MemberOutcome,
  type Membership
} from "./MemberRecord.ts"
import type { Members } from "./Members.ts"

interface KeptInvitation extends Invitation {
  readonly accountId: string
  readonly token: string
  readonly invitedBy: string
}

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

export const membersInMemory = (state: AccountsState["Service"]): Members["Service"] => {
  const { closed, members } = state
  const invitations = new Map<string, KeptInvitation>()

  const membersOf = (accountId: string): Map<string, Member> => members.get(accountId) ?? new Map()
  const add = (accountId: string, member: Member) =>
    members.set(accountId, new Map(membersOf(accountId)).set(member.userId, member))

  const membershipIn = (account: Account, userId: string): ReadonlyArray<Membership> => {
    const role = membersOf(account.accountId).get(userId)?.role
    return role === undefined || closed.has(account.accountId) ? [] : [{ account, role }]
  }
  const membershipsOf = (userId: string): ReadonlyArray<Membership> =>
    [...state.accounts.values()]
      .flatMap((account) => membershipIn(account, userId))
      .sort((one, other) => (one.account.name < other.account.name ? -1 : 1))

  const isOwner = (accountId: string, userId: string): boolean => membersOf(accountId).get(userId)?.role === "owner"

  const change = ({ accountId, by, userId }: MemberChange, role: MemberRole | null): MemberOutcome => {
    const isLeaving = role === null && by === userId
    if (!isLeaving && !isOwner(accountId, by)) return "no_owner"
    const all = membersOf(accountId)
    const member = all.get(userId)
    if (member === undefined) return "unknown"
    const owners = [...all.values()].filter((one) => one.role === "owner")
    if (role !== "owner" && owners.length === 1 && owners[0] === member) return "last_owner"
    if (role === null) all.delete(userId)
    else all.set(userId, { ...member, role })
    if (role !== "owner") {
      for (const [id, kept] of invitations) {
        if (kept.accountId === accountId && kept.invitedBy === userId) invitations.delete(id)
      }
    }
    return "done"
  }

  const good = (micros: number) => [...invitations.values()].filter(({ expiresMicros }) => expiresMicros > micros)

  return {
    membershipsOf: (userId) => Effect.sync(() => membershipsOf(userId)),
    open: ({ email, userId }) =>
      Effect.map(nowMicros, (joinedMicros) => {
        const [known] = membershipsOf(userId)
        if (known !== undefined) return { membership: known, isNew: false }
        const isTaken = [...state.accounts.values()].some((account) => account.name === email)
        const accountId = globalThis.crypto.randomUUID()
        const name = isTaken ? `${email} ${accountId.slice(0, 8)}` : email
        const account: Account = { accountId, name, tier: "free", terms: {}, capCredits: null }
        state.accounts.set(accountId, account)
        add(accountId, { userId, email, role: "owner", joinedMicros })
        return { membership: { account, role: "owner" as const }, isNew: true }
      }),
    list: (accountId) =>
      Effect.sync(() =>
        [...membersOf(accountId).values()].sort(
          (one, other) => one.joinedMicros - other.joinedMicros || (one.userId < other.userId ? -1 : 1)
        )
      ),
    invite: (accountId, { email, invitedBy, role }) =>
      Effect.map(nowMicros, (createdMicros) => {
        if (!isOwner(accountId, invitedBy)) return Option.none()
        for (const [id, kept] of invitations) {
          if (kept.accountId === accountId && kept.email === email) invitations.delete(id)
        }
        const invitationId = globalThis.crypto.randomUUID()
        const invitation = { invitationId, email, role, createdMicros, expiresMicros: createdMicros + invitationMicros }
        const token = newInvitationToken()
        invitations.set(invitationId, { ...invitation, accountId, token, invitedBy })
        return Option.some({ invitation, token })
      }),
    invitations: (accountId) =>
      Effect.map(nowMicros, (micros) =>
        good(micros)
          .filter((kept) => kept.accountId === accountId)
          .map(({ accountId: _, invitedBy: __, token: ___, ...invitation }) => invitation)
      ),
    withdraw: (accountId, invitationId) =>
      Effect.sync(() => invitations.get(invitationId)?.accountId === accountId && invitations.delete(invitationId)),
    accept: (token, { email, userId }) =>
      Effect.map(nowMicros, (joinedMicros) => {
        const found = good(joinedMicros).find((kept) => kept.token === token && kept.email === email)
        const account = state.accounts.get(found?.accountId ?? "")
        if (found === undefined || account === undefined || closed.has(account.accountId)) return Option.none()
        invitations.delete(found.invitationId)
        const before = membersOf(account.accountId).get(userId)
        const role = before === undefined ? found.role : higherRole(before.role, found.role)
        add(account.accountId, before === undefined ? { userId, email, role, joinedMicros } : { ...before, role })
        return Option.some({ account, role })
      }),
    setRole: (changed, role) => Effect.sync(() => change(changed, role)),
    remove: (changed) => Effect.sync(() => change(changed, null)),
    close: (accountId, by) =>
      Effect.map(nowMicros, (micros) => {
        const account = state.accounts.get(accountId)
        if (account === undefined || !isOwner(accountId, by)) return false
        closed.add(accountId)
        state.accounts.set(accountId, { ...account, name: `closed ${accountId}` })
        for (const [prefix, key] of state.keys) {
          if (key.accountId !== accountId) continue
          const maker = key.maker?._tag === "member" ? null : key.maker
          state.keys.set(prefix, { ...key, name: "closed", revokedMicros: key.revokedMicros ?? micros, maker })
        }
        members.delete(accountId)
        for (const [id, kept] of invitations) if (kept.accountId === accountId) invitations.delete(id)
        for (const [id, error] of state.requestErrors) if (error.accountId === accountId) state.requestErrors.delete(id)
        return true
      })
  }
}
