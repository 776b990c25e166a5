/** Answers about the people of an account, and about those who were invited. */
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { invitationsOfAccountMax } from "@kalshibook/core/contract/Limits"
import { type MemberRole, scopesOfRole } from "@kalshibook/core/contract/MemberRoles"
import * as PeopleAnswer from "@kalshibook/core/contract/PeopleAnswer"
import {
  LastOwner,
  RoleMissing,
  TooManyInvitations,
  UnknownInvitation,
  UnknownMember
} from "@kalshibook/core/contract/ProblemsOfPeople"
import type { MemberOutcome } from "@kalshibook/store/MemberRecord"
import { Members } from "@kalshibook/store/Members"
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { memberHere, refuseNoOwner } from "./ActingMember.ts"
import type { Caller } from "./Caller.ts"
import { Callers } from "./Callers.ts"
import * as Failures from "./Failures.ts"
import { InvitationMails } from "./InvitationMails.ts"
import { OpenConnections } from "./OpenConnections.ts"
import { answered, callerHere, personHere, RequestMeta } from "./RequestMeta.ts"

export const MembersHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "members",
  Effect.fn(function* (handlers) {
    const callers = yield* Callers
    const connections = yield* OpenConnections
    const members = yield* Members

    const list = Effect.fnUntraced(function* (accountId: string) {
      return { members: (yield* members.list(accountId)).map(PeopleAnswer.memberView) }
    })

    return handlers.handleAll({
      list: () =>
        Effect.flatMap(callerHere, ({ account }) => list(account.accountId)).pipe(
          answered(PeopleAnswer.MemberList),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        ),

      change: ({ params, payload }) =>
        Effect.gen(function* () {
          const { account, person } = yield* memberHere
          const { accountId } = account
          const change = { accountId, by: person.userId, userId: params.user_id }
          yield* refuseOutcome(yield* members.setRole(change, payload.role))
          yield* callers.forgetPerson(params.user_id)
          if (!scopesOfRole[payload.role].includes("stream")) yield* connections.endAccount(accountId, params.user_id)
          return yield* list(accountId)
        }).pipe(answered(PeopleAnswer.MemberList), Effect.catchTag("HotTierError", Failures.storeFailed)),

      remove: ({ params }) =>
        Effect.gen(function* () {
          const { account, person, role } = yield* memberHere
          const { accountId } = account
          const isLeaving = person.userId === params.user_id
          if (!isLeaving && role !== "owner") return yield* ownersOnly(role)
          const change = { accountId, by: person.userId, userId: params.user_id }
          yield* refuseOutcome(yield* members.remove(change))
          yield* callers.forgetPerson(params.user_id)
          yield* connections.endAccount(accountId, params.user_id)
          // Whoever has left is told of nobody any more.
          return isLeaving ? { members: [] } : yield* list(accountId)
        }).pipe(answered(PeopleAnswer.MemberList), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)

export const InvitationsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "invitations",
  Effect.fn(function* (handlers) {
    const callers = yield* Callers
    const members = yield* Members
    const mails = yield* InvitationMails

    const list = Effect.fnUntraced(function* ({ account }: Caller) {
      return { invitations: (yield* members.invitations(account.accountId)).map(PeopleAnswer.invitationView) }
    })

    return handlers.handleAll({
      list: () =>
        Effect.flatMap(callerHere, list).pipe(
          answered(PeopleAnswer.InvitationList),
          Effect.catchTag("HotTierError", Failures.storeFailed)
        ),

      create: ({ payload }) =>
        Effect.gen(function* () {
          const { account, person } = yield* memberHere
          const { accountId } = account
          const email = payload.email.toLowerCase()
          const open = (yield* members.invitations(accountId)).filter((one) => one.email !== email)
          if (open.length >= invitationsOfAccountMax) return yield* tooMany(open.length)
          const { role } = payload
          const made = yield* members.invite(accountId, { email, role, invitedBy: person.userId })
          if (Option.isNone(made)) return yield* refuseNoOwner
          const { invitation, token } = made.value
          const mail = { to: email, from: person.email, accountName: account.name, role, token }
          if (Option.isSome(mails)) yield* mails.value(mail)
          return { invitation: PeopleAnswer.invitationView(invitation), token, is_mailed: Option.isSome(mails) }
        }).pipe(answered(PeopleAnswer.NewInvitation), Effect.catchTag("HotTierError", Failures.storeFailed)),

      withdraw: ({ params }) =>
        Effect.gen(function* () {
          const caller = yield* callerHere
          const isThere = yield* members.withdraw(caller.account.accountId, params.invitation_id)
          if (!isThere) return yield* unknownInvitation("The account has no such invitation.")
          return yield* list(caller)
        }).pipe(answered(PeopleAnswer.InvitationList), Effect.catchTag("HotTierError", Failures.storeFailed)),

      accept: ({ payload }) =>
        Effect.gen(function* () {
          const person = yield* personHere
          const joined = yield* members.accept(payload.token, person)
          if (Option.isNone(joined)) {
            return yield* unknownInvitation(
              `There is no such invitation for ${person.email}: it was accepted or withdrawn, is too old, or is for another address.`
            )
          }
          yield* callers.forgetPerson(person.userId)
          return { account: PeopleAnswer.membershipView(joined.value) }
        }).pipe(answered(PeopleAnswer.JoinedAccount), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)

const refuseOutcome = Effect.fnUntraced(function* (outcome: MemberOutcome) {
  if (outcome === "done") return
  if (outcome === "no_owner") return yield* refuseNoOwner
  const { requestId } = yield* RequestMeta
  if (outcome === "unknown") {
    const detail = "The account has no member of this id."
    return yield* new UnknownMember({ detail, request_id: requestId, suggestion: "/v1/members" })
  }
  const detail = "This is the only owner of the account: make somebody else one first, or delete the account."
  return yield* new LastOwner({ detail, request_id: requestId })
})

const ownersOnly = Effect.fnUntraced(function* (role: MemberRole) {
  const { requestId } = yield* RequestMeta
  const detail = `Others are removed by owners, and you are \`${role}\`; you may leave by yourself.`
  return yield* new RoleMissing({ detail, roles: ["owner"], request_id: requestId })
})

const tooMany = Effect.fnUntraced(function* (count: number) {
  const { requestId } = yield* RequestMeta
  const detail = `${count} invitations are open, as many as can be. Withdraw one first.`
  return yield* new TooManyInvitations({ detail, request_id: requestId })
})

const unknownInvitation = Effect.fnUntraced(function* (detail: string) {
  const { requestId } = yield* RequestMeta
  return yield* new UnknownInvitation({ detail, request_id: requestId })
})
