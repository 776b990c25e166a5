/**
 * Messages to the exchange's exact text, for a simulated exchange and for tests: compact JSON, keys in the recorded order, prices with
 * four decimals, sizes with two, a newline at the end (recorded frames of production, 2026-04 to 2026-09).
 */
import type { Level } from "../BookRecord.ts"
import { contractsFromSizeE2, dollarE4, dollarsFromPriceE4, isoFromMicros } from "../Units.ts"
import type {
  ErrorMessage,
  MessageHead,
  Ok,
  OrderbookDelta,
  OrderbookSnapshot,
  ServerMessage,
  Subscribed,
  Ticker,
  Trade,
  Unsubscribed
} from "./ServerMessage.ts"

/**
 * Returns the frame of a message, newline included. `unknown` and `undecodable` messages give back their own text. Unknown fields of
 * other messages are not kept by the message and are not written.
 */
export const encode = (message: ServerMessage): string => {
  switch (message._tag) {
    case "orderbook_delta":
      return encodeDelta(message)
    case "orderbook_snapshot":
      return encodeSnapshot(message)
    case "trade":
      return encodeTrade(message)
    case "ticker":
      return encodeTicker(message)
    case "market_lifecycle_v2":
    case "multivariate_market_lifecycle":
    case "event_lifecycle":
    case "event_fee_update":
      return `${head(message._tag, message.sid, message.seq)},"msg":${JSON.stringify(message.body)}${tail(message)}`
    case "subscribed":
      return encodeSubscribed(message)
    case "ok":
      return encodeOk(message)
    case "unsubscribed":
      return encodeUnsubscribed(message)
    case "error":
      return encodeError(message)
    case "unknown":
    case "undecodable":
      return message.text
  }
}

const head = (type: string, sid: number, seq: number | null): string =>
  seq === null ? `{"type":"${type}","sid":${sid}` : `{"type":"${type}","sid":${sid},"seq":${seq}`

/** Ends the envelope: the time of sending stands last in it (frames of October 2026). */
const tail = (message: MessageHead): string =>
  message.tsSentMicros === null || message.tsSentMicros === undefined
    ? "}\n"
    : `,"sending_ts_ms":${millisOf(message.tsSentMicros)}}\n`

/** A time as `ts` and `time` have it: trailing zeros of the fraction cut, as recorded. */
export const timeText = (micros: number): string => {
  const iso = isoFromMicros(micros)
  let digits = fractionDigits
  while (digits > 0 && iso.charCodeAt(fractionStart + digits - 1) === zero) digits--
  // Without any digit the point goes too.
  return `${iso.slice(0, digits === 0 ? fractionStart - 1 : fractionStart + digits)}Z`
}

/** Where the digits of the fraction stand in `2026-05-14T22:08:33.694567Z`. */
const fractionStart = 20
const fractionDigits = 6
const zero = 0x30

const millisOf = (micros: number): number => Math.floor(micros / 1000)
const secondsOf = (micros: number): number => Math.floor(micros / 1_000_000)

const quoted = (text: string): string => JSON.stringify(text)

const marketIdText = (marketId: string | null): string => (marketId === null ? "" : `,"market_id":${quoted(marketId)}`)

/** The frame of one delta. */
const encodeDelta = (delta: OrderbookDelta): string => {
  const micros = delta.tsExchangeMicros
  const times = micros === null ? "" : `,"ts":"${timeText(micros)}","ts_ms":${millisOf(micros)}`
  return (
    `{"type":"orderbook_delta","sid":${delta.sid},"seq":${delta.seq},"msg":{"market_ticker":${quoted(delta.marketTicker)}` +
    `${marketIdText(delta.marketId)},"price_dollars":"${dollarsFromPriceE4(delta.priceE4)}"` +
    `,"delta_fp":"${contractsFromSizeE2(delta.deltaE2)}","side":"${delta.side}"${times}}${tail(delta)}`
  )
}

const levelsText = (key: string, levels: ReadonlyArray<Level>): string => {
  if (levels.length === 0) return ""
  const pairs = levels.map((level) => `["${dollarsFromPriceE4(level.priceE4)}","${contractsFromSizeE2(level.sizeE2)}"]`)
  return `,"${key}":[${pairs.join(",")}]`
}

const encodeSnapshot = (snapshot: OrderbookSnapshot): string =>
  `{"type":"orderbook_snapshot"${idText(snapshot.id)},"sid":${snapshot.sid},"seq":${snapshot.seq}` +
  `,"msg":{"market_ticker":${quoted(snapshot.marketTicker)}${marketIdText(snapshot.marketId)}` +
  `${levelsText("yes_dollars_fp", snapshot.levels.yes)}${levelsText("no_dollars_fp", snapshot.levels.no)}}${tail(snapshot)}`

const encodeTrade = (trade: Trade): string => {
  const { takerSide, tsExchangeMicros, yesPriceE4 } = trade
  return (
    `${head("trade", trade.sid, trade.seq)},"msg":{"trade_id":${quoted(trade.tradeId)},"market_ticker":${quoted(trade.marketTicker)}` +
    `,"yes_price_dollars":"${dollarsFromPriceE4(yesPriceE4)}","no_price_dollars":"${dollarsFromPriceE4(dollarE4 - yesPriceE4)}"` +
    `,"count_fp":"${contractsFromSizeE2(trade.sizeE2)}","taker_side":"${takerSide}","taker_outcome_side":"${takerSide}"` +
    `,"taker_book_side":"${takerSide === "yes" ? "bid" : "ask"}","is_block_trade":${trade.isBlockTrade}` +
    `,"ts":${secondsOf(tsExchangeMicros)},"ts_ms":${millisOf(tsExchangeMicros)}}${tail(trade)}`
  )
}

const encodeTicker = (ticker: Ticker): string => {
  const { lastPriceE4, marketId, tsExchangeMicros } = ticker
  return (
    `${head("ticker", ticker.sid, null)},"msg":{${marketId === null ? "" : `"market_id":${quoted(marketId)},`}` +
    `"market_ticker":${quoted(ticker.marketTicker)}` +
    `,"price_dollars":"${lastPriceE4 === null ? "" : dollarsFromPriceE4(lastPriceE4)}"` +
    `,"yes_bid_dollars":"${dollarsFromPriceE4(ticker.yesBidE4)}","yes_ask_dollars":"${dollarsFromPriceE4(ticker.yesAskE4)}"` +
    `,"volume_fp":"${contractsFromSizeE2(ticker.volumeE2)}","open_interest_fp":"${contractsFromSizeE2(ticker.openInterestE2)}"` +
    `,"yes_bid_size_fp":"${contractsFromSizeE2(ticker.yesBidSizeE2)}","yes_ask_size_fp":"${contractsFromSizeE2(ticker.yesAskSizeE2)}"` +
    `,"last_trade_size_fp":"${contractsFromSizeE2(ticker.lastTradeSizeE2)}"` +
    `,"dollar_volume":${ticker.volumeDollars},"dollar_open_interest":${ticker.openInterestDollars}` +
    `,"ts":${secondsOf(tsExchangeMicros)},"ts_ms":${millisOf(tsExchangeMicros)},"time":"${timeText(tsExchangeMicros)}"}${tail(ticker)}`
  )
}

const idText = (id: number | null): string => (id === null ? "" : `,"id":${id}`)
const sidText = (sid: number | null): string => (sid === null ? "" : `,"sid":${sid}`)
const seqText = (seq: number | null): string => (seq === null ? "" : `,"seq":${seq}`)

const encodeSubscribed = (message: Subscribed): string =>
  `{"type":"subscribed"${idText(message.id)},"msg":{"channel":${quoted(message.channel)},"sid":${message.sid}}${tail(message)}`

const encodeOk = (message: Ok): string => {
  const start = `{"type":"ok"${idText(message.id)}${sidText(message.sid)}${seqText(message.seq)}`
  if (message.subscriptions !== null) {
    const entries = message.subscriptions.map((entry) => `{"channel":${quoted(entry.channel)},"sid":${entry.sid}}`)
    return `${start},"msg":[${entries.join(",")}]${tail(message)}`
  }
  const lists = [
    ...(message.marketTickers === null ? [] : [`"market_tickers":${JSON.stringify(message.marketTickers)}`]),
    ...(message.marketIds === null ? [] : [`"market_ids":${JSON.stringify(message.marketIds)}`])
  ]
  return `${start},"msg":{${lists.join(",")}}${tail(message)}`
}

const encodeUnsubscribed = (message: Unsubscribed): string =>
  `{"type":"unsubscribed"${idText(message.id)},"sid":${message.sid}${seqText(message.seq)}${tail(message)}`

const encodeError = (message: ErrorMessage): string => {
  const tickers = message.marketTickers
  let markets = ""
  if (tickers !== null) {
    markets =
      tickers.length === 1
        ? `,"market_ticker":${quoted(tickers[0] as string)}`
        : `,"market_tickers":${JSON.stringify(tickers)}`
  }
  return (
    `{"type":"error"${idText(message.id)}${sidText(message.sid)}${seqText(message.seq)}` +
    `,"msg":{"code":${message.code},"msg":${quoted(message.message)}${markets}}${tail(message)}`
  )
}
