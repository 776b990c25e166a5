/**
 * Recognises people who are signed in and members of an account. Whoever is of several names one with the header `X-Account`; without it
 * the first counts, by name.
 *
 * Memberships are believed for some seconds, so whoever is removed loses the account within that time on every node.
 */
import { scopesOfRole } from "@kalshibook/core/contract/MemberRoles"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { Membership, Person } from "@kalshibook/store/MemberRecord"
import { Members } from "@kalshibook/store/Members"
import { Cache, Duration, Effect, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import { keyMillisMax, keysMax } from "./ApiLimits.ts"
import { type Authenticator, NotMember, NotRecognised, type SignInUnverified } from "./Authenticators.ts"
import type { Caller } from "./Caller.ts"
import { PersonTokens } from "./PersonTokens.ts"

export interface MemberAuthenticator extends Authenticator {
  /** Whoever is signed in, of an account or of none. */
  readonly personOf: (token: string) => Effect.Effect<Option.Option<Person>, NotRecognised | SignInUnverified>
  /** The member in whose name a ticket was issued. */
  readonly callerOfMember: (accountId: string, userId: string) => Effect.Effect<Caller, NotRecognised | HotTierError>
  /** A member as he is now, at most seconds old. */
  readonly memberNow: (person: Person, accountId: string) => Effect.Effect<Caller, NotRecognised | HotTierError>
  /** Somebody's memberships have changed: this node looks them up again. */
  readonly forget: (userId: string) => Effect.Effect<void>
}

export const make = Effect.gen(function* () {
  const members = yield* Members
  const { personOf } = yield* PersonTokens
  const known = yield* Cache.makeWith((userId: string) => members.membershipsOf(userId), {
    capacity: keysMax,
    timeToLive: (exit) => (exit._tag === "Success" ? Duration.millis(keyMillisMax) : Duration.zero)
  })
  const authenticator: MemberAuthenticator = {
    personOf,
    callerOf: Effect.fnUntraced(function* (token: string, request: HttpServerRequest.HttpServerRequest) {
      const person = yield* personOf(token)
      if (Option.isNone(person)) return Option.none<Caller>()
      const memberships = yield* Cache.get(known, person.value.userId)
      const wanted = request.headers["x-account"]
      const membership = memberships.find(({ account }) => wanted === undefined || account.accountId === wanted)
      if (membership !== undefined) return Option.some(callerOf(person.value, membership))
      const detail =
        wanted === undefined
          ? `${person.value.email} is of no account yet: open one with POST /v1/accounts.`
          : `${person.value.email} is no member of the account that \`X-Account\` names.`
      return yield* new NotMember({ detail })
    }),
    callerOfMember: Effect.fnUntraced(function* (accountId, userId) {
      const membership = (yield* members.membershipsOf(userId)).find(({ account }) => account.accountId === accountId)
      const member = (yield* members.list(accountId)).find((one) => one.userId === userId)
      if (membership === undefined || member === undefined) {
        return yield* new NotRecognised({
          detail: "Whoever asked for this ticket is no member of the account any more."
        })
      }
      return callerOf(member, membership)
    }),
    memberNow: Effect.fnUntraced(function* (person, accountId) {
      const memberships = yield* Cache.get(known, person.userId)
      const membership = memberships.find(({ account }) => account.accountId === accountId)
      if (membership !== undefined) return callerOf(person, membership)
      return yield* new NotRecognised({ detail: `${person.email} is no member of this account any more.` })
    }),
    forget: (userId) => Cache.invalidate(known, userId)
  }
  return authenticator
})

const callerOf = ({ email, userId }: Person, { account, role }: Membership): Caller => ({
  account,
  tier: tierOf(account.tier, account.terms),
  scopes: scopesOfRole[role],
  name: nameOf(userId),
  title: email,
  bounds: { requestsPerSecond: null, connections: null, capCredits: null, expiresMicros: null },
  authentication: { _tag: "member", person: { email, userId }, role }
})

/** What usage names somebody by, where it names others by the prefix of their key: as short, and never one of those. */
const nameOf = (userId: string): string => `user-${userId.slice(0, 8)}`
