// adapter: node:http and the ws package, whose servers live by callbacks
/**
 * The network side of the simulated exchange: one HTTP server for REST, websocket and admin, and the tick that moves frames.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { notFound, type RestAnswer, unauthorized } from "@kalshibook/core/kalshi/RestAnswer"
import { websocketPath } from "@kalshibook/core/kalshi/Signing"
import { Result } from "effect"
import { WebSocketServer } from "ws"
import * as Connection from "../front/Connection.ts"
import * as Front from "../front/Front.ts"
import { serverError } from "../rest/RestAnswer.ts"
import * as Feed from "../session/Feed.ts"
import type { Session } from "../session/Session.ts"
import * as AccessKeys from "./AccessKeys.ts"
import * as ClientSocket from "./ClientSocket.ts"
import type { ServerSettings } from "./ServerSettings.ts"

export interface ExchangeServer extends Front.Front {
  readonly settings: ServerSettings
  readonly keys: AccessKeys.AccessKeys
  readonly http: Server
  readonly websockets: WebSocketServer
  readonly sockets: Map<Session, ClientSocket.ClientSocket>
  /** Answers a request to `/admin`; set by the owner. */
  admin: (method: string, url: URL, body: string) => RestAnswer
  /** What an error in a callback is told to; an exchange in a box must not die of a client. */
  readonly onDefect: (defect: unknown) => void
}

export interface ServerParts extends Omit<Front.FrontParts, "nowMicros"> {
  readonly settings: ServerSettings
  readonly keys: AccessKeys.AccessKeys
  readonly onDefect: (defect: unknown) => void
}

export const make = ({ keys, onDefect, settings, ...parts }: ServerParts): ExchangeServer => {
  const server: ExchangeServer = {
    ...Front.make({ ...parts, settings, nowMicros: () => Date.now() * 1000 }),
    settings,
    keys,
    http: createServer({ keepAlive: true }, (request, response) => onRequest(server, request, response)),
    websockets: new WebSocketServer({
      noServer: true,
      maxPayload: settings.messageBytesMax,
      perMessageDeflate: settings.perMessageDeflate
    }),
    sockets: new Map(),
    admin: () => serverError(503),
    onDefect
  }
  server.http.on("upgrade", (request, stream, head) => onUpgrade(server, request, stream, head))
  return server
}

/** What the exchange takes for the time of day, with its clock's error: signatures are judged by it. */
const clockMillis = (server: ExchangeServer): number => Date.now() + server.exchange.clockOffsetMicros / 1000

const clockOf = (server: ExchangeServer) => ({
  nowMillis: clockMillis(server),
  toleranceMillis: server.settings.timestampToleranceMillis
})

const urlOf = (request: IncomingMessage): URL | undefined =>
  URL.parse(request.url ?? "/", "http://exchange.invalid") ?? undefined

// ---- websocket -------------------------------------------------------------------------------------------------------

const onUpgrade = (server: ExchangeServer, request: IncomingMessage, stream: Duplex, head: Buffer): void => {
  stream.on("error", () => stream.destroy())
  const refusal = handshakeRefusal(server, request)
  if (refusal !== undefined) {
    const body = JSON.stringify(refusal.body ?? {})
    const lines = [
      `HTTP/1.1 ${refusal.status} Refused`,
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      "connection: close"
    ]
    stream.end(`${lines.join("\r\n")}\r\n\r\n${body}`)
    return
  }
  server.websockets.handleUpgrade(request, stream, head, (websocket) => {
    const socket = ClientSocket.make(websocket, stream)
    const connection = Front.connect(server, socket.link)
    server.sockets.set(connection.session, socket)
    websocket.on("message", (data) => Front.receive(server, connection, String(data)))
    websocket.on("error", () => stream.destroy())
    websocket.on("close", () => {
      server.sockets.delete(connection.session)
      Front.disconnect(server, connection)
    })
  })
}

const handshakeRefusal = (server: ExchangeServer, request: IncomingMessage): RestAnswer | undefined => {
  const path = urlOf(request)?.pathname
  if (path !== websocketPath) return notFound(path ?? "")
  const refusal = Front.handshakeRefusal(server)
  if (refusal !== undefined) return refusal
  const proven = AccessKeys.authenticate(
    server.keys,
    { headers: request.headers, method: "GET", path },
    clockOf(server)
  )
  return Result.isFailure(proven) ? unauthorized(proven.failure) : undefined
}

// ---- HTTP ------------------------------------------------------------------------------------------------------------

const onRequest = (server: ExchangeServer, request: IncomingMessage, response: ServerResponse): void => {
  const url = urlOf(request)
  const method = request.method ?? "GET"
  if (url === undefined) {
    write(response, { status: 400, body: { code: "bad_request" } })
  } else if (url.pathname === "/admin" || url.pathname.startsWith("/admin/")) {
    readBody(request, server.settings.adminBodyBytesMax, (body) => {
      write(
        response,
        guarded(server, () => server.admin(method, url, body))
      )
    })
  } else {
    request.resume()
    write(
      response,
      guarded(server, () => restAnswer(server, request, url, method))
    )
  }
}

/** A defect of ours answers 500 and is told to the owner. */
const guarded = (server: ExchangeServer, answer: () => RestAnswer): RestAnswer => {
  try {
    return answer()
  } catch (defect) {
    server.onDefect(defect)
    return serverError(500)
  }
}

const restAnswer = (server: ExchangeServer, request: IncomingMessage, url: URL, method: string): RestAnswer => {
  const { headers } = request
  const path = url.pathname
  const prove = () =>
    AccessKeys.isSigned(headers)
      ? AccessKeys.authenticate(server.keys, { headers, method, path }, clockOf(server))
      : Result.succeed(undefined)
  return Front.answer(server, { method, path, query: url.searchParams, prove })
}

const readBody = (request: IncomingMessage, bytesMax: number, done: (body: string) => void): void => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) request.destroy()
    else chunks.push(chunk)
  })
  request.on("end", () => done(Buffer.concat(chunks).toString()))
}

const write = (response: ServerResponse, { body, headers = {}, status }: RestAnswer): void => {
  const text = body === undefined ? "" : JSON.stringify(body)
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(text)
}

// ---- tick ------------------------------------------------------------------------------------------------------------

/** Does what is due and sends what has been collected. */
export const tick = (server: ExchangeServer): void => {
  Front.tick(server)
  Feed.flushTickers(server.feed)
  for (const connection of server.connections.values()) Connection.flush(connection)
}

/** How long a client may take to read the last frames before its connection is cut. */
const closeGraceMillis = 200

/** Takes new connections no more, ends those there are with close code 1001, and calls back when all are gone. */
export const close = (server: ExchangeServer, done: () => void): void => {
  const streams = [...server.sockets.values()].map((socket) => socket.stream)
  for (const connection of server.connections.values()) {
    Connection.thaw(connection)
    Connection.flush(connection)
    Connection.end(connection, 1001)
  }
  for (const stream of streams) stream.end()
  const cutLate = setTimeout(() => {
    for (const stream of streams) stream.destroy()
  }, closeGraceMillis)
  server.websockets.close()
  server.http.close(() => {
    clearTimeout(cutLate)
    done()
  })
  server.http.closeAllConnections()
}
