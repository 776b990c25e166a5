/** Agents of the tests: the two official clients of MCP, and plain messages. */
import * as Newer from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { Effect } from "effect"
import * as Customer from "./Customer.ts"
import { type Json, port } from "./Http.ts"

/** Revisions of MCP, each spoken by an official client. */
export const revisions = ["2025-11-25", "2026-07-28"] as const
export type Revision = (typeof revisions)[number]

/** The answer to a tool's call. */
export interface ToolAnswer {
  readonly isError: boolean
  readonly text: string
  /** Absent where it is an error. */
  readonly structured: Json
  /** What was told of an error. */
  readonly problem: Json
  /** Of the answer as it was sent. */
  readonly bytes: number
}

export interface Agent {
  readonly revision: string | undefined
  readonly instructions: string | undefined
  readonly tools: Effect.Effect<ReadonlyArray<{ name: string; inputSchema: Json; outputSchema?: Json }>, unknown>
  readonly call: (name: string, args?: Readonly<Record<string, unknown>>) => Effect.Effect<ToolAnswer, unknown>
}

const info = { name: "a test", version: "1" }

const answerOf = (result: Json): ToolAnswer => {
  const text = result.content.map((part: { text: string }) => part.text).join("")
  const isError = result.isError === true
  return {
    isError,
    text,
    structured: result.structuredContent,
    problem: isError ? JSON.parse(text) : undefined,
    bytes: Buffer.byteLength(JSON.stringify(result))
  }
}

const headersOf = (key: string | null): Record<string, string> =>
  key === null ? {} : { Authorization: `Bearer ${key}` }

/** Connects as a client of the revision does; the connection ends with the scope. */
export const connect = (revision: Revision, key: string | null = Customer.key()) =>
  Effect.gen(function* () {
    const url = new URL(`http://127.0.0.1:${yield* port}/mcp`)
    const requestInit = { headers: headersOf(key) }
    return yield* revision === "2026-07-28" ? newer(url, requestInit) : older(url, requestInit)
  })

const older = (url: URL, requestInit: RequestInit) =>
  Effect.gen(function* () {
    const client = new Client(info)
    const transport = new StreamableHTTPClientTransport(url, { requestInit })
    yield* Effect.acquireRelease(
      Effect.tryPromise(() => client.connect(transport as Transport)),
      () => Effect.promise(() => client.close())
    )
    const agent: Agent = {
      revision: transport.protocolVersion,
      instructions: client.getInstructions(),
      tools: Effect.map(
        Effect.tryPromise(() => client.listTools()),
        ({ tools }) => tools
      ),
      call: (name, args = {}) =>
        Effect.map(
          Effect.tryPromise(() => client.callTool({ name, arguments: args })),
          answerOf
        )
    }
    return agent
  })

const newer = (url: URL, requestInit: RequestInit) =>
  Effect.gen(function* () {
    const client = new Newer.Client(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } })
    yield* Effect.acquireRelease(
      Effect.tryPromise(() => client.connect(new Newer.StreamableHTTPClientTransport(url, { requestInit }))),
      () => Effect.promise(() => client.close())
    )
    const agent: Agent = {
      revision: client.getNegotiatedProtocolVersion(),
      instructions: client.getInstructions(),
      tools: Effect.map(
        Effect.tryPromise(() => client.listTools()),
        ({ tools }) => tools
      ),
      call: (name, args = {}) =>
        Effect.map(
          Effect.tryPromise(() => client.callTool({ name, arguments: args })),
          answerOf
        )
    }
    return agent
  })

/** Why a client gave up. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.message} ${reasonOf(error.cause)}` : String(error ?? "")

/** A body as it is sent, and what came back. */
export const post = Effect.fnUntraced(function* (
  body: string | object,
  {
    headers = {},
    key = Customer.key()
  }: { readonly headers?: Record<string, string>; readonly key?: string | null } = {}
) {
  const url = `http://127.0.0.1:${yield* port}/mcp`
  const sent = typeof body === "string" ? body : JSON.stringify(body)
  const response = yield* Effect.promise(() =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headersOf(key), ...headers },
      body: sent
    })
  )
  const text = yield* Effect.promise(() => response.text())
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (text === "" ? undefined : JSON.parse(text)) as Json
  }
})
