/** Answers about keys and tickets. */
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as KeyAnswer from "@kalshibook/core/contract/KeyAnswer"
import { keyExpiryDaysMax, keysOfAccountMax, rotateOverlapSecondsDefault } from "@kalshibook/core/contract/Limits"
import type { Scope } from "@kalshibook/core/contract/Pricing"
import { ScopeMissing, TooManyKeys, UnknownKey } from "@kalshibook/core/contract/ProblemsOfAccess"
import { BadParameter } from "@kalshibook/core/contract/ProblemsOfQuestions"
import { isoFromMicros } from "@kalshibook/core/Units"
import { type KeyMaker, type KeyRecord, ticketMicros } from "@kalshibook/store/KeyRecord"
import { Keys } from "@kalshibook/store/Keys"
import { Members } from "@kalshibook/store/Members"
import { Clock, Effect, Option, Redacted } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { Caller } from "./Caller.ts"
import { Callers } from "./Callers.ts"
import * as Failures from "./Failures.ts"
import * as KeyBounds from "./KeyBounds.ts"
import { OpenConnections } from "./OpenConnections.ts"
import { answered, callerHere, RequestMeta } from "./RequestMeta.ts"

const dayMicros = 86_400_000_000
const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

/** What a new key may where nobody says. */
const scopesDefault: ReadonlyArray<Scope> = ["read", "stream", "download"]

export const KeysHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "keys",
  Effect.fn(function* (handlers) {
    const keys = yield* Keys
    const callers = yield* Callers
    const connections = yield* OpenConnections
    const members = yield* Members

    /** The keys of the account that work. */
    const working = Effect.fnUntraced(function* (accountId: string) {
      const now = yield* nowMicros
      return (yield* keys.list(accountId)).filter(
        ({ expiresMicros, revokedMicros }) => revokedMicros === null && (expiresMicros === null || expiresMicros > now)
      )
    })

    const find = Effect.fnUntraced(function* (prefix: string) {
      const { account } = yield* callerHere
      const found = (yield* keys.list(account.accountId)).find((key) => key.prefix === prefix)
      return found ?? (yield* unknownKey(prefix))
    })

    /** Which makers are of the account no more: members who left, and keys that do not work. */
    const goneOf = Effect.fnUntraced(function* (accountId: string) {
      const people = new Set((yield* members.list(accountId)).map(({ userId }) => userId))
      const prefixes = new Set((yield* working(accountId)).map(({ prefix }) => prefix))
      return (maker: KeyMaker) => (maker._tag === "member" ? !people.has(maker.userId) : !prefixes.has(maker.prefix))
    })

    const viewOf = (record: KeyRecord) =>
      Effect.map(goneOf(record.accountId), (isGone) => KeyAnswer.view(record, isGone))

    const refuseMany = Effect.fnUntraced(function* (accountId: string) {
      const { length } = yield* working(accountId)
      if (length < keysOfAccountMax) return
      const { requestId } = yield* RequestMeta
      const detail = `${length} keys of this account work, as many as can. Revoke one first.`
      return yield* new TooManyKeys({ detail, request_id: requestId, suggestion: "/v1/keys" })
    })

    return handlers.handleAll({
      list: () =>
        Effect.gen(function* () {
          const { account } = yield* callerHere
          const isGone = yield* goneOf(account.accountId)
          return { keys: (yield* keys.list(account.accountId)).map((key) => KeyAnswer.view(key, isGone)) }
        }).pipe(answered(KeyAnswer.KeyList), Effect.catchTag("HotTierError", Failures.storeFailed)),

      create: ({ payload }) =>
        Effect.gen(function* () {
          const caller = yield* callerHere
          const { accountId } = caller.account
          const own = KeyBounds.ownOf(caller)
          const gift: KeyBounds.KeyGift = {
            scopes: payload.scopes ?? scopesDefault.filter((scope) => caller.scopes.includes(scope)),
            capCredits: payload.month_credits_cap === undefined ? own.capCredits : payload.month_credits_cap,
            requestsPerSecond:
              payload.requests_per_second === undefined ? own.requestsPerSecond : payload.requests_per_second,
            connections: payload.connections === undefined ? own.connections : payload.connections,
            expiresMicros: payload.expires_at === undefined ? own.expiresMicros : payload.expires_at
          }
          yield* refuseExcess(gift)
          yield* refuseExpiry(gift.expiresMicros)
          yield* refuseMany(accountId)
          const maker = makerOf(caller)
          const { key, record } = yield* keys.create({ accountId, name: payload.name, ...gift, maker })
          return { key: yield* viewOf(record), secret: Redacted.value(key), replaces: null }
        }).pipe(answered(KeyAnswer.NewKey), Effect.catchTag("HotTierError", Failures.storeFailed)),

      change: ({ params, payload }) =>
        Effect.gen(function* () {
          const { account } = yield* callerHere
          const old = yield* find(params.key_id)
          const change = {
            ...(payload.name === undefined ? {} : { name: payload.name }),
            ...(payload.month_credits_cap === undefined ? {} : { capCredits: payload.month_credits_cap }),
            ...(payload.requests_per_second === undefined ? {} : { requestsPerSecond: payload.requests_per_second }),
            ...(payload.connections === undefined ? {} : { connections: payload.connections })
          }
          yield* refuseExcess({ ...old, ...change })
          const changed = yield* keys.change(account.accountId, old.prefix, change)
          if (Option.isNone(changed)) return yield* unknownKey(old.prefix)
          yield* callers.forget(old.prefix)
          return { key: yield* viewOf(changed.value) }
        }).pipe(answered(KeyAnswer.OneKey), Effect.catchTag("HotTierError", Failures.storeFailed)),

      rotate: ({ params, payload }) =>
        Effect.gen(function* () {
          const caller = yield* callerHere
          const { accountId } = caller.account
          const old = yield* find(params.key_id)
          yield* refuseEnded(old)
          yield* refuseExcess(old)
          yield* refuseMany(accountId)
          const overlapMicros = (payload.overlap_seconds ?? rotateOverlapSecondsDefault) * 1_000_000
          const made = yield* keys.rotate(accountId, old.prefix, overlapMicros, makerOf(caller))
          if (Option.isNone(made)) return yield* unknownKey(old.prefix)
          yield* callers.forget(old.prefix)
          return {
            key: yield* viewOf(made.value.record),
            secret: Redacted.value(made.value.key),
            replaces: yield* viewOf(yield* find(old.prefix))
          }
        }).pipe(answered(KeyAnswer.NewKey), Effect.catchTag("HotTierError", Failures.storeFailed)),

      revoke: ({ params }) =>
        Effect.gen(function* () {
          const { account } = yield* callerHere
          const { prefix } = yield* find(params.key_id)
          yield* keys.revoke(account.accountId, prefix)
          yield* callers.forget(prefix)
          yield* connections.endKey(prefix)
          return { key: yield* viewOf(yield* find(prefix)) }
        }).pipe(answered(KeyAnswer.OneKey), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)

export const TicketsHandlers = HttpApiBuilder.group(
  KalshiBookApi,
  "tickets",
  Effect.fn(function* (handlers) {
    const keys = yield* Keys
    return handlers.handleAll({
      create: () =>
        Effect.gen(function* () {
          const { account, authentication } = yield* callerHere
          const { accountId } = account
          const ticket = yield* keys.issueTicket(
            accountId,
            authentication._tag === "key"
              ? { _tag: "key", prefix: authentication.key.prefix }
              : { _tag: "member", accountId, userId: authentication.person.userId }
          )
          return { ticket: Redacted.value(ticket), expires_at: isoFromMicros((yield* nowMicros) + ticketMicros) }
        }).pipe(answered(KeyAnswer.Ticket), Effect.catchTag("HotTierError", Failures.storeFailed))
    })
  })
)

/** Whoever makes a key has seen it. */
const makerOf = ({ authentication }: Caller): KeyMaker =>
  authentication._tag === "key"
    ? { _tag: "key", prefix: authentication.key.prefix }
    : { _tag: "member", ...authentication.person }

const unknownKey = Effect.fnUntraced(function* (prefix: string) {
  const { requestId } = yield* RequestMeta
  const detail = `The account has no key ${prefix}.`
  return yield* new UnknownKey({ detail, request_id: requestId, suggestion: "/v1/keys" })
})

const refused = Effect.fnUntraced(function* (parameter: string, allowed: string, detail: string) {
  const { requestId } = yield* RequestMeta
  return yield* new BadParameter({ parameter, allowed, detail, request_id: requestId })
})

const refuseExcess = Effect.fnUntraced(function* (gift: KeyBounds.KeyGift) {
  const caller = yield* callerHere
  const excess = KeyBounds.excessOf(caller, gift)
  if (excess === undefined) return
  if (excess._tag === "bound") {
    return yield* refused(excess.parameter, excess.allowed, `\`${excess.parameter}\` must be ${excess.allowed}.`)
  }
  const { requestId } = yield* RequestMeta
  const detail = `A key with \`${excess.scope}\` is made and changed by who has \`${excess.scope}\`, which ${caller.title} has not.`
  return yield* new ScopeMissing({ detail, scope: excess.scope, request_id: requestId })
})

const refuseExpiry = Effect.fnUntraced(function* (expiresMicros: number | null) {
  const now = yield* nowMicros
  if (expiresMicros === null || (expiresMicros > now && expiresMicros <= now + keyExpiryDaysMax * dayMicros)) return
  const allowed = `null, or a time within ${keyExpiryDaysMax} days from now`
  return yield* refused("expires_at", allowed, `\`expires_at\` must be ${allowed}.`)
})

/** A key that has ended is not brought back by replacing it. */
const refuseEnded = Effect.fnUntraced(function* ({ expiresMicros, prefix, revokedMicros }: KeyRecord) {
  const isExpired = expiresMicros !== null && expiresMicros <= (yield* nowMicros)
  if (revokedMicros === null && !isExpired) return
  const how = revokedMicros === null ? "has expired" : "was revoked"
  return yield* refused("key_id", "a key that works", `The key ${prefix} ${how}: make a new one instead.`)
})
