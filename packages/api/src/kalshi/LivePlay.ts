/**
 * One websocket that follows the exchange live, out of the memory of this node: commands are done at once, and each update is told when it
 * comes.
 *
 * A client that reads too slowly loses its subscriptions (error 25), as on the exchange; one that reads nothing is cut.
 */
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { LiveLog } from "@kalshibook/core/FeedMessage"
import { Duration, Effect, Option, Queue } from "effect"
import { LiveMarkets, type LiveUpdate } from "../live/LiveMarkets.ts"
import * as KalshiCommands from "./KalshiCommands.ts"
import type { KalshiLink } from "./KalshiLink.ts"
import * as KalshiSession from "./KalshiSession.ts"
import * as KalshiTelling from "./KalshiTelling.ts"
import type { MessagePayments } from "./MessagePayments.ts"

export interface LivePlayOptions extends MessagePayments {
  readonly session: KalshiSession.Session
  readonly link: KalshiLink
  /** Frames of the client; it is shut down when there come no more. */
  readonly inbox: Queue.Dequeue<string, never>
  readonly isTooFast: () => Effect.Effect<boolean>
}

/** What a client may leave unread before it loses its subscriptions, and before it is cut. */
const backlogBytesMax = 8 * 1024 * 1024
const backlogBytesCut = 2 * backlogBytesMax
/** How often it is looked whether the recorder is heard, and messages are paid for. */
const lookMillis = 1_000

/** Never returns: ends with the connection, or fails when it cannot be paid any more. */
export const run = Effect.fn("LivePlay.run")(function* ({
  inbox,
  isTooFast,
  link,
  more,
  paySent,
  session
}: LivePlayOptions) {
  const found = yield* Effect.serviceOption(LiveMarkets)
  // impossible: a connection that is live is refused where there is none
  if (Option.isNone(found)) return yield* Effect.die("nothing is told live here")
  const live = found.value
  let isHeard = live.state().state === "live"
  /** Messages that were written and are not paid for. */
  let unpaid = 0

  const bookOf = (log: Option.Option<LiveLog>): KalshiSession.BookState => {
    if (Option.isNone(log) || log.value.trust._tag === "unknown") return { _tag: "none" }
    const { last, levels, trust } = log.value
    if (trust._tag === "stale") return { _tag: "stale", gap: trust.gap }
    if (live.state().state === "live") return { _tag: "known", levels }
    const tsReceivedMicros = live.state().tsReceivedMicros + 1
    const gap = { ...last, kind: "gap", cause: "recorder_stopped", tsReceivedMicros, seq: 0 } as const
    return { _tag: "stale", gap: { ...gap, tsDetectedMicros: tsReceivedMicros } }
  }

  const flush = (): void => {
    for (const ask of KalshiSession.takeAsks(session)) {
      KalshiSession.answer(session, ask, bookOf(live.logOf(ask.marketTicker)))
    }
    if (link.backlogBytes() > backlogBytesMax && session.subscriptions.size > 0) {
      KalshiSession.takeFrames(session)
      for (const on of [...session.subscriptions.values()]) {
        KalshiSession.overflow(session, on, `${backlogBytesMax} bytes are sent and not read`)
      }
    }
    if (link.backlogBytes() > backlogBytesCut) link.cut()
    const { charged, frames } = KalshiSession.takeFrames(session)
    if (link.send(frames)) unpaid += charged
  }

  /** Asks for the books of all that is followed and not known: they may be now. */
  const askUnknown = (): void => {
    const on = session.subscriptions.get("orderbook_delta")
    for (const marketTicker of on?.markets ?? []) {
      if (on === undefined || on.known.has(marketTicker)) continue
      const state = bookOf(live.logOf(marketTicker))
      if (state._tag === "known") session.asks.push({ on, marketTicker, id: null, isFollowed: true })
    }
  }

  yield* live.listen((update: LiveUpdate) => {
    KalshiTelling.broken(session, update.resynced.keys(), "what was received since was not told here")
    if (update.untold !== null) tellHole(session, update.untold.afterMicros + 1)
    for (const records of update.recordsByMarket.values()) {
      for (const record of records) KalshiTelling.record(session, record)
    }
    for (const gap of update.channelGaps) KalshiTelling.channelGap(session, gap)
    for (const trade of update.trades) KalshiTelling.trade(session, trade)
    for (const message of update.lifecycle) KalshiTelling.lifecycle(session, message)
    if (!isHeard || update.resynced.size > 0) askUnknown()
    isHeard = true
    flush()
  })

  const look = Effect.gen(function* () {
    yield* Effect.sleep(Duration.millis(lookMillis))
    if (isHeard && live.state().state === "lost") {
      isHeard = false
      const why = "the recorder is not heard"
      KalshiTelling.allBroken(session, holeFrom(live.state().tsReceivedMicros + 1), why)
      flush()
    }
    unpaid -= paySent(unpaid)
    while (unpaid > 0) {
      yield* more
      unpaid -= paySent(unpaid)
    }
  })

  const obey = Effect.gen(function* () {
    const text = yield* Queue.take(inbox)
    if (yield* isTooFast()) KalshiCommands.refuseText(session, text, 27)
    else KalshiCommands.execute(session, text)
    flush()
    yield* link.room
  })

  return yield* Effect.raceFirst(Effect.forever(obey), Effect.forever(look)).pipe(
    Effect.ensuring(Effect.sync(() => paySent(unpaid)))
  )
})

const holeFrom = (tsFromMicros: number): ChannelGap => ({
  channel: "trade",
  epoch: 0,
  sid: 0,
  seqFrom: 0,
  seqTo: null,
  cause: "recorder_stopped",
  tsFromMicros,
  tsDetectedMicros: tsFromMicros,
  tsToMicros: null
})

const tellHole = (session: KalshiSession.Session, fromMicros: number): void => {
  for (const channel of ["trade", "market_lifecycle_v2"] as const) {
    KalshiTelling.channelGap(session, { ...holeFrom(fromMicros), channel })
  }
}
