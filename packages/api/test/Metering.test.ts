/** What a customer sees of keys, limits and credits. */

import { assert, layer } from "@effect/vitest"
import { anonymousBucket } from "@kalshibook/api/ApiLimits"
import * as Sample from "@kalshibook/api/Sample"
import * as ApiKeyText from "@kalshibook/core/contract/ApiKeyText"
import type { Terms, TierName } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import type { KeyWish } from "@kalshibook/store/KeyRecord"
import { Keys } from "@kalshibook/store/Keys"
import { Effect, Fiber, Layer, Logger, Redacted, Tracer } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { ask, type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const book = `/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:01Z`
const log = `/v1/markets/${Seed.busy}/deltas`

const samples = `/v1/markets/${Seed.recorded}/orderbook/samples?from=2026-11-21T13:59:59Z&to=2026-11-21T14:00:18Z&every=20ms&depth=2`

let made = 0
/** A customer of a tier, with a key. */
const customer = Effect.fnUntraced(function* (
  facts: { readonly tier?: TierName; readonly terms?: Terms; readonly key?: Partial<KeyWish> } = {}
) {
  const accounts = yield* Accounts
  const keys = yield* Keys
  const { tier = "free", terms = {} } = facts
  const account = yield* accounts.create({ name: `metered ${++made}`, tier, terms })
  const wish: KeyWish = { accountId: account.accountId, name: "k", scopes: ["read"], ...facts.key }
  const { key, record } = yield* keys.create(wish)
  return { account, key: Redacted.value(key), prefix: record.prefix }
})

/** Everything that was logged. */
const logged: Array<string> = []
const recording = Logger.layer([Logger.map(Logger.formatJson, (line) => void logged.push(line))])

const demo = Layer.succeed(Sample.DemoSeries, new Set(["KXBTC15M"]))

/** Every span that ended. */
const spans: Array<Tracer.Span> = []
const tracing = Layer.succeed(
  Tracer.Tracer,
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
)

const watched = Layer.merge(recording, tracing)

layer(ApiTest.layer())("a stream", (it) => {
  it.effect("costs what a list of all its rows would, and is refused before it begins when that cannot be paid", () =>
    Effect.gen(function* () {
      const { key } = yield* customer()
      const rows = (yield* ask(`${log}?format=ndjson`, { key })).text.trimEnd().split("\n").length
      const usage = yield* json("/v1/usage", { key })
      assert.strictEqual(usage.body.credits_used, Math.ceil(rows / 250))
      assert.deepInclude(usage.body.days[0], { operation: "listDeltas", calls: 1, rows })
      assert.strictEqual((yield* json(`${log}?format=csv&dry_run=true`, { key })).body.code, "not_acceptable")
      const poor = yield* customer({ terms: { creditsMonthly: 0 } })
      assert.strictEqual((yield* json(`${log}?format=csv`, { key: poor.key })).body.code, "credits_exhausted")
      assert.strictEqual((yield* json(`${log}?format=csv`, { key: null })).body.code, "key_required")
    })
  )

  it.effect("of samples costs what samples do, stale books nothing; of deltas with measures, what deltas do", () =>
    Effect.gen(function* () {
      const { key } = yield* customer()
      const lines = (yield* ask(`${samples}&format=ndjson`, { key })).text.trimEnd().split("\n")
      const good = lines.filter((line) => JSON.parse(line).trust !== "stale").length
      assert.isBelow(good, lines.length)
      const ofSamples = Math.ceil(good / 100)
      const rows = (yield* ask(`${log}?format=ndjson&derive=mid`, { key })).text.trimEnd().split("\n").length
      const usage = yield* json("/v1/usage", { key })
      assert.strictEqual(usage.body.credits_used, ofSamples + Math.ceil(rows / 250))
      const poor = yield* customer({ terms: { creditsMonthly: ofSamples - 1 } })
      const refused = yield* json(`${samples}&format=csv`, { key: poor.key })
      assert.deepInclude(refused.body, { code: "credits_exhausted", status: 402 })
    })
  )
})

layer(ApiTest.layer())("a list of books", (it) => {
  it.effect("costs a credit for each ten books, and each hundred samples, that are begun; stale ones nothing", () =>
    Effect.gen(function* () {
      const { key } = yield* customer({ tier: "enterprise", terms: { creditsMonthly: 1_000 } })
      const at = "2026-11-21T14:00:01Z"
      const two = yield* json(`/v1/orderbooks?at=${at}`, { key })
      assert.deepStrictEqual([two.body.orderbooks.length, two.credits], [2, 1])
      const stale = yield* json(`/v1/orderbooks?at=2026-11-21T14:00:05Z&tickers=${Seed.recorded}`, { key })
      assert.deepStrictEqual([stale.body.orderbooks[0].trust.state, stale.credits], ["stale", 0])
      const none = yield* json(`/v1/orderbooks?at=${at}&tickers=${Seed.unopened}`, { key })
      assert.deepStrictEqual([none.body.orderbooks, none.credits], [[], 0])
      const dry = yield* json("/v1/orderbooks?limit=25&dry_run=true", { key })
      assert.deepInclude(dry.body.estimate, { rows_max: 25, credits_max: 3 })
      const page = yield* json(`${samples}&limit=1000`, { key })
      const good = page.body.samples.filter((one: Json) => one.trust !== "stale").length
      assert.isBelow(good, page.body.samples.length)
      assert.strictEqual(page.credits, Math.ceil(good / 100))
      const lost = yield* json(`${samples.replace("13:59:59", "14:00:04").replace("14:00:18", "14:00:05")}`, { key })
      assert.deepStrictEqual([lost.body.samples.length, lost.credits], [50, 0])
    })
  )
})

layer(Layer.provideMerge(ApiTest.layer(), watched))("a key", (it) => {
  it.effect("is taken as a bearer and as X-API-Key, and its answer says what was used and what is left", () =>
    Effect.gen(function* () {
      const { key } = yield* customer()
      const first = yield* json(book, { key })
      assert.strictEqual(first.status, 200)
      assert.strictEqual(first.credits, 1)
      assert.strictEqual(first.headers["x-credits-used"], "1")
      assert.strictEqual(first.headers["x-credits-remaining"], "999")
      assert.strictEqual(first.headers["ratelimit-policy"], '"account";q=20;w=4')
      assert.strictEqual(first.headers["ratelimit"], '"account";r=19;t=1')
      const second = yield* json(book, { key: null, headers: { "X-API-Key": key } })
      assert.strictEqual(second.headers["x-credits-remaining"], "998")
    })
  )

  it.effect("is needed for all but what is for everybody", () =>
    Effect.gen(function* () {
      for (const path of [
        "/v1/status",
        "/v1/coverage",
        "/v1/pricing",
        "/healthz",
        "/metrics",
        "/docs",
        "/openapi.json"
      ]) {
        assert.strictEqual((yield* ask(path, { key: null })).status, 200, path)
      }
      for (const path of [book, log, "/v1/markets", "/v1/usage", "/v1/lifecycle", `/v1/markets/${Seed.recorded}`]) {
        const { body, status } = yield* json(path, { key: null })
        assert.deepStrictEqual([status, body.code], [401, "key_required"], path)
      }
    })
  )

  it.effect("that was cut, is not known, has expired or was revoked is refused, with the reason", () =>
    Effect.gen(function* () {
      const keys = yield* Keys
      const refused = (key: string) =>
        Effect.map(json(book, { key }), ({ body, status }) => {
          assert.deepStrictEqual([status, body.code], [401, "key_invalid"])
          return body.detail as string
        })
      const { account, key, prefix } = yield* customer()
      assert.include(yield* refused(key.slice(0, -1)), "no key of ours, or not the whole of one")
      assert.include(yield* refused(ApiKeyText.format(prefix, "0".repeat(33))), "not known here")
      assert.include(yield* refused(ApiKeyText.format("0000000000", "0".repeat(33))), "not known here")
      const old = yield* customer({ key: { expiresMicros: Seed.startMicros } })
      assert.include(yield* refused(old.key), "expired at 2026-11-21T14:00:00")
      assert.strictEqual((yield* ask(book, { key })).status, 200)
      yield* keys.revoke(account.accountId, prefix)
      yield* TestClock.adjust("10 seconds")
      assert.include(yield* refused(key), "was revoked at")
    })
  )

  it.effect("in the URL is refused, and not kept in any log, also where a request fails", () =>
    Effect.gen(function* () {
      const { key } = yield* customer()
      for (const path of [`${book}&api_key=${key}`, `/v1/markets/${key}/orderbook`, "/v1/markets?token=x"]) {
        const { body, status } = yield* json(path, { key: null })
        assert.deepStrictEqual([status, body.code], [400, "key_in_query"], path)
        assert.notInclude(JSON.stringify(body), key.slice(20))
      }
      yield* ask("/auth/v1/verify?type=signup&token_hash=of-a-mail", { key: null })
      yield* json(book, { key: `${key}x` })
      assert.strictEqual((yield* ask(book, { key })).status, 200)
      assert.notInclude(logged.join("\n"), key.slice(20))
      const attributes = spans.map(({ attributes }) => [...attributes.entries()].join(" ")).join("\n")
      assert.include(attributes, "/orderbook")
      assert.notInclude(attributes, key.slice(20))
      assert.notInclude(attributes, "of-a-mail")
    })
  )

  it.effect("does what its scopes say", () =>
    Effect.gen(function* () {
      const { key } = yield* customer({ key: { scopes: ["stream"] } })
      const { body, status } = yield* json(book, { key })
      assert.deepStrictEqual([status, body.code, body.scope], [403, "scope_missing", "read"])
    })
  )

  it.effect("that is guessed at again and again is refused before it is looked up", () =>
    Effect.gen(function* () {
      const guess = ApiKeyText.format("1111111111", "1".repeat(33))
      const answers = yield* Effect.forEach(Array.from({ length: 30 }), () => json(book, { key: guess }))
      assert.isTrue(answers.some(({ status }) => status === 429))
      yield* TestClock.adjust("60 seconds")
    })
  )
})

layer(ApiTest.layer())("what a call costs", (it) => {
  it.effect(
    "is by the entries of its page, and nothing for an error, an empty list, a lost book, or the same page again",
    () =>
      Effect.gen(function* () {
        const { key } = yield* customer({ tier: "enterprise", terms: { creditsMonthly: 100 } })
        const cost = (path: string) =>
          Effect.map(json(path, { key }), ({ credits, headers }) => [credits, headers["x-credits-remaining"]])
        const first = yield* json(`${log}?limit=200`, { key })
        assert.deepStrictEqual([first.credits, first.headers["x-credits-remaining"]], [1, "99"])
        assert.deepStrictEqual(yield* cost(`${log}?limit=1000`), [2, "97"])
        const page = `${log}?limit=200&cursor=${first.body.cursor}`
        assert.deepStrictEqual(yield* cost(page), [1, "96"])
        assert.deepStrictEqual(yield* cost(page), [0, "96"])
        assert.deepStrictEqual(yield* cost(`${log}?from=2026-11-21T15:00:00Z`), [0, "96"])
        assert.deepStrictEqual(yield* cost(`/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:10Z`), [0, "96"])
        assert.strictEqual((yield* ask(`/v1/markets/${Seed.recorded}/orderbook?at=yesterday`, { key })).status, 400)
        assert.strictEqual((yield* ask("/v1/markets/KXNOTHING", { key })).status, 404)
        assert.deepStrictEqual(yield* cost(book), [1, "95"])
      })
  )

  it.effect("is told beforehand, without doing anything, and refused where it is more than wanted", () =>
    Effect.gen(function* () {
      const { key } = yield* customer({ terms: { creditsMonthly: 10 } })
      const dry = yield* json(`${log}?limit=1000&dry_run=true`, { key })
      assert.deepStrictEqual(dry.body, { estimate: { rows_max: 1_000, bytes_max: 320_000, credits_max: 4 } })
      assert.deepStrictEqual([dry.credits, dry.headers["x-credits-remaining"]], [0, "10"])
      assert.strictEqual((yield* ask(`${log}?limit=x&dry_run=true`, { key })).status, 400)
      const dear = yield* json(`${log}?limit=1000&max_credits=3`, { key })
      assert.deepStrictEqual([dear.status, dear.body.code, dear.body.credits_needed], [402, "max_credits_exceeded", 4])
      assert.strictEqual((yield* ask(dear.body.suggestion, { key })).status, 200)
      assert.strictEqual((yield* json("/v1/usage", { key })).body.credits_used, 2)
    })
  )

  it.effect("is refused when credits or a cap do not suffice, with what is needed and what to do", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      const poor = yield* customer({ terms: { creditsMonthly: 3 } })
      const refused = yield* json(`${log}?limit=1000`, { key: poor.key })
      assert.deepStrictEqual([refused.status, refused.body.code], [402, "credits_exhausted"])
      assert.deepInclude(refused.body, { credits_needed: 4, credits_remaining: 3, suggestion: "/v1/pricing" })
      assert.strictEqual((yield* json(`${log}?limit=750`, { key: poor.key })).status, 200)
      const payg = yield* customer({ tier: "payg" })
      const free = yield* json(book, { key: payg.key })
      assert.deepStrictEqual([free.status, free.headers["x-credits-remaining"]], [200, "unlimited"])
      yield* accounts.change(payg.account.accountId, { capCredits: 2 })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* json(book, { key: payg.key })).headers["x-credits-remaining"], "0")
      const capped = yield* json(book, { key: payg.key })
      assert.deepStrictEqual([capped.status, capped.body.code], [402, "cap_reached"])
      const keyCap = yield* customer({ key: { capCredits: 1 } })
      assert.strictEqual((yield* json(book, { key: keyCap.key })).status, 200)
      assert.strictEqual((yield* json(book, { key: keyCap.key })).body.code, "cap_reached")
    })
  )

  it.effect("is in the usage of its account at once, by day, operation and key, and in nobody else's", () =>
    Effect.gen(function* () {
      const one = yield* customer()
      const other = yield* customer()
      yield* json(book, { key: one.key })
      yield* json(`${log}?limit=1000`, { key: one.key })
      const { body } = yield* json("/v1/usage", { key: one.key })
      assert.deepStrictEqual(
        body.days.map((day: Json) => [day.day, day.operation, day.key, day.calls, day.credits, day.rows]),
        [
          ["2026-11-21", "getOrderbook", one.prefix, 1, 1, 1],
          ["2026-11-21", "listDeltas", one.prefix, 1, 2, Seed.busyDeltas + 1]
        ]
      )
      assert.deepInclude(body, { tier: "free", credits_used: 3, month_credits_used: 3, credits_remaining: 997 })
      const others = yield* json(`/v1/usage?from=0`, { key: other.key })
      assert.deepStrictEqual(others.body.days, [])
    })
  )
})

layer(ApiTest.layer())("limits", (it) => {
  it.effect("refuse what is too fast, say when there is more, and then let it through", () =>
    Effect.gen(function* () {
      const { key } = yield* customer({ terms: { requestsPerSecond: 2, burst: 4 } })
      const answers = yield* Effect.forEach(Array.from({ length: 6 }), () => json(book, { key }))
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 429, 429]
      )
      const refused = answers[4]
      assert.deepStrictEqual([refused?.body.code, refused?.retryAfter], ["rate_limited", "1"])
      assert.strictEqual(refused?.headers["ratelimit-policy"], '"account";q=4;w=2')
      assert.strictEqual(refused?.headers["ratelimit"], '"account";r=0;t=2')
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* json(book, { key })).status, 200)
    })
  )

  it.effect("are told later to whoever goes on far above them, and to nobody else", () =>
    Effect.gen(function* () {
      const { key } = yield* customer({ terms: { requestsPerSecond: 1, burst: 1 } })
      const calm = yield* customer()
      const status = (asked: string) => Effect.map(json(book, { key: asked }), (answer) => answer.status)
      // One is answered, one refused by the ledger, ten by the node at once.
      const before = yield* Effect.forEach(Array.from({ length: 12 }), () => status(key))
      assert.deepStrictEqual(before, [200, ...Array<number>(11).fill(429)])
      const held = yield* Effect.forkChild(status(key))
      for (let count = 0; count < 5; count++) assert.strictEqual(yield* status(calm.key), 200)
      assert.isUndefined(held.pollUnsafe(), "still held back")
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* Fiber.join(held), 429)
    })
  )

  it.effect("of a key are its own, beside its account's", () =>
    Effect.gen(function* () {
      const { account, key } = yield* customer({
        terms: { requestsPerSecond: 10, burst: 10 },
        key: { requestsPerSecond: 2 }
      })
      const other = Redacted.value(
        (yield* (yield* Keys).create({ accountId: account.accountId, name: "other", scopes: ["read"] })).key
      )
      const statuses = yield* Effect.forEach(Array.from({ length: 4 }), () =>
        Effect.map(json(book, { key }), (answer) => answer.status)
      )
      assert.deepStrictEqual(statuses, [200, 200, 429, 429])
      assert.strictEqual((yield* json(book, { key: other })).status, 200)
    })
  )

  it.effect("for whoever has no key are by address", () =>
    Effect.gen(function* () {
      const answers = yield* Effect.forEach(Array.from({ length: anonymousBucket.burst + 10 }), () =>
        json("/v1/pricing", { key: null })
      )
      assert.strictEqual(answers.filter(({ status }) => status === 200).length, anonymousBucket.burst)
      assert.strictEqual(answers.at(-1)?.body.code, "rate_limited")
    })
  )
})

layer(ApiTest.layer().pipe(Layer.provide(demo)))("a demonstration", (it) => {
  it.effect("shows its markets, and the first day of each month, to everybody, for nothing", () =>
    Effect.gen(function* () {
      const open = yield* json(book, { key: null })
      assert.deepStrictEqual([open.status, open.credits, open.headers["x-credits-used"]], [200, 0, undefined])
      assert.strictEqual((yield* json("/v1/markets?series_ticker=KXBTC15M", { key: null })).status, 200)
      assert.strictEqual((yield* json("/v1/markets", { key: null })).status, 401)
      const day = `${log}?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z`
      assert.strictEqual((yield* json(day, { key: null })).status, 200)
      const longer = `${log}?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00.000001Z`
      assert.strictEqual((yield* json(longer, { key: null })).status, 401)
      assert.strictEqual((yield* json(`${log}?from=2026-11-02&to=2026-11-02T01:00:00Z`, { key: null })).status, 401)
    })
  )
})
