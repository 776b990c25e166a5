/**
 * The tools in Effect's MCP server. A call that the API refuses is a tool's error, which the model reads and learns from: `code`, `detail`
 * and, where one is known, the call that would work.
 */
import * as AgentGuide from "@kalshibook/core/contract/AgentGuide"
import { Context, Effect, Layer, Result } from "effect"
import { McpProtocol, McpSchema, McpServer } from "effect/ai"
import { mcpPath } from "../RouteTable.ts"
import { type AgentTool, toolFor, tools } from "./AgentTools.ts"
import * as InsideCalls from "./InsideCalls.ts"
import { door } from "./McpDoor.ts"
import { serverInfo } from "./ServerInfo.ts"
import type { Arguments, BadArgument } from "./ToolArguments.ts"

type Answer = McpSchema.CallToolResult

const textOf = (text: string): Answer["content"] => [McpSchema.TextContent.make({ text })]

const failed = (problem: object): Answer =>
  new McpSchema.CallToolResult({ isError: true, content: textOf(JSON.stringify(problem)) })

const badArgument = (bad: BadArgument): Answer => failed({ code: "bad_parameter", status: 400, ...bad })

/** Members of problem documents that say nothing to a model. */
const unsaid: ReadonlySet<string> = new Set(["type", "title", "instance", "request_id"])

/** The problem as a tool's error: what was suggested as a call of the API is suggested as one of a tool, where there is one. */
const problemOf = (body: object): Answer => {
  const { suggestion, ...facts } = body as Readonly<Record<string, unknown>>
  const told = Object.fromEntries(Object.entries(facts).filter(([name]) => !unsaid.has(name)))
  if (typeof suggestion !== "string") return failed(told)
  return failed({ ...told, suggestion: toolFor(suggestion) ?? suggestion })
}

const remaining = (headers: Readonly<Record<string, string>>): object => {
  const left = headers["x-credits-remaining"]
  return left === undefined ? {} : { credits_remaining: left === "unlimited" ? null : Number(left) }
}

const answered = (tool: AgentTool, given: Arguments, { body, headers }: InsideCalls.InsideAnswer) => {
  const { usage = { credits: 0 } } = body as { readonly usage?: object }
  return Result.match(tool.answerOf({ ...body, usage: { ...usage, ...remaining(headers) } }, given), {
    onFailure: (error) =>
      Effect.as(
        Effect.logError(`the tool ${tool.name} could not read an answer: ${error.message}`),
        failed({ code: "internal", status: 500, detail: "A fault of ours. It is logged." })
      ),
    onSuccess: ({ structured, text }) =>
      Effect.succeed(new McpSchema.CallToolResult({ structuredContent: structured, content: textOf(text) }))
  })
}

/** Headers of an answer that are the outer one's, too. */
const told = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^(?:x-credits-|ratelimit|retry-after)/.test(name)))

const register = Effect.gen(function* () {
  const server = yield* McpServer.McpServer
  const ask = yield* InsideCalls.make

  const run = Effect.fnUntraced(function* (tool: AgentTool, given: Arguments) {
    const asked = tool.callFor(given)
    if (Result.isFailure(asked)) return badArgument(asked.failure)
    if (asked.success === undefined) return yield* answered(tool, given, free)
    const agent = yield* InsideCalls.AgentRequest
    const answer = yield* ask(agent.request, asked.success)
    agent.headers = told(answer.headers)
    if (answer.status === 401) agent.unauthorized = answer.response
    return answer.status < 400 ? yield* answered(tool, given, answer) : problemOf(answer.body)
  })

  for (const tool of tools) {
    yield* server.addTool({
      tool: new McpSchema.Tool({
        name: tool.name,
        title: tool.title,
        description: tool.description,
        inputSchema: tool.inputSchema as McpSchema.ToolJson,
        outputSchema: tool.outputSchema,
        annotations: {
          title: tool.title,
          readOnlyHint: tool.isReadOnly,
          destructiveHint: false,
          idempotentHint: true,
          openWorldHint: false
        }
      }),
      annotations: Context.empty(),
      handle: (given: Arguments) => ofRequest(run(tool, given))
    })
  }
})

/** The answer to a call that costs nothing, whatever it is. */
const free = { body: {}, headers: {} } as InsideCalls.InsideAnswer

/** The route provides what belongs to the request; the type of a tool's handler cannot say so. */
const ofRequest = <A>(effect: Effect.Effect<A, never, InsideCalls.AgentRequest>): Effect.Effect<A> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.provideService(effect, InsideCalls.AgentRequest, Context.getUnsafe(context, InsideCalls.AgentRequest))
  )

/** Each request is served by itself: there are no sessions, so any node answers any request. */
export const layer = McpServer.layerHttpRequestScoped({
  ...serverInfo,
  instructions: AgentGuide.instructions,
  path: mcpPath,
  protocols: [McpProtocol.v2026_07_28],
  registrations: Layer.effectDiscard(register),
  cacheHints: { discover: { ttl: "1 hour", cacheScope: "private" }, tools: { ttl: "1 hour", cacheScope: "private" } }
}).pipe(Layer.provide(door.layer))
