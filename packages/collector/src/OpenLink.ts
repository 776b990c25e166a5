/**
 * A connection that is open, which is an epoch, and what it takes to keep it busy: every frame is decoded and recorded in the
 * socket's own callback.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { EventLifecycle, MarketLifecycle, ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import { Effect, Latch } from "effect"
import type { CollectorSettings } from "./CollectorSettings.ts"
import * as Dialogue from "./Dialogue.ts"
import type { ExchangeAccess } from "./ExchangeAccess.ts"
import * as Journal from "./Journal.ts"
import type * as KalshiSocket from "./KalshiSocket.ts"
import * as Placement from "./Placement.ts"
import { finishFrame, noticeLifecycle, noticeTrade, type RecordingState } from "./Recording.ts"
import * as SideChannels from "./SideChannels.ts"
import type { Link, Slot } from "./Slots.ts"
import * as Subscriber from "./Subscriber.ts"

export interface OpenLink extends Link {
  /** What is to be done with its frames. */
  readonly listener: KalshiSocket.SocketListener
  /** Asks for what is wanted of it, for as long as it lives. */
  readonly run: Effect.Effect<never>
}

export interface OpenLinkParts {
  readonly access: Pick<ExchangeAccess["Service"], "source" | "wsUrl">
  readonly recording: RecordingState
  readonly settings: CollectorSettings
  readonly isResting: () => boolean
}

/** Begins an epoch in the slot. */
export const make = (parts: OpenLinkParts, slot: Slot, socket: KalshiSocket.KalshiSocket): OpenLink => {
  const { access, isResting, recording, settings } = parts
  const epoch = recording.epochNext++
  Journal.act(recording, epoch, { act: "open", slot: slot.number, url: access.wsUrl, source: access.source })
  const heard: KalshiSocket.KalshiSocket = {
    ...socket,
    send: (text) => {
      Journal.sent(recording, epoch, text)
      socket.send(text)
    }
  }
  const dialogue = Dialogue.make(heard, settings)
  const onFull = full(recording, slot)
  const subscriber = Subscriber.make({ dialogue, epoch, socket, recording, settings, onFull })
  const side = SideChannels.make(dialogue, settings, (channel) => {
    if (channel !== SideChannels.lifecycle) return
    recording.tsLifecycleMicros = recording.clock.nowMicros()
    recording.missed.openUnsafe()
  })
  const link: OpenLink = {
    epoch,
    subscriber,
    socket,
    subscriptionEnded: (channel) => {
      if (channel === Subscriber.bookChannel) subscriber.ended()
      else recording.afterFrame.push(() => side.ended(channel))
    },
    gone: Latch.makeUnsafe(false),
    listener: {
      onFrame: (frame, tsReceivedMicros) => {
        slot.frames++
        const message = Journal.receive(recording, epoch, frame, tsReceivedMicros)
        if (message._tag === "subscribed" || message._tag === "ok" || message._tag === "error") dialogue.take(message)
        else if (isLifecycle(message)) noticeLifecycle(recording, message, tsReceivedMicros)
        else if (message._tag === "trade") noticeTrade(recording, message.marketTicker)
        finishFrame(recording)
        // Trades may flow on while the books stand still.
        const isBook = message._tag === "orderbook_delta" || message._tag === "orderbook_snapshot"
        return isBook || recording.recorder.connections.get(epoch)?.followed.size === 0
      },
      onQuiet: subscriber.probe,
      isResting
    },
    run: slot.number === 0 ? Effect.raceFirst(subscriber.run, side.run) : subscriber.run
  }
  slot.link = link
  slot.connections++
  recording.sight.connectionsOpened++
  slot.connection = `connected (epoch ${epoch})`
  slot.sinceMicros = recording.clock.nowMicros()
  slot.linked.openUnsafe()
  return link
}

const isLifecycle = (message: ServerMessage): message is MarketLifecycle | EventLifecycle =>
  message._tag === "market_lifecycle_v2" ||
  message._tag === "multivariate_market_lifecycle" ||
  message._tag === "event_lifecycle"

/**
 * The exchange bears no more markets on the connection (error 26): no connection is given more from now on, and those that are not
 * sent go elsewhere.
 */
const full =
  (recording: RecordingState, slot: Slot) =>
  (marketsMax: number, isSent: (ticker: MarketTicker) => boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { slots } = recording
      const isNews = marketsMax < slots.marketsPerConnectionMax
      if (isNews) slots.marketsPerConnectionMax = marketsMax
      Placement.vacate(
        recording,
        [...slot.tickers].filter((ticker) => !isSent(ticker))
      )
      return isNews
        ? Effect.logWarning(
            `the exchange bears ${marketsMax} markets on a connection: the others go to other connections`
          )
        : Effect.void
    })
