import { connect } from "node:net"
import { assert, layer } from "@effect/vitest"
import { apiVersion } from "@kalshibook/core/contract/KalshiBookApi"
import { type ProblemCode, problems } from "@kalshibook/core/contract/Problems"
import { recorderReportExample } from "@kalshibook/core/contract/RecorderReportExample"
import { Effect } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { ask, json, port } from "./Http.ts"
import * as Seed from "./Seed.ts"

layer(ApiTest.layer())("the server", (it) => {
  it.effect("says where its data comes from, that it is simulated, and how fresh it is", () =>
    Effect.gen(function* () {
      const { body } = yield* json("/v1/status")
      const { recorder: _, uptime_seconds, ...rest } = body
      assert.isAtLeast(uptime_seconds, 0)
      assert.deepStrictEqual(rest, {
        source: {
          kind: "simulator",
          simulated: true,
          description: "Simulated data: a generated exchange, not Kalshi. Prices and trades are made up.",
          url: "ws://127.0.0.1:4010/trade-api/ws/v2"
        },
        recording: { state: "recording", since: Seed.startIso },
        watermark: {
          ts_received: "2026-11-21T14:00:20.000000Z",
          ts_exchange: "2026-11-21T14:00:15.980000Z",
          epoch: 3,
          lag_seconds: 1
        },
        markets_recorded: 2,
        records_per_second: 12.5,
        archive: {
          sealed_until: null,
          lag_seconds: null,
          ts_sealed: null,
          hours: 0,
          bytes: 0,
          hours_marked: 0,
          hot_from: null,
          problem: null,
          age_seconds: null
        },
        live: { state: "off", problem: null, ts_received: null, age_seconds: null, markets: 0, lag: null },
        versions: { api: apiVersion, contract: "v1" }
      })
    })
  )

  it.effect("passes on what the recorder says of its connections, markets, faults and lags, and how old that is", () =>
    Effect.gen(function* () {
      const { body } = yield* json("/v1/status")
      const { age_seconds, ...report } = body.recorder
      assert.deepStrictEqual(report, recorderReportExample)
      assert.strictEqual(age_seconds, 0)
    })
  )

  it.effect("is well while it reaches its stores", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json("/healthz")
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(body, { status: "ok" })
    })
  )

  it.effect("links everything that it has from its index", () =>
    Effect.gen(function* () {
      const { body } = yield* json("/")
      for (const link of Object.values(body.links) as ReadonlyArray<string>) {
        const path = link.replace("{ticker}", Seed.recorded).replaceAll(/[?&]\w+=(?=&|$)/g, "")
        // What agents call has POST alone.
        assert.strictEqual((yield* ask(path)).status, path === "/mcp" ? 405 : 200, path)
      }
    })
  )

  it.effect("counts its answers for Prometheus by route, not by market", () =>
    Effect.gen(function* () {
      yield* ask(`/v1/markets/${Seed.recorded}/orderbook`)
      yield* ask("/no/such/path")
      const { headers, text } = yield* ask("/metrics")
      assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/)
      const route = "/v1/markets/:ticker/orderbook"
      assert.include(text, `kalshibook_http_requests_total{route="${route}",method="GET",status="200"}`)
      assert.include(text, `kalshibook_http_request_seconds_count{route="${route}"}`)
      assert.include(text, 'kalshibook_http_requests_total{route="none",method="GET",status="404"}')
      assert.include(text, "kalshibook_watermark_lag_seconds 1\n")
      assert.include(text, "kalshibook_database_up 1\n")
      assert.notInclude(text, Seed.recorded)
    })
  )

  it.effect("gives its OpenAPI document and a reference page that needs no other host", () =>
    Effect.gen(function* () {
      const document = JSON.parse((yield* ask("/openapi.json")).text)
      assert.strictEqual(document.openapi, "3.1.0")
      const { headers, status, text } = yield* ask("/docs")
      assert.strictEqual(status, 200)
      assert.match(String(headers["content-type"]), /^text\/html/)
      assert.strictEqual(headers["cache-control"], "public, max-age=300")
      assert.include(text, '"withDefaultFonts":false')
      assert.notMatch(text, /<(script|link|img)[^>]*(src|href)="(https?:)?\/\//)
    })
  )

  it.effect("shows the catalogue of errors where `docs` of every problem leads", () =>
    Effect.gen(function* () {
      const { docs } = (yield* json("/v1/nothing")).body
      const [path, code] = docs.split("#")
      const { headers, text } = yield* ask(path, { key: null })
      assert.strictEqual(headers["content-type"], "text/markdown; charset=utf-8")
      assert.include(text, `\n### ${code}\n`)
    })
  )

  it.effect("describes every problem at the path that is its type", () =>
    Effect.gen(function* () {
      for (const code of Object.keys(problems) as ReadonlyArray<ProblemCode>) {
        const { body } = yield* json(`/problems/${code}`)
        const docs = `/docs/errors.md#${code}`
        assert.deepStrictEqual(body.problem, { code, type: `/problems/${code}`, docs, ...problems[code] })
      }
      for (const code of ["nothing", "toString", "__proto__"]) {
        assert.strictEqual((yield* json(`/problems/${code}`)).body.code, "unknown_route")
      }
    })
  )
})

layer(ApiTest.layer())("every answer", (it) => {
  it.effect("has an id of ours, also in the header, whatever id the client sends", () =>
    Effect.gen(function* () {
      const ids = new Set<string>()
      for (const path of ["/v1/status", "/nothing", "/v1/markets?limit=0"]) {
        const { headers, text } = yield* ask(path, { headers: { "X-Request-Id": "req_mine" } })
        const id = JSON.parse(text).request_id
        assert.match(id, /^req_[0-9a-f]{32}$/)
        assert.strictEqual(headers["x-request-id"], id)
        assert.strictEqual(headers["cache-control"], "no-store")
        ids.add(id)
      }
      assert.strictEqual(ids.size, 3)
    })
  )

  it.effect("may be read by pages of any origin, and says so before", () =>
    Effect.gen(function* () {
      const origin = { Origin: "https://example.com" }
      for (const path of ["/v1/status", "/nothing"]) {
        const { headers } = yield* ask(path, { headers: origin })
        assert.strictEqual(headers["access-control-allow-origin"], "*")
        assert.include(String(headers["access-control-expose-headers"]), "X-Request-Id")
      }
      const { headers, status } = yield* ask("/v1/markets", {
        method: "OPTIONS",
        headers: { ...origin, "Access-Control-Request-Method": "GET" }
      })
      assert.strictEqual(status, 204)
      assert.include(String(headers["access-control-allow-methods"]), "GET")
    })
  )

  it.effect("to HEAD has the headers of GET and no body", () =>
    Effect.gen(function* () {
      const { headers, status, text } = yield* ask("/v1/markets", { method: "HEAD" })
      assert.strictEqual(status, 200)
      assert.strictEqual(text, "")
      assert.isAbove(Number(headers["content-length"]), 100)
      assert.strictEqual((yield* ask("/nothing", { method: "HEAD" })).status, 404)
    })
  )

  it.effect("that is long is compressed for clients that accept it", () =>
    Effect.gen(function* () {
      const { headers } = yield* ask(`/v1/markets/${Seed.busy}/deltas`, { headers: { "Accept-Encoding": "gzip" } })
      assert.strictEqual(headers["content-encoding"], "gzip")
      const plain = yield* ask(`/v1/markets/${Seed.busy}/deltas`)
      assert.isUndefined(plain.headers["content-encoding"])
    })
  )
})

layer(ApiTest.layer())("what is asked wrongly", (it) => {
  it.effect("at a path that does not exist gets a problem, and the path that was probably meant", () =>
    Effect.gen(function* () {
      const suggested = (path: string) =>
        Effect.map(json(path), ({ body, status, type }) => {
          assert.strictEqual(status, 404, path)
          assert.strictEqual(type, "application/problem+json")
          assert.strictEqual(body.code, "unknown_route")
          return body.suggestion
        })
      assert.strictEqual(yield* suggested("/v2/nothing"), "/")
      assert.strictEqual(yield* suggested("/markets"), "/v1/markets")
      assert.strictEqual(yield* suggested("/v1/markets/%zz"), "/")
    })
  )

  it.effect("with another method gets a problem and the methods that there are", () =>
    Effect.gen(function* () {
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "TRACE"]) {
        const { headers, status, text } = yield* ask("/v1/markets?limit=3", { method })
        assert.strictEqual(status, 405)
        assert.strictEqual(headers.allow, "GET, HEAD, OPTIONS")
        assert.strictEqual(JSON.parse(text).code, "method_not_allowed")
      }
    })
  )

  it.effect("with a wrong parameter is told which, and what it may be", () =>
    Effect.gen(function* () {
      const refused = (query: string) =>
        Effect.map(json(query), ({ body, status }) => {
          assert.strictEqual(status, 400, query)
          assert.strictEqual(body.code, "bad_parameter", query)
          return [body.parameter, body.allowed, body.suggestion]
        })
      const limit = "a whole number from 1 to 1000"
      assert.deepStrictEqual(yield* refused("/v1/markets?limit=1001&status=open"), [
        "limit",
        limit,
        "/v1/markets?status=open"
      ])
      assert.deepStrictEqual(yield* refused("/v1/series?limit=1&limit=2"), ["limit", limit, "/v1/series"])
      assert.strictEqual((yield* refused("/v1/markets?status=Active"))[0], "status")
      const book = `/v1/markets/${Seed.recorded}/orderbook`
      assert.deepStrictEqual(yield* refused(`${book}?clock=wall&depth=-1`), ["clock", "`received` or `exchange`", book])
      assert.strictEqual((yield* refused("/v1/markets/A%20B"))[0], "ticker")
      assert.strictEqual((yield* refused(`/v1/markets/${"A".repeat(200)}`))[0], "ticker")
      assert.strictEqual((yield* refused("/v1/events/%00"))[0], "ticker")
    })
  )

  it.effect("with a time that cannot be read gets no suggestion to ask for another time", () =>
    Effect.gen(function* () {
      const { body } = yield* json(`/v1/markets/${Seed.recorded}/orderbook?at=yesterday&depth=x`)
      assert.strictEqual(body.parameter, "at")
      assert.isUndefined(body.suggestion)
    })
  )

  it.effect("with a parameter that does not exist is never answered as if it were not there", () =>
    Effect.gen(function* () {
      const path = `/v1/markets/${Seed.recorded}/orderbook`
      const { body, status } = yield* json(`${path}?att=2026-11-21T14:00:01Z`)
      assert.strictEqual(status, 400)
      assert.strictEqual(body.parameter, "att")
      assert.strictEqual(body.allowed, "`at`, `clock`, `depth`, `view`, `dry_run`, `max_credits`")
      assert.strictEqual(body.suggestion, `${path}?at=2026-11-21T14:00:01Z`)
      const other = yield* json("/v1/markets?seriesTicker=KXBTCD&colour=red")
      assert.strictEqual(other.body.suggestion, "/v1/markets?series_ticker=KXBTCD")
    })
  )

  it.effect("with a URL that is too long gets a problem that says how long it may be", () =>
    Effect.gen(function* () {
      const { body, status } = yield* json(`/v1/markets?category=${"x".repeat(9_000)}`)
      assert.strictEqual(status, 414)
      assert.strictEqual(body.code, "url_too_long")
    })
  )

  it.effect("and is no HTTP, or has endless headers, gets a problem too", () =>
    Effect.gen(function* () {
      for (const text of ["HELLO\r\n\r\n", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`]) {
        const answer = yield* sendRaw(text)
        const [head = "", body = ""] = answer.split("\r\n\r\n")
        assert.match(head, /^HTTP\/1\.1 400 /)
        assert.match(head, /content-type: application\/problem\+json/i)
        assert.strictEqual(JSON.parse(body).code, "malformed_request")
      }
    })
  )
})

/** Sends bytes as they are and reads until the server closes. */
const sendRaw = (text: string) =>
  Effect.flatMap(port, (number) =>
    Effect.callback<string, Error>((resume) => {
      let answer = ""
      const socket = connect(number, "127.0.0.1", () => socket.write(text))
      socket.on("data", (chunk) => {
        answer += chunk.toString()
      })
      socket.on("close", () => resume(Effect.succeed(answer)))
      socket.on("error", (error) => resume(Effect.fail(error)))
      return Effect.sync(() => socket.destroy())
    })
  )
