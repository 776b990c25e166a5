// adapter: Node's TCP client
/**
 * Follows a recorder over the network, for ever: connects, proves that it knows the secret, and goes on where it was told last.
 * A connection that ends, falls silent or carries what is no message is given up, said to be lost, and made again after a growing,
 * jittered pause. Numbers are checked here, so that what is passed on has no hole and no repeat.
 */
import { connect, type Socket } from "node:net"
import type { FeedMessage } from "@kalshibook/core/FeedMessage"
import { Array as Arr, Duration, Effect, Option, Queue, Random, Redacted, Stream } from "effect"
import * as FeedFrames from "./FeedFrames.ts"
import * as FeedGreeting from "./FeedGreeting.ts"
import type { FeedPlace } from "./FeedHub.ts"
import * as FeedText from "./FeedText.ts"

export interface FeedClientOptions {
  readonly host: string
  readonly port: number
  readonly secret: Option.Option<Redacted.Redacted>
  /** The recorder's side sends something twice a second: after so long without anything it is not there. */
  readonly silenceMillisMax: number
  /** Between attempts, growing from the first to the second. */
  readonly retryMillisMin: number
  readonly retryMillisMax: number
}

export const defaults: Omit<FeedClientOptions, "host" | "port" | "secret"> = {
  silenceMillisMax: 3_000,
  retryMillisMin: 100,
  retryMillisMax: 5_000
}

/** The state of ten thousand markets is some megabytes. */
const frameBytesMax = 64 << 20
/** Messages that may wait for the process's own consumer; with more, nothing is read from the socket. */
const messagesWaitingMax = 1_000
/** How often is looked whether the other side is there, and whether reading may go on. */
const lookMillis = 100

export const follow = (options: FeedClientOptions): Stream.Stream<FeedMessage> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const queue = yield* Queue.unbounded<FeedMessage>()
      yield* Effect.forkScoped(followInto(queue, options))
      return Stream.fromQueue(queue)
    })
  )

/** What outlives a connection. */
interface Following {
  readonly queue: Queue.Queue<FeedMessage>
  place: FeedPlace | undefined
  /** The connection that ended last had told something. */
  wasTold: boolean
}

const followInto = Effect.fnUntraced(function* (queue: Queue.Queue<FeedMessage>, options: FeedClientOptions) {
  const following: Following = { queue, place: undefined, wasTold: false }
  let causeTold = ""
  let failures = 0
  for (;;) {
    following.wasTold = false
    const cause = yield* connection(following, options)
    if (following.wasTold) failures = 0
    if (following.wasTold || cause !== causeTold) {
      Queue.offerUnsafe(queue, { _tag: "lost", cause })
      yield* Effect.logWarning(`the recorder at ${options.host}:${options.port} is not heard: ${cause}`)
    }
    causeTold = cause
    const pauseMillis = Math.min(options.retryMillisMax, options.retryMillisMin * 2 ** failures++)
    yield* Effect.sleep(Duration.millis(pauseMillis * (0.5 + (yield* Random.next) / 2)))
  }
})

/** One connection, to its end. Returns why it ended, for people. */
const connection = (following: Following, options: FeedClientOptions): Effect.Effect<string> =>
  Effect.callback((resume) => {
    const { host, port, silenceMillisMax } = options
    const secret = Option.match(options.secret, { onNone: () => "", onSome: Redacted.value })
    const reader = FeedFrames.makeReader(frameBytesMax)
    const socket = connect({ host, port, noDelay: true })
    let heardAtMillis = performance.now()
    let isIntroduced = false
    let cause = "the connection was closed"

    const giveUp = (why: string): void => {
      cause = why
      socket.destroy()
    }

    const introduce = (text: string): string | undefined => {
      const said = Option.getOrUndefined(FeedGreeting.readChallenge(text))
      if (said === undefined) return "what answers is no recorder"
      if (!FeedGreeting.isOurs(said)) return `it speaks version ${said.version} of the feed, not ours`
      isIntroduced = true
      // Until it believes us it says nothing.
      cause = "the connection was closed: is the secret the same?"
      const introduction = { proof: FeedGreeting.prove(secret, said.nonce), place: following.place ?? null }
      socket.write(FeedFrames.encode(JSON.stringify(introduction)))
      return undefined
    }

    /** Returns why the connection cannot be gone on with. */
    const take = (text: string): string | undefined => {
      if (!isIntroduced) return introduce(text)
      const message = Option.getOrUndefined(FeedText.decode(text))
      if (message === undefined) return "what came is no message of the feed"
      cause = "the connection was closed"
      return pass(following, message)
    }

    socket.on("data", (chunk: Buffer) => {
      heardAtMillis = performance.now()
      const texts = FeedFrames.read(reader, chunk)
      const problem =
        typeof texts === "string"
          ? texts
          : Option.getOrUndefined(Arr.findFirst(texts, (text) => Option.fromUndefinedOr(take(text))))
      if (problem !== undefined) giveUp(problem)
      if (Queue.sizeUnsafe(following.queue) > messagesWaitingMax) socket.pause()
    })
    socket.on("error", (error) => {
      cause = error.message
    })
    let lookedAtMillis = performance.now()
    const look = setInterval(() => {
      const nowMillis = performance.now()
      // While this process itself was held up nothing could be heard: what came meanwhile is read next.
      heardAtMillis += Math.max(0, nowMillis - lookedAtMillis - 2 * lookMillis)
      lookedAtMillis = nowMillis
      if (keepReading(socket, following)) return
      if (nowMillis - heardAtMillis > silenceMillisMax) giveUp(`nothing came for ${silenceMillisMax / 1_000} s`)
    }, lookMillis)
    socket.on("close", () => {
      clearInterval(look)
      resume(Effect.succeed(cause))
    })
    return Effect.sync(() => {
      clearInterval(look)
      socket.destroy()
    })
  })

/** Whether this side is the one that does not read; goes on when it may. */
const keepReading = (socket: Socket, { queue }: Following): boolean => {
  if (!socket.isPaused()) return false
  if (Queue.sizeUnsafe(queue) <= messagesWaitingMax) socket.resume()
  return true
}

/** Passes on what goes on behind what was passed on before. Returns what is wrong with it. */
const pass = (following: Following, message: FeedMessage): string | undefined => {
  const { place, queue } = following
  if (message._tag === "state") following.place = { feedId: message.feedId, number: message.number }
  if (message._tag === "batch") {
    if (place === undefined || message.number !== place.number + 1) return `batch ${message.number} does not follow`
    following.place = { feedId: place.feedId, number: message.number }
  }
  following.wasTold = true
  Queue.offerUnsafe(queue, message)
  return undefined
}
