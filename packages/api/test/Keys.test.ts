/** What a customer does with his keys, tickets and account, over HTTP. */
import { assert, layer } from "@effect/vitest"
import type { Scope, Terms, TierName } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import type { KeyWish } from "@kalshibook/store/KeyRecord"
import { Keys } from "@kalshibook/store/Keys"
import { Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const book = `/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:01Z`
const all: ReadonlyArray<Scope> = ["read", "stream", "download", "admin"]
const terms: Terms = { requestsPerSecond: 1_000, burst: 1_000, creditsMonthly: 1_000 }

let made = 0
/** A customer with a key that may do everything, unless something else is said. */
const customer = Effect.fnUntraced(function* (wish: Partial<KeyWish> = {}, tier: TierName = "enterprise") {
  const account = yield* (yield* Accounts).create({ name: `keeper ${++made}`, tier, terms })
  const facts: KeyWish = { accountId: account.accountId, name: "first", scopes: all, ...wish }
  const { key, record } = yield* (yield* Keys).create(facts)
  const secret = Redacted.value(key)
  const call = (method: string, path: string, body?: unknown) => json(path, { method, key: secret, body })
  return { account, key: secret, prefix: record.prefix, call }
})

layer(ApiTest.layer())("keys over HTTP", (it) => {
  it.effect("are made and shown once, and listed ever after without a secret", () =>
    Effect.gen(function* () {
      const { call, prefix } = yield* customer()
      const created = yield* call("POST", "/v1/keys", {
        name: "nightly",
        scopes: ["read"],
        month_credits_cap: 5,
        requests_per_second: 3,
        connections: 1,
        expires_at: "2026-12-01"
      })
      assert.strictEqual(created.status, 200)
      assert.deepInclude(created.body.key, {
        name: "nightly",
        scopes: ["read"],
        month_credits_cap: 5,
        requests_per_second: 3,
        connections: 1,
        expires_at: "2026-12-01T00:00:00.000000Z",
        revoked_at: null,
        last_used_at: null
      })
      const { secret } = created.body
      assert.match(secret, new RegExp(`^kb_live_${created.body.key.id}_`))
      assert.strictEqual((yield* json(book, { key: secret })).headers["x-credits-used"], "1")
      const listed = yield* call("GET", "/v1/keys")
      assert.deepStrictEqual(
        listed.body.keys.map((key: Json) => key.id),
        [prefix, created.body.key.id]
      )
      assert.notInclude(JSON.stringify(listed.body), secret.slice(19))
      assert.strictEqual(listed.headers["cache-control"], "no-store")
      const plain = yield* call("POST", "/v1/keys", { name: "plain" })
      assert.deepStrictEqual(plain.body.key.scopes, ["read", "stream", "download"])
      assert.strictEqual(plain.body.key.expires_at, null)
    })
  )

  it.effect("need `admin`, and what is wrong in a body is named", () =>
    Effect.gen(function* () {
      const { call } = yield* customer({ scopes: ["read", "stream", "download"] })
      for (const [method, path, body] of [
        ["GET", "/v1/keys"],
        ["POST", "/v1/keys", { name: "x" }],
        ["PATCH", "/v1/keys/0123456789", { name: "x" }],
        ["POST", "/v1/keys/0123456789/rotate", {}],
        ["DELETE", "/v1/keys/0123456789"],
        ["PATCH", "/v1/account", { month_credits_cap: 1 }]
      ] as const) {
        const refused = yield* call(method, path, body)
        assert.deepStrictEqual([refused.status, refused.body.code, refused.body.scope], [403, "scope_missing", "admin"])
      }
      const admin = yield* customer()
      const parameterOf = (method: string, path: string, body: unknown) =>
        Effect.map(admin.call(method, path, body), (answer) => {
          assert.deepStrictEqual([answer.status, answer.body.code], [400, "bad_parameter"], JSON.stringify(body))
          return answer.body.parameter as string
        })
      assert.strictEqual(yield* parameterOf("POST", "/v1/keys", { name: "\u0007" }), "name")
      assert.strictEqual(yield* parameterOf("POST", "/v1/keys", { name: "x", scopes: ["everything"] }), "scopes")
      assert.strictEqual(yield* parameterOf("POST", "/v1/keys", { name: "x", scopes: [] }), "scopes")
      assert.strictEqual(yield* parameterOf("POST", "/v1/keys", { name: "x", expires_at: "2026-11-20" }), "expires_at")
      assert.strictEqual(yield* parameterOf("POST", "/v1/keys", { name: "x", connections: 0 }), "connections")
      assert.strictEqual(yield* parameterOf("PATCH", `/v1/keys/${admin.prefix}`, { nam: "x" }), "nam")
      assert.strictEqual(yield* parameterOf("PATCH", "/v1/account", { month_credits_cap: -1 }), "month_credits_cap")
      assert.strictEqual(yield* parameterOf("DELETE", "/v1/keys/short", undefined), "key_id")
      const unknown = yield* admin.call("DELETE", "/v1/keys/0123456789")
      assert.deepStrictEqual([unknown.status, unknown.body.code], [404, "unknown_key"])
    })
  )

  it.effect("give nobody more than who makes, changes or replaces them has: scopes, caps, rate, streams or time", () =>
    Effect.gen(function* () {
      const expiresMicros = Seed.watermark.tsReceivedMicros + 3_600_000_000
      const bounds = { capCredits: 10, requestsPerSecond: 500, connections: 2, expiresMicros }
      const { account, call } = yield* customer({ scopes: ["read", "admin"], ...bounds })
      const more = {
        month_credits_cap: [11, null],
        requests_per_second: [501, null],
        connections: [3, null],
        expires_at: ["2027-01-01", null]
      }
      const wide = yield* (yield* Keys).create({ accountId: account.accountId, name: "wide", scopes: all })
      const own = yield* call("POST", "/v1/keys", { name: "child" })
      assert.deepInclude(own.body.key, {
        scopes: ["read"],
        month_credits_cap: 10,
        requests_per_second: 500,
        connections: 2
      })
      assert.isNotNull(own.body.key.expires_at)
      for (const [parameter, values] of Object.entries(more)) {
        for (const value of values) {
          const asked = { name: "x", [parameter]: value }
          const created = yield* call("POST", "/v1/keys", asked)
          assert.deepStrictEqual([created.status, created.body.parameter], [400, parameter], JSON.stringify(asked))
          if (parameter === "expires_at") continue
          const changed = yield* call("PATCH", `/v1/keys/${own.body.key.id}`, { [parameter]: value })
          assert.deepStrictEqual([changed.status, changed.body.parameter], [400, parameter])
        }
      }
      const scoped = yield* call("POST", "/v1/keys", { name: "x", scopes: ["read", "download"] })
      assert.deepStrictEqual([scoped.status, scoped.body.scope], [403, "download"])
      // The answer would have the secret of a key that may more.
      const rotated = yield* call("POST", `/v1/keys/${wide.record.prefix}/rotate`, {})
      assert.deepStrictEqual(
        [rotated.status, rotated.body.code, rotated.body.secret],
        [403, "scope_missing", undefined]
      )
      const renamed = yield* call("PATCH", `/v1/keys/${wide.record.prefix}`, { name: "mine" })
      assert.strictEqual(renamed.status, 403)
    })
  )

  it.effect("are changed, replaced with an overlap, and revoked at once where it was asked", () =>
    Effect.gen(function* () {
      const { call } = yield* customer()
      const { body } = yield* call("POST", "/v1/keys", { name: "old", month_credits_cap: 1 })
      const path = `/v1/keys/${body.key.id}`
      assert.strictEqual((yield* json(book, { key: body.secret })).status, 200)
      assert.strictEqual((yield* json(book, { key: body.secret })).body.code, "cap_reached")
      const changed = yield* call("PATCH", path, { month_credits_cap: 50, name: "renamed" })
      assert.deepInclude(changed.body.key, { id: body.key.id, name: "renamed", month_credits_cap: 50 })
      assert.strictEqual((yield* json(book, { key: body.secret })).status, 200)
      const rotated = yield* call("POST", `${path}/rotate`, { overlap_seconds: 60 })
      assert.deepInclude(rotated.body.key, { name: "renamed", month_credits_cap: 50, expires_at: null })
      assert.strictEqual(rotated.body.replaces.id, body.key.id)
      assert.strictEqual((yield* json(book, { key: body.secret })).status, 200)
      assert.strictEqual((yield* json(book, { key: rotated.body.secret })).status, 200)
      yield* TestClock.adjust("61 seconds")
      assert.include((yield* json(book, { key: body.secret })).body.detail, "expired at")
      assert.strictEqual((yield* call("POST", `${path}/rotate`, {})).body.parameter, "key_id")
      const revoked = yield* call("DELETE", `/v1/keys/${rotated.body.key.id}`)
      assert.isNotNull(revoked.body.key.revoked_at)
      assert.include((yield* json(book, { key: rotated.body.secret })).body.detail, "was revoked at")
      const again = yield* call("DELETE", `/v1/keys/${rotated.body.key.id}`)
      assert.strictEqual(again.body.key.revoked_at, revoked.body.key.revoked_at)
    })
  )

  it.effect("are at most so many at a time", () =>
    Effect.gen(function* () {
      const { account, call, prefix } = yield* customer()
      const keys = yield* Keys
      for (let count = 1; count < 100; count++) {
        yield* keys.create({ accountId: account.accountId, name: "k", scopes: ["read"] })
      }
      const refused = yield* call("POST", "/v1/keys", { name: "one more" })
      assert.deepStrictEqual([refused.status, refused.body.code], [409, "too_many_keys"])
      yield* call("DELETE", `/v1/keys/${(yield* keys.list(account.accountId))[5]?.prefix}`)
      assert.strictEqual((yield* call("POST", "/v1/keys", { name: "one more" })).status, 200)
      assert.strictEqual((yield* call("POST", `/v1/keys/${prefix}/rotate`, {})).body.code, "too_many_keys")
    })
  )
})

layer(ApiTest.layer())("an account over HTTP", (it) => {
  it.effect("says what it is and has left, and keeps to the cap that its customer sets", () =>
    Effect.gen(function* () {
      const { account, call, key } = yield* customer()
      const before = yield* call("GET", "/v1/account")
      assert.deepInclude(before.body, {
        account_id: account.accountId,
        name: account.name,
        tier: "enterprise",
        credits_monthly: 1_000,
        credits_remaining: 1_000,
        credits_bought: 0,
        month_credits_used: 0,
        month_credits_held: 0,
        month_credits_cap: null
      })
      assert.deepInclude(before.body.limits, { requests_per_second: 1_000, connections: 100, replay_speed_max: 1_000 })
      const capped = yield* call("PATCH", "/v1/account", { month_credits_cap: 1 })
      assert.deepInclude(capped.body, { month_credits_cap: 1, credits_remaining: 1 })
      assert.strictEqual((yield* json(book, { key })).status, 200)
      assert.strictEqual((yield* json(book, { key })).body.code, "cap_reached")
      const freed = yield* call("PATCH", "/v1/account", { month_credits_cap: null })
      assert.deepInclude(freed.body, { month_credits_cap: null, credits_remaining: 999, month_credits_used: 1 })
      assert.strictEqual((yield* json(book, { key })).status, 200)
    })
  )
})

layer(ApiTest.layer())("a ticket over HTTP", (it) => {
  it.effect("is for one connection within a minute, in the name of the key that asked", () =>
    Effect.gen(function* () {
      const keys = yield* Keys
      const { call, prefix } = yield* customer({ scopes: ["stream"] })
      const { body } = yield* call("POST", "/v1/tickets")
      assert.match(body.ticket, /^kb_ticket_[0-9A-Za-z]{33}$/)
      assert.deepStrictEqual(yield* keys.takeTicket(body.ticket), Option.some({ _tag: "key" as const, prefix }))
      assert.isTrue(Option.isNone(yield* keys.takeTicket(body.ticket)))
      const late = yield* call("POST", "/v1/tickets")
      yield* TestClock.adjust("60 seconds")
      assert.isTrue(Option.isNone(yield* keys.takeTicket(late.body.ticket)))
      const reader = yield* customer({ scopes: ["read", "admin"] })
      assert.strictEqual((yield* reader.call("POST", "/v1/tickets")).body.scope, "stream")
    })
  )
})
