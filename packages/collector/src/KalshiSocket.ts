// adapter: wraps the callbacks of `ws`
/**
 * One signed websocket to the exchange. Hands every frame with its time of receipt to a synchronous callback, and ends when
 * the socket does or when either watchdog bites. Knows nothing of what the frames mean.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import * as Command from "@kalshibook/core/kalshi/Command"
import * as Signing from "@kalshibook/core/kalshi/Signing"
import { Deferred, Duration, Effect, Schedule, Schema, type Scope } from "effect"
import { WebSocket } from "ws"
import { ExchangeAccess } from "./ExchangeAccess.ts"
import type { ReceiveClockState } from "./ReceiveClock.ts"

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

/** Why an open socket ended. */
export interface SocketEnd {
  readonly cause: GapCause
  readonly detail: string
}

/** Who is told, synchronously. What it throws ends the socket, and is the defect of `receive`. */
export interface SocketListener {
  /** Returns whether the frame shows that the data flows for which the connection is there. */
  readonly onFrame: (frame: Buffer, tsReceivedMicros: number) => boolean
  /** Half of `dataSilenceMillisMax` has passed without data: time to ask for some. An exchange at rest is not a broken one. */
  readonly onQuiet: () => void
}

export interface KalshiSocket {
  readonly send: (command: Command.Command) => void
  /** Reads frames until the socket is gone. Before, the socket is not read; after, and once interrupted, no frame is handed on. */
  readonly receive: (listener: SocketListener) => Effect.Effect<SocketEnd>
  /** Ends the socket for a reason of our own, and the frames with it. */
  readonly cut: (end: SocketEnd) => void
  /** Stops reading, so that the exchange has to wait, and starts again. */
  readonly pause: () => void
  readonly resume: () => void
}

export interface SocketLimits {
  /** Longest frame accepted; acknowledgements that list every ticker of a large subscription are the longest. */
  readonly frameBytesMax: number
  readonly handshakeMillisMax: number
  /** The exchange pings every 10 s; after this long without a ping or frame the connection is dead. */
  readonly pingSilenceMillisMax: number
  /** Pings may go on while data has stopped; after this long without data the connection is given up. */
  readonly dataSilenceMillisMax: number
}

/**
 * Frames that are read before others get their turn: fewer than fill one read of 64 KiB. A socket that always has more to read
 * is read two megabytes at a time, and the database would wait for that at every step of a statement.
 */
const framesPerTurnMax = 128

/** Opens a socket; closing the scope closes it. */
export const open = Effect.fn("KalshiSocket.open")(function* (
  clock: ReceiveClockState,
  limits: SocketLimits
): Effect.fn.Return<KalshiSocket, ConnectFailed, ExchangeAccess | Scope.Scope> {
  const access = yield* ExchangeAccess
  const headers = yield* access.headers("GET", Signing.websocketPath)
  const ended = yield* Deferred.make<SocketEnd>()
  const socket = yield* Effect.acquireRelease(connect(access.wsUrl, headers, limits), closeSocket, {
    interruptible: true
  })

  let listener: SocketListener | null = null
  const end = (result: Effect.Effect<SocketEnd>): void => {
    listener = null
    socket.terminate()
    Deferred.doneUnsafe(ended, result)
  }
  const cut = (reason: SocketEnd): void => end(Effect.succeed(reason))
  const lost = (detail: string): void => cut({ cause: "connection_lost", detail })

  let tsPingMicros = clock.nowMicros()
  let tsFrameMicros = tsPingMicros
  let tsDataMicros = tsPingMicros
  let tsAskedMicros = 0
  let isPaused = true
  let framesThisTurn = 0
  const nextTurn = (): void => {
    framesThisTurn = 0
    if (!isPaused) socket.resume()
  }
  socket.on("message", (data: Buffer) => {
    if (listener === null) return
    if (++framesThisTurn === framesPerTurnMax) {
      socket.pause()
      setImmediate(nextTurn)
    }
    tsFrameMicros = clock.nowMicros()
    try {
      if (listener.onFrame(data, tsFrameMicros)) tsDataMicros = tsFrameMicros
    } catch (defect) {
      end(Effect.die(defect))
    }
  })
  socket.on("ping", () => {
    tsPingMicros = clock.nowMicros()
  })
  socket.on("close", (code, reason) => lost(`closed with ${code}${reason.length > 0 ? ` ${reason.toString()}` : ""}`))
  socket.on("error", (error) => lost(error.message))
  if (socket.readyState !== WebSocket.OPEN) lost("closed while it opened")

  const watch = Effect.sync(() => {
    if (isPaused) return
    const now = clock.nowMicros()
    if (now - Math.max(tsPingMicros, tsFrameMicros) > limits.pingSilenceMillisMax * 1000) {
      cut({ cause: "silence", detail: `no ping for ${limits.pingSilenceMillisMax} ms` })
    } else if (now - tsDataMicros > limits.dataSilenceMillisMax * 1000) {
      cut({ cause: "silence", detail: `no data for ${limits.dataSilenceMillisMax} ms` })
    } else if (now - tsDataMicros > limits.dataSilenceMillisMax * 500 && tsAskedMicros < tsDataMicros) {
      tsAskedMicros = now
      listener?.onQuiet()
    }
  })
  const watchEveryMillis = Math.min(limits.pingSilenceMillisMax, limits.dataSilenceMillisMax) / 8
  yield* watch.pipe(Effect.repeat(Schedule.spaced(Duration.millis(watchEveryMillis))), Effect.forkScoped)

  const pause = (): void => {
    isPaused = true
    socket.pause()
  }
  const resume = (): void => {
    isPaused = false
    tsPingMicros = tsFrameMicros = tsDataMicros = clock.nowMicros()
    socket.resume()
  }
  const receive = (handler: SocketListener): Effect.Effect<SocketEnd> =>
    Effect.suspend(() => {
      listener = handler
      resume()
      return Deferred.await(ended)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          listener = null
        })
      )
    )
  return { send: (command) => socket.send(Command.encode(command)), receive, cut, pause, resume }
})

/** A socket that is open and not read yet, so that no frame comes before somebody listens. */
const connect = (
  url: string,
  headers: Readonly<Record<string, string>>,
  limits: SocketLimits
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
