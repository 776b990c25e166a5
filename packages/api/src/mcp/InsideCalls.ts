/**
 * Calls of the API that the server makes itself for somebody who asked it otherwise. They go through the same router, so they meet
 * the same key, limits, prices and problems as if they had come by HTTP, and are charged once.
 */
import { Context, Effect, Fiber, Option, Result } from "effect"
import { HttpRouter, HttpServerRequest, type HttpServerResponse } from "effect/http"
import type { InsideCall } from "./ToolArguments.ts"

/** An answer of the API. */
export interface InsideAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The JSON object of the answer. */
  readonly body: object
  readonly response: HttpServerResponse.HttpServerResponse
}

/** Headers of the outer request that mean the same inside. */
const passedOn = ["authorization", "x-api-key", "kalshi-access-key", "x-account"]

const parse = (text: string) => Result.try(() => JSON.parse(text) as unknown)

/** Made by a router: what is asked of it for whoever made the outer request. */
export const make = Effect.map(HttpRouter.HttpRouter, (router) =>
  Effect.fnUntraced(function* (outer: HttpServerRequest.HttpServerRequest, call: InsideCall) {
    const headers: Record<string, string> = { accept: "application/json" }
    for (const name of passedOn) {
      const value = outer.headers[name]
      if (value !== undefined) headers[name] = value
    }
    if (call.body !== undefined) headers["content-type"] = "application/json"
    const request = HttpServerRequest.fromWeb(
      new Request("http://inside/", {
        method: call.method,
        headers,
        ...(call.body === undefined ? {} : { body: call.body })
      })
    ).modify({ url: call.url, remoteAddress: outer.remoteAddress })
    // Failures are problem documents by now: `Answering` goes around every route.
    // @effect-diagnostics-next-line anyUnknownInErrorContext:off
    const routed = Effect.orDie(router.asHttpEffect())
    // In a fiber of its own: the router changes the context of the one that it runs in.
    const answering = yield* routed.pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, request),
      Effect.scoped,
      Effect.forkChild
    )
    return answerOf(yield* Fiber.join(answering))
  })
)

const answerOf = (response: HttpServerResponse.HttpServerResponse): InsideAnswer => {
  const text = response.body._tag === "Uint8Array" ? new TextDecoder().decode(response.body.body) : ""
  const parsed = Option.getOrUndefined(Result.getSuccess(parse(text)))
  const body = typeof parsed === "object" && parsed !== null ? parsed : {}
  return { status: response.status, headers: response.headers, body, response }
}

/** What belongs to one request of an agent. */
export class AgentRequest extends Context.Service<
  AgentRequest,
  {
    readonly request: HttpServerRequest.HttpServerRequest
    /** The answer to a call that was refused for its key: it becomes the answer to the whole request. */
    unauthorized: HttpServerResponse.HttpServerResponse | undefined
    /** Headers of the last call that tell of credits and limits. */
    headers: Readonly<Record<string, string>>
  }
>()("@kalshibook/api/mcp/AgentRequest") {}
