/**
 * A recording as an exchange: its markets, and its frames one after another through the same books, truth and numbering as an
 * invented exchange's. A client that asks for what the recorded one asked for gets the recorded bytes.
 */

import * as Exchange from "../exchange/Exchange.ts"
import type { ExchangeSettings } from "../exchange/ExchangeSettings.ts"
import type { SimMarket } from "../exchange/MarketModel.ts"
import * as PriceStructure from "../exchange/PriceStructure.ts"
import type { RecordedMarket, Recording } from "./Recording.ts"

/** `recorded`: as far apart as the exchange's own times. `as_read`: as fast as the slowest follower takes them. */
export type Pace = "recorded" | "as_read"

export interface Playback {
  readonly exchange: Exchange.Exchange
  readonly recording: Recording
  readonly pace: Pace
  /** The next frame to play. */
  position: number
  /** When the first frame was played, milliseconds of the owner's clock. */
  startedMillis: number | undefined
}

/** Frames played at most in one go, and the backlog of followers at which `as_read` waits. */
const framesPerAdvanceMax = 10_000
const backlogBytesMax = 1024 * 1024
/** The market opened this long before the first frame, and closes this long after the start of the playback. */
const openedBeforeMicros = 15 * 60_000_000
const closesAfterMicros = 86_400_000_000

export const make = (settings: ExchangeSettings, recording: Recording, pace: Pace): Playback => {
  const firstMicros = recording.frames[0]?.tsMicros ?? settings.startMicros
  const exchange = Exchange.make({ ...settings, startMicros: firstMicros })
  const closeMicros = settings.startMicros + closesAfterMicros
  const prices = pricesOf(recording)
  for (const market of recording.markets) {
    const structure = PriceStructure.coarsestWith(prices.get(market.marketTicker) ?? new Set())
    addMarket(exchange, market, structure, { openMicros: firstMicros - openedBeforeMicros, closeMicros })
    exchange.recordedSnapshots.set(market.marketTicker, market.snapshotTail)
  }
  return { exchange, recording, pace, position: 0, startedMillis: undefined }
}

/** The prices that the recording has of each market. */
const pricesOf = (recording: Recording): ReadonlyMap<string, ReadonlySet<number>> => {
  const prices = new Map<string, Set<number>>(recording.markets.map(({ marketTicker }) => [marketTicker, new Set()]))
  const note = ({ levels, marketTicker }: Pick<RecordedMarket, "levels" | "marketTicker">): void => {
    for (const { priceE4 } of [...levels.yes, ...levels.no]) prices.get(marketTicker)?.add(priceE4)
  }
  for (const market of recording.markets) note(market)
  for (const { message } of recording.frames) {
    if (message._tag === "orderbook_delta") prices.get(message.marketTicker)?.add(message.priceE4)
    if (message._tag === "orderbook_snapshot") note(message)
  }
  return prices
}

const addMarket = (
  exchange: Exchange.Exchange,
  { levels, marketId, marketTicker }: RecordedMarket,
  structure: PriceStructure.PriceStructure,
  times: { readonly openMicros: number; readonly closeMicros: number }
): void => {
  const eventTicker = marketTicker.includes("-") ? marketTicker.slice(0, marketTicker.lastIndexOf("-")) : marketTicker
  const seriesTicker = marketTicker.split("-")[0] ?? marketTicker
  const tsUpdatedMicros = times.openMicros
  const event =
    exchange.events.get(eventTicker) ??
    Exchange.addEvent(exchange, {
      ticker: eventTicker,
      series: exchange.series.get(seriesTicker) ?? {
        ticker: seriesTicker,
        title: seriesTicker,
        category: "Recorded",
        tags: [],
        frequency: "custom",
        tsUpdatedMicros
      },
      title: eventTicker,
      subTitle: "",
      mutuallyExclusive: false,
      feeOverride: undefined,
      tsUpdatedMicros
    })
  const market: Omit<SimMarket, "index" | "book"> = {
    ticker: marketTicker,
    marketId,
    event,
    title: marketTicker,
    yesSubTitle: marketTicker,
    strike: { _tag: "custom", words: marketTicker },
    structure,
    status: "active",
    tsCreatedMicros: times.openMicros,
    tsUpdatedMicros,
    tsOpenMicros: times.openMicros,
    tsCloseMicros: times.closeMicros,
    settlementTimerSeconds: 1,
    result: "",
    tsSettledMicros: undefined,
    lastPriceE4: 0,
    lastTradeSizeE2: 0,
    volumeE2: 0,
    openInterestE2: 0,
    fairE4: 0,
    weight: 0,
    levelsWanted: 0
  }
  Exchange.addMarket(exchange, market, levels)
}

/** Whether all has been played. */
const isOver = (playback: Playback): boolean => playback.position >= playback.recording.frames.length

/** Plays the next `count` frames. */
export const step = (playback: Playback, count: number): void => {
  const { exchange, recording } = playback
  for (let played = 0; played < count && !isOver(playback); played++) {
    const frame = recording.frames[playback.position++]
    const market = frame === undefined ? undefined : exchange.markets.get(frame.message.marketTicker)
    if (frame === undefined || market === undefined) return
    exchange.nowMicros = Math.max(exchange.nowMicros, frame.tsMicros)
    exchange.stampMicros = Math.max(exchange.stampMicros, frame.tsMicros)
    const { message, tail } = frame
    if (message._tag === "orderbook_delta") {
      Exchange.changeLevel(exchange, market, message.side, message.priceE4, message.deltaE2, tail)
    } else if (message._tag === "orderbook_snapshot") {
      Exchange.replaceBook(exchange, market, message.levels, tail)
    } else {
      Exchange.recordTrade(exchange, market, message)
    }
  }
}

/** What the followers of the recording are up to. */
export interface Followers {
  /** Whether every market of the recording is followed by somebody. */
  readonly areComplete: boolean
  /** The most that any of them has not read yet. */
  readonly backlogBytes: number
}

/** Plays what is due. Begins when every market of the recording is followed. */
export const advance = (playback: Playback, nowMillis: number, followers: Followers): void => {
  if (isOver(playback)) return
  if (playback.startedMillis === undefined) {
    if (!followers.areComplete) return
    playback.startedMillis = nowMillis
  }
  if (playback.pace === "as_read") {
    if (followers.backlogBytes < backlogBytesMax) step(playback, framesPerAdvanceMax)
    return
  }
  const { frames } = playback.recording
  const untilMicros = (frames[0]?.tsMicros ?? 0) + (nowMillis - playback.startedMillis) * 1000
  let due = 0
  while (
    due < framesPerAdvanceMax &&
    (frames[playback.position + due]?.tsMicros ?? Number.POSITIVE_INFINITY) <= untilMicros
  )
    due++
  step(playback, due)
}
