/** The collector's ways to the exchange of a simulation: sockets and REST, and a network between them that may be down. */
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import type { VirtualExchange } from "@kalshibook/simulator/VirtualExchange"
import { Duration, Effect } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { ConnectFailed, type ExchangeLine, type RawSocket, type SocketEvents } from "../../src/ExchangeLine.ts"
import type { VirtualProcess } from "./VirtualTime.ts"

export const restUrl = "https://exchange.invalid/trade-api/v2"
export const wsUrl = "wss://exchange.invalid/trade-api/ws/v2"

/** A frame that a socket handed to a collector that was listening. */
export interface Delivered {
  readonly atMicros: number
  readonly bytes: Buffer
}

export interface VirtualNetwork {
  isUp: boolean
  /** By the exchange's number of the connection, in order. */
  readonly delivered: Map<number, Array<Delivered>>
  /** The connection whose frame is being handed over now; 0 for none. */
  delivering: number
  /** Ends the connections of a process that was killed. */
  readonly open: Set<{ readonly abandon: () => void }>
}

export const makeNetwork = (): VirtualNetwork => ({ isUp: true, delivered: new Map(), delivering: 0, open: new Set() })

export interface LineParts {
  readonly exchange: VirtualExchange
  readonly network: VirtualNetwork
  readonly process: VirtualProcess
  readonly prng: Prng.Prng
}

const handshakeMillisMax = 20
const restMillisMax = 40

const travel = (prng: Prng.Prng, millisMax: number): Effect.Effect<void> =>
  Effect.suspend(() => Effect.sleep(Duration.millis(Prng.between(prng, 1, millisMax))))

export const lineOf = (parts: LineParts): ExchangeLine["Service"] => ({
  open: Effect.andThen(
    travel(parts.prng, handshakeMillisMax),
    Effect.acquireRelease(connect(parts), ({ close }) => Effect.sync(close), { interruptible: true })
  ).pipe(Effect.map(({ socket }) => socket))
})

/** Not read yet. */
const connect = ({ exchange, network, process }: LineParts) =>
  Effect.suspend(() => {
    const failed = (reason: "refused" | "unreachable", status: number | null) =>
      Effect.fail(new ConnectFailed({ url: wsUrl, reason, status, detail: "simulated" }))
    if (!network.isUp) return failed("unreachable", null)
    let events: SocketEvents | null = null
    let isOver = false
    const connection = exchange.connect({
      onFrame: (bytes) => {
        if (isOver || !process.isAlive()) return
        network.delivered.get(number)?.push({ atMicros: exchange.nowMicros(), bytes })
        network.delivering = number
        events?.onFrame(bytes)
        network.delivering = 0
      },
      onPing: () => {
        if (!isOver) events?.onPing()
      },
      onClosed: (code) => {
        if (isOver) return
        isOver = true
        network.open.delete(entry)
        events?.onGone(`closed with ${code}`)
      }
    })
    if (connection._tag === "refused") return failed("refused", connection.status)
    const number = connection.connection
    network.delivered.set(number, [])
    connection.pause()
    const close = (): void => {
      if (isOver) return
      isOver = true
      network.open.delete(entry)
      connection.close()
    }
    const entry = { abandon: close }
    network.open.add(entry)
    const socket: RawSocket = {
      listen: (listener) => {
        events = listener
        if (isOver) listener.onGone("closed while it opened")
      },
      send: (text) => {
        if (!isOver) connection.send(text)
      },
      pause: connection.pause,
      resume: connection.resume,
      terminate: close
    }
    return Effect.succeed({ socket, close })
  })

export const httpClientOf = ({ exchange, network, prng }: LineParts): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    travel(prng, restMillisMax).pipe(
      Effect.andThen(() => {
        if (network.isUp) return Effect.succeed(exchange.rest(request.method, `${url.pathname}${url.search}`))
        return Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
        )
      }),
      Effect.tap(() => travel(prng, restMillisMax)),
      Effect.map(({ body, headers, status }) => {
        const response = HttpClientResponse.fromWeb(request, new Response(body, { status, headers: { ...headers } }))
        // Read at once: a promise would be kept in the machine's time.
        Object.defineProperty(response, "json", { value: Effect.sync(() => JSON.parse(body)) })
        return response
      })
    )
  )
