/** That the straight way to a book is nothing but shorter: every answer, header, problem and charge is what it is by the way of all others. */
import { assert, it } from "@effect/vitest"
import * as StraightBooks from "@kalshibook/api/StraightBooks"
import { Effect, Metric } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as ApiTest from "./ApiTest.ts"
import * as Customer from "./Customer.ts"
import { ask } from "./Http.ts"
import * as Seed from "./Seed.ts"

const questions = 400

const value = (...values: ReadonlyArray<string>) => fc.constantFrom(...values)

const moments = [
  "2026-11-21T14:00:01Z",
  "2026-11-21T14:00:01.5Z",
  "2026-11-21 14:00:01",
  String(Seed.startMicros),
  String(Seed.startMicros / 1_000 + 900),
  String(Seed.startMicros - 1),
  "2031-01-01",
  "1969-12-31",
  "tomorrow",
  ""
]

const parameter = fc.oneof(
  { weight: 4, arbitrary: value(...moments).map((at) => `at=${at.replaceAll(" ", "%20")}`) },
  value("0", "1", "3", "0003", "9999", "10000", "-1", "x").map((depth) => `depth=${depth}`),
  value("received", "exchange", "other").map((clock) => `clock=${clock}`),
  value("full", "summary", "Full").map((view) => `view=${view}`),
  value("dry_run=true", "max_credits=0", "max_credits=5", "atx=1", "cursor=abc", "at", "&", "api_key=1")
)

const ticker = fc.oneof(
  { weight: 6, arbitrary: value(Seed.recorded, Seed.busy) },
  value(Seed.unopened, "KXNOTHING-26NOV21", Seed.recorded.toLowerCase(), `${Seed.recorded}%20`, "_", "A".repeat(200))
)

const question = fc.record({
  method: fc.oneof({ weight: 9, arbitrary: value("GET") }, value("HEAD", "OPTIONS", "POST")),
  path: fc
    .tuple(ticker, fc.array(parameter, { maxLength: 3 }), value("orderbook", "orderbook", "orderbook", "orderbook/"))
    .map(([market, parts, end]) => `/v1/markets/${market}/${end}${parts.length === 0 ? "" : `?${parts.join("&")}`}`),
  who: fc.oneof({ weight: 5, arbitrary: value("plenty") }, value("poor", "capped", "stranger", "streamer", "nobody")),
  headers: fc.constantFrom<Readonly<Record<string, string>>>(
    {},
    {},
    { "Accept-Encoding": "gzip" },
    { Origin: "https://example.org" },
    { "If-None-Match": "*", Accept: "text/csv" }
  )
})

/** What differs between two answers to the same: ids, the time they took, and the names of keys. */
const plain = (text: string): string =>
  text
    .replaceAll(/req_[0-9a-f]{32}/g, "req")
    .replaceAll(/"response_time":[\d.e-]+/g, '"response_time":0')
    .replaceAll(/kb_live_[0-9A-Za-z]{10}/g, "kb_live")
    .replaceAll(/"key":"[0-9A-Za-z]{10}"/g, '"key":""')

const told = (asked: ReadonlyArray<typeof question extends fc.Arbitrary<infer A> ? A : never>, isOpen: boolean) =>
  Effect.gen(function* () {
    const { key: poor } = yield* Customer.customer({ terms: { requestsPerSecond: 0.1, burst: 3 } })
    const { key: capped } = yield* Customer.customer({ terms: { creditsMonthly: 5 } })
    const { key: streamer } = yield* Customer.customer({ key: { scopes: ["stream"] } })
    const stranger = `${poor.slice(0, 18)}_${"0".repeat(39)}`
    const keys = { plenty: Customer.key(), poor, capped, streamer, stranger, nobody: null }
    const before = (yield* Metric.value(StraightBooks.taken)).count
    const answers: Array<unknown> = []
    for (const { headers, method, path, who } of asked) {
      const key = keys[who as keyof typeof keys]
      const answer = yield* ask(path, { method, headers, key })
      const { "content-length": length, date: _, "x-request-id": id, ...others } = answer.headers
      assert.match(String(id), /^req_[0-9a-f]{32}$/)
      const isPacked = others["content-encoding"] !== undefined
      if (length !== undefined && method !== "HEAD" && !isPacked) {
        assert.strictEqual(Number(length), Buffer.byteLength(answer.text))
      }
      answers.push({
        method,
        path,
        who,
        status: answer.status,
        headers: others,
        body: isPacked ? "packed" : plain(answer.text)
      })
      yield* TestClock.adjust("300 millis")
    }
    for (const key of [keys.plenty, poor, capped]) answers.push(plain((yield* ask("/v1/usage", { key })).text))
    return { answers, taken: (yield* Metric.value(StraightBooks.taken)).count - before }
  }).pipe(Effect.provide(ApiTest.layerCompared(isOpen)))

it.effect("answers, refuses and charges as the way of all others does, and is taken", () =>
  Effect.gen(function* () {
    const asked = fc.sample(question, { numRuns: questions, seed: 20_261_121 })
    const straight = yield* told(asked, true)
    const around = yield* told(asked, false)
    for (const [index, answer] of straight.answers.entries()) assert.deepStrictEqual(answer, around.answers[index])
    assert.isAbove(straight.taken, questions / 4)
    assert.strictEqual(around.taken, 0)
    const statuses = new Set(straight.answers.map((answer) => (answer as { readonly status?: number }).status))
    for (const status of [200, 400, 401, 402, 403, 404, 429]) assert.isTrue(statuses.has(status), `none was ${status}`)
  })
)
