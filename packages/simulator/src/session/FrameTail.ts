/**
 * The frames of what happens on the exchange, without sid and seq: the text behind them, which all subscriptions share.
 */
import { noUnknownFields, type ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import { timeText } from "@kalshibook/core/kalshi/WireText"
import { swapScale } from "@kalshibook/core/kalshi/YesPrice"
import { contractsFromSizeE2, dollarsFromPriceE4 } from "@kalshibook/core/Units"
import type { Exchange } from "../exchange/Exchange.ts"
import type { LifecycleNotice, SimMarket, SimTrade } from "../exchange/MarketModel.ts"
import type { LevelChange } from "../exchange/Truth.ts"
import * as TickerMessage from "./TickerMessage.ts"

/** A frame less its sid and seq. */
export interface FrameTail {
  /** The message's type. */
  readonly type: string
  /** What follows `"sid":S` or `"sid":S,"seq":N`, from the comma to the newline. */
  readonly text: string
}

/** The whole frame. */
export const numbered = (tail: FrameTail, sid: number, seq: number | null): string => {
  const head = `{"type":"${tail.type}","sid":${sid}`
  return seq === null ? head + tail.text : `${head},"seq":${seq}${tail.text}`
}

const sequencedHeadLength = '{"type":"","sid":0,"seq":0'.length
const unsequencedHeadLength = '{"type":"","sid":0'.length

/** Cuts the head off a message that was made with sid 0 and seq 0. */
const tailOf = (message: ServerMessage, headLength: number): FrameTail => ({
  type: message._tag,
  text: encode(message).slice(message._tag.length + headLength)
})

/**
 * One change of one level; on the yes scale for subscriptions that asked for it. Nine frames of ten are this one: it is put together
 * by hand, as `Wire.encode` would write it.
 */
export const ofDelta = (market: SimMarket, change: LevelChange, useYesPrice: boolean): FrameTail => {
  const { deltaE2, recordedTail, side, tsMicros } = change
  if (recordedTail !== undefined && !useYesPrice) return { type: "orderbook_delta", text: recordedTail }
  const priceE4 = useYesPrice ? swapScale(side, change.priceE4) : change.priceE4
  const text =
    `${namesOf(market)}${dollarsFromPriceE4(priceE4)}","delta_fp":"${contractsFromSizeE2(deltaE2)}","side":"${side}"` +
    `,"ts":"${timeText(tsMicros)}","ts_ms":${Math.floor(tsMicros / 1000)}}}\n`
  return { type: "orderbook_delta", text }
}

/** The beginning of a delta's body, which is the same in all deltas of a market. */
const namesOf = (market: SimMarket): string => {
  const known = names.get(market)
  if (known !== undefined) return known
  const { marketId, ticker } = market
  const text = `,"msg":{"market_ticker":${JSON.stringify(ticker)},"market_id":${JSON.stringify(marketId)},"price_dollars":"`
  names.set(market, text)
  return text
}

const names = new WeakMap<SimMarket, string>()

export const ofTrade = (trade: SimTrade): FrameTail =>
  tailOf(
    {
      _tag: "trade",
      sid: 0,
      seq: 0,
      tradeId: trade.tradeId,
      marketTicker: trade.market.ticker,
      yesPriceE4: trade.yesPriceE4,
      sizeE2: trade.sizeE2,
      takerSide: trade.takerSide,
      isBlockTrade: trade.isBlockTrade,
      tsExchangeMicros: trade.tsMicros,
      tsSentMicros: null,
      unknownFields: noUnknownFields
    },
    sequencedHeadLength
  )

export const ofNotice = (notice: LifecycleNotice): FrameTail => tailOf(messageOf(notice), sequencedHeadLength)

const messageOf = (notice: LifecycleNotice): ServerMessage => {
  const facts = { sid: 0, seq: 0, body: notice.body, tsSentMicros: null, unknownFields: noUnknownFields }
  switch (notice.kind) {
    case "event":
      return { _tag: "event_lifecycle", eventTicker: notice.ticker, ...facts }
    case "fees":
      return { _tag: "event_fee_update", eventTicker: notice.ticker, ...facts }
    case "market":
      return { _tag: "market_lifecycle_v2", marketTicker: notice.ticker, eventType: notice.eventType, ...facts }
  }
}

/** A market's summary now; its channel has no seq. */
export const ofTicker = (exchange: Exchange, market: SimMarket): FrameTail =>
  tailOf(TickerMessage.of(exchange, market), unsequencedHeadLength)
