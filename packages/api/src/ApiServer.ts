/**
 * The API on a TCP port: Node's HTTP server with its bounds, and problem documents also for what is no HTTP.
 */
import { createServer, type Server } from "node:http"
import type { Socket } from "node:net"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { MalformedRequest } from "@kalshibook/core/contract/ProblemsOfServer"
import { commandBytesMax } from "@kalshibook/core/contract/stream/StreamLimits"
import { Data, Effect, Layer, Schema } from "effect"
import { Headers, HttpMiddleware, HttpRouter, HttpServer, type HttpServerError } from "effect/http"
import * as Answering from "./Answering.ts"
import * as Api from "./Api.ts"
import { connectionsMax, headerBytesMax, headersMillisMax, shutdownMillisMax } from "./ApiLimits.ts"
import type { RequestGate } from "./RequestGate.ts"
import { newRequestId } from "./RequestMeta.ts"
import { StreamServer } from "./stream/StreamServer.ts"

export interface Address {
  readonly host: string
  /** 0 lets the system choose a free one. */
  readonly port: number
}

/** The address cannot be listened on. The message is for whoever starts the program. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly address: Address
  readonly reason: "port_in_use" | "not_permitted" | "no_such_address" | "other"
  readonly cause: unknown
}> {
  override get message(): string {
    return explanations[this.reason](this.address, this.cause)
  }
}

type Explain = (address: Address, cause: unknown) => string

const explanations: Readonly<Record<ListenFailed["reason"], Explain>> = {
  port_in_use: ({ host, port }) =>
    `port ${port} on ${host} is in use by another program: stop it, or choose another with KALSHIBOOK_API_PORT`,
  not_permitted: ({ host, port }) =>
    `port ${port} on ${host} may not be used by this user: choose one above 1023 with KALSHIBOOK_API_PORT`,
  no_such_address: ({ host }) => `${host} is no address of this machine: set KALSHIBOOK_API_HOST to one that is`,
  other: ({ host, port }, cause) => `port ${port} on ${host} cannot be listened on: ${String(cause)}`
}

const reasons: Readonly<Record<string, ListenFailed["reason"]>> = {
  EADDRINUSE: "port_in_use",
  EACCES: "not_permitted",
  EADDRNOTAVAIL: "no_such_address",
  ENOTFOUND: "no_such_address"
}

/**
 * Serves the API until its scope is closed; then open requests have `shutdownMillisMax` to end. Gives the `HttpServer`,
 * whose address tells the port.
 */
export const layer = <E = never, R = never>(address: Address, gate?: RequestGate, more?: Layer.Layer<never, E, R>) =>
  HttpRouter.serve(Api.layer(gate, more), {
    disableLogger: true,
    disableListenLog: true,
    routerConfig: { maxParamLength: headerBytesMax }
  }).pipe(
    // Built behind the routes, so it ends before them: whoever follows the stream is told, and nobody waits for him.
    (serving) => Layer.provideMerge(streamEnding, serving),
    Layer.provideMerge(listen(address)),
    Layer.provide(untraced),
    Layer.provide(redacted),
    Layer.provide(NodeHttpServer.layerHttpServices)
  )

const streamEnding = Layer.effectDiscard(Effect.acquireRelease(StreamServer, ({ stop }) => stop))

/** A span has the URL: one with a key, a ticket or a mail's token in it is not traced. Headers with keys are left out by the tracer itself. */
const untraced = Layer.succeed(
  HttpMiddleware.TracerDisabledWhen,
  ({ url }) => url.includes("kb_ticket_") || /[?&]token_hash=/i.test(url) || Answering.keyInUrl.test(url)
)

/** Names of headers that may have a key. */
const redacted = Layer.succeed(Headers.CurrentRedactedNames, [
  "authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "kalshi-access-key"
])

const listen = (address: Address): Layer.Layer<HttpServer.HttpServer, ListenFailed> =>
  Layer.effect(
    HttpServer.HttpServer,
    Effect.gen(function* () {
      const server = makeServer()
      const options = { ...address, gracefulShutdownTimeout: shutdownMillisMax, websocket }
      const listening = yield* NodeHttpServer.make(() => server, options).pipe(
        Effect.mapError((error) => listenFailed(address, error))
      )
      // Runs before the server waits for its connections to end, after the routes had their time.
      yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      return listening
    })
  )

/** Nothing is compressed: it costs more than the rest of the stream together. Who does not answer a close is not waited for. */
const websocket = {
  maxPayload: commandBytesMax,
  perMessageDeflate: false,
  clientTracking: false,
  closeTimeout: shutdownMillisMax
}

const listenFailed = (address: Address, error: HttpServerError.ServeError): ListenFailed => {
  const { cause } = error
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
  return new ListenFailed({ address, reason: reasons[code] ?? "other", cause })
}

const makeServer = (): Server => {
  const server = createServer({ maxHeaderSize: headerBytesMax, headersTimeout: headersMillisMax })
  server.maxConnections = connectionsMax
  server.on("clientError", refuse)
  return server
}

/** What is no HTTP at all, or too much of it, never reaches the routes: Node's own answer would be an empty one. */
const refuse = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const detail = details[error.code ?? ""] ?? "What was sent is no HTTP request."
  const problem = new MalformedRequest({ detail, request_id: newRequestId() })
  const body = JSON.stringify(Schema.encodeSync(MalformedRequest)(problem))
  const head = ["HTTP/1.1 400 Bad Request", "Content-Type: application/problem+json", "Connection: close"]
  socket.end([...head, `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"))
}

/** By Node's code of the fault. */
const details: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: `The server reads ${headerBytesMax} bytes of headers.`,
  ERR_HTTP_REQUEST_TIMEOUT: `The request came too slowly: the server waits ${headersMillisMax / 1_000} seconds for its headers.`
}
