/**
 * What stands before the MCP server: no browser's page that nobody has allowed, no key that is not valid, no body that is not JSON-RPC, and
 * one revision behind it whichever one comes.
 *
 * A page of another site, also one whose name was bound to our address, sends an `Origin`: without being allowed it is refused. Whatever
 * else is wrong is told as a JSON-RPC error, a bad key as 401.
 */
import { MethodNotAllowed } from "@kalshibook/core/contract/ProblemsOfServer"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Context, Effect, Result } from "effect"
import { Headers, HttpRouter, HttpServerRequest, HttpServerRespondable, HttpServerResponse } from "effect/http"
import { bodyBytesMax } from "../ApiLimits.ts"
import { Callers } from "../Callers.ts"
import * as Failures from "../Failures.ts"
import { ofRequest, RequestMeta } from "../RequestMeta.ts"
import { mcpPath } from "../RouteTable.ts"
import { AgentRequest } from "./InsideCalls.ts"
import { codes, type Id, isNew, isObject, type Message, type RpcError, turn } from "./OlderRevisions.ts"

/** Origins of pages that may speak with the server. None, unless somebody says otherwise. */
export const AllowedOrigins = Context.Reference<ReadonlySet<string>>("@kalshibook/api/mcp/McpDoor/AllowedOrigins", {
  defaultValue: () => new Set()
})

type Request = HttpServerRequest.HttpServerRequest

const errorResponse = ({ code, data, message, status }: RpcError, id: Id = null) =>
  HttpServerResponse.jsonUnsafe(
    { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } },
    { status }
  )

const parse = (text: string) => Result.try(() => JSON.parse(text) as unknown)

/** One message. Batches went with the revision 2025-06-18. */
const messageOf = (text: string): Result.Result<Message, RpcError> => {
  const parsed = parse(text)
  if (Result.isFailure(parsed)) return Result.fail({ status: 400, code: codes.parse, message: "The body is not JSON." })
  if (isObject(parsed.success)) return Result.succeed(parsed.success)
  return Result.fail({ status: 400, code: codes.request, message: "The body must be one JSON-RPC message, an object." })
}

const idOf = ({ id }: Message): Id => (typeof id === "string" || typeof id === "number" ? id : null)

/** The request as the newest revision has it; or its answer, where it needs no server. */
const prepared = (request: Request, text: string): Result.Result<Request, HttpServerResponse.HttpServerResponse> => {
  const read = messageOf(text)
  if (Result.isFailure(read)) return Result.fail(errorResponse(read.failure))
  const message = read.success
  const version = request.headers["mcp-protocol-version"]
  if (isNew(message, version)) return Result.succeed(withBody(request, text, {}))
  const turned = turn(message, version)
  switch (turned._tag) {
    case "Accepted":
      return Result.fail(HttpServerResponse.empty({ status: 202 }))
    case "Refused":
      return Result.fail(errorResponse(turned.error, idOf(message)))
    case "Result":
      return Result.fail(HttpServerResponse.jsonUnsafe({ jsonrpc: "2.0", id: idOf(message), result: turned.result }))
    case "Request":
      return Result.mapError(
        Result.map(
          Result.try(() => JSON.stringify(turned.message)),
          (body) => withBody(request, body, turned.headers)
        ),
        () => errorResponse({ status: 400, code: codes.request, message: "The message is nested too deeply." })
      )
  }
}

/** Answers are always JSON, so it does not matter whether the client would take a stream of events as well. */
const withBody = (request: Request, body: string, headers: Readonly<Record<string, string>>): Request => {
  const { "content-length": _, origin, ...others } = request.headers
  return HttpServerRequest.fromWeb(new globalThis.Request(`http://inside${mcpPath}`, { method: "POST", body })).modify({
    headers: Headers.fromInput({
      ...others,
      ...headers,
      accept: "application/json, text/event-stream",
      "content-type": "application/json"
    }),
    remoteAddress: request.remoteAddress
  })
}

const notAllowed = Effect.gen(function* () {
  const { method } = yield* HttpServerRequest.HttpServerRequest
  const { requestId } = yield* RequestMeta
  const detail = `${mcpPath} has POST alone, not ${method}: there are no streams to listen to, and no sessions to end.`
  return yield* HttpServerRespondable.toResponse(new MethodNotAllowed({ detail, request_id: requestId }))
})

const isJson = (request: Request): boolean =>
  /^application\/json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")

export const door = HttpRouter.middleware<{ provides: AgentRequest }>()(
  Effect.gen(function* () {
    const callers = yield* Callers
    const origins = yield* AllowedOrigins

    const refusal = Effect.fnUntraced(function* (request: Request) {
      const { origin } = request.headers
      if (origin !== undefined && !origins.has(origin)) {
        const message = "Pages of this origin may not speak with the server."
        return errorResponse({ status: 403, code: codes.request, message })
      }
      if (request.method !== "POST") return yield* notAllowed
      if (!isJson(request)) {
        const message = "The Content-Type must be application/json."
        return errorResponse({ status: 415, code: codes.request, message })
      }
      return yield* callers.callerOf(request).pipe(
        Effect.as(undefined),
        Effect.catchTag("HotTierError", (error: HotTierError) => Failures.storeFailed(error)),
        Effect.catch((problem) => HttpServerRespondable.toResponse(problem))
      )
    })

    return (httpEffect) =>
      Effect.gen(function* () {
        const outer = yield* HttpServerRequest.HttpServerRequest
        const refused = yield* ofRequest(refusal(outer))
        if (refused !== undefined) return refused
        const text = yield* Effect.result(outer.text)
        if (Result.isFailure(text)) {
          const message = `The body must have at most ${bodyBytesMax} bytes.`
          return errorResponse({ status: 413, code: codes.request, message })
        }
        const request = prepared(outer, text.success)
        if (Result.isFailure(request)) return request.failure
        const agent = AgentRequest.of({ request: outer, unauthorized: undefined, headers: {} })
        const response = yield* httpEffect.pipe(
          Effect.provideService(AgentRequest, agent),
          Effect.provideService(HttpServerRequest.HttpServerRequest, request.success)
        )
        return agent.unauthorized ?? HttpServerResponse.setHeaders(response, agent.headers)
      })
  })
)
