/**
 * What is recorded as the frames that the exchange would send. The text behind sid and seq is made once for all who follow.
 *
 * Not as on the exchange: `market_id` is one of ours (`MarketUuid`), and there is no `sending_ts_ms`, for that is when the exchange sent.
 */
import type { BookLevels, DeltaRecord, GapRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import { noUnknownFields, type ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import { timeText } from "@kalshibook/core/kalshi/WireText"
import { swapLevels, swapScale } from "@kalshibook/core/kalshi/YesPrice"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { contractsFromSizeE2, dollarsFromPriceE4, isoFromMicros } from "@kalshibook/core/Units"
import * as MarketUuid from "./MarketUuid.ts"

/** A frame less its sid and seq. */
export interface FrameTail {
  readonly type: string
  /** What follows `"seq":N`, from the comma to the newline. */
  readonly text: string
}

/** The whole frame. */
export const numbered = (tail: FrameTail, sid: number, seq: number): string =>
  `{"type":"${tail.type}","sid":${sid},"seq":${seq}${tail.text}`

const headLength = '{"type":"","sid":0,"seq":0'.length

/** Cuts the head off a message that was made with sid 0 and seq 0. */
const tailOf = (message: ServerMessage): FrameTail => ({
  type: message._tag,
  text: encode(message).slice(message._tag.length + headLength)
})

/** Made once for each record and scale, however many follow. */
const deltaTails = [new WeakMap<DeltaRecord, FrameTail>(), new WeakMap<DeltaRecord, FrameTail>()] as const

/** Nine frames of ten are this one: put together by hand, as `Wire.encode` would write it. */
export const delta = (record: DeltaRecord, useYesPrice: boolean): FrameTail => {
  const made = deltaTails[useYesPrice ? 1 : 0]
  const known = made.get(record)
  if (known !== undefined) return known
  const { deltaE2, marketTicker, side, tsExchangeMicros: micros } = record
  const priceE4 = useYesPrice ? swapScale(side, record.priceE4) : record.priceE4
  const times = micros === null ? "" : `,"ts":"${timeText(micros)}","ts_ms":${Math.floor(micros / 1000)}`
  const tail = {
    type: "orderbook_delta",
    text:
      `,"msg":{"market_ticker":${JSON.stringify(marketTicker)},"market_id":"${MarketUuid.of(marketTicker)}","price_dollars":"${dollarsFromPriceE4(priceE4)}"` +
      `,"delta_fp":"${contractsFromSizeE2(deltaE2)}","side":"${side}"${times}}}\n`
  }
  made.set(record, tail)
  return tail
}

export interface SnapshotFrame {
  readonly sid: number
  readonly seq: number
  readonly id: number | null
  readonly marketTicker: MarketTicker
  readonly levels: BookLevels
}

export const snapshot = (frame: SnapshotFrame, useYesPrice: boolean): string =>
  encode({
    _tag: "orderbook_snapshot",
    ...frame,
    marketId: MarketUuid.of(frame.marketTicker),
    levels: useYesPrice ? swapLevels(frame.levels) : frame.levels,
    unknownFields: noUnknownFields
  })

const tradeTails = new WeakMap<TradeRecord, FrameTail>()

export const trade = (record: TradeRecord): FrameTail => {
  const known = tradeTails.get(record)
  if (known !== undefined) return known
  const { isBlockTrade, marketTicker, sizeE2, takerSide, tradeId, tsExchangeMicros, yesPriceE4 } = record
  const told = { isBlockTrade, marketTicker, sizeE2, takerSide, tradeId, tsExchangeMicros, yesPriceE4 }
  const tail = tailOf({ _tag: "trade", sid: 0, seq: 0, ...told, unknownFields: noUnknownFields })
  tradeTails.set(record, tail)
  return tail
}

/** Its body as it was received. */
export const lifecycle = ({ body, eventType, ticker }: LifecycleRecord): FrameTail => {
  const facts = { sid: 0, seq: 0, body, unknownFields: noUnknownFields }
  return eventType === "event_lifecycle" || eventType === "event_fee_update"
    ? tailOf({ _tag: eventType, eventTicker: ticker, ...facts })
    : tailOf({ _tag: "market_lifecycle_v2", marketTicker: ticker, eventType, ...facts })
}

/**
 * A frame of ours, for clients that ask for it: from here on the book is not known, until its next snapshot. It has no seq, so that who
 * does not know it counts on.
 */
export const gapFrame = (sid: number, gap: GapRecord): string =>
  ownFrame(sid, {
    market_ticker: gap.marketTicker,
    cause: gap.cause,
    ts_from: isoFromMicros(gap.tsReceivedMicros),
    ts_from_ms: Math.floor(gap.tsReceivedMicros / 1000)
  })

/** The same where it is only known that something was not told; the book itself follows at once, or when it is known. */
export const missedFrame = (sid: number, marketTicker: MarketTicker, why: string): string =>
  ownFrame(sid, { market_ticker: marketTicker, cause: "missed", detail: why })

/** The same of a channel: messages may be missing from here on. */
export const channelGapFrame = (sid: number, { cause, channel, tsFromMicros, tsToMicros }: ChannelGap): string =>
  ownFrame(sid, {
    channel,
    cause,
    ts_from: isoFromMicros(tsFromMicros),
    ts_from_ms: Math.floor(tsFromMicros / 1000),
    ts_to: tsToMicros === null ? null : isoFromMicros(tsToMicros)
  })

const ownFrame = (sid: number, msg: object): string => `${JSON.stringify({ type: "kalshibook_gap", sid, msg })}\n`
