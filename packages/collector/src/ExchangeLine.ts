// adapter: wraps the callbacks of `ws`
/**
 * How a socket to the exchange is opened: the one place that knows of the network. Frames come as they are read; nothing of them is
 * understood here.
 */
import * as Signing from "@kalshibook/core/kalshi/Signing"
import { Context, Duration, Effect, Layer, Schema, type Scope } from "effect"
import { WebSocket } from "ws"
import { Settings } from "./CollectorSettings.ts"
import { ExchangeAccess } from "./ExchangeAccess.ts"

/** The socket did not open. `refused`: the exchange answered with `status`; `unreachable`: nobody answered. */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>()("ConnectFailed", {
  reason: Schema.Literals(["refused", "unreachable"]),
  url: Schema.String,
  status: Schema.NullOr(Schema.Number),
  detail: Schema.String
}) {
  override get message(): string {
    if (this.reason === "unreachable") return `cannot reach ${this.url} (${this.detail})`
    const hint =
      this.status === 401 || this.status === 403
        ? ": check KALSHI_API_KEY_ID, the private key, and this machine's clock"
        : ""
    return `${this.url} refused the connection with HTTP ${this.status}${hint}`
  }
}

/** Who is told of what happens on a socket, synchronously and one thing at a time. */
export interface SocketEvents {
  readonly onFrame: (frame: Uint8Array) => void
  readonly onPing: () => void
  /** It is gone; said once. */
  readonly onGone: (detail: string) => void
}

/** A socket that is open and not read yet, so that no frame comes before somebody listens. */
export interface RawSocket {
  /** Called once, before the socket is read. */
  readonly listen: (events: SocketEvents) => void
  readonly send: (text: string) => void
  /** Stops reading, so that the exchange has to wait, and starts again. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends it at once. */
  readonly terminate: () => void
}

export class ExchangeLine extends Context.Service<
  ExchangeLine,
  {
    /** A new signed socket; closing the scope closes it. */
    readonly open: Effect.Effect<RawSocket, ConnectFailed, Scope.Scope>
  }
>()("@kalshibook/collector/ExchangeLine") {
  static readonly layerNoDeps: Layer.Layer<ExchangeLine, never, ExchangeAccess | Settings> = Layer.effect(
    ExchangeLine,
    Effect.gen(function* () {
      const access = yield* ExchangeAccess
      const settings = yield* Settings
      return ExchangeLine.of({
        open: Effect.gen(function* () {
          const headers = yield* access.headers("GET", Signing.websocketPath)
          const socket = yield* Effect.acquireRelease(connect(access.wsUrl, headers, settings), closeSocket, {
            interruptible: true
          })
          return rawSocketOf(socket)
        })
      })
    })
  )
}

export interface LineLimits {
  /** Longest frame accepted; acknowledgements that list every ticker of a large subscription are the longest. */
  readonly frameBytesMax: number
  readonly handshakeMillisMax: number
}

/**
 * Frames that are read before others get their turn: fewer than fill one read of 64 KiB. A socket that always has more to read
 * is read two megabytes at a time, and the database would wait for that at every step of a statement.
 */
const framesPerTurnMax = 128

const rawSocketOf = (socket: WebSocket): RawSocket => {
  let isPaused = true
  let framesThisTurn = 0
  const nextTurn = (): void => {
    framesThisTurn = 0
    if (!isPaused) socket.resume()
  }
  return {
    listen: ({ onFrame, onGone, onPing }) => {
      socket.on("message", (data: Buffer) => {
        if (++framesThisTurn === framesPerTurnMax) {
          socket.pause()
          setImmediate(nextTurn)
        }
        onFrame(data)
      })
      socket.on("ping", onPing)
      socket.on("close", (code, reason) =>
        onGone(`closed with ${code}${reason.length > 0 ? ` ${reason.toString()}` : ""}`)
      )
      socket.on("error", (error) => onGone(error.message))
      if (socket.readyState !== WebSocket.OPEN) onGone("closed while it opened")
    },
    send: (text) => socket.send(text),
    pause: () => {
      isPaused = true
      socket.pause()
    },
    resume: () => {
      isPaused = false
      socket.resume()
    },
    terminate: () => socket.terminate()
  }
}

/** Not read yet. */
const connect = (
  url: string,
  headers: Readonly<Record<string, string>>,
  limits: LineLimits
): Effect.Effect<WebSocket, ConnectFailed> =>
  Effect.callback((resume) => {
    const socket = new WebSocket(url, {
      headers,
      // Costs 20-40 times the CPU of the frames themselves, and the exchange treats it as optional.
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: limits.frameBytesMax,
      handshakeTimeout: limits.handshakeMillisMax
    })
    const abandon = (): void => {
      socket.removeAllListeners()
      socket.on("error", () => {})
      socket.terminate()
    }
    const failed = (fields: { reason: "refused" | "unreachable"; status: number | null; detail: string }): void => {
      abandon()
      resume(Effect.fail(new ConnectFailed({ url, ...fields })))
    }
    socket.once("unexpected-response", (_request, response) => {
      response.resume()
      const status = response.statusCode ?? null
      failed({ reason: "refused", status, detail: response.statusMessage ?? "" })
    })
    socket.once("error", (error) => failed({ reason: "unreachable", status: null, detail: describe(error) }))
    socket.once("open", () => {
      socket.pause()
      socket.removeAllListeners()
      socket.on("error", () => {})
      resume(Effect.succeed(socket))
    })
    return Effect.sync(abandon)
  })

/** An `AggregateError` of a refused connection to both ::1 and 127.0.0.1 has no message, only a code. */
const describe = (error: Error & { readonly code?: string }): string => error.code ?? error.message

const closeSocket = (socket: WebSocket): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (socket.readyState === WebSocket.CLOSED) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    socket.close(1000)
    // The answer is not read otherwise.
    socket.resume()
  }).pipe(
    Effect.timeoutOrElse({
      duration: Duration.millis(closeMillisMax),
      orElse: () => Effect.sync(() => socket.terminate())
    })
  )

/** How long a polite close may take. */
const closeMillisMax = 1000
