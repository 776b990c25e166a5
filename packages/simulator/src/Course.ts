/** What makes things happen on the exchange: invented traders, or a recording. Moves only when told. */
import type { Exchange } from "./exchange/Exchange.ts"
import type { ExchangeSettings } from "./exchange/ExchangeSettings.ts"
import * as Simulation from "./exchange/Simulation.ts"
import * as Playback from "./recording/Playback.ts"
import type { Recording } from "./recording/Recording.ts"
import type { Feed } from "./session/Feed.ts"

export interface Course {
  readonly exchange: Exchange
  /** The invented exchange; `undefined` when a recording is played. */
  readonly simulation: Simulation.Simulation | undefined
  /** The recording that is played; `undefined` for an invented exchange. */
  readonly playback: Playback.Playback | undefined
  /** Follows this machine's time within the limits. */
  readonly follow: (feed: Feed, nowMillis: number, limits: FollowLimits) => void
  /** Lets the next `count` things happen. */
  readonly step: (count: number) => void
  /** Lets time pass. */
  readonly advance: (feed: Feed, millis: number) => void
}

export interface FollowLimits {
  /** Time that is made up at most in one go. */
  readonly catchUpMillisMax: number
  /** How far the exchange may be behind before its traders rest to let it catch up. */
  readonly lagMillisMax: number
}

/** Invented traders. */
export const invented = (settings: ExchangeSettings): Course => {
  const simulation = Simulation.make(settings)
  const { exchange } = simulation
  return {
    exchange,
    simulation,
    playback: undefined,
    follow: (_, nowMillis, { catchUpMillisMax, lagMillisMax }) => {
      Simulation.skipTo(simulation, (nowMillis - lagMillisMax) * 1000)
      Simulation.advanceTo(simulation, Math.min(exchange.nowMicros + catchUpMillisMax * 1000, nowMillis * 1000))
    },
    step: (count) => Simulation.step(simulation, count),
    advance: (_, millis) => Simulation.advanceTo(simulation, exchange.nowMicros + millis * 1000)
  }
}

/** A recording, played once. */
export const recorded = (settings: ExchangeSettings, recording: Recording, pace: Playback.Pace): Course => {
  const playback = Playback.make(settings, recording, pace)
  let handMillis = 0
  return {
    exchange: playback.exchange,
    simulation: undefined,
    playback,
    follow: (feed, nowMillis) => Playback.advance(playback, nowMillis, followersOf(feed, recording)),
    step: (count) => Playback.step(playback, count),
    advance: (feed, millis) => {
      if (playback.startedMillis === undefined) Playback.advance(playback, handMillis, followersOf(feed, recording))
      handMillis += millis
      Playback.advance(playback, handMillis, followersOf(feed, recording))
    }
  }
}

const followersOf = (feed: Feed, recording: Recording): Playback.Followers => {
  const books = feed.followers.get("orderbook_delta")
  let backlogBytes = 0
  for (const session of feed.sessions.values()) backlogBytes = Math.max(backlogBytes, session.outlet.backlogBytes())
  return { areComplete: recording.markets.every((market) => books?.has(market.marketTicker) === true), backlogBytes }
}
