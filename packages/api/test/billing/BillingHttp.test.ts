/** What a customer sees of billing, over HTTP. */
import { assert, layer } from "@effect/vitest"
import * as BillingDesk from "@kalshibook/api/billing/BillingDesk"
import * as ClosingSubscription from "@kalshibook/api/billing/ClosingSubscription"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { StripeClient } from "@kalshibook/api/billing/StripeClient"
import { type Scope, scopes } from "@kalshibook/core/contract/Pricing"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import * as Checkout from "@kalshibook/stripe-stand-in/Checkout"
import * as Signature from "@kalshibook/stripe-stand-in/Signature"
import * as StandInFetch from "@kalshibook/stripe-stand-in/StandInFetch"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "../ApiTest.ts"
import * as Customer from "../Customer.ts"
import { json, port } from "../Http.ts"
import * as Luck from "../stream/Luck.ts"
import * as World from "./World.ts"

const world = World.newWorld(Luck.make(1))
let isAway = false

const desk = Layer.merge(
  BillingDesk.layer(Effect.succeed("http://127.0.0.1:1")),
  Layer.merge(
    ClosingSubscription.layer,
    Layer.effectDiscard(Effect.andThen(TestClock.setTime(World.beginMillis), StripeCatalogue.sync))
  )
).pipe(
  Layer.provide(
    StripeClient.layer({
      secretKey: Redacted.make("sk_test"),
      webhookSecrets: [Redacted.make(World.secret)],
      fetch: StandInFetch.make(world.standIn, () => (isAway ? "unsent" : "answered"))
    })
  ),
  Layer.provide(Layer.merge(BillingBook.layerMemory, MeterOutbox.layerMemory)),
  Layer.orDie
)

const payer = Effect.fnUntraced(function* (held: ReadonlyArray<Scope> = scopes) {
  const { account, key } = yield* Customer.customer({ key: { scopes: held } })
  const call = (method: string, path: string, body?: unknown) => json(path, { method, key, body })
  return { account, call }
})

/** Sends the events that wait to the API, as Stripe does. */
const told = Effect.gen(function* () {
  const number = yield* port
  const outcomes: Array<string> = []
  for (const event of world.queue.splice(0)) {
    const payload = JSON.stringify(event, null, 2)
    const header = Signature.header(payload, World.secret, Math.floor(World.beginMillis / 1_000))
    outcomes.push(yield* post(number, payload, header))
  }
  return outcomes
})

const post = (number: number, body: string, signature: string) =>
  Effect.promise(async () => {
    const headers = { "content-type": "application/json; charset=utf-8", "stripe-signature": signature }
    const response = await fetch(`http://127.0.0.1:${number}/v1/stripe/webhook`, { method: "POST", headers, body })
    const answer = (await response.json()) as { readonly outcome?: string; readonly code?: string }
    return `${response.status} ${answer.outcome ?? answer.code}`
  })

/** What a key is known for is believed for some seconds. */
const forgotten = TestClock.adjust("6 seconds")

layer(ApiTest.layerAround(desk))("billing over HTTP", (it) => {
  it.effect("shows a free account what there is to buy", () =>
    Effect.gen(function* () {
      const { call } = yield* payer()
      const { body, status } = yield* call("GET", "/v1/billing")
      assert.strictEqual(status, 200)
      assert.deepInclude(body, {
        plan: "free",
        credits_remaining: 1_000,
        month_start: "2026-11-01T00:00:00.000000Z",
        month_end: "2026-12-01T00:00:00.000000Z",
        month_dollars: "0.0000",
        subscription: null,
        payment: { state: "none", grace_until: null, notice: null },
        can_buy: ["payg", "project_4000", "project_20000", "project_100000"],
        has_portal: false
      })
      assert.strictEqual((yield* call("POST", "/v1/billing/portal", {})).body.code, "no_customer")
      const { invoices, upcoming } = (yield* call("GET", "/v1/billing/invoices")).body
      assert.deepStrictEqual([invoices, upcoming], [[], null])
    })
  )

  it.effect(
    "goes from checkout by webhook to the plan, its cost, its invoices and the portal, and ends with the account",
    () =>
      Effect.gen(function* () {
        const { account, call } = yield* payer()
        const bought = yield* call("POST", "/v1/billing/checkout", { buy: "payg", return_path: "/billing" })
        assert.strictEqual(bought.status, 200)
        const [session] = Object.values(world.standIn.state.sessions).slice(-1)
        assert.strictEqual(bought.body.url, session?.url)
        assert.strictEqual(session?.success_url, "http://127.0.0.1:1/billing?checkout=done")
        if (session !== undefined) Checkout.complete(world.standIn, session, "good")
        assert.strictEqual((yield* call("GET", "/v1/billing")).body.plan, "free")
        assert.include(yield* told, "200 kept")
        yield* forgotten
        yield* World.use(account, 990)
        yield* World.use(account, 30)
        const { body } = yield* call("GET", "/v1/billing")
        assert.deepInclude(body, {
          plan: "payg",
          month_credits_used: 1_020,
          month_dollars: "0.1600",
          payment: { state: "good", grace_until: null, notice: null },
          can_buy: ["project_4000", "project_20000", "project_100000"],
          has_portal: true
        })
        assert.strictEqual(body.subscription.period_end, "2026-12-01T00:00:00.000000Z")
        assert.isAtLeast(body.month_credits_forecast, 3_000)
        const again = yield* call("POST", "/v1/billing/checkout", { buy: "payg" })
        assert.deepStrictEqual([again.status, again.body.code], [409, "already_subscribed"])
        const portal = yield* call("POST", "/v1/billing/portal", { return_path: "/usage" })
        assert.match(portal.body.url, /\/portal\/bps_/)
        const { invoices, upcoming } = (yield* call("GET", "/v1/billing/invoices")).body
        assert.deepStrictEqual([invoices[0].status, upcoming.status], ["paid", "draft"])
      })
  )

  it.effect("refuses what is not signed, who may not, places elsewhere, and what cannot be now", () =>
    Effect.gen(function* () {
      const number = yield* port
      assert.strictEqual(yield* post(number, "{}", ""), "400 webhook_refused")
      const forged = Signature.header("{}", "whsec_guessed", Math.floor(World.beginMillis / 1_000))
      assert.strictEqual(yield* post(number, "{}", forged), "400 webhook_refused")
      const reader = yield* payer(["read"])
      for (const [method, path, body] of [
        ["GET", "/v1/billing"],
        ["GET", "/v1/billing/invoices"],
        ["POST", "/v1/billing/portal", {}],
        ["POST", "/v1/billing/checkout", { buy: "payg" }]
      ] as const) {
        assert.strictEqual((yield* reader.call(method, path, body)).body.scope, "admin", path)
      }
      const { call } = yield* payer()
      for (const place of ["//evil.example", "https://evil.example", "/\\evil.example", "billing"]) {
        const refused = yield* call("POST", "/v1/billing/checkout", { buy: "payg", return_path: place })
        assert.strictEqual(refused.body.parameter, "return_path", place)
      }
      assert.strictEqual((yield* call("POST", "/v1/billing/checkout", { buy: "all" })).body.parameter, "buy")
      isAway = true
      const away = yield* call("POST", "/v1/billing/checkout", { buy: "payg" })
      isAway = false
      assert.deepStrictEqual([away.status, away.body.code], [503, "payments_away"])
      assert.isDefined(away.headers["retry-after"])
    })
  )
})

layer(ApiTest.layerEmpty())("a server that takes no payments", (it) => {
  it.effect("answers what the account has, and sells nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* payer()
      assert.deepInclude((yield* call("GET", "/v1/billing")).body, { plan: "free", can_buy: [], has_portal: false })
      const refused = yield* call("POST", "/v1/billing/checkout", { buy: "payg" })
      assert.deepStrictEqual([refused.status, refused.body.code], [404, "billing_off"])
      const number = yield* port
      assert.strictEqual(yield* post(number, "{}", ""), "404 billing_off")
    })
  )
})
