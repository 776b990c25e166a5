/**
 * A proxy in front of an S3 server that does to requests what networks and servers do: on a free port of this machine, for as long as a
 * scope. Headers pass as they are, so signatures stay good.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

/** What happens to one request. Bytes count from the beginning of the body. */
export type Fault =
  /** The proxy answers by itself, after something else has happened. */
  | {
      readonly kind: "status"
      readonly status: number
      readonly code: string
      readonly before?: () => Promise<unknown>
    }
  /** Nobody answers. */
  | { readonly kind: "silence" }
  /** The answer stops after so many bytes, and its connection stays. */
  | { readonly kind: "silence_in_answer"; readonly afterBytes: number }
  /** The connection ends in the middle of the answer, or of the request. */
  | { readonly kind: "cut_answer"; readonly afterBytes: number }
  | { readonly kind: "cut_request"; readonly afterBytes: number }
  /** The request does its work, and its answer is lost. */
  | { readonly kind: "lost_answer" }
  /** The answer has only so many bytes, and says that these are all. */
  | { readonly kind: "short_answer"; readonly bytes: number }
  /** One bit of the answer is another one. */
  | { readonly kind: "flipped_bit"; readonly atByte: number }
  /** The proxy answers with all of these bytes, whatever part was asked for. */
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  /** 200 to a request that nobody has seen; something else may happen instead. */
  | { readonly kind: "lie"; readonly instead?: () => Promise<unknown> }

/** Which requests meet a fault: by method, and by a part of their path and query. */
interface Rule {
  readonly method: string
  readonly path: string
  readonly fault: Fault
  times: number
}

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

export interface FaultProxy {
  readonly endpoint: string
  /** The next `times` requests of this method, with this in their path, meet the fault. Rules are used up one after the other. */
  readonly meet: (method: string, fault: Fault, options?: { readonly path?: string; readonly times?: number }) => void
  /** All requests since the last call. */
  readonly seen: () => ReadonlyArray<Seen>
}

/** In front of the server at `endpoint` (http). */
export const start = (endpoint: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const rules: Array<Rule> = []
      const seen: Array<Seen> = []
      const server = createServer((asked, answer) => {
        // Connections are cut on purpose, on both sides.
        asked.on("error", () => undefined)
        answer.on("error", () => undefined)
        const { method = "", url: path = "", headers } = asked
        seen.push({ method, path, headers })
        const rule = rules.find((each) => each.times > 0 && each.method === method && path.includes(each.path))
        if (rule !== undefined) rule.times--
        pass(new URL(endpoint), asked, answer, rule?.fault)
      })
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
      const proxy: FaultProxy = {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        meet: (method, fault, { path = "", times = 1 } = {}) => {
          rules.push({ method, path, fault, times })
        },
        seen: () => seen.splice(0)
      }
      return { proxy, server }
    }),
    ({ server }) =>
      Effect.promise(() => {
        server.closeAllConnections()
        return new Promise((closed) => server.close(closed))
      })
  ).pipe(Effect.map(({ proxy }) => proxy))

const pass = (server: URL, asked: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void => {
  switch (fault?.kind) {
    case "silence":
    case "status":
    case "lie":
    case "whole":
      asked.resume().on("end", () => invent(answer, fault))
      break
    default:
      handOn(server, asked, answer, fault)
  }
}

/** Answers without asking the server. */
const invent = async (
  answer: ServerResponse,
  fault: Extract<Fault, { kind: "silence" | "status" | "lie" | "whole" }>
): Promise<void> => {
  switch (fault.kind) {
    case "silence":
      return
    case "status":
      await fault.before?.()
      answer.writeHead(fault.status, { "content-type": "application/xml" })
      answer.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>Invented.</Message></Error>`)
      return
    case "lie":
      await fault.instead?.()
      answer.writeHead(200, { etag: '"0123456789abcdef0123456789abcdef"' }).end()
      return
    case "whole":
      answer.writeHead(200, { "content-length": fault.bytes.length }).end(fault.bytes)
  }
}

/** Lets the server answer. */
const handOn = (server: URL, asked: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void => {
  const { "transfer-encoding": _, ...headers } = asked.headers
  const onward = request({
    host: server.hostname,
    port: server.port,
    method: asked.method,
    path: asked.url,
    headers,
    agent: false
  })
  // A server may answer before it has read all, and end the connection.
  let isAnswered = false
  onward.on("error", () => isAnswered || asked.socket.destroy())
  onward.on("response", (found) => {
    isAnswered = true
    asked.unpipe(onward).resume()
    found.on("error", () => answer.destroy())
    if (fault?.kind === "lost_answer") {
      found.resume().on("end", () => asked.socket.destroy())
    } else give(found, answer, fault)
  })
  if (fault?.kind !== "cut_request") {
    asked.pipe(onward)
    return
  }
  let sent = 0
  asked.on("data", (chunk: Buffer) => {
    sent += chunk.length
    if (sent < fault.afterBytes) onward.write(chunk)
    else {
      onward.destroy()
      asked.socket.destroy()
    }
  })
}

/** Hands the answer on, spoilt. */
const give = (found: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void => {
  const headers = { ...found.headers }
  if (fault?.kind === "short_answer") headers["content-length"] = String(fault.bytes)
  answer.writeHead(found.statusCode ?? 500, headers)
  let passed = 0
  found.on("data", (chunk: Buffer) => {
    const at = passed
    passed += chunk.length
    if (fault?.kind === "flipped_bit" && at <= fault.atByte && fault.atByte < passed) {
      chunk[fault.atByte - at] = (chunk[fault.atByte - at] ?? 0) ^ 1
    }
    const limit = limitOf(fault)
    answer.write(chunk.subarray(0, Math.max(0, limit - at)))
    if (passed <= limit) return
    found.destroy()
    if (fault?.kind === "short_answer") answer.end()
    else if (fault?.kind === "cut_answer") setImmediate(() => answer.destroy())
  })
  found.on("end", () => answer.end())
}

const limitOf = (fault: Fault | undefined): number => {
  if (fault?.kind === "short_answer") return fault.bytes
  return fault?.kind === "cut_answer" || fault?.kind === "silence_in_answer"
    ? fault.afterBytes
    : Number.POSITIVE_INFINITY
}
