/**
 * Which books one connection follows. Markets ask for their book; their wishes are sent in chunks, some chunks side by side, and
 * the next chunk waits for the books of the one before, because the exchange gives up on a subscription that floods its buffer.
 *
 * What makes a book true is that nothing is missed after its snapshot. So:
 *
 * 1. A market is followed from the frame on that acknowledges its subscription, and not before: `get_snapshot` works for
 *    markets that are not subscribed too, and would give a book that nothing keeps up to date.
 * 2. `get_snapshot` is asked only for markets that are followed.
 * 3. A market that was let go of is subscribed again only after the exchange has acknowledged that it let go; where it never
 *    does, only a new connection is certain.
 * 4. When the exchange ends the subscription (errors 10 and 25), nothing is followed any more, whatever is answered later to
 *    commands from before.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Command } from "@kalshibook/core/kalshi/Command"
import type { ErrorMessage } from "@kalshibook/core/kalshi/ServerMessage"
import { Duration, Effect, Latch, Option } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { Dialogue, Reply } from "./Dialogue.ts"
import * as Journal from "./Journal.ts"
import type { KalshiSocket } from "./KalshiSocket.ts"
import type { RecordingState } from "./Recording.ts"
import * as Wishes from "./Wishes.ts"
import { type BookSubscription, type Job, MarketRefused, type Request } from "./Wishes.ts"

export interface Subscriber {
  /**
   * Asks for the market's book; succeeds when its command was acknowledged, after which its snapshot is on the way. With each
   * attempt (from 0) it shares its command with fewer others, lest one market that is never answered holds up the rest.
   */
  readonly request: (ticker: MarketTicker, attempt: number) => Effect.Effect<BookSubscription, MarketRefused>
  /** The market is not wanted any more; its log must have been told before. */
  readonly remove: (ticker: MarketTicker) => void
  /**
   * Asks for something that must be answered with a frame. Of followed markets that is their snapshots: they take the next numbers
   * of the subscription, and so show at once that nothing was lost, and that the books are right.
   */
  readonly probe: () => void
  /** Asks for the snapshot of a market whose book is trusted, and may be wrong nevertheless; of one that is not followed nothing. */
  readonly prove: (ticker: MarketTicker) => void
  /** The exchange ended the subscription. May be called within a frame. */
  readonly ended: () => void
  /** Works off what is asked for, for as long as the connection lives. */
  readonly run: Effect.Effect<never>
}

export const bookChannel = "orderbook_delta"
/** Errors that say nothing about the markets: not understood, gone wrong, timed out, too fast. How long to wait then. */
const transientCodes: ReadonlySet<number> = new Set([1, 17, 18, 27])
const transientMillis = 1_000
/** The exchange does not know the subscription. */
const unknownSubscription = 7
/** It bears no more markets on the connection. */
const tooManyMarkets = 26

export interface SubscriberParts {
  readonly dialogue: Dialogue
  readonly epoch: number
  readonly socket: KalshiSocket
  readonly recording: RecordingState
  readonly settings: CollectorSettings
  /** The exchange bears so many markets on the connection (at least one) and no more: those that it does not send must go elsewhere. */
  readonly onFull: (marketsMax: number, isSent: (ticker: MarketTicker) => boolean) => Effect.Effect<void>
}

export const make = ({ dialogue, epoch, onFull, recording, settings, socket }: SubscriberParts): Subscriber => {
  const wishes = Wishes.make()
  const { leaving, leftUnanswered, queue, subscribed, toLeave } = wishes
  /** Open while there may be something to do. */
  const work = Latch.makeUnsafe(false)
  let subscription: BookSubscription = { over: Latch.makeUnsafe(false) }
  let sid: number | null = null
  let isOpening = false
  let jobs = 0
  /** Commands that add markets and are not answered. */
  let adding = 0
  /** The exchange has refused markets for being too many: how many it bears is found with one command at a time. */
  let isNearlyFull = false
  let chunkMarkets = settings.chunkMarketsMax
  /** What is to be proved, and whether anything is: see `probe` and `prove`. */
  const toProve = new Set<MarketTicker>()
  let isProbeDue = false
  const proving = Latch.makeUnsafe(false)

  const request = (ticker: MarketTicker, attempt: number): Effect.Effect<BookSubscription, MarketRefused> =>
    Effect.callback((resume) => {
      if (leftUnanswered.has(ticker)) return startAnew(ticker)
      toLeave.delete(ticker)
      const companyMax = half(settings.chunkMarketsMax, attempt)
      queue.set(ticker, { ticker, done: resume, companyMax, isRepeated: false })
      work.openUnsafe()
      return Effect.sync(() => queue.delete(ticker))
    })

  /** Puts back what could not be done, unless it is not wanted any more or was asked for again. */
  const putBack = (requests: ReadonlyArray<Request>): void => {
    for (const each of requests) {
      if (isHere(each.ticker) && !queue.has(each.ticker)) queue.set(each.ticker, each)
    }
    work.openUnsafe()
  }

  const startAnew = (ticker: MarketTicker): void =>
    socket.cut({ cause: "connection_lost", detail: `never heard whether ${ticker} was let go of` })

  const remove = (ticker: MarketTicker): void => {
    queue.delete(ticker)
    if (!subscribed.has(ticker)) return
    toLeave.add(ticker)
    work.openUnsafe()
  }

  const ended = (): void => {
    const { over } = subscription
    subscription = { over: Latch.makeUnsafe(false) }
    sid = null
    const tickers = [...subscribed]
    Wishes.endSubscription(wishes)
    chunkMarkets = Math.max(Math.min(settings.chunkMarketsMin, chunkMarkets), half(chunkMarkets, 1))
    // First of all: whoever wakes when the frame is over must find that nothing is followed any more.
    recording.afterFrame.unshift(() => {
      if (tickers.length > 0) Journal.act(recording, epoch, { act: "unfollow", tickers, cause: "channel_error" })
      over.openUnsafe()
      work.openUnsafe()
    })
  }

  const probe = (): void => {
    isProbeDue = true
    proving.openUnsafe()
  }

  const prove = (ticker: MarketTicker): void => {
    toProve.add(ticker)
    proving.openUnsafe()
  }

  const tellProbe = Effect.suspend(() => {
    let sidAsked: number | null = null
    return dialogue.tell(
      (id) => {
        const marketTickers = [...subscribed].slice(0, settings.chunkMarketsMin)
        // To the end of the line: the next probe asks for others.
        for (const ticker of marketTickers) if (subscribed.delete(ticker)) subscribed.add(ticker)
        sidAsked = sid
        return sidAsked === null || marketTickers.length === 0
          ? { cmd: "list_subscriptions", id }
          : update(id, sidAsked, "get_snapshot", marketTickers)
      },
      (reply) => {
        if (reply._tag === "error" && isLost(reply, sidAsked)) recording.afterFrame.push(giveUp)
      }
    )
  })

  /** Rule 2. */
  const tellProve = Effect.suspend(() => {
    const chunk = [...toProve].slice(0, settings.chunkMarketsMax)
    for (const ticker of chunk) toProve.delete(ticker)
    const sidAsked = sid
    const marketTickers = chunk.filter((ticker) => subscribed.has(ticker) && !toLeave.has(ticker))
    if (sidAsked === null || marketTickers.length === 0) return Effect.void
    return dialogue.tell(
      (id) => update(id, sidAsked, "get_snapshot", marketTickers),
      () => {}
    )
  })

  const proveStep = Effect.gen(function* () {
    yield* proving.await
    proving.closeUnsafe()
    if (isProbeDue) {
      isProbeDue = false
      yield* tellProbe
    }
    while (toProve.size > 0) yield* tellProve
  })

  /** It lives, as far as we were told, but the exchange does not know it: no book is certain. */
  const isLost = (error: ErrorMessage, sidAsked: number | null): boolean =>
    error.code === unknownSubscription && sidAsked !== null && sid === sidAsked

  const giveUp = (): void =>
    socket.cut({ cause: "channel_error", detail: "the exchange lost the subscription to books" })

  /** After the exchange gave up on a subscription, one small chunk at a time, until it has borne the full size. */
  const lanesMax = (): number =>
    isNearlyFull || chunkMarkets < settings.chunkMarketsMax ? 1 : settings.commandsInFlightMax

  const takeJob = (): Job | null =>
    Wishes.takeLeaving(wishes, settings.chunkMarketsMax) ??
    (jobs < lanesMax() ? Wishes.takeRequests(wishes, chunkMarkets, sid !== null || !isOpening) : null)

  /** Whether the market is to be recorded, and on this connection. */
  const isHere = (ticker: MarketTicker): boolean => recording.cells.get(ticker)?.slot?.link?.epoch === epoch

  /** In the frame that acknowledges (rule 1). */
  const acknowledged = (requests: ReadonlyArray<Request>, over: Latch.Latch, reply: Reply): void => {
    // An answer of a subscription that is over by now (rule 4).
    if (reply._tag === "error" || subscription.over !== over) return
    sid = sid ?? reply.sid
    const tickers = requests.map(({ ticker }) => ticker)
    for (const ticker of tickers) {
      subscribed.add(ticker)
      if (!isHere(ticker)) toLeave.add(ticker)
    }
    Journal.follow(recording, epoch, tickers.filter(isHere))
  }

  /** Asks as `Dialogue` does, but does not wait for an answer about a subscription that is over. */
  const ask = (
    asked: BookSubscription,
    command: (id: number) => Command,
    onReply?: (reply: Reply) => void
  ): Effect.Effect<Option.Option<Reply>> =>
    Effect.raceFirst(dialogue.ask(command, onReply), Effect.as(asked.over.await, Option.none()))

  const add = Effect.fnUntraced(function* (chunk: ReadonlyArray<Request>): Effect.fn.Return<void> {
    // A market of a chunk that was refused may have been sent elsewhere meanwhile.
    const requests = chunk.filter(({ ticker }) => isHere(ticker))
    if (requests.length === 0) return
    const marketTickers = requests.map(({ ticker }) => ticker)
    const asked = subscription
    const sidAsked = sid
    adding++
    const reply = yield* ask(
      asked,
      (id) =>
        sidAsked === null
          ? { cmd: "subscribe", id, channels: [bookChannel], marketTickers, skipTickerAck: true, useYesPrice: false }
          : update(id, sidAsked, "add_markets", marketTickers),
      (each) => acknowledged(requests, asked.over, each)
    )
    adding--
    if (subscription !== asked) return putBack(requests)
    if (Option.isNone(reply)) {
      const companyMax = half(requests.length, 1)
      return putBack(requests.map((each) => ({ ...each, companyMax, isRepeated: true })))
    }
    if (reply.value._tag === "error") return yield* refused(requests, reply.value, sidAsked, add)
    const fresh = requests.filter((each) => !each.isRepeated)
    putBack(requests.filter((each) => each.isRepeated))
    for (const { done } of fresh) done(Effect.succeed(asked))
    yield* settle(fresh, asked)
    chunkMarkets = Math.min(settings.chunkMarketsMax, chunkMarkets + settings.chunkMarketsMin)
  })

  /** Rule 2. A request may have waited for the rest of its chunk until its market was let go of. */
  const isStillSubscribed = ({ ticker }: Request): boolean =>
    subscribed.has(ticker) && !toLeave.has(ticker) && isHere(ticker)

  const askSnapshots = Effect.fnUntraced(function* (chunk: ReadonlyArray<Request>): Effect.fn.Return<void> {
    const asked = subscription
    const sidAsked = sid
    const requests = chunk.filter(isStillSubscribed)
    if (sidAsked === null || requests.length < chunk.length) putBack(chunk.filter((each) => !isStillSubscribed(each)))
    if (sidAsked === null || requests.length === 0) return
    const marketTickers = requests.map(({ ticker }) => ticker)
    Journal.follow(recording, epoch, marketTickers)
    for (const { done } of requests) done(Effect.succeed(asked))
    // The answer is the snapshots; an `ok` may come, too. Markets whose snapshot does not come ask again.
    const refusal = Effect.flatMap(
      ask(asked, (id) => update(id, sidAsked, "get_snapshot", marketTickers)),
      (reply) => (Option.isSome(reply) && reply.value._tag === "error" ? Effect.succeed(reply.value) : Effect.never)
    )
    const error = yield* Effect.raceFirst(Effect.as(settle(requests, asked), null), refusal)
    if (error !== null) yield* refused(requests, error, sidAsked, askSnapshots)
  })

  const leave = Effect.fnUntraced(function* (tickers: ReadonlyArray<MarketTicker>): Effect.fn.Return<void> {
    const asked = subscription
    const sidAsked = sid
    if (sidAsked === null) return
    const reply = yield* ask(asked, (id) => update(id, sidAsked, "delete_markets", tickers))
    if (subscription !== asked) return
    const error = Option.isSome(reply) && reply.value._tag === "error" ? reply.value : null
    if (error !== null) yield* noticeError(error, sidAsked)
    if (subscription !== asked) return
    if (error !== null && (transientCodes.has(error.code) || tickers.length > 1)) {
      // It did not let go of any; one that it refuses to let go of is found by halves.
      const middle = Math.ceil(tickers.length / 2)
      yield* leave(tickers.slice(0, middle))
      return middle < tickers.length ? yield* leave(tickers.slice(middle)) : undefined
    }
    for (const ticker of tickers) leaving.delete(ticker)
    if (Option.isSome(reply) && error === null) return
    for (const ticker of tickers) leftUnanswered.add(ticker)
    const wanted = tickers.find((ticker) => queue.has(ticker))
    if (wanted !== undefined) startAnew(wanted)
  })

  /** What an error says of the connection rather than of the markets. */
  const noticeError = (error: ErrorMessage, sidAsked: number | null): Effect.Effect<void> => {
    if (isLost(error, sidAsked)) return Effect.sync(giveUp)
    return transientCodes.has(error.code) ? Effect.sleep(Duration.millis(transientMillis)) : Effect.void
  }

  /** Finds out which markets of a chunk are refused, by halves. */
  const refused = Effect.fnUntraced(function* (
    requests: ReadonlyArray<Request>,
    error: ErrorMessage,
    sidAsked: number | null,
    again: (half: ReadonlyArray<Request>) => Effect.Effect<void>
  ) {
    yield* noticeError(error, sidAsked)
    if (sid !== sidAsked || error.code === unknownSubscription || transientCodes.has(error.code)) {
      return putBack(requests)
    }
    if (error.code === tooManyMarkets && !isNearlyFull) {
      isNearlyFull = true
      // Others are still under way, and what they come to decides how many there is room for.
      if (adding > 0) return putBack(requests)
    }
    if (requests.length > 1) {
      const middle = Math.ceil(requests.length / 2)
      yield* again(requests.slice(0, middle))
      return yield* again(requests.slice(middle))
    }
    if (error.code === tooManyMarkets && subscribed.size > 0) return yield* full(requests)
    for (const { done, ticker } of requests) {
      done(Effect.fail(new MarketRefused({ marketTicker: ticker, code: error.code, detail: error.message })))
    }
  })

  /** One market more is too much. */
  const full = (requests: ReadonlyArray<Request>): Effect.Effect<void> => {
    if (adding > 0 || toLeave.size + leaving.size > 0) {
      return Effect.andThen(
        Effect.sleep(Duration.millis(transientMillis)),
        Effect.sync(() => putBack(requests))
      )
    }
    return onFull(subscribed.size, (ticker) => subscribed.has(ticker))
  }

  /** Waits for the books of these markets, but not for long. */
  const settle = (requests: ReadonlyArray<Request>, { over }: BookSubscription): Effect.Effect<void> =>
    Effect.forEach(requests, ({ ticker }) => recording.cells.get(ticker)?.trusted.await ?? Effect.void, {
      discard: true
    }).pipe(
      Effect.raceFirst(over.await),
      Effect.timeoutOption(Duration.millis(settings.chunkSettleMillisMax)),
      Effect.asVoid
    )

  const perform = (job: Job): Effect.Effect<void> => {
    switch (job._tag) {
      case "leave":
        return leave(job.tickers)
      case "add":
        return add(job.requests)
      case "snapshot":
        return askSnapshots(job.requests)
    }
  }

  const step = Effect.gen(function* () {
    yield* work.await
    // Markets that lost their book in the same frame ask one after the other: all of them first.
    yield* Effect.yieldNow
    const job = takeJob()
    if (job === null) {
      work.closeUnsafe()
      return
    }
    const opens = job._tag === "add" && sid === null
    jobs++
    if (opens) isOpening = true
    yield* perform(job)
    jobs--
    if (opens) isOpening = false
    work.openUnsafe()
  })

  const lanes = Array.from({ length: settings.commandsInFlightMax }, () => Effect.forever(step))
  return { request, remove, probe, prove, ended, run: Effect.raceAllFirst([...lanes, Effect.forever(proveStep)]) }
}

/** What is left of a number of markets after so many halvings, at least 1. */
const half = (markets: number, times: number): number => Math.max(1, Math.floor(markets / 2 ** times))

const update = (
  id: number,
  sid: number,
  action: "add_markets" | "delete_markets" | "get_snapshot",
  marketTickers: ReadonlyArray<MarketTicker>
): Command => ({ cmd: "update_subscription", id, sid, action, marketTickers })
