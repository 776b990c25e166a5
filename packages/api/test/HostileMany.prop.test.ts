/**
 * Requests of every route, without sockets: fifty thousand in a test run, more by `KALSHIBOOK_PROPERTY_FACTOR`; nothing is a fault of
 * ours, and nothing tells what is inside.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, it } from "@effect/vitest"
import * as Api from "@kalshibook/api/Api"
import { docsOf } from "@kalshibook/core/contract/ProblemKind"
import { type ProblemCode, problemClasses, problems } from "@kalshibook/core/contract/Problems"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { Headers, HttpRouter, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { propertyRuns } from "../../core/test/PropertyRuns.ts"
import * as ApiTest from "./ApiTest.ts"
import * as Customer from "./Customer.ts"
import { type HostileRequest, requests } from "./HostileRequests.ts"

const count = propertyRuns(50_000).numRuns
/** Another one tries others: `KALSHIBOOK_HOSTILE_SEED`. */
const seed = Number(process.env["KALSHIBOOK_HOSTILE_SEED"] ?? "1")

/** What only the inside of the server can have said. */
const inside =
  /node_modules|\.ts:\d|packages\/\w+\/src|\n\s+at |SqlError|HotTierError|syntax error|relation "|ECONNREFUSED/

const textOf = (response: HttpServerResponse.HttpServerResponse): Effect.Effect<string> => {
  const { body } = response
  switch (body._tag) {
    case "Uint8Array":
      return Effect.succeed(new TextDecoder().decode(body.body))
    case "Stream":
      return Effect.as(Effect.orDie(Stream.runDrain(body.stream)), "")
    default:
      return Effect.succeed("")
  }
}

const decoders = new Map(
  Object.entries(problemClasses).map(([code, problem]) => [
    code,
    Schema.decodeUnknownSync(problem as Schema.ConstraintDecoder<object>)
  ])
)

/** Dies where an answer is not what it must be; its status, or the code of its problem. */
const check = (
  asked: HostileRequest,
  { headers, status }: HttpServerResponse.HttpServerResponse,
  text: string
): string => {
  const about = () => `${JSON.stringify(asked)}: ${status} ${text.slice(0, 400)}`
  if (status >= 500 || inside.test(text)) assert.fail(about())
  if (!/^req_[0-9a-f]{32}$/.test(headers["x-request-id"] ?? "")) assert.fail(about())
  if (status < 400) return String(status)
  const body = JSON.parse(text)
  const code: ProblemCode = body.code
  if (!Object.hasOwn(problems, code)) assert.fail(about())
  const isRight =
    status === problems[code].status &&
    body.request_id === headers["x-request-id"] &&
    body.docs === docsOf(code) &&
    headers["content-type"] === "application/problem+json"
  if (!isRight) assert.fail(about())
  decoders.get(code)?.(body)
  return code
}

const api = Layer.provideMerge(ApiTest.services(), NodeHttpServer.layerHttpServices)

/** Making one costs as much as answering it: those without a body are made once. */
const bare = new Map<string, HttpServerRequest.HttpServerRequest>()
const requestOf = ({ body, headers, method }: HostileRequest): HttpServerRequest.HttpServerRequest => {
  const url = "http://localhost/"
  if (body !== undefined) return HttpServerRequest.fromWeb(new Request(url, { method, headers, body }))
  const known = bare.get(method) ?? HttpServerRequest.fromWeb(new Request(url, { method }))
  bare.set(method, known)
  return known
}

/** So many at a time, each time over new stores: the ledger in memory looks through all of its calls. */
const requestsPerServer = 1_000

const ask = Effect.fnUntraced(function* (drawn: Iterator<HostileRequest, never>, tally: Map<string, number>) {
  const app = yield* HttpRouter.toHttpEffect(Api.layer())
  for (let left = requestsPerServer; left > 0; left--) {
    const asked = drawn.next().value
    const { headers, path } = asked
    const request = requestOf(asked).modify({
      url: path,
      headers: Headers.fromInput({ authorization: `Bearer ${Customer.key()}`, ...headers }),
      // Each from an address of its own: what anybody may ask is limited by address.
      remoteAddress: Option.some(`client ${left}`)
    })
    const response = yield* Effect.scoped(app).pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, request),
      Effect.orDie
    )
    const text = yield* textOf(response)
    const kind = check(asked, response, text)
    tally.set(kind, (tally.get(kind) ?? 0) + 1)
  }
})

it.effect(
  `${count} requests, right and hostile, are answered or refused with a problem of the catalogue`,
  () =>
    Effect.gen(function* () {
      const { stackTraceLimit } = Error
      // Half of the time would go into stacks that nobody sees.
      Error.stackTraceLimit = 0
      yield* Effect.addFinalizer(() => Effect.sync(() => (Error.stackTraceLimit = stackTraceLimit)))
      const tally = new Map<string, number>()
      const drawn = requests(seed)
      for (let done = 0; done < count; done += requestsPerServer) {
        yield* Effect.scoped(Effect.provide(ask(drawn, tally), api))
      }
      // Hostile as they are, they reach what they are meant to try.
      assert.isAbove(tally.get("200") ?? 0, count / 10)
      for (const code of ["bad_parameter", "bad_cursor", "unknown_market", "not_acceptable", "method_not_allowed"]) {
        assert.isAbove(tally.get(code) ?? 0, 0, `${code} of ${JSON.stringify([...tally])}`)
      }
      assert.isUndefined(tally.get("rate_limited"))
    }),
  Math.max(120_000, count * 3)
)
