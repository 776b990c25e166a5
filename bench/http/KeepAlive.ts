/**
 * A client that costs little: plain sockets with one request under way on each, answers told apart by their Content-Length alone. What is
 * measured is then the server, also where client and server share two cores.
 */
import { connect, type Socket } from "node:net"

export interface Loaded {
  readonly perSecond: number
  /** Milliseconds from when a request was due until its answer was there, ascending. */
  readonly millis: Float64Array
  readonly answers: number
  /** Of them, those with status 200. */
  readonly answered: number
  readonly bytesMean: number
}

export interface LoadSettings {
  readonly port: number
  readonly connections: number
  readonly millis: number
  /** The whole request, for the n-th. */
  readonly request: (index: number) => string
  /** Requests a second, evenly spaced; `undefined` for as many as are answered. */
  readonly perSecond?: number | undefined
  /** Requests at most. */
  readonly requestsMax?: number
  /** Whether 429 is an answer, too. */
  readonly mayBeRefused?: boolean
}

const headEnd = Buffer.from("\r\n\r\n")

/** Asks for so long. Rejects when any answer is another than 200, or 429 where that may be. */
export const load = async (settings: LoadSettings): Promise<Loaded> => {
  const millis: Array<number> = []
  let bytes = 0
  let answered = 0
  let index = 0
  let failure: string | undefined
  const startedMillis = performance.now()
  const untilMillis = startedMillis + settings.millis
  const everyMillis = settings.perSecond === undefined ? undefined : 1_000 / settings.perSecond
  /** When the next request is due; late ones keep their time, so that waiting counts. */
  const due = (): number => (everyMillis === undefined ? performance.now() : startedMillis + index * everyMillis)

  const run = (socket: Socket) =>
    new Promise<void>((resolve) => {
      let received: Buffer = Buffer.alloc(0)
      let expected = -1
      let dueMillis = 0
      const finish = () => {
        socket.destroy()
        resolve()
      }
      const send = () => {
        dueMillis = due()
        const isDone = index >= (settings.requestsMax ?? Number.POSITIVE_INFINITY)
        if (failure !== undefined || isDone || Math.max(dueMillis, performance.now()) >= untilMillis) return finish()
        const text = settings.request(index++)
        const wait = dueMillis - performance.now()
        if (wait > 1) setTimeout(() => socket.write(text), wait)
        else socket.write(text)
      }
      socket.on("data", (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
        if (expected < 0) {
          const at = received.indexOf(headEnd)
          if (at < 0) return
          const head = received.toString("latin1", 0, at)
          const [, length] = /content-length: *(\d+)/i.exec(head) ?? []
          const isAnswered = head.startsWith("HTTP/1.1 200")
          const isRefused = settings.mayBeRefused === true && head.startsWith("HTTP/1.1 429")
          if (isAnswered) answered++
          if ((!isAnswered && !isRefused) || length === undefined) {
            failure = received.toString("utf8", 0, 400)
            return finish()
          }
          expected = at + headEnd.length + Number(length)
        }
        if (received.length < expected) return
        millis.push(performance.now() - dueMillis)
        bytes += received.length
        received = Buffer.alloc(0)
        expected = -1
        send()
      })
      socket.on("error", (error) => {
        failure = String(error)
        finish()
      })
      socket.on("connect", send)
    })

  const sockets = Array.from({ length: settings.connections }, () => {
    const socket = connect({ host: "127.0.0.1", port: settings.port })
    socket.setNoDelay(true)
    return socket
  })
  await Promise.all(sockets.map(run))
  if (failure !== undefined) throw new Error(`an answer failed: ${failure}`)
  const seconds = (performance.now() - startedMillis) / 1_000
  return {
    perSecond: millis.length / seconds,
    millis: Float64Array.from(millis).sort(),
    answers: millis.length,
    answered,
    bytesMean: bytes / millis.length
  }
}

export const percentile = (ascending: Float64Array, part: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))] ?? Number.NaN
