/** What was refused or failed is found again by whoever met it, and by nobody else; and nobody waits for that. */
import { setTimeout } from "node:timers/promises"
import { assert, describe, it, layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RequestErrors } from "@kalshibook/api/RequestErrors"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { Accounts } from "@kalshibook/store/Accounts"
import { HotTierError } from "@kalshibook/store/HotTierError"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { Clock, Context, Effect, Exit, Fiber, Layer, Logger, Option, Scope } from "effect"
import { HttpServerResponse } from "effect/http"
import { SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import * as Customer from "./Customer.ts"
import { ask, everyPage, type Json, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const book = `/v1/markets/${Seed.recorded}/orderbook?at=2026-11-21T14:00:01Z`
const deltas = `/v1/markets/${Seed.busy}/deltas`

const wide = { requestsPerSecond: 1_000, burst: 1_000, requestsAtOnce: 100 }

/** The list, once what was noted is written. */
const requestsOf = Effect.fnUntraced(function* (key: string, query = "") {
  yield* TestClock.adjust("2 seconds")
  const { body, credits, status } = yield* json(`/v1/usage/requests?${query}`, { key })
  assert.deepStrictEqual([status, credits], [200, 0], JSON.stringify(body))
  return body
})

layer(ApiTest.layer())("the list of requests", (it) => {
  it.effect("has what failed under the id that the client received, and what was answered with what it cost", () =>
    Effect.gen(function* () {
      const { key, prefix } = yield* Customer.customer({ terms: { creditsMonthly: 2 } })
      const other = yield* Customer.customer()
      const asked = [
        [book, null, null, "getOrderbook"],
        ["/v1/markets/KXNOTHING", 404, "unknown_market", "getMarket"],
        [`${book}&depth=many`, 400, "bad_parameter", "getOrderbook"],
        ["/v1/keys", 403, "scope_missing", "listKeys"],
        [`${deltas}?format=csv&limit=5`, 406, "not_acceptable", "listDeltas"],
        ["/v1/coverage?from=yesterday", 400, "bad_parameter", "getCoverage"],
        [`${deltas}?limit=1000`, 402, "credits_exhausted", "listDeltas"]
      ] as const
      const ids = yield* Effect.forEach(asked, ([path]) =>
        Effect.map(ask(path, { key }), ({ headers }) => String(headers["x-request-id"]))
      )
      const { body } = yield* json("/v1/usage/requests", { key: other.key })
      assert.deepStrictEqual(body.requests, [], "somebody else has none of it")
      const { requests, ...page } = yield* requestsOf(key)
      const byId = new Map<string, Json>(requests.map((one: Json) => [one.request_id, one]))
      for (const [at, [path, status, code, operation]] of asked.entries()) {
        const { count, credits, docs, time, time_last, ...one } = byId.get(ids[at] ?? "") ?? {}
        const expected = { request_id: ids[at], download_id: null, operation, key: prefix, status, code }
        const outcome = code === null ? "answered" : "failed"
        assert.deepStrictEqual(one, { ...expected, outcome, rows: code === null ? 1 : 0 }, path)
        assert.deepStrictEqual([count, credits, time_last], [1, code === null ? 1 : 0, time], path)
        assert.strictEqual(docs, code === null ? null : `/docs/errors.md#${code}`, path)
      }
      assert.lengthOf(requests, asked.length)
      assert.strictEqual(page.kept_from, "2026-10-12T00:00:00.000000Z")
      assert.deepStrictEqual([page.from, page.cursor], [page.kept_from, ""])
      const early = yield* requestsOf(key, "from=2026-01-01")
      assert.strictEqual(early.from, page.kept_from, "what it cannot know of is not passed over in silence")
      const before = yield* requestsOf(key, "from=2026-01-01&to=2026-01-02")
      assert.deepStrictEqual([before.from, before.requests], [before.to, []], "of which nothing is kept")

      const one = yield* requestsOf(key, `request_id=${ids[1]}`)
      assert.deepStrictEqual(one.requests, [byId.get(ids[1] ?? "")])
      const found = (query: string) =>
        Effect.map(requestsOf(key, query), (answer) => answer.requests.map((each: Json) => each.code))
      assert.deepStrictEqual(yield* found("outcome=answered"), [null])
      assert.deepStrictEqual(yield* found("operation=getOrderbook&outcome=failed"), ["bad_parameter"])
      assert.deepStrictEqual(yield* found(`caller=${other.prefix}`), [])
      assert.deepStrictEqual(yield* found("fields=code&outcome=answered"), [null])
      assert.strictEqual((yield* json("/v1/usage/requests?request_id=x", { key })).body.code, "bad_parameter")
    })
  )

  it.effect("counts what is above a limit exactly, in few rows, and adds up to the usage", () =>
    Effect.gen(function* () {
      const { key, prefix } = yield* Customer.customer({
        tier: "enterprise",
        terms: { creditsMonthly: 2_000, ...wide }
      })
      yield* TestClock.adjust(60_000 - ((yield* Clock.currentTimeMillis) % 60_000))
      const asks = Array.from({ length: 80 }, () => ask("/v1/markets/KXNOTHING", { key }))
      const ids = (yield* Effect.all(asks)).map(({ headers }) => headers["x-request-id"])
      yield* TestClock.adjust("1 minute")
      const { requests } = yield* requestsOf(key, "outcome=failed")
      const [counted] = requests.filter((one: Json) => one.count > 1)
      assert.deepStrictEqual(
        [counted.request_id, counted.operation, counted.key, counted.status, counted.code, counted.count],
        [null, null, prefix, 404, "unknown_market", 20]
      )
      const singles = requests.filter((one: Json) => one !== counted)
      assert.sameMembers(
        singles.map((one: Json) => one.request_id),
        ids.slice(0, 60)
      )
      yield* json(`${deltas}?limit=1000`, { key })
      const all = yield* requestsOf(key)
      const credits = all.requests.reduce((sum: number, one: Json) => sum + one.credits, 0)
      assert.isAbove(credits, 0)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* json("/v1/usage", { key })).body.credits_used, credits)
    })
  )

  it.effect("has what the limit of calls refused, as many as there were", () =>
    Effect.gen(function* () {
      const { key } = yield* Customer.customer({ terms: { requestsPerSecond: 1, burst: 2 } })
      const answers = yield* Effect.forEach(Array.from({ length: 12 }), () => ask(book, { key }))
      const limited = answers.filter(({ status }) => status === 429)
      assert.isAtLeast(limited.length, 10)
      const { requests } = yield* requestsOf(key, "outcome=failed")
      assert.deepStrictEqual(
        requests.map((one: Json) => [one.request_id, one.status, one.code]).toSorted(),
        limited.map(({ headers }) => [headers["x-request-id"], 429, "rate_limited"]).toSorted()
      )
    })
  )

  it.effect("is read page by page, and as the same rows in one stream", () =>
    Effect.gen(function* () {
      const { key } = yield* Customer.customer({ tier: "enterprise", terms: { creditsMonthly: 100, ...wide } })
      for (let at = 0; at < 9; at++) {
        yield* ask(at % 3 === 0 ? book : `/v1/markets/KXNOTHING${at}`, { key })
        yield* TestClock.adjust("1 second")
      }
      const { entries, pages } = yield* everyPage("/v1/usage/requests", "requests", 2, key)
      assert.deepStrictEqual([entries.length, pages], [9, 5])
      const times = entries.map(({ time }) => time)
      assert.deepStrictEqual(times, times.toSorted().reverse())
      const lines = (yield* ask("/v1/usage/requests?format=ndjson", { key })).text.trimEnd().split("\n")
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line)),
        entries
      )
      const csv = (yield* ask("/v1/usage/requests?format=csv&outcome=failed", { key })).text.trimEnd().split("\n")
      assert.match(csv[0] ?? "", /^time,request_id,download_id,operation,key,outcome,status,code,credits,rows,count/)
      assert.lengthOf(csv, 7)
      assert.include(csv[1], ",failed,404,unknown_market,0,0,1,")
    })
  )
})

let reading = 0
let readingMost = 0

/** Counts how many pages are read at once; each takes some milliseconds. */
const slowly = Layer.effect(
  RequestLog,
  Effect.map(RequestLog, (log) =>
    RequestLog.of({
      ...log,
      list: (question) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            readingMost = Math.max(readingMost, ++reading)
          }),
          () =>
            Effect.andThen(
              Effect.promise(() => setTimeout(20)),
              log.list(question)
            ),
          () => Effect.sync(() => reading--)
        )
    })
  )
)

const overSlow = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
  Layer.provide(slowly),
  Layer.provideMerge(ApiTest.services())
)

layer(overSlow)("pages of the list", (it) => {
  it.effect("are read two at a time, however many ask, so that other calls keep their connections", () =>
    Effect.gen(function* () {
      const { key } = yield* Customer.customer({ tier: "enterprise", terms: wide })
      const asks = Array.from({ length: 6 }, (_, at) =>
        ask(`/v1/usage/requests${at % 2 === 0 ? "" : "?format=csv"}`, { key })
      )
      const answers = yield* Effect.all(asks, { concurrency: "unbounded" })
      assert.deepStrictEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      assert.strictEqual(readingMost, 2)
    })
  )
})

const logged: Array<string> = []
const recording = Logger.layer([Logger.map(Logger.formatJson, (line) => void logged.push(line))])

/** Everything that was kept of an account. */
const kept = Effect.fnUntraced(function* (accountId: string) {
  const log = yield* RequestLog
  return yield* log.list({
    accountId,
    fromMicros: 0,
    toMicros: Number.MAX_SAFE_INTEGER,
    after: Option.none(),
    requestsMax: 20_000
  })
})

/** Notes errors of an account as an answer does, as long as the scope is open. */
const noting = Effect.fnUntraced(function* () {
  const account = yield* (yield* Accounts).create({ name: globalThis.crypto.randomUUID(), tier: "free" })
  const context = yield* Effect.context<RequestLog>()
  const scope = yield* Scope.make()
  const built = yield* Layer.buildWithScope(Layer.fresh(RequestErrors.layer), scope).pipe(
    Effect.provideContext(context)
  )
  const { note } = Context.get(built, RequestErrors)
  const bounds = { requestsPerSecond: null, connections: null, capCredits: null, expiresMicros: null }
  const person = { userId: "0d9c8b7a-6f5e-4d3c-8b2a-1f0e9d8c7b6a", email: "ada@example.com" }
  const caller = {
    ...{ account, tier: tierOf("free", {}), scopes: [], name: "user-0d9c8b7a", title: person.email, bounds },
    authentication: { _tag: "member", role: "owner", person }
  } as const
  const response = HttpServerResponse.jsonUnsafe({ detail: "x", code: "rate_limited" }, { status: 429 })
  const notes = { headers: {}, meter: undefined, asker: { caller, operation: "listKeys" }, isOpenEnded: false }
  let made = 0
  return {
    accountId: account.accountId,
    scope,
    note: (nowMillis: number) => note({ requestId: `req_${account.accountId} ${++made}`, notes, response, nowMillis })
  }
})

const sum = (rows: ReadonlyArray<{ readonly count: number }>) => rows.reduce((all, { count }) => all + count, 0)

describe("what is noted", () => {
  layer(Layer.mergeAll(RequestLog.layerMemory, Accounts.layerMemory))((it) => {
    it.effect("is bounded and exact for ten thousand refusals within a minute, and written when the server stops", () =>
      Effect.gen(function* () {
        const { accountId, note, scope } = yield* noting()
        const nowMillis = yield* Clock.currentTimeMillis
        for (let at = 0; at < 10_000; at++) note(nowMillis + at)
        assert.deepStrictEqual(yield* kept(accountId), [], "nobody waited for the database")
        yield* Scope.close(scope, Exit.void)
        const rows = yield* kept(accountId)
        assert.deepStrictEqual([rows.length, sum(rows)], [61, 10_000])
      })
    )
  })

  let refusals = 0
  let defects = 0
  let isRetryable = true
  let isSilent = false
  /** A database that refuses so many times, or answers no more. */
  const moody = Layer.effect(
    RequestLog,
    Effect.map(RequestLog, (log) =>
      RequestLog.of({
        ...log,
        note: (errors) => {
          if (isSilent) return Effect.never
          if (defects-- > 0) return Effect.die(new Error("nobody foresaw this"))
          if (refusals-- <= 0) return log.note(errors)
          const facts = { cause: new Error("refused"), message: "refused", operation: "note" }
          const reason = isRetryable ? new SqlError.ConnectionError(facts) : new SqlError.ConstraintError(facts)
          return Effect.fail(
            new HotTierError({ operation: "noteRequestErrors", reason: new SqlError.SqlError({ reason }) })
          )
        }
      })
    )
  ).pipe(Layer.provide(RequestLog.layerMemory))

  layer(Layer.mergeAll(moody, Accounts.layerMemory, recording))((it) => {
    it.effect("is written later where the database was away, and told in the log as lost where it is refused", () =>
      Effect.gen(function* () {
        const { accountId, note, scope } = yield* noting()
        const nowMillis = yield* Clock.currentTimeMillis
        refusals = 2
        for (let at = 0; at < 100; at++) note(nowMillis)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* kept(accountId), [])
        note(nowMillis)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(sum(yield* kept(accountId)), 101)
        isRetryable = false
        refusals = 1
        for (let at = 0; at < 7; at++) note(nowMillis)
        yield* TestClock.adjust("2 seconds")
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(sum(yield* kept(accountId)), 101)
        assert.match(logged.join("\n"), /7 errors of requests are not in the lists/)
      })
    )

    it.effect("is written later where something went wrong that nobody foresaw, which is told in the log", () =>
      Effect.gen(function* () {
        const { accountId, note } = yield* noting()
        const nowMillis = yield* Clock.currentTimeMillis
        defects = 1
        refusals = 0
        note(nowMillis)
        yield* TestClock.adjust("1 second")
        note(nowMillis)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(sum(yield* kept(accountId)), 2)
        assert.match(logged.join("\n"), /nobody foresaw this/)
      })
    )

    it.effect("is told in the log as lost by a server that stops while its database is away, or does not answer", () =>
      Effect.gen(function* () {
        const away = yield* noting()
        const nowMillis = yield* Clock.currentTimeMillis
        isRetryable = true
        refusals = 1_000
        for (let at = 0; at < 100; at++) away.note(nowMillis)
        yield* Scope.close(away.scope, Exit.void)
        assert.match(logged.join("\n"), /100 errors of requests are not in the lists/)
        refusals = 0
        const silent = yield* noting()
        isSilent = true
        for (let at = 0; at < 90; at++) silent.note(nowMillis)
        // As a program ends: interrupted, while its finalizers are not.
        const program = yield* Effect.forkChild(
          Effect.onExit(Effect.never, (exit) => Scope.close(silent.scope, exit)),
          {
            startImmediately: true
          }
        )
        const stopping = yield* Effect.forkChild(Fiber.interrupt(program), { startImmediately: true })
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(stopping)
        assert.match(logged.join("\n"), /90 errors of requests are not in the lists/)
        isSilent = false
      })
    )
  })

  it.effect("is written by a server that stops, before its database is let go", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const server = yield* Layer.buildWithScope(Layer.fresh(ApiTest.layer()), scope)
      const { account, key } = yield* Effect.provideContext(Customer.customer(), server)
      const { headers } = yield* Effect.provideContext(ask("/v1/markets/KXNOTHING", { key }), server)
      const rows = Effect.provideContext(kept(account.accountId), server)
      assert.deepStrictEqual(yield* rows, [])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        (yield* rows).map(({ id }) => id),
        [String(headers["x-request-id"])]
      )
    })
  )
})
