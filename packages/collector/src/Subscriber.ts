/**
 * The commands of one connection: subscribes markets and asks for snapshots in chunks, one chunk at a time, and matches the
 * answers by their id (the exchange answers out of order).
 *
 * A market counts as subscribed only when the exchange has acknowledged it. Only then is `get_snapshot` used for it: that command works
 * for markets that are not subscribed too, and would give a book that nothing keeps up to date.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Command } from "@kalshibook/core/kalshi/Command"
import type { ErrorMessage, Ok, Subscribed } from "@kalshibook/core/kalshi/ServerMessage"
import * as Recorder from "@kalshibook/core/Recorder"
import { Duration, Effect, Latch, Option, Schema } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { KalshiSocket } from "./KalshiSocket.ts"
import type { RecordingState } from "./Recording.ts"

/** The exchange will not send this market's book. */
export class MarketRefused extends Schema.TaggedError<MarketRefused>()("MarketRefused", {
  marketTicker: Schema.String,
  code: Schema.Number,
  detail: Schema.String
}) {}

type Reply = Subscribed | Ok | ErrorMessage

export interface Subscriber {
  /** Queues the market; succeeds when its command was acknowledged, after which its snapshot is on the way. */
  readonly request: (ticker: MarketTicker) => Effect.Effect<void, MarketRefused>
  /** The market is not wanted any more. */
  readonly remove: (ticker: MarketTicker) => void
  /**
   * Asks for something that must be answered with a frame. Of a subscribed market that is its snapshot: it takes the next number
   * of the subscription, and so shows at once that nothing was lost, and that the book is right.
   */
  readonly probe: () => void
  /** Takes the answer to a command. */
  readonly reply: (message: Reply) => void
  /** The exchange ended a channel; what was subscribed on it is not any more. */
  readonly subscriptionEnded: (channel: string) => void
  /** Works off the queue, for as long as the connection lives. */
  readonly run: Effect.Effect<never>
}

interface Request {
  readonly ticker: MarketTicker
  readonly done: (result: Effect.Effect<void, MarketRefused>) => void
  /** A chunk with this market was refused as a whole: ask for it alone. */
  alone: boolean
}

const bookChannel = "orderbook_delta"
/** Channels for the whole exchange, beside the books. */
const sideChannels = ["trade", "market_lifecycle_v2"]
/** Error of the exchange when commands come too fast, and how long to wait then. */
const tooManyRequests = 27
const tooManyRequestsMillis = 1000

export const make = (socket: KalshiSocket, recording: RecordingState, settings: CollectorSettings): Subscriber => {
  const queue = new Map<MarketTicker, Request>()
  const queued = Latch.makeUnsafe(false)
  const subscribed = new Set<MarketTicker>()
  const waiting = new Map<number, (reply: Reply) => void>()
  const sideChannelsMissing = new Set(sideChannels)
  let bookSid: number | null = null
  let idLast = 0

  /** Sends a command and gives the first answer with its id; `None` when there is none in time. */
  const ask = (make: (id: number) => Command): Effect.Effect<Option.Option<Reply>> =>
    Effect.callback<Reply>((resume) => {
      const id = ++idLast
      waiting.set(id, (reply) => {
        waiting.delete(id)
        resume(Effect.succeed(reply))
      })
      socket.send(make(id))
      return Effect.sync(() => waiting.delete(id))
    }).pipe(Effect.timeoutOption(Duration.millis(settings.replyMillisMax)))

  const enqueue = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests) queue.set(request.ticker, request)
    if (queue.size > 0) queued.openUnsafe()
  }

  /** The next chunk: markets that need the same command; one alone where a chunk with it was refused. */
  const takeChunk = (): { readonly requests: ReadonlyArray<Request>; readonly isSubscribed: boolean } => {
    const requests: Array<Request> = []
    let isSubscribed = false
    for (const request of queue.values()) {
      if (requests.length === 0) isSubscribed = subscribed.has(request.ticker)
      else if (subscribed.has(request.ticker) !== isSubscribed || request.alone) continue
      requests.push(request)
      if (request.alone || requests.length >= settings.chunkMarketsMax) break
    }
    for (const request of requests) queue.delete(request.ticker)
    return { requests, isSubscribed }
  }

  const remove = (ticker: MarketTicker): void => {
    queue.delete(ticker)
    if (!subscribed.delete(ticker) || bookSid === null) return
    socket.send({
      cmd: "update_subscription",
      id: ++idLast,
      sid: bookSid,
      action: "delete_markets",
      marketTickers: [ticker]
    })
  }

  const subscribeChunk = Effect.fnUntraced(function* (requests: ReadonlyArray<Request>) {
    const marketTickers = requests.map((request) => request.ticker)
    for (const ticker of marketTickers) Recorder.follow(recording.recorder, ticker)
    const sid = bookSid
    const reply = yield* ask((id) =>
      sid === null
        ? { cmd: "subscribe", id, channels: [bookChannel], marketTickers, skipTickerAck: true, useYesPrice: false }
        : { cmd: "update_subscription", id, sid, action: "add_markets", marketTickers }
    )
    if (Option.isNone(reply)) return enqueue(requests)
    if (reply.value._tag === "error") return yield* refused(requests, reply.value)
    bookSid = reply.value.sid ?? bookSid
    for (const { done, ticker } of requests) {
      subscribed.add(ticker)
      done(Effect.void)
      // It was let go of while the command was on its way.
      if (!recording.cells.has(ticker)) remove(ticker)
    }
  })

  const refused = Effect.fnUntraced(function* (requests: ReadonlyArray<Request>, error: ErrorMessage) {
    if (error.code === tooManyRequests) yield* Effect.sleep(tooManyRequestsMillis)
    else if (requests.length === 1) {
      for (const { done, ticker } of requests) {
        Recorder.unfollow(recording.recorder, ticker, "unsubscribed", recording.clock.nowMicros())
        done(Effect.fail(new MarketRefused({ marketTicker: ticker, code: error.code, detail: error.message })))
      }
      return
    } else for (const request of requests) request.alone = true
    enqueue(requests)
  })

  const requestSnapshots = (requests: ReadonlyArray<Request>): void => {
    const marketTickers = requests.map((request) => request.ticker)
    // Subscribed markets have a subscription.
    const sid = bookSid as number
    socket.send({ cmd: "update_subscription", id: ++idLast, sid, action: "get_snapshot", marketTickers })
    for (const request of requests) request.done(Effect.void)
  }

  /** Waits for the snapshots of a chunk before the next one: the exchange gives up on a subscription that floods its buffer. */
  const settle = (requests: ReadonlyArray<Request>): Effect.Effect<void> =>
    Effect.forEach(
      requests,
      ({ ticker }) => {
        const cell = recording.cells.get(ticker)
        return cell === undefined ? Effect.void : cell.trusted.await
      },
      { discard: true }
    ).pipe(Effect.timeoutOption(Duration.millis(settings.chunkSettleMillisMax)), Effect.asVoid)

  const openSideChannels = Effect.fnUntraced(function* () {
    for (const channel of sideChannelsMissing) {
      const reply = yield* ask((id) => ({ cmd: "subscribe", id, channels: [channel] }))
      if (Option.isNone(reply)) continue
      sideChannelsMissing.delete(channel)
      if (reply.value._tag === "error") {
        yield* Effect.logWarning(`the exchange refuses channel ${channel}: ${reply.value.message}`)
      }
    }
  })

  const step = Effect.gen(function* () {
    if (sideChannelsMissing.size > 0) yield* openSideChannels()
    yield* queued.await
    const { requests, isSubscribed } = takeChunk()
    if (queue.size === 0) queued.closeUnsafe()
    if (requests.length === 0) return
    if (isSubscribed) requestSnapshots(requests)
    else yield* subscribeChunk(requests)
    yield* settle(requests.filter((request) => !queue.has(request.ticker)))
  })

  return {
    request: (ticker) =>
      Effect.callback((resume) => {
        enqueue([{ ticker, done: resume, alone: false }])
        return Effect.sync(() => queue.delete(ticker))
      }),
    remove,
    probe: () => {
      const [ticker] = subscribed
      const id = ++idLast
      socket.send(
        bookSid === null || ticker === undefined
          ? { cmd: "list_subscriptions", id }
          : { cmd: "update_subscription", id, sid: bookSid, action: "get_snapshot", marketTickers: [ticker] }
      )
    },
    reply: (message) => {
      if (message.id !== null) waiting.get(message.id)?.(message)
    },
    subscriptionEnded: (channel) => {
      if (channel === bookChannel) {
        bookSid = null
        subscribed.clear()
      } else {
        sideChannelsMissing.add(channel)
        queued.openUnsafe()
      }
    },
    run: Effect.forever(step)
  }
}
