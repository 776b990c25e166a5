/**
 * One websocket that lives in the past: its commands are done at the moment of its replay, and what was recorded from there on is told when
 * it is due.
 *
 * 1. Before a command is done, everything received up to the moment is told; what the command adds begins right behind it.
 * 2. A change of what is followed opens another reader at that place (`ReplaySource`): it gives the new books and goes on with all.
 * 3. When a hole ends a subscription, a replay as fast as read stands still until its client has subscribed again: it would be hours on.
 * 4. Nothing is ever left out for a slow client: the telling waits for it, and so does a replay as fast as read; one with a speed falls
 *    behind its clock and catches up.
 */
import * as Book from "@kalshibook/core/Book"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import * as ReplayPace from "@kalshibook/core/ReplayPace"
import { type BookAnswer, History } from "@kalshibook/store/History"
import { type ReplayReader, ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Duration, Effect, Option, Queue } from "effect"
import * as KalshiCommands from "./KalshiCommands.ts"
import type { KalshiLink } from "./KalshiLink.ts"
import * as KalshiSession from "./KalshiSession.ts"
import * as KalshiTelling from "./KalshiTelling.ts"
import type { MessagePayments } from "./MessagePayments.ts"
import { nowMicros, type RunningReplay } from "./Replays.ts"

export interface ReplayPlayOptions extends MessagePayments {
  readonly session: KalshiSession.Session
  readonly replay: RunningReplay
  readonly link: KalshiLink
  /** Frames of the client; it is shut down when there come no more. */
  readonly inbox: Queue.Dequeue<string, never>
  /** Whether the client has sent more commands lately than it may. */
  readonly isTooFast: () => Effect.Effect<boolean>
}

/** Entries that are told between two looks at the client. */
const entriesAtOnce = 2_048
/** How long a client that was told of a hole has to subscribe again, before a replay as fast as read goes on without. */
const againMillisMax = 10_000
/** How long a replay as fast as read waits for another command after one. */
const settleMillis = 100
/** How often a clock that may be changed by others is looked at. */
const lookMillis = 100

/** Returns when the replay is over. */
export const run = Effect.fn("ReplayPlay.run")(function* (options: ReplayPlayOptions) {
  const { inbox, isTooFast, link, replay, session } = options
  const source = yield* ReplaySource
  const history = yield* History
  const endMicros = replay.address.toMicros ?? Number.MAX_SAFE_INTEGER
  let reader: ReplayReader | undefined
  let entries: ReadonlyArray<ReplayEntry> = []
  let at = 0
  /** Everything received up to this moment was told. */
  let toldMicros = yield* momentNow(replay)
  let interest = session.interest
  let isAtEnd = false
  /** Whether no command was done lately: a program subscribes with several, which mean one moment. */
  let isSettled = true

  /** Tells what was received up to the moment, some at a time. Returns whether there may be more. */
  const tell = Effect.fnUntraced(function* (untilMicros: number) {
    let left = entriesAtOnce
    while (left > 0) {
      if (at === entries.length) {
        const next = reader === undefined ? undefined : yield* reader.next
        if (next === undefined) {
          isAtEnd = reader !== undefined
          if (Number.isFinite(untilMicros)) toldMicros = Math.max(toldMicros, Math.min(untilMicros, lastMicros()))
          return false
        }
        entries = next
        at = 0
      }
      const entry = entries[at] as ReplayEntry
      if (entry.tsReceivedMicros > untilMicros) {
        toldMicros = Math.max(toldMicros, untilMicros)
        return false
      }
      KalshiTelling.entry(session, entry)
      toldMicros = entry.tsReceivedMicros
      at++
      left--
      if (session.interest !== interest) return true
    }
    return true
  })

  /** Behind it there is nothing to tell. */
  const lastMicros = (): number => Math.min(endMicros, reader?.toMicros ?? Number.POSITIVE_INFINITY) - 1

  const flush = Effect.gen(function* () {
    const { charged, frames } = KalshiSession.takeFrames(session)
    if (frames.length > 0) {
      yield* options.pay(charged)
      if (!link.send(frames)) options.giveBack(charged)
      yield* link.room
    }
    replay.pace = ReplayPace.toldUntil(replay.pace, toldMicros)
  })

  const reopen = Effect.gen(function* () {
    interest = session.interest
    entries = []
    at = 0
    isAtEnd = false
    if (session.subscriptions.size === 0) {
      reader = undefined
      return new Map<MarketTicker, BookAnswer>()
    }
    const books = session.subscriptions.get("orderbook_delta")?.markets
    const trades = session.subscriptions.get("trade")
    reader = yield* source.open({
      books: [...(books ?? [])],
      trades: trades === undefined ? [] : trades.markets === undefined ? "all" : [...trades.markets],
      lifecycle: session.subscriptions.has("market_lifecycle_v2"),
      fromMicros: toldMicros + 1,
      toMicros: endMicros
    })
    return new Map(reader.books.map((book) => [book.marketTicker, book]))
  })

  const bookOf = (marketTicker: MarketTicker) =>
    history.bookAt(marketTicker, toldMicros, "received").pipe(
      Effect.map(Option.some),
      Effect.catchTags({
        MarketNotRecorded: () => Effect.succeedNone,
        BeforeFirstRecord: () => Effect.succeedNone
      }),
      Effect.map(Option.getOrUndefined)
    )

  const answerAsks = Effect.gen(function* () {
    const found: ReadonlyMap<MarketTicker, BookAnswer> =
      session.interest === interest && reader !== undefined ? new Map() : yield* reopen
    for (const ask of KalshiSession.takeAsks(session)) {
      const book = ask.isFollowed ? found.get(ask.marketTicker) : yield* bookOf(ask.marketTicker)
      KalshiSession.answer(session, ask, stateOf(book))
    }
  })

  const obey = Effect.fnUntraced(function* (texts: ReadonlyArray<string>) {
    const moment = yield* momentNow(replay)
    const untilMicros = replay.pace.speed === ReplayPace.asFastAsRead ? toldMicros : Math.min(moment, endMicros - 1)
    while (yield* tell(untilMicros)) yield* flush
    for (const text of texts) {
      if (yield* isTooFast()) KalshiCommands.refuseText(session, text, 27)
      else KalshiCommands.execute(session, text)
    }
    if (session.interest !== interest || session.asks.length > 0) yield* answerAsks
    yield* flush
    isSettled = false
  })

  /** The next command, if it comes in time. */
  const next = (within: Duration.Duration) => Effect.timeoutOption(Queue.take(inbox), within)

  while (true) {
    const texts = yield* Queue.clear(inbox)
    if (texts.length > 0) {
      yield* obey(texts)
      continue
    }
    const isFast = replay.pace.speed === ReplayPace.asFastAsRead && !replay.pace.isPaused
    if (isFast && !isSettled) {
      const more = yield* next(Duration.millis(settleMillis))
      if (Option.isSome(more)) yield* obey([more.value])
      else isSettled = true
      continue
    }
    const moment = yield* momentNow(replay)
    if (reader !== undefined || !isFast) {
      const isMore = yield* tell(isFast ? Number.POSITIVE_INFINITY : Math.min(moment, endMicros - 1))
      yield* flush
      if (isFast && session.interest !== interest) {
        const again = yield* next(Duration.millis(againMillisMax))
        if (Option.isSome(again)) yield* obey([again.value])
        else interest = session.interest
        continue
      }
      if (isMore) continue
    }
    const isOver = isAtEnd && at === entries.length && (isFast || moment > lastMicros())
    if (isOver || (reader === undefined && moment >= endMicros)) return
    const dueMicros = entries[at]?.tsReceivedMicros ?? lastMicros() + 1
    const waitMicros = isFast ? lookMillis * 1_000 : ReplayPace.waitMicros(replay.pace, dueMicros, yield* nowMicros)
    const early = yield* next(Duration.millis(Math.min(lookMillis, Math.max(1, Math.ceil(waitMicros / 1_000)))))
    if (Option.isSome(early)) yield* obey([early.value])
  }
})

/** The moment up to which things are due. */
const momentNow = (replay: RunningReplay): Effect.Effect<number> =>
  Effect.map(nowMicros, (now) => ReplayPace.momentAt(replay.pace, now))

const stateOf = (answer: BookAnswer | undefined): KalshiSession.BookState => {
  if (answer === undefined || answer.trust._tag === "unknown") return { _tag: "none" }
  if (answer.trust._tag === "stale") return { _tag: "stale", gap: answer.trust.gap }
  return { _tag: "known", levels: Book.levels(answer.book) }
}
