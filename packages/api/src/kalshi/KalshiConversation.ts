/**
 * A websocket in Kalshi's protocol, from its upgrade to its end: commands are read, pings are sent, and what is played is ended with a word
 * when the key it was opened with ends, or the replay does.
 */
import * as TokenBucket from "@kalshibook/core/TokenBucket"
import { Deferred, Duration, Effect, Queue } from "effect"
import type { HttpServerRequest } from "effect/http"
import { Socket } from "effect/socket"
import type { Caller } from "../Caller.ts"
import * as Failures from "../Failures.ts"
import { OpenConnections } from "../OpenConnections.ts"
import { RequestMeta } from "../RequestMeta.ts"
import { StreamMeters } from "../StreamMeter.ts"
import * as KalshiLink from "./KalshiLink.ts"
import * as KalshiSession from "./KalshiSession.ts"
import * as LivePlay from "./LivePlay.ts"
import * as MessagePayments from "./MessagePayments.ts"
import * as ReplayPlay from "./ReplayPlay.ts"
import { nowMicros, type RunningReplay, slow } from "./Replays.ts"

/** As the exchange pings. */
const pingMillis = 10_000
/** Commands of a client that wait to be done, before no more are read. */
const commandsMax = 256
/** Commands a second, and at once (error 27). */
const commandsBucket = { perSecond: 200, burst: 1_000 }
/** How long a client may take to answer the closing of a connection. */
const closeMillisMax = 1_000

export interface ConversationOptions {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly caller: Caller
  readonly gaps: KalshiSession.GapsMode
  /** `undefined`: live. */
  readonly replay: RunningReplay | undefined
}

/** Why a connection is closed: a code of RFC 6455, and a word. */
interface Ending {
  readonly code: number
  readonly reason: string
}

/** Fails where the account has as many connections as it may, or no credits, or the request is no websocket's; else ends with the connection. */
export const hold = Effect.fn("KalshiConversation.hold")(function* (options: ConversationOptions) {
  const { caller, gaps, replay, request } = options
  const connections = yield* OpenConnections
  const ended = yield* Deferred.make<Ending>()
  const end = (code: number, reason: string) => Effect.asVoid(Deferred.succeed(ended, { code, reason }))
  const connection = yield* connections.open({
    caller,
    close: ({ message }) => end(1008, message),
    onChange: ({ tier }) => (replay === undefined ? Effect.void : slow(replay, tier.limits.replaySpeedMax))
  })
  const meters = yield* StreamMeters
  const { requestId } = yield* RequestMeta
  const paying = { caller: connection.caller, requestId }
  const meter = yield* Effect.catchTag(meters.open(paying), "StreamUnpaid", Failures.streamUnpaid)
  const payments = MessagePayments.of(meter)

  const socket = yield* request.upgrade
  const { pull } = yield* socket.reader
  const { write } = yield* socket.writer
  const link = KalshiLink.make(request)
  const inbox = yield* Queue.bounded<string>(commandsMax)
  const session = KalshiSession.make(gaps)

  const reading = Effect.forever(
    Effect.flatMap(pull, (chunks) =>
      Queue.offerAll(
        inbox,
        chunks.map((chunk) => (typeof chunk === "string" ? chunk : decoder.decode(chunk)))
      )
    )
  )
  const pinging = Effect.forever(
    Effect.andThen(
      Effect.sleep(Duration.millis(pingMillis)),
      Effect.sync(() => link.ping())
    )
  )
  const play = { session, link, inbox, ...payments, isTooFast: commandLimit() }
  const playing =
    replay === undefined
      ? LivePlay.run(play)
      : Effect.as(ReplayPlay.run({ ...play, replay }), { code: 1000, reason: "the replay is over" })
  yield* whilePlayed(replay, (why) => Deferred.doneUnsafe(ended, Effect.succeed({ code: 1000, reason: why })))

  const ending = yield* Effect.raceAllFirst([reading, pinging, playing, Deferred.await(ended)]).pipe(
    Effect.catchTags({
      SocketError: () => Effect.undefined,
      StreamUnpaid: () => Effect.succeed({ code: 1008, reason: "there are not enough credits for what follows" }),
      InTheFuture: () => Effect.succeed({ code: 1008, reason: "the replay has come to the end of what is stored" })
    }),
    Effect.catch((error) =>
      Effect.as(Effect.logError(`a conversation in Kalshi's protocol failed: ${error.message}`), {
        code: 1011,
        reason: "a fault of ours"
      })
    )
  )
  if (ending === undefined) return
  yield* Effect.ignore(write(new Socket.CloseEvent(ending.code, ending.reason.slice(0, reasonCharsMax))))
  yield* Effect.forever(pull).pipe(Effect.timeout(Duration.millis(closeMillisMax)), Effect.ignore)
})

const decoder = new TextDecoder()
/** A closing frame has 125 bytes, two of them for the code. */
const reasonCharsMax = 120

/** Counts the connection as one of the replay's, which the replay may end, for as long as the scope. */
const whilePlayed = (replay: RunningReplay | undefined, onEnd: (why: string) => void) =>
  replay === undefined
    ? Effect.void
    : Effect.acquireRelease(
        Effect.sync(() => {
          replay.connections++
          replay.endings.add(onEnd)
        }),
        () =>
          Effect.map(nowMicros, (now) => {
            replay.connections--
            replay.usedMicros = now
            replay.endings.delete(onEnd)
          })
      )

const commandLimit = (): (() => Effect.Effect<boolean>) => {
  let bucket: TokenBucket.TokenBucket | undefined
  return () =>
    Effect.map(nowMicros, (now) => {
      bucket = TokenBucket.filled(bucket, commandsBucket, now)
      if (TokenBucket.waitMicros(bucket, commandsBucket, 1) > 0) return true
      bucket = TokenBucket.taken(bucket, 1)
      return false
    })
}
