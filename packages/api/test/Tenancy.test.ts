/**
 * Nobody sees or changes anything of another account: every operation of the contract is asked with every id of another account. A new
 * operation is walked by itself; one that needs a body, or an id of a new kind, fails here until this file says what to send.
 */
import { assert, layer } from "@effect/vitest"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { scopes } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import { Members } from "@kalshibook/store/Members"
import { Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { ask, json } from "./Http.ts"
import * as Seed from "./Seed.ts"
import * as SignedIn from "./SignedIn.ts"

const terms = { requestsPerSecond: 100_000, burst: 100_000, creditsMonthly: 10_000 }
const book = `/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:01Z`
const downloadId = `dl_${"5f0c2d6e".repeat(4)}`

/** An account with a key for everything, a name of its own, people, an invitation, a call, one that failed, and a download that it has paid for. */
const customer = Effect.fnUntraced(function* (name: string) {
  const ledger = yield* Ledger
  const account = yield* (yield* Accounts).create({ name, tier: "enterprise", terms })
  const { accountId } = account
  const { key, record } = yield* (yield* Keys).create({ accountId, name: `key of ${name}`, scopes })
  const secret = Redacted.value(key)
  const { requestId } = yield* json(book, { key: secret })
  const { requestId: failedId } = yield* json("/v1/markets/KXNOTHING", { key: secret })
  const call = {
    requestId: `${accountId}/${downloadId}`,
    accountId,
    prefix: record.prefix,
    endpoint: "createDownload",
    question: null,
    creditsMax: 7,
    cost: 0,
    buckets: [],
    terms: { creditsMonthly: terms.creditsMonthly, isPostpaid: false, capCredits: null },
    keyCapCredits: null
  }
  yield* ledger.charge({ call, state: "used", rows: 70_000, isOnce: true })
  const person = SignedIn.stranger(name.replaceAll(/\W+/g, "-"))
  yield* (yield* Accounts).addMember(accountId, person.userId, "owner")
  const guest = { email: `guest-of-${person.email}`, role: "member", invitedBy: person.userId } as const
  const { invitation, token } = Option.getOrThrow(yield* (yield* Members).invite(accountId, guest))
  return {
    account,
    key: secret,
    prefix: record.prefix,
    requestId: String(requestId),
    failedId: String(failedId),
    signedIn: SignedIn.tokenOf(person),
    userId: person.userId,
    guest: guest.email,
    invitationId: invitation.invitationId,
    token
  }
})

/** By the name of a path's parameter: what belongs to nobody, beside the ids that are walked. */
const publicIds: Readonly<Record<string, string>> = {
  ticker: Seed.recorded,
  date: "2026-11-21",
  code: "internal",
  id: downloadId,
  key_id: "0123456789",
  user_id: "0d9c8b7a-6f5e-4d3c-8b2a-1f0e9d8c7b6a",
  invitation_id: "7e6d5c4b-3a29-4180-9f7e-6d5c4b3a2918"
}

/** By group and endpoint: what has to be sent. */
const bodies: Readonly<Record<string, unknown>> = {
  "keys.create": { name: "mine", scopes: ["read"] },
  "keys.change": { name: "taken over", month_credits_cap: 0 },
  "keys.rotate": { overlap_seconds: 0 },
  "account.change": { month_credits_cap: 5_000 },
  "billing.checkout": { buy: "payg" },
  "billing.portal": {},
  "downloads.create": { dates: ["2026-11-21"], dry_run: true },
  "members.change": { role: "billing" },
  "invitations.create": { email: "somebody@example.com", role: "member" },
  "invitations.accept": { token: "no-token-of-anybody" },
  "people.close": { name: "somebody else's account" }
}

const endpoints = Object.entries(KalshiBookApi.groups).flatMap(([group, { endpoints }]) =>
  Object.entries(endpoints).map(([name, endpoint]) => ({ name: `${group}.${name}`, ...endpoint }))
)

layer(ApiTest.layerSignedIn())("an account", (it) => {
  it.effect.each(["a key", "a member"])(
    "is seen and changed by nobody else, through no operation of the contract, by whoever knows all its ids and has %s",
    (shown) =>
      Effect.gen(function* () {
        const one = yield* customer(`somebody else's account, seen with ${shown}`)
        const other = yield* customer(`the asking account of ${shown}`)
        const asking = shown === "a key" ? other.key : other.signedIn
        const ids = [
          one.prefix,
          one.account.accountId,
          one.requestId,
          one.failedId,
          downloadId,
          one.account.name,
          one.key.slice(20)
        ]
        const ofPeople = [one.userId, one.invitationId, one.token]
        const secrets = [
          ...[...ids, ...ofPeople].filter((id) => id !== downloadId),
          ...[`key of ${one.account.name}`, one.guest]
        ]
        const facts = Effect.all({
          account: json("/v1/account", { key: one.key }),
          keys: json("/v1/keys", { key: one.key }),
          usage: json("/v1/usage?from=0&to=2200-01-01", { key: one.key }),
          requests: json("/v1/usage/requests", { key: one.key }),
          members: json("/v1/members", { key: one.signedIn }),
          invitations: json("/v1/invitations", { key: one.signedIn })
        }).pipe(
          Effect.map(({ account, invitations, keys, members, requests, usage }) => [
            ...[account.body, keys.body, usage.body.days, usage.body.tier, requests.body.requests],
            ...[members.body.members, invitations.body.invitations]
          ])
        )
        // What failed is in the list within seconds.
        yield* TestClock.adjust("2 seconds")
        const before = JSON.stringify(yield* facts)
        for (const mine of ['"credits":7', one.requestId, one.failedId]) assert.include(before, mine)

        let asked = 0
        let given = 0
        // The last thing of all: whoever asks deletes his own account.
        const last = (name: string) => (name === "people.close" ? 1 : 0)
        for (const { method, name, path, payload } of endpoints.toSorted((a, b) => last(a.name) - last(b.name))) {
          const names = [...path.matchAll(/:(\w+)/g)].map(([, parameter]) => parameter ?? "")
          for (const parameter of names)
            assert.isDefined(publicIds[parameter], `${name}: which ids does :${parameter} take?`)
          const body = bodies[name]
          if (payload.size > 0) assert.isDefined(body, `${name}: which body does it take?`)
          const plain = names.reduce(
            (left, parameter) => left.replace(`:${parameter}`, publicIds[parameter] ?? ""),
            path
          )
          for (const id of [...ids, ...ofPeople]) {
            const written = encodeURIComponent(id)
            const targets = [
              path.replace(/:\w+/, written),
              ...(method === "GET" ? [`${plain}?account=${written}`] : []),
              ...(name === "account.requests"
                ? [`${plain}?request_id=${written}`, `${plain}?caller=${written}`, `${plain}?outcome=answered`]
                : [])
            ]
            for (const target of targets) {
              const { status, text } = yield* ask(target, {
                method,
                key: asking,
                // Of no use: the account that is meant is one's own.
                headers: id === one.account.accountId ? { "X-Account": id } : {},
                ...(body === undefined ? {} : { body })
              })
              asked++
              if (status === 200) given++
              const about = `${method} ${target}: ${status} ${text}`
              assert.isBelow(status, 500, about)
              // What was asked is repeated in problems; nothing else is known of it.
              const told = target === path ? text : text.replaceAll(written, "").replaceAll(id, "")
              for (const secret of secrets) assert.notInclude(told, secret, about)
              if (names.some((parameter) => /(?:^|_)id$/.test(parameter)))
                assert.include([400, 401, 403, 404], status, about)
            }
          }
        }
        assert.isAbove(asked, 150)
        assert.isAbove(given, 30, "whoever asks is somebody")
        assert.strictEqual(JSON.stringify(yield* facts), before, "nothing of it changed")
      })
  )
})
