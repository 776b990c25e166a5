/** Members in Postgres. What concerns one account acts for it alone; opening, joining and closing one is done as the owner of the tables. */
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import { Clock, Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { type AccountRow, accountOf } from "./Accounts.ts"
import { acting } from "./AsAccount.ts"
import { during } from "./HotTierError.ts"
import { newInvitationToken, tokenHash } from "./InvitationToken.ts"
import {
  higherRole,
  type Invitation,
  type InvitationWish,
  invitationMicros,
  type Member,
  type MemberChange,
  type MemberOutcome,
  type Membership
} from "./MemberRecord.ts"
import type { Members } from "./Members.ts"
import { int8 } from "./PgNumbers.ts"

interface MembershipRow extends AccountRow {
  readonly role: MemberRole
}

interface InvitationRow {
  readonly invitation_id: string
  readonly email: string
  readonly role: MemberRole
  readonly ts_created_micros: number
  readonly ts_expires_micros: number
}

const membershipOf = (row: MembershipRow): Membership => ({ account: accountOf(row), role: row.role })

const invitationOf = (row: InvitationRow): Invitation => ({
  invitationId: row.invitation_id,
  email: row.email,
  role: row.role,
  createdMicros: row.ts_created_micros,
  expiresMicros: row.ts_expires_micros
})

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

export const membersInPostgres = (sql: SqlClient.SqlClient): Members["Service"] => {
  const account = sql.literal("accounts.account_id, name, tier, terms, cap_credits")
  const invitation = sql.literal("invitation_id, email, role, ts_created_micros, ts_expires_micros")

  const memberships = (userId: string) =>
    sql<MembershipRow>`
      select ${account}, role from account_members join accounts using (account_id)
      where user_id = ${userId}::text::uuid and ts_closed_micros is null
      order by name`

  /** One at a time for each person, however many pages ask at once. */
  const onceForPerson = (userId: string) => sql`select pg_advisory_xact_lock(hashtextextended(${userId}, 1))`

  /** Nobody else changes who is a member meanwhile. */
  const lockAccount = (accountId: string) =>
    sql`select from accounts where account_id = ${accountId}::text::uuid for no key update`

  /** With the account locked first, they stay so until the end of the transaction. */
  const membersThen = (accountId: string) =>
    Effect.andThen(
      lockAccount(accountId),
      sql<{ user_id: string; role: MemberRole }>`
        select user_id, role from account_members where account_id = ${accountId}::text::uuid`
    )

  const isOwnerThen = (accountId: string, userId: string) =>
    Effect.map(membersThen(accountId), (members) =>
      members.some((member) => member.user_id === userId && member.role === "owner")
    )

  /** Changes somebody if an owner does, and unless that left the account without one. */
  const change = (operation: string, { accountId, by, userId }: MemberChange, role: MemberRole | null) =>
    Effect.gen(function* () {
      const members = yield* membersThen(accountId)
      const isLeaving = role === null && by === userId
      const isOwner = members.some((member) => member.user_id === by && member.role === "owner")
      if (!isLeaving && !isOwner) return "no_owner" satisfies MemberOutcome
      if (!members.some((member) => member.user_id === userId)) return "unknown" satisfies MemberOutcome
      const owners = members.filter((member) => member.role === "owner")
      if (role !== "owner" && owners.length === 1 && owners[0]?.user_id === userId) {
        return "last_owner" satisfies MemberOutcome
      }
      const which = sql`account_id = ${accountId}::text::uuid and user_id = ${userId}::text::uuid`
      if (role === null) yield* sql`delete from account_members where ${which}`
      else yield* sql`update account_members set role = ${role} where ${which}`
      if (role !== "owner") {
        yield* sql`delete from account_invitations
          where account_id = ${accountId}::text::uuid and invited_by = ${userId}::text::uuid`
      }
      return "done" satisfies MemberOutcome
    }).pipe(sql.withTransaction, during(operation))

  const replaceInvitation = (accountId: string, { email, invitedBy, role }: InvitationWish) =>
    Effect.gen(function* () {
      const token = newInvitationToken()
      const micros = yield* nowMicros
      yield* sql`delete from account_invitations where email = ${email} or ts_expires_micros <= ${int8(micros)}`
      const [row] = yield* sql<InvitationRow>`
        insert into account_invitations
          (account_id, email, role, token_hash, invited_by, ts_created_micros, ts_expires_micros)
        values (${accountId}::text::uuid, ${email}, ${role}, ${tokenHash(token)}, ${invitedBy}::text::uuid,
                ${int8(micros)}, ${int8(micros + invitationMicros)})
        returning ${invitation}`
      return { invitation: invitationOf(row as InvitationRow), token }
    }).pipe(acting(sql, { account_id: accountId }))

  return {
    membershipsOf: (userId) =>
      memberships(userId).pipe(
        acting(sql, { user_id: userId }),
        Effect.map((rows) => rows.map(membershipOf)),
        during("findMemberships")
      ),
    open: ({ email, userId }) =>
      Effect.gen(function* () {
        yield* onceForPerson(userId)
        const [known] = yield* memberships(userId)
        if (known !== undefined) return { membership: membershipOf(known), isNew: false }
        const micros = yield* nowMicros
        // Two accounts have no name in common: whoever comes second, after an invitation say, is told apart by an end.
        const [made] = yield* sql<AccountRow>`
          insert into accounts (name, tier, ts_created_micros)
          select case when exists (select from accounts where name = ${email})
                      then ${email} || ' ' || left(gen_random_uuid()::text, 8) else ${email} end, 'free', ${int8(micros)}
          returning account_id, name, tier, terms, cap_credits`
        const row: MembershipRow = { ...(made as AccountRow), role: "owner" }
        yield* sql`insert into account_members (account_id, user_id, role, email, ts_joined_micros)
          values (${row.account_id}::text::uuid, ${userId}::text::uuid, 'owner', ${email}, ${int8(micros)})`
        return { membership: membershipOf(row), isNew: true }
      }).pipe(sql.withTransaction, during("openAccount")),
    list: (accountId) =>
      sql<{ user_id: string; email: string; role: MemberRole; ts_joined_micros: number }>`
        select user_id, email, role, ts_joined_micros from account_members order by ts_joined_micros, user_id`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map((rows) =>
          rows.map(
            (row): Member => ({
              userId: row.user_id,
              email: row.email,
              role: row.role,
              joinedMicros: row.ts_joined_micros
            })
          )
        ),
        during("listMembers")
      ),
    invite: (accountId, { email, invitedBy, role }) =>
      Effect.gen(function* () {
        if (!(yield* isOwnerThen(accountId, invitedBy))) return Option.none()
        return Option.some(yield* replaceInvitation(accountId, { email, invitedBy, role }))
      }).pipe(sql.withTransaction, during("inviteMember")),
    invitations: (accountId) =>
      Effect.gen(function* () {
        const rows = yield* sql<InvitationRow>`
          select ${invitation} from account_invitations where ts_expires_micros > ${int8(yield* nowMicros)}
          order by ts_created_micros, email`
        return rows.map(invitationOf)
      }).pipe(acting(sql, { account_id: accountId }), during("listInvitations")),
    withdraw: (accountId, invitationId) =>
      sql`delete from account_invitations where invitation_id = ${invitationId}::text::uuid returning invitation_id`.pipe(
        acting(sql, { account_id: accountId }),
        Effect.map((rows) => rows.length > 0),
        during("withdrawInvitation")
      ),
    accept: (token, { email, userId }) =>
      Effect.gen(function* () {
        const micros = yield* nowMicros
        // The account before the invitation, as whoever removes its inviter locks them.
        const [invited] = yield* sql<{ account_id: string }>`
          select account_id from account_invitations where token_hash = ${tokenHash(token)}`
        if (invited === undefined) return Option.none()
        yield* lockAccount(invited.account_id)
        const [found] = yield* sql<{ account_id: string; role: MemberRole }>`
          delete from account_invitations using accounts
          where accounts.account_id = account_invitations.account_id and ts_closed_micros is null
            and token_hash = ${tokenHash(token)} and email = ${email} and ts_expires_micros > ${int8(micros)}
          returning account_invitations.account_id, role`
        if (found === undefined) return Option.none()
        const before = (yield* memberships(userId)).find((row) => row.account_id === found.account_id)
        const role = before === undefined ? found.role : higherRole(before.role, found.role)
        yield* sql`
          insert into account_members (account_id, user_id, role, email, ts_joined_micros)
          values (${found.account_id}::text::uuid, ${userId}::text::uuid, ${role}, ${email}, ${int8(micros)})
          on conflict (account_id, user_id) do update set role = excluded.role`
        const joined = (yield* memberships(userId)).find((row) => row.account_id === found.account_id)
        return Option.map(Option.fromUndefinedOr(joined), membershipOf)
      }).pipe(sql.withTransaction, during("acceptInvitation")),
    setRole: (changed, role) => change("changeMember", changed, role),
    remove: (changed) => change("removeMember", changed, null),
    close: (accountId, by) =>
      Effect.gen(function* () {
        if (!(yield* isOwnerThen(accountId, by))) return false
        const micros = int8(yield* nowMicros)
        const which = sql`account_id = ${accountId}::text::uuid`
        yield* sql`update accounts set ts_closed_micros = coalesce(ts_closed_micros, ${micros}),
          name = 'closed ' || account_id where ${which}`
        yield* sql`update api_keys set name = 'closed', ts_revoked_micros = coalesce(ts_revoked_micros, ${micros}),
          maker_user_id = null, maker_email = null where ${which}`
        yield* sql`delete from account_members where ${which}`
        yield* sql`delete from account_invitations where ${which}`
        yield* sql`delete from stream_tickets where ${which}`
        yield* sql`delete from request_errors where ${which}`
        return true
      }).pipe(sql.withTransaction, during("closeAccount"))
  }
}
