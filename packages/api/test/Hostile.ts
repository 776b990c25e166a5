/** What may be asked by someone who means ill, or does not know what he does, and what every answer to it must be. */
import { assert, type Vitest } from "@effect/vitest"
import { type ProblemCode, problemClasses, problems } from "@kalshibook/core/contract/Problems"
import { Effect, Schema } from "effect"
import type { HttpServer } from "effect/http"
import * as fc from "fast-check"
import { type Answer, ask } from "./Http.ts"
import * as Seed from "./Seed.ts"

const ticker = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(Seed.recorded, Seed.busy, Seed.unopened, "KXBTC15M", "KXBTCD-26NOV2117") },
  fc.constantFrom(
    Seed.recorded.toLowerCase(),
    "KXNOTHING",
    "..",
    "%2e%2e",
    "%00",
    "%zz",
    "%ff",
    "%",
    "%F0%9F%8E%AF",
    "-"
  ),
  fc.string({ maxLength: 150 }).map(encodeURIComponent)
)

const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom("markets", "events", "series"),
        ticker,
        fc.constantFrom("", "/orderbook", "/deltas", "/trades", "/lifecycle", "/coverage")
      )
      .map(([list, name, rest]) => `/v1/${list}/${name}${rest}`)
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...["/v1/markets", "/v1/events", "/v1/series", "/v1/lifecycle", "/v1/coverage", "/v1/status", "/healthz", "/"]
    )
  },
  fc.constantFrom(
    "//",
    "/v1//markets",
    "/v1/markets/",
    "/problems/x",
    "/.env",
    "/v1/../v1/markets",
    "/docs/x",
    "/%",
    "*"
  ),
  fc.webPath().map((text) => `/${text.replaceAll(/[^\x21-\x7e]/g, "")}`)
)

const name = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("at", "as_of", "clock", "depth", "from", "to", "limit", "cursor", "status", "tickers")
  },
  fc.constantFrom(
    "category",
    "series_ticker",
    "event_ticker",
    "Limit",
    "__proto__",
    "constructor",
    "toString",
    "at[]",
    ""
  ),
  fc.string({ maxLength: 12 })
)

const value = fc.oneof(
  fc.constantFrom(
    "2026-11-21T13:59:58Z",
    "2026-11-21T14:00:05Z",
    "1795269605",
    "1795269605000",
    "10",
    "active",
    "exchange",
    Seed.recorded
  ),
  fc.constantFrom(
    "",
    "0",
    "-1",
    "1e3",
    "NaN",
    "Infinity",
    "0x10",
    "1.5",
    "99999999999999999999",
    "null",
    "[]",
    "'",
    '"'
  ),
  fc.constantFrom("1969-12-31", "9999-12-31", "2026-02-30", "now", "1795269605.1234567", "\u0000", "\ud800", "a,b,,c"),
  fc.integer().map(String),
  fc.base64String({ maxLength: 60 }),
  fc.string({ maxLength: 60 })
)

const encoded = (text: string) => encodeURIComponent(text.toWellFormed())

/** Mostly encoded as it should be, sometimes only made of characters that HTTP lets through. */
const query = fc
  .array(fc.tuple(name, value, fc.boolean()), { maxLength: 5 })
  .map((pairs) =>
    pairs
      .map(([key, text, isRaw]) =>
        isRaw ? `${key}=${text}`.replaceAll(/[^\x21-\x7e]|#/g, "") : `${encoded(key)}=${encoded(text)}`
      )
      .join("&")
  )

const method = fc.oneof(
  { weight: 12, arbitrary: fc.constant("GET") },
  fc.constantFrom("HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "QUERY", "PROPFIND")
)

const bad = fc.record({ method, path, query }).map((asked) => ({
  method: asked.method,
  path: asked.query === "" ? asked.path : `${asked.path}?${asked.query}`
}))

/** What every answer to anything must be. */
const check = (answer: Answer, asked: { readonly method: string; readonly path: string }): void => {
  const about = `${asked.method} ${asked.path}: ${answer.status} ${answer.text.slice(0, 300)}`
  assert.isBelow(answer.status, 500, about)
  assert.match(String(answer.headers["x-request-id"]), /^req_/, about)
  if (answer.status < 400) return
  assert.strictEqual(answer.headers["content-type"], "application/problem+json", about)
  if (asked.method === "HEAD") return
  const body = JSON.parse(answer.text)
  const code: ProblemCode = body.code
  assert.isTrue(Object.hasOwn(problems, code), about)
  assert.strictEqual(problems[code].status, answer.status, about)
  assert.strictEqual(body.request_id, answer.headers["x-request-id"], about)
  Schema.decodeUnknownSync(problemClasses[code] as Schema.ConstraintDecoder<object>)(body)
}

/** How often a suggestion may lead to another one: a wrong parameter, then a wrong ticker, then a wrong time. */
const suggestionsMax = 4

/** Each request costs a fraction of a millisecond in memory, and some in Postgres. */
export const hostileSuite =
  (runs: number) =>
  (it: Vitest.MethodsNonLive<HttpServer.HttpServer>): void => {
    it.effect("is answered, or refused with a problem that its schema reads; never with a fault of ours", () =>
      Effect.gen(function* () {
        const context = yield* Effect.context<HttpServer.HttpServer>()
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(bad, async (asked) => {
              check(await Effect.runPromiseWith(context)(ask(asked.path, asked)), asked)
            }),
            { numRuns: runs }
          )
        )
      })
    )

    it.effect("leads, by the suggestions, to a call that works", () =>
      Effect.gen(function* () {
        const context = yield* Effect.context<HttpServer.HttpServer>()
        const follow = async (asked: string, left: number): Promise<void> => {
          const answer = await Effect.runPromiseWith(context)(ask(asked))
          if (answer.status === 200) return
          const { code, suggestion } = JSON.parse(answer.text)
          assert.isFalse(left < suggestionsMax && code === "unknown_route", `suggested: ${asked}`)
          if (suggestion === undefined) return
          assert.isAbove(left, 0, `${asked} -> ${suggestion}`)
          await follow(suggestion, left - 1)
        }
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(bad, (asked) => follow(asked.path, suggestionsMax)),
            { numRuns: Math.ceil(runs / 2) }
          )
        )
      })
    )
  }
