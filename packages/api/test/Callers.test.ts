/** Who may ask besides keys: whoever a program recognises in another way, and whoever brings a ticket. */
import { assert, layer } from "@effect/vitest"
import { type Authenticator, NotRecognised, OtherAuthenticators } from "@kalshibook/api/Authenticators"
import { Callers } from "@kalshibook/api/Callers"
import { RequestMeta } from "@kalshibook/api/RequestMeta"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import { Keys } from "@kalshibook/store/Keys"
import { Effect, Layer, Option, Redacted } from "effect"
import { HttpServerRequest } from "effect/http"
import * as ApiTest from "./ApiTest.ts"
import * as Customer from "./Customer.ts"
import { json } from "./Http.ts"

/** Recognises people, who say who they are, as members of the account of that name. */
const people = Layer.effect(
  OtherAuthenticators,
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const ofPeople: Authenticator = {
      callerOf: Effect.fnUntraced(function* (token) {
        const [, name] = /^person:(.+)$/.exec(token) ?? []
        if (name === undefined) return Option.none()
        const account = yield* accounts.find(name)
        if (Option.isNone(account)) return yield* new NotRecognised({ detail: `Nobody knows ${name}.` })
        return Option.some({
          account: account.value,
          tier: tierOf(account.value.tier, account.value.terms),
          scopes: ["read", "admin"],
          name: "member",
          title: name,
          bounds: { requestsPerSecond: null, connections: null, capCredits: null, expiresMicros: null },
          authentication: { _tag: "member", person: { userId: name, email: "ada@example.com" }, role: "owner" }
        })
      })
    }
    return [ofPeople]
  })
)

layer(ApiTest.layerAround(people))("a caller without a key", (it) => {
  it.effect("manages keys and is metered like one with a key, if something else recognises him", () =>
    Effect.gen(function* () {
      yield* (yield* Accounts).create({ name: "ada", tier: "free" })
      const made = yield* json("/v1/keys", { method: "POST", key: "person:ada", body: { name: "hers" } })
      assert.deepStrictEqual(made.body.key.scopes, ["read"])
      assert.strictEqual((yield* json("/v1/markets", { key: made.body.secret })).status, 200)
      assert.strictEqual((yield* json("/v1/markets", { key: "person:ada" })).status, 200)
      const usage = yield* json("/v1/usage", { key: "person:ada" })
      assert.deepStrictEqual(
        usage.body.days.map((day: { key: string }) => day.key).sort(),
        [made.body.key.id, "member"].sort()
      )
      const nobody = yield* json("/v1/account", { key: "person:bob" })
      assert.deepStrictEqual([nobody.status, nobody.body.code], [401, "key_invalid"])
      assert.strictEqual((yield* json("/v1/account")).status, 200)
    })
  )
})

const request = HttpServerRequest.fromWeb(new Request("http://localhost/v1/stream"))
const meta = {
  requestId: "req_1",
  url: "/v1/stream",
  startedNanos: 0n,
  notes: { headers: {}, meter: undefined, asker: undefined, isOpenEnded: false }
}

layer(Callers.layer.pipe(Layer.provideMerge(Customer.storesInMemory)))("a ticket", (it) => {
  it.effect("is taken once for the key that asked for it, and not for one that was revoked meanwhile", () =>
    Effect.gen(function* () {
      const callers = yield* Callers
      const keys = yield* Keys
      const { accountId } = yield* (yield* Accounts).create({ name: "browser", tier: "free" })
      const { record } = yield* keys.create({ accountId, name: "k", scopes: ["stream"] })
      const issue = Effect.map(keys.issueTicket(accountId, { _tag: "key", prefix: record.prefix }), Redacted.value)
      const ticket = yield* issue
      const caller = yield* callers.callerOfTicket(request, ticket)
      assert.deepStrictEqual([caller.name, caller.account.accountId], [record.prefix, accountId])
      const again = yield* Effect.flip(callers.callerOfTicket(request, ticket))
      assert.include(again, { code: "key_invalid" })
      const late = yield* issue
      yield* keys.revoke(accountId, record.prefix)
      yield* callers.forget(record.prefix)
      const refused = yield* Effect.flip(callers.callerOfTicket(request, late))
      assert.include("detail" in refused ? refused.detail : "", "was revoked at")
    }).pipe(Effect.provideService(RequestMeta, meta))
  )
})
