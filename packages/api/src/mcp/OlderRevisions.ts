/**
 * Revisions of MCP before 2026-07-28 begin with a handshake and may keep sessions. The server has none: it answers the handshake by itself
 * and turns every other request into one of the newest revision, which carries all that it needs. So any node answers any request, and
 * nothing is kept for clients that never say goodbye.
 *
 * Recipe (MCP 2025-11-25, "Lifecycle" and "Streamable HTTP"): 1. `initialize` is answered with the revision asked for, or the newest of
 * these. 2. Notifications and responses are accepted with 202. 3. `ping` is answered with nothing. 4. Others carry the revision as a
 * header; without one 2025-03-26 is meant.
 */
import * as AgentGuide from "@kalshibook/core/contract/AgentGuide"
import { serverInfo } from "./ServerInfo.ts"

const newestRevision = "2026-07-28"
const olderRevisions = ["2025-11-25", "2025-06-18", "2025-03-26"] as const

/** JSON-RPC 2.0 and MCP. */
export const codes = { parse: -32700, request: -32600, method: -32601, params: -32602, version: -32022 } as const

export interface RpcError {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly data?: object
}

export type Id = string | number | null

export type Message = Readonly<Record<string, unknown>>

export type Turned =
  | { readonly _tag: "Result"; readonly result: object }
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Refused"; readonly error: RpcError }
  /** As a request of the newest revision, with its headers. */
  | { readonly _tag: "Request"; readonly message: Message; readonly headers: Readonly<Record<string, string>> }

export const isObject = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const versionKey = "io.modelcontextprotocol/protocolVersion"
const capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"

const metaOf = ({ params }: Message): Message => {
  const meta = isObject(params) ? params["_meta"] : undefined
  return isObject(meta) ? meta : {}
}

/** Whether a request is of the newest revision, or of one that nobody knows: both say so in themselves. */
export const isNew = (message: Message, version: string | undefined): boolean =>
  versionKey in metaOf(message) || version === newestRevision

const refused = (status: number, code: number, message: string, data?: object): Turned => ({
  _tag: "Refused",
  error: { status, code, message, ...(data === undefined ? {} : { data }) }
})

const isOlder = (version: unknown): version is (typeof olderRevisions)[number] =>
  olderRevisions.some((known) => known === version)

/** Names that a tool may have: they fit into a header as they are. */
const toolName = /^[\w.-]{1,128}$/

export const turn = (message: Message, version: string | undefined): Turned => {
  const { id, method, params = {} } = message
  if (message["jsonrpc"] !== "2.0") return refused(400, codes.request, '`jsonrpc` must be "2.0".')
  if (method === undefined && ("result" in message || "error" in message)) return { _tag: "Accepted" }
  if (typeof method !== "string") return refused(400, codes.request, "`method` must be a string.")
  if (id === undefined) return { _tag: "Accepted" }
  if (typeof id !== "string" && typeof id !== "number") {
    return refused(400, codes.request, "`id` must be a string or a number.")
  }
  if (!isObject(params)) return refused(200, codes.params, "`params` must be an object.")
  if (method === "initialize") return { _tag: "Result", result: greeting(params["protocolVersion"]) }
  if (version !== undefined && !isOlder(version)) {
    const supported = [newestRevision, ...olderRevisions]
    return refused(400, codes.version, "Unsupported protocol version", { supported, requested: version })
  }
  if (method === "ping") return { _tag: "Result", result: {} }
  if (method === "tools/list") return requestOf(message, params, {})
  if (method !== "tools/call") return refused(200, codes.method, `Method not found: ${method.slice(0, 100)}`)
  const { name } = params
  if (typeof name !== "string" || !toolName.test(name)) return refused(200, codes.params, "`name` must name a tool.")
  return requestOf(message, params, { "mcp-name": name })
}

const greeting = (asked: unknown): object => ({
  protocolVersion: isOlder(asked) ? asked : olderRevisions[0],
  capabilities: { tools: {} },
  serverInfo,
  instructions: AgentGuide.instructions
})

const requestOf = (message: Message, params: Message, headers: Readonly<Record<string, string>>): Turned => ({
  _tag: "Request",
  message: {
    ...message,
    params: { ...params, _meta: { ...metaOf(message), [versionKey]: newestRevision, [capabilitiesKey]: {} } }
  },
  headers: { "mcp-protocol-version": newestRevision, "mcp-method": String(message["method"]), ...headers }
})
