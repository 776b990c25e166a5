/**
 * Everything the exchange sends to a collector, in whole-number units: the result of `Wire.decode`.
 *
 * What cannot be read is a message too (`unknown`, `undecodable`), because it consumed a sequence number and must not vanish.
 * Names and presence follow the official AsyncAPI "Kalshi Market Data WebSocket API 2.0.0" (September-October 2026) and
 * recorded frames of production (2025-08 to 2026-09). Absence is `null`, as in records: one message exists per frame.
 */
import type { BookLevels, MarketTicker, Side } from "../BookRecord.ts"

/** What every message carries. */
export interface MessageHead {
  /**
   * Paths of fields that the frame had and we do not know, such as `"msg.foo"`; the array `noUnknownFields` when there are none.
   * The caller keeps the frame itself, so that nothing is lost.
   */
  readonly unknownFields: ReadonlyArray<string>
  /**
   * When the exchange queued the frame for sending (`sending_ts_ms`, on every frame since about 2026-09-28), Unix microseconds with
   * millisecond precision. Not the time of the change. `null` or absent where the frame does not say.
   */
  readonly tsSentMicros?: number | null
}

/** The one array of the messages without unknown fields. */
export const noUnknownFields: ReadonlyArray<string> = Object.freeze([])

/** The whole book of one market (channel `orderbook_delta`). Carries no time: the exchange gives none. */
export interface OrderbookSnapshot extends MessageHead {
  readonly _tag: "orderbook_snapshot"
  readonly sid: number
  readonly seq: number
  /** The id of the `get_snapshot` command that asked for it, `null` for all others. */
  readonly id: number | null
  readonly marketTicker: MarketTicker
  /** UUID of the market; `null` in frames from before March 2026. */
  readonly marketId: string | null
  /** Both ladders ascending, no price twice, sizes above 0. A side that the frame left out is empty. */
  readonly levels: BookLevels
}

/** A signed change of one level. */
export interface OrderbookDelta extends MessageHead {
  readonly _tag: "orderbook_delta"
  readonly sid: number
  readonly seq: number
  readonly marketTicker: MarketTicker
  readonly marketId: string | null
  readonly side: Side
  /** 1/10,000 dollar, 1..9999, a price of `side` (of the yes scale when the subscription has `use_yes_price`). */
  readonly priceE4: number
  /** 1/100 contract, signed. 0 was never recorded but is legal: it consumes a `seq`, changes nothing and makes no record. */
  readonly deltaE2: number
  /**
   * Unix microseconds from `ts`, else milliseconds from `ts_ms`; `null` where the frame has neither. Since about 2026-10-01 `ts`, too,
   * has milliseconds only.
   */
  readonly tsExchangeMicros: number | null
}

/** One trade (channel `trade`). */
export interface Trade extends MessageHead {
  readonly _tag: "trade"
  readonly sid: number
  /** `null` in frames from before July 2026, when trades were not sequenced. */
  readonly seq: number | null
  /** UUID-shaped, unique. */
  readonly tradeId: string
  readonly marketTicker: MarketTicker
  /** 1/10,000 dollar on the yes scale, 1..9999. */
  readonly yesPriceE4: number
  /** 1/100 contract, greater than 0. */
  readonly sizeE2: number
  /** The side that the taker bought. */
  readonly takerSide: Side
  /** `false` also in frames from before 2026-08-13, which did not say. */
  readonly isBlockTrade: boolean
  /** Unix microseconds; the exchange gives milliseconds (`ts_ms`), and only seconds (`ts`) in the oldest frames. */
  readonly tsExchangeMicros: number
}

/** A market's summary after any change of it (channel `ticker`). Never sequenced. */
export interface Ticker extends MessageHead {
  readonly _tag: "ticker"
  readonly sid: number
  readonly marketTicker: MarketTicker
  readonly marketId: string | null
  /** Last trade, 1/10,000 dollar, yes scale; 0 or `null` (sent as `""`) when the market never traded. */
  readonly lastPriceE4: number | null
  /** Best yes bid, 1/10,000 dollar; 0 when there is none. */
  readonly yesBidE4: number
  /** Implied best yes ask, 1/10,000 dollar; 10,000 when there is none. */
  readonly yesAskE4: number
  /** 1/100 contract at the best yes bid, and at the implied best yes ask. */
  readonly yesBidSizeE2: number
  readonly yesAskSizeE2: number
  /** 1/100 contract. */
  readonly lastTradeSizeE2: number
  /** Contracts traded since the market opened, and contracts held, in 1/100 contract. */
  readonly volumeE2: number
  readonly openInterestE2: number
  /** The same two in whole dollars, as the exchange rounds them. */
  readonly volumeDollars: number
  readonly openInterestDollars: number
  /** Unix microseconds from `time`, else `ts_ms`, else `ts` (seconds). */
  readonly tsExchangeMicros: number
}

/** The life of one market (channels `market_lifecycle_v2`, and `multivariate_market_lifecycle` for combos). */
export interface MarketLifecycle extends MessageHead {
  readonly _tag: "market_lifecycle_v2" | "multivariate_market_lifecycle"
  readonly sid: number
  /** `null` in frames from before July 2026. */
  readonly seq: number | null
  readonly marketTicker: MarketTicker
  /** `created`, `activated`, `deactivated`, `close_date_updated`, `determined`, `settled`, ...; new words may come. */
  readonly eventType: string
  /** `msg` as received, `market_ticker` and `event_type` included. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A new event (same channels). */
export interface EventLifecycle extends MessageHead {
  readonly _tag: "event_lifecycle"
  readonly sid: number
  readonly seq: number | null
  readonly eventTicker: string
  /** `msg` as received. */
  readonly body: Readonly<Record<string, unknown>>
}

/** An event's fees changed (same channels). */
export interface EventFeeUpdate extends MessageHead {
  readonly _tag: "event_fee_update"
  readonly sid: number
  readonly seq: number | null
  readonly eventTicker: string
  /** `msg` as received. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A channel of a `subscribe` was opened. Consumes no `seq`. */
export interface Subscribed extends MessageHead {
  readonly _tag: "subscribed"
  /** The command's id, `null` when it had none (or 0). */
  readonly id: number | null
  readonly channel: string
  readonly sid: number
}

/** One open subscription of the connection. */
export interface SubscriptionEntry {
  readonly channel: string
  readonly sid: number
}

/** A command was done. Consumes a `seq` of its sid, except as the answer to `list_subscriptions`. */
export interface Ok extends MessageHead {
  readonly _tag: "ok"
  readonly id: number | null
  /** `null` as the answer to `list_subscriptions`. */
  readonly sid: number | null
  readonly seq: number | null
  /** All markets of the subscription after the change; `null` with `skip_ticker_ack`, which leaves the list out. */
  readonly marketTickers: ReadonlyArray<MarketTicker> | null
  /** The same as UUIDs, where the subscription was made by them. */
  readonly marketIds: ReadonlyArray<string> | null
  /** The answer to `list_subscriptions`, else `null`. */
  readonly subscriptions: ReadonlyArray<SubscriptionEntry> | null
}

/** A subscription is closed. */
export interface Unsubscribed extends MessageHead {
  readonly _tag: "unsubscribed"
  readonly id: number | null
  readonly sid: number
  readonly seq: number | null
}

/** A command was refused, or a subscription died (`ErrorCode.isTerminal`). */
export interface ErrorMessage extends MessageHead {
  readonly _tag: "error"
  readonly id: number | null
  /** See `ErrorCode`; codes that are not in its table may come. */
  readonly code: number
  readonly message: string
  /** The subscription it is about, `null` where it is about none. */
  readonly sid: number | null
  readonly seq: number | null
  /** The markets it is about, `null` where it names none. */
  readonly marketTickers: ReadonlyArray<MarketTicker> | null
}

/** A frame of a type that this version does not know. */
export interface UnknownMessage extends MessageHead {
  readonly _tag: "unknown"
  readonly type: string
  readonly sid: number | null
  readonly seq: number | null
  /** The frame as received. */
  readonly text: string
}

/** A frame that is not JSON, or lacks or garbles what its type must have. */
export interface Undecodable extends MessageHead {
  readonly _tag: "undecodable"
  /** What is wrong, for people. */
  readonly problem: string
  /** Read from what is left of the frame where possible, so that the hole can be pinned to a subscription. */
  readonly sid: number | null
  readonly seq: number | null
  /** The frame as received; bytes that are not UTF-8 are replaced by U+FFFD. */
  readonly text: string
}

export type ServerMessage =
  | OrderbookSnapshot
  | OrderbookDelta
  | Trade
  | Ticker
  | MarketLifecycle
  | EventLifecycle
  | EventFeeUpdate
  | Subscribed
  | Ok
  | Unsubscribed
  | ErrorMessage
  | UnknownMessage
  | Undecodable
