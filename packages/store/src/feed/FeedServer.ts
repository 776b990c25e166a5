// adapter: Node's TCP server
/**
 * The feed for other processes: whoever connects and proves that it knows the secret is sent what the hub has, from where it was told
 * last or from the state of all logs. A batch is written as text once for all of them.
 *
 * A follower that does not read holds no more than `waitingBytesMax` and one turn's messages: it is not asked what it wants next until
 * it has read, and when that lies behind what the hub keeps it gets another state. One that sends anything but its introduction, or
 * reads nothing for long, is cut off, alone.
 */
import { createServer, type Server, type Socket } from "node:net"
import type { FeedMessage } from "@kalshibook/core/FeedMessage"
import { Context, Duration, Effect, Layer, Metric, Option, Redacted, Schedule, Schema } from "effect"
import * as FeedFrames from "./FeedFrames.ts"
import * as FeedGreeting from "./FeedGreeting.ts"
import { type FeedFollower, FeedHub } from "./FeedHub.ts"
import * as FeedText from "./FeedText.ts"

export interface FeedServerOptions {
  readonly host: string
  /** 0 lets the system choose a free one. */
  readonly port: number
  /** What followers must know; needed where others than this machine can connect. */
  readonly secret: Option.Option<Redacted.Redacted>
}

/** The address cannot be listened on. */
export class FeedListenFailed extends Schema.TaggedError<FeedListenFailed>()("FeedListenFailed", {
  address: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.address} cannot be listened on: ${this.detail}`
  }
}

/** API nodes at a time. */
const followersMax = 64
/** Bytes that wait in a connection before its follower is told no more. */
const waitingBytesMax = 1 << 20
/** Batches that are written in one go. */
const batchesPerWrite = 50
/** An introduction is short. */
const introductionBytesMax = 4_096
const introductionMillisMax = 5_000
/** Something is sent this often, so that a follower notices when nothing comes. */
const heartbeatMillis = 500
/** One that has read nothing for so long, with bytes waiting, is gone. */
const stalledMillisMax = 30_000

interface Connection {
  readonly socket: Socket
  readonly nonce: string
  readonly reader: FeedFrames.FrameReader
  readonly openedAtMillis: number
  follower: FeedFollower | undefined
  takeBack: () => void
  /** When something was sent, and when nothing was waiting any more, by the monotonic clock. */
  sentAtMillis: number
  clearAtMillis: number
}

export class FeedServer extends Context.Service<
  FeedServer,
  {
    /** Where it listens. */
    readonly port: number
    readonly followers: () => number
  }
>()("@kalshibook/store/feed/FeedServer") {
  static readonly layerOf = (options: FeedServerOptions): Layer.Layer<FeedServer, FeedListenFailed, FeedHub> =>
    Layer.effect(
      FeedServer,
      Effect.gen(function* () {
        const hub = yield* FeedHub
        const serving = make(hub, Option.match(options.secret, { onNone: () => "", onSome: Redacted.value }))
        const port = yield* Effect.acquireRelease(listen(serving.server, options), () => close(serving))
        yield* Effect.sync(serving.keepUp).pipe(
          Effect.andThen(measure(serving)),
          Effect.repeat(Schedule.spaced(Duration.millis(heartbeatMillis))),
          Effect.forkScoped
        )
        return FeedServer.of({ port, followers: () => followersOf(serving) })
      })
    )
}

interface Serving {
  readonly server: Server
  readonly connections: Set<Connection>
  readonly counts: { bytes: number; states: number }
  /** Heartbeats, and an end for those that are gone. */
  readonly keepUp: () => void
}

const followersOf = ({ connections }: Serving): number =>
  [...connections].filter(({ follower }) => follower !== undefined).length

const make = (hub: FeedHub["Service"], secret: string): Serving => {
  const connections = new Set<Connection>()
  const counts = { bytes: 0, states: 0 }
  /** What was written once for all. */
  const frames = new WeakMap<FeedMessage, Buffer>()

  const frameOf = (message: FeedMessage): Buffer => {
    const known = frames.get(message)
    if (known !== undefined) return known
    const frame = FeedFrames.encode(FeedText.encode(message))
    frames.set(message, frame)
    return frame
  }

  const send = (connection: Connection, frame: Buffer): void => {
    counts.bytes += frame.length
    connection.sentAtMillis = performance.now()
    connection.socket.write(frame)
  }

  /** Writes what is next, as long as the follower reads; then waits for more, or for it. */
  const pump = (connection: Connection): void => {
    const { follower, socket } = connection
    if (follower === undefined || socket.destroyed) return
    while (socket.writableLength <= waitingBytesMax) {
      const messages = follower.take(batchesPerWrite)
      if (messages.length === 0) {
        connection.takeBack = follower.wait(() => pump(connection))
        return
      }
      counts.states += messages.filter(({ _tag }) => _tag === "state").length
      const [first, ...more] = messages.map(frameOf)
      if (first !== undefined) send(connection, more.length === 0 ? first : Buffer.concat([first, ...more]))
    }
  }

  const introduce = (connection: Connection, text: string): void => {
    const said = Option.getOrUndefined(FeedGreeting.readIntroduction(text))
    if (
      said === undefined ||
      connection.follower !== undefined ||
      !FeedGreeting.isProven(secret, connection.nonce, said.proof)
    ) {
      connection.socket.destroy()
      return
    }
    connection.follower = hub.follow(said.place ?? undefined)
    pump(connection)
  }

  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 }, (socket) => {
    const { nonce, version } = FeedGreeting.challenge()
    const nowMillis = performance.now()
    const connection: Connection = {
      socket,
      nonce,
      reader: FeedFrames.makeReader(introductionBytesMax),
      openedAtMillis: nowMillis,
      follower: undefined,
      takeBack: () => {},
      sentAtMillis: nowMillis,
      clearAtMillis: nowMillis
    }
    connections.add(connection)
    socket.on("data", (chunk: Buffer) => {
      const texts = FeedFrames.read(connection.reader, chunk)
      if (typeof texts === "string") socket.destroy()
      else for (const text of texts) introduce(connection, text)
    })
    socket.on("drain", () => {
      connection.clearAtMillis = performance.now()
      pump(connection)
    })
    // Its end follows.
    socket.on("error", () => {})
    socket.on("close", () => {
      connection.takeBack()
      connections.delete(connection)
    })
    send(connection, FeedFrames.encode(JSON.stringify({ version, nonce })))
  })
  server.maxConnections = followersMax

  const keepUp = (): void => {
    const nowMillis = performance.now()
    for (const connection of connections) {
      const { clearAtMillis, follower, openedAtMillis, sentAtMillis, socket } = connection
      if (socket.writableLength === 0) connection.clearAtMillis = nowMillis
      const isMute = follower === undefined && nowMillis - openedAtMillis > introductionMillisMax
      if (isMute || nowMillis - clearAtMillis > stalledMillisMax) socket.destroy()
      else if (socket.writableLength === 0 && nowMillis - sentAtMillis >= heartbeatMillis / 2) {
        send(connection, FeedFrames.heartbeat)
      }
    }
  }

  return { server, connections, counts, keepUp }
}

const listen = (server: Server, { host, port }: FeedServerOptions): Effect.Effect<number, FeedListenFailed> =>
  Effect.callback((resume) => {
    server.once("error", (error) =>
      resume(Effect.fail(new FeedListenFailed({ address: `${host}:${port}`, detail: error.message })))
    )
    server.listen({ host, port }, () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const close = ({ connections, server }: Serving): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
    // What was told last is still written; a follower that does not read is not waited for.
    for (const { socket } of connections) socket.destroySoon()
    setTimeout(() => {
      for (const { socket } of connections) socket.destroy()
    }, 500).unref()
  })

const followers = Metric.gauge("kalshibook_feed_followers", { description: "API nodes that follow the recorder." })
const sentBytes = Metric.counter("kalshibook_feed_bytes_total", {
  description: "Bytes sent to those who follow the recorder.",
  incremental: true
})
const sentStates = Metric.counter("kalshibook_feed_states_total", {
  description: "States of all logs that were sent: one to each that begins, and to each that was too slow.",
  incremental: true
})

const measure = (serving: Serving): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { bytes, states } = serving.counts
    serving.counts.bytes = 0
    serving.counts.states = 0
    return Effect.all([
      Metric.update(followers, followersOf(serving)),
      Metric.update(sentBytes, bytes),
      Metric.update(sentStates, states)
    ])
  })
