/**
 * Past messages for one reader, in one order of time, as fast as it wants and as fast as it reads.
 *
 * A replay never outruns its reader: it waits for room, whatever the reader chose for live messages. What is due at once goes out in one piece.
 */

import * as Book from "@kalshibook/core/Book"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as ChannelGapView from "@kalshibook/core/contract/ChannelGapView"
import * as LifecycleView from "@kalshibook/core/contract/LifecycleView"
import type { Channel, ReplaySpeed } from "@kalshibook/core/contract/stream/StreamCommands"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import * as TradeView from "@kalshibook/core/contract/TradeView"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import * as ReplayPace from "@kalshibook/core/ReplayPace"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { InTheFuture } from "@kalshibook/store/History"
import type { ReplayReader, ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Cause, Clock, Effect, Fiber } from "effect"
import * as Fanout from "./Fanout.ts"
import * as LogMessages from "./LogMessages.ts"
import * as Piece from "./Piece.ts"
import type { PreparedReplay, Reader } from "./Reader.ts"
import type { Selected } from "./Selecting.ts"
import * as Session from "./Session.ts"

export interface ReplayWish {
  readonly channels: ReadonlyArray<Channel>
  readonly selected: Selected
  readonly fromMicros: number
  readonly toMicros: number
  readonly speed: ReplaySpeed
}

interface Place {
  readonly fanout: Fanout.Fanout
  readonly source: ReplaySource["Service"]
  readonly reader: Reader
}

/** Messages of one piece at most. */
const messagesPerPieceMax = 500

/** A replay looks at its clock so often, at least: commands take effect within this time. */
const lookMillis = 10

const nowMicros = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000n))

/** Begins a replay; the books of its first moment come at once. */
export const start = Effect.fn("Stream.replay")(function* (
  place: Place,
  wish: ReplayWish,
  isPaused = false
): Effect.fn.Return<PreparedReplay, InTheFuture | LogError> {
  const opened = yield* open(place.source, wish)
  let { speed } = wish
  let pace = ReplayPace.start(wish.fromMicros, paceOf(speed), yield* nowMicros)
  if (isPaused) pace = ReplayPace.pause(pace, yield* nowMicros)
  let atMicros = wish.fromMicros
  const marketCount = opened.books.length
  const clock = yield* Clock.Clock
  const now = () => Number(clock.currentTimeNanosUnsafe() / 1_000n)

  const follow = Effect.gen(function* () {
    const { fanout, reader } = place
    const told = telling(wish)
    for (const { book, last, trust } of opened.books) {
      const standing = { last, trust, levels: Book.levels(book) }
      yield* send(place, [{ type: "snapshot", ...LogMessages.ofBook(standing) }])
      told.places.set(last.marketTicker, LogMessages.placeOfBook(standing))
    }
    while (true) {
      const entries = yield* opened.next
      if (entries === undefined) break
      for (let next = 0; next < entries.length; ) {
        const first = entries[next] as ReplayEntry
        const waitMicros = ReplayPace.waitMicros(pace, first.tsReceivedMicros, now())
        if (waitMicros > 0) {
          yield* Effect.sleep(Math.min(lookMillis, Math.ceil(waitMicros / 1_000)))
          continue
        }
        const due = speed === "max" ? Number.POSITIVE_INFINITY : ReplayPace.momentAt(pace, now())
        const messages: Array<ServerMessage> = []
        while (next < entries.length && messages.length < messagesPerPieceMax) {
          const entry = entries[next] as ReplayEntry
          if (entry.tsReceivedMicros > due) break
          told.add(messages, entry)
          atMicros = Math.max(atMicros, entry.tsReceivedMicros)
          next++
        }
        if (messages.length > 0) yield* send(place, messages)
      }
    }
    while (ReplayPace.waitMicros(pace, opened.toMicros, now()) > 0) yield* Effect.sleep(lookMillis)
    atMicros = opened.toMicros
    reader.replay = undefined
    Fanout.say(fanout, reader.session, [
      { type: "replay", id: null, state: "ended", at: isoFromMicros(atMicros), speed, markets: marketCount }
    ])
  }).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.andThen(
            Effect.logError("a replay failed", cause),
            Effect.sync(() => Fanout.end(place.fanout, place.reader.session, "failed"))
          )
    )
  )

  let fiber: Fiber.Fiber<void> | undefined
  return {
    replay: {
      stop: Effect.suspend(() => (fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(fiber)))),
      atMicros: () =>
        speed === "max" ? atMicros : Math.max(atMicros, Math.min(opened.toMicros, ReplayPace.momentAt(pace, now()))),
      isPaused: () => pace.isPaused,
      setPaused: (isHeld) => {
        pace = isHeld ? ReplayPace.pause(pace, now()) : ReplayPace.resume(pace, now())
      },
      speed: () => speed,
      setSpeed: (next) => {
        if (speed === "max") pace = ReplayPace.seek(pace, atMicros, now())
        speed = next
        pace = ReplayPace.withSpeed(pace, paceOf(next), now())
      },
      markets: marketCount,
      again: (fromMicros, nextSpeed) => start(place, { ...wish, fromMicros, speed: nextSpeed }, pace.isPaused)
    },
    go: () => {
      pace = ReplayPace.seek(pace, wish.fromMicros, now())
      fiber = place.reader.run(follow)
    }
  }
})

const paceOf = (speed: ReplaySpeed): number => (speed === "max" ? ReplayPace.asFastAsRead : speed)

const open = (
  source: ReplaySource["Service"],
  { channels, fromMicros, selected, toMicros }: ReplayWish
): Effect.Effect<ReplayReader, InTheFuture | LogError> => {
  const markets = selected.all ? ("all" as const) : [...new Set([...selected.named, ...selected.families.keys()])]
  return source.open({
    books: channels.includes("book") ? markets : [],
    trades: channels.includes("trades") ? markets : [],
    lifecycle: channels.includes("lifecycle"),
    fromMicros,
    toMicros
  })
}

/** Entries as messages. Lifecycle messages come of everything, and those of others are left out. */
export const telling = ({ channels, selected }: Pick<ReplayWish, "channels" | "selected">) => {
  const places = new Map<MarketTicker, LogMessages.LogPlace>()
  const tellsTrades = channels.includes("trades")
  const tellsLifecycle = channels.includes("lifecycle")
  const events = new Set([...selected.events, ...[...selected.families.values()].map(({ event }) => event)])
  const isWanted = (ticker: string) =>
    selected.all || selected.named.has(ticker) || selected.families.has(ticker) || events.has(ticker)
  const add = (messages: Array<ServerMessage>, entry: ReplayEntry): void => {
    switch (entry.kind) {
      case "trade":
        messages.push({ type: "trade", ...TradeView.view(entry.trade) })
        return
      case "lifecycle":
        if (isWanted(entry.message.ticker)) messages.push({ type: "lifecycle", ...LifecycleView.view(entry.message) })
        return
      case "channel_gap": {
        const channel = entry.gap.channel === "trade" ? "trades" : "lifecycle"
        if (channel === "trades" ? !tellsTrades : !tellsLifecycle) return
        messages.push({ type: "channel_gap", channel, ...ChannelGapView.lifecycleView(entry.gap) })
        return
      }
      default: {
        const before = places.get(entry.marketTicker) ?? { offset: entry.offset - 1, epoch: 0, gap: undefined }
        const records = [entry]
        messages.push(...LogMessages.ofRecords(before, records))
        places.set(entry.marketTicker, LogMessages.placeAfter(before, records))
      }
    }
  }
  return { places, add }
}

/** Waits until there is room, and says it. */
export const send = Effect.fnUntraced(function* (
  { fanout, reader: { more, session } }: Pick<Place, "fanout" | "reader">,
  messages: ReadonlyArray<ServerMessage>
) {
  while (!session.isEnding) {
    session.linkBytes = session.link.waitingBytes()
    if (Session.waitingBytes(session) < session.bounds.totalBytesMax / 2) break
    yield* Effect.sleep(lookMillis)
  }
  while (!session.isEnding && !Session.pay(session, messages.length)) yield* more
  if (session.isEnding) return yield* Effect.interrupt
  if (Session.sayPiece(session, Piece.make(messages))) Fanout.wait(fanout, session)
  else Fanout.end(fanout, session, "slow_reader")
})
