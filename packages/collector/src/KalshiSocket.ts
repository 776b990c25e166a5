// adapter: a defect in a callback must end the connection, not the process
/**
 * One connection to the exchange: hands every frame with its time of receipt to a synchronous callback, and ends when the socket
 * does or when either watchdog bites. Knows nothing of what the frames mean.
 */
import type { GapCause } from "@kalshibook/core/BookRecord"
import { Deferred, Duration, Effect, Schedule, type Scope } from "effect"
import type { ConnectFailed, ExchangeLine } from "./ExchangeLine.ts"
import type { ReceiveClockState } from "./ReceiveClock.ts"

/** Why an open socket ended. */
export interface SocketEnd {
  readonly cause: GapCause
  readonly detail: string
}

/** Who is told, synchronously. What it throws ends the socket, and is the defect of `receive`. */
export interface SocketListener {
  /** Returns whether the frame shows that the data flows for which the connection is there. */
  readonly onFrame: (frame: Uint8Array, tsReceivedMicros: number) => boolean
  /** Half of `dataSilenceMillisMax` has passed without data: time to ask for some. An exchange at rest is not a broken one. */
  readonly onQuiet: () => void
  /** The exchange rests: that there is no data says nothing now. */
  readonly isResting: () => boolean
}

export interface KalshiSocket {
  /** Sends one text frame. */
  readonly send: (text: string) => void
  /** Reads frames until the socket is gone. Before, the socket is not read; after, and once interrupted, no frame is handed on. */
  readonly receive: (listener: SocketListener) => Effect.Effect<SocketEnd>
  /** Ends the socket for a reason of our own, and the frames with it. */
  readonly cut: (end: SocketEnd) => void
}

export interface SocketLimits {
  /** The exchange pings every 10 s; after this long without a ping or frame the connection is dead. */
  readonly pingSilenceMillisMax: number
  /** Pings may go on while data has stopped; after this long without data the connection is given up. */
  readonly dataSilenceMillisMax: number
}

/** Opens a connection; closing the scope closes it. */
export const open = Effect.fn("KalshiSocket.open")(function* (
  line: ExchangeLine["Service"],
  clock: ReceiveClockState,
  limits: SocketLimits
): Effect.fn.Return<KalshiSocket, ConnectFailed, Scope.Scope> {
  const ended = yield* Deferred.make<SocketEnd>()
  const socket = yield* line.open

  let listener: SocketListener | null = null
  const end = (result: Effect.Effect<SocketEnd>): void => {
    listener = null
    socket.terminate()
    Deferred.doneUnsafe(ended, result)
  }
  const cut = (reason: SocketEnd): void => end(Effect.succeed(reason))

  // By the monotonic clock: a wall clock that leaps ahead is not silence.
  let tsPingMicros = clock.monotonicMicros()
  let tsFrameMicros = tsPingMicros
  let tsDataMicros = tsPingMicros
  let tsRestMicros = Number.NEGATIVE_INFINITY
  let tsAskedMicros = Number.NEGATIVE_INFINITY
  let isReading = false
  socket.listen({
    onFrame: (frame) => {
      if (listener === null) return
      tsFrameMicros = clock.monotonicMicros()
      try {
        if (listener.onFrame(frame, clock.nowMicros())) tsDataMicros = tsFrameMicros
      } catch (defect) {
        end(Effect.die(defect))
      }
    },
    onPing: () => {
      tsPingMicros = clock.monotonicMicros()
    },
    onGone: (detail) => cut({ cause: "connection_lost", detail })
  })

  const watch = Effect.sync(() => {
    if (!isReading) return
    const now = clock.monotonicMicros()
    if (listener?.isResting() === true) tsRestMicros = now
    const tsQuietMicros = Math.max(tsDataMicros, tsRestMicros)
    if (now - Math.max(tsPingMicros, tsFrameMicros) > limits.pingSilenceMillisMax * 1000) {
      cut({ cause: "silence", detail: `no ping for ${limits.pingSilenceMillisMax} ms` })
    } else if (now - tsQuietMicros > limits.dataSilenceMillisMax * 1000) {
      cut({ cause: "silence", detail: `no data for ${limits.dataSilenceMillisMax} ms` })
    } else if (now - tsQuietMicros > limits.dataSilenceMillisMax * 500 && tsAskedMicros < tsQuietMicros) {
      tsAskedMicros = now
      listener?.onQuiet()
    }
  })
  const watchEveryMillis = Math.min(limits.pingSilenceMillisMax, limits.dataSilenceMillisMax) / 8
  yield* watch.pipe(Effect.repeat(Schedule.spaced(Duration.millis(watchEveryMillis))), Effect.forkScoped)

  const receive = (handler: SocketListener): Effect.Effect<SocketEnd> =>
    Effect.suspend(() => {
      listener = handler
      isReading = true
      tsPingMicros = tsFrameMicros = tsDataMicros = clock.monotonicMicros()
      socket.resume()
      return Deferred.await(ended)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          listener = null
        })
      )
    )
  return { send: socket.send, receive, cut }
})
