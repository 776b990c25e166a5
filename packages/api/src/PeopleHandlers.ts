/** Answers to whoever is signed in: who they are, the account that they open, and its end. */
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as KeyAnswer from "@kalshibook/core/contract/KeyAnswer"
import * as PeopleAnswer from "@kalshibook/core/contract/PeopleAnswer"
import type { Scope } from "@kalshibook/core/contract/Pricing"
import { ClosingRefused, ClosingUnconfirmed } from "@kalshibook/core/contract/ProblemsOfPeople"
import { Keys } from "@kalshibook/store/Keys"
import { Members } from "@kalshibook/store/Members"
import { Effect, Redacted } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ClosingSteps } from "./AccountClosing.ts"
import { memberHere, refuseNoOwner } from "./ActingMember.ts"
import { Callers } from "./Callers.ts"
import * as Failures from "./Failures.ts"
import { OpenConnections } from "./OpenConnections.ts"
import { answered, personHere, RequestMeta } from "./RequestMeta.ts"
import { SignInRemoval } from "./SignInRemoval.ts"

/** What the first key may: all that data is asked with. Others are made by people, or by a key that may. */
const firstKeyScopes: ReadonlyArray<Scope> = ["read", "stream", "download"]

export const PeopleHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "people",
  Effect.fn(function* (handlers) {
    const callers = yield* Callers
    const connections = yield* OpenConnections
    const keys = yield* Keys
    const members = yield* Members
    const steps = yield* ClosingSteps
    const removeSignIn = yield* SignInRemoval
    return handlers.handleAll({
      session: () =>
        Effect.gen(function* () {
          const { email, userId } = yield* personHere
          const memberships = yield* members.membershipsOf(userId)
          return { user_id: userId, email, accounts: memberships.map(PeopleAnswer.membershipView) }
        }).pipe(answered(PeopleAnswer.Session), Effect.catchTag("HotTierError", Failures.storeFailed)),

      open: () =>
        Effect.gen(function* () {
          const person = yield* personHere
          const { isNew, membership } = yield* members.open(person)
          const account = PeopleAnswer.membershipView(membership)
          if (!isNew) return { account, is_new: false, key: null, secret: null }
          yield* callers.forgetPerson(person.userId)
          const { accountId } = membership.account
          const maker = { _tag: "member", ...person } as const
          const { key, record } = yield* keys.create({ accountId, name: "first key", scopes: firstKeyScopes, maker })
          return { account, is_new: true, key: KeyAnswer.view(record, () => false), secret: Redacted.value(key) }
        }).pipe(answered(PeopleAnswer.OpenedAccount), Effect.catchTag("HotTierError", Failures.storeFailed)),

      close: ({ payload }) =>
        Effect.gen(function* () {
          const { account, person } = yield* memberHere
          const { accountId } = account
          yield* refuseUnconfirmed(payload.name, account.name)
          // What ends beside the account does not come back: nothing of it for somebody who is no owner any more.
          const roles = yield* members.membershipsOf(person.userId)
          if (!roles.some((one) => one.account.accountId === accountId && one.role === "owner"))
            return yield* refuseNoOwner
          for (const { close } of steps) yield* Effect.catchTag(close(account), "NotClosable", refused)
          const owned = yield* keys.list(accountId)
          const people = yield* members.list(accountId)
          if (!(yield* members.close(accountId, person.userId))) return yield* refuseNoOwner
          for (const { prefix } of owned) yield* callers.forget(prefix)
          for (const { userId } of people) yield* callers.forgetPerson(userId)
          yield* connections.endAccount(accountId)
          if ((yield* members.membershipsOf(person.userId)).length === 0) yield* removeSignIn(person.userId)
          return { account_id: accountId, closed: true as const }
        }).pipe(answered(PeopleAnswer.ClosedAccount), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)

const refuseUnconfirmed = Effect.fnUntraced(function* (repeated: string, name: string) {
  if (repeated === name) return
  const { requestId } = yield* RequestMeta
  const detail = "`name` is not the name of this account: nothing was done."
  return yield* new ClosingUnconfirmed({ detail, request_id: requestId })
})

const refused = Effect.fnUntraced(function* ({ detail }: { readonly detail: string }) {
  const { requestId } = yield* RequestMeta
  return yield* new ClosingRefused({ detail, request_id: requestId })
})
