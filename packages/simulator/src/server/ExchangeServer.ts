// adapter: node:http and the ws package, whose servers live by callbacks
/**
 * The network side of the simulated exchange: one HTTP server for REST, websocket and admin, and the tick that moves frames.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { websocketPath } from "@kalshibook/core/kalshi/Signing"
import { Result } from "effect"
import { WebSocketServer } from "ws"
import * as Agenda from "../exchange/Agenda.ts"
import type { Exchange } from "../exchange/Exchange.ts"
import * as Prng from "../exchange/Prng.ts"
import * as FrameFaults from "../fault/FrameFaults.ts"
import { type RestAnswer, serverError, tooManyRequests, unauthorized } from "../rest/RestAnswer.ts"
import * as RestApi from "../rest/RestApi.ts"
import * as TokenBucket from "../rest/TokenBucket.ts"
import * as Commands from "../session/Commands.ts"
import * as Feed from "../session/Feed.ts"
import type { Session } from "../session/Session.ts"
import * as AccessKeys from "./AccessKeys.ts"
import * as ClientSocket from "./ClientSocket.ts"
import type { ServerSettings } from "./ServerSettings.ts"

/** What waits to go wrong at the next occasion. */
export interface ServerFaults {
  rest: { readonly status: number; readonly pathPrefix: string; left: number } | undefined
  handshakes: { readonly status: number; readonly untilMillis: number } | undefined
  commandsIgnored: number
  commandsRefused: { readonly code: number; left: number } | undefined
}

export interface ExchangeServer {
  readonly settings: ServerSettings
  readonly exchange: Exchange
  readonly feed: Feed.Feed
  readonly keys: AccessKeys.AccessKeys
  readonly http: Server
  readonly websockets: WebSocketServer
  readonly sockets: Map<Session, ClientSocket.ClientSocket>
  readonly faults: ServerFaults
  /** Commands that are being worked on, by when they will be done. */
  readonly commands: Agenda.Agenda<() => void>
  readonly prng: Prng.Prng
  /** One bucket per API key; anonymous callers share one. */
  readonly buckets: Map<string, TokenBucket.TokenBucket>
  /** Answers a request to `/admin`; set by the owner. */
  admin: (method: string, url: URL, body: string) => RestAnswer
  /** What an error in a callback is told to; an exchange in a box must not die of a client. */
  readonly onDefect: (defect: unknown) => void
}

export interface ServerParts {
  readonly settings: ServerSettings
  readonly exchange: Exchange
  readonly feed: Feed.Feed
  readonly keys: AccessKeys.AccessKeys
  readonly seed: number
  readonly onDefect: (defect: unknown) => void
}

export const make = ({ exchange, feed, keys, onDefect, seed, settings }: ServerParts): ExchangeServer => {
  const server: ExchangeServer = {
    settings,
    exchange,
    feed,
    keys,
    http: createServer({ keepAlive: true }, (request, response) => onRequest(server, request, response)),
    websockets: new WebSocketServer({
      noServer: true,
      maxPayload: settings.messageBytesMax,
      perMessageDeflate: settings.perMessageDeflate
    }),
    sockets: new Map(),
    faults: { rest: undefined, handshakes: undefined, commandsIgnored: 0, commandsRefused: undefined },
    commands: Agenda.make(),
    prng: Prng.make(seed, 2),
    buckets: new Map(),
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
    const socket = ClientSocket.make(websocket, stream, Date.now() + server.settings.pingMillis)
    const session = Feed.connect(server.feed, ClientSocket.outlet(socket))
    server.sockets.set(session, socket)
    websocket.on("message", (data) => receive(server, session, socket, String(data)))
    websocket.on("error", () => stream.destroy())
    websocket.on("close", () => {
      server.sockets.delete(session)
      Feed.disconnect(server.feed, session)
    })
  })
}

const handshakeRefusal = (server: ExchangeServer, request: IncomingMessage): RestAnswer | undefined => {
  const { handshakes } = server.faults
  if (handshakes !== undefined && Date.now() < handshakes.untilMillis) return serverError(handshakes.status)
  const path = urlOf(request)?.pathname
  if (path !== websocketPath) return { status: 404, body: { code: "not_found" } }
  if (server.sockets.size >= server.settings.connectionsMax) return tooManyRequests
  const { headers } = request
  const proven = AccessKeys.authenticate(server.keys, { headers, method: "GET", path }, clockOf(server))
  return Result.isFailure(proven) ? unauthorized(proven.failure) : undefined
}

const receive = (server: ExchangeServer, session: Session, socket: ClientSocket.ClientSocket, text: string): void => {
  const { faults, settings } = server
  const now = Date.now()
  if (!ClientSocket.allowsCommand(socket, now, settings.commandsPerSecondMax)) {
    Commands.refuseText(server.feed, session, text, 27)
  } else if (faults.commandsIgnored > 0) {
    faults.commandsIgnored--
  } else if (faults.commandsRefused !== undefined) {
    Commands.refuseText(server.feed, session, text, faults.commandsRefused.code)
    if (--faults.commandsRefused.left === 0) faults.commandsRefused = undefined
  } else {
    const doneMillis = now + Prng.between(server.prng, 0, settings.commandDelayMillisMax)
    Agenda.add(server.commands, doneMillis, () => Commands.execute(server.feed, session, text, settings))
  }
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
  const { faults, settings } = server
  const path = url.pathname
  if (faults.rest !== undefined && path.startsWith(faults.rest.pathPrefix)) {
    const { status } = faults.rest
    if (--faults.rest.left === 0) faults.rest = undefined
    return status === 429 ? tooManyRequests : serverError(status)
  }
  let keyId: string | undefined
  if (AccessKeys.isSigned(request.headers)) {
    const proven = AccessKeys.authenticate(server.keys, { headers: request.headers, method, path }, clockOf(server))
    if (Result.isFailure(proven)) return unauthorized(proven.failure)
    keyId = proven.success
  }
  if (!TokenBucket.take(bucketOf(server, keyId ?? ""), RestApi.tokensPerRequest, Date.now())) return tooManyRequests
  return RestApi.answer(server.exchange, { method, path, query: url.searchParams, keyId }, settings)
}

const bucketOf = (server: ExchangeServer, caller: string): TokenBucket.TokenBucket => {
  const known = server.buckets.get(caller)
  if (known !== undefined) return known
  const bucket = TokenBucket.make(server.settings.readTokensPerSecond, server.settings.readTokensMax, Date.now())
  server.buckets.set(caller, bucket)
  return bucket
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
export const tick = (server: ExchangeServer, nowMillis: number): void => {
  FrameFaults.tick(server.feed.faults, nowMillis)
  while (Agenda.firstAt(server.commands) <= nowMillis) Agenda.take(server.commands)?.()
  Feed.flushTickers(server.feed)
  for (const socket of server.sockets.values()) {
    ClientSocket.tick(socket, nowMillis, server.settings.pingMillis)
    ClientSocket.flush(socket)
  }
}

/** How long a client may take to read the last frames before its connection is cut. */
const closeGraceMillis = 200

/** Takes new connections no more, ends those there are with close code 1001, and calls back when all are gone. */
export const close = (server: ExchangeServer, done: () => void): void => {
  const streams = [...server.sockets.values()].map((socket) => socket.stream)
  for (const socket of server.sockets.values()) {
    ClientSocket.thaw(socket)
    ClientSocket.flush(socket)
    ClientSocket.cut(socket, 1001)
    socket.stream.end()
  }
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
