/**
 * Commands from a client to the exchange: types, text, and the exchange's own refusals.
 *
 * Source: official AsyncAPI 2.0.0 (September-October 2026), with the observed rule that `action` must be inside `params`.
 */
import type * as Result from "effect/Result"
import type { MarketTicker } from "../BookRecord.ts"

/** The channels a collector may ask for. The exchange has more; any other text is a channel that it refuses with code 8. */
export type PublicChannel = "orderbook_delta" | "trade" | "ticker" | "market_lifecycle_v2" | "multivariate_market_lifecycle"

/** Opens channels, or adds markets to those already open. One `subscribed`, `ok` or `error` comes back per channel. */
export interface Subscribe {
  readonly cmd: "subscribe"
  /** Chosen by the client; `null` for none. 0 counts as none. */
  readonly id: number | null
  readonly channels: ReadonlyArray<string>
  /** Required for `orderbook_delta`; absent means every market on `trade` and `ticker`. Not with `marketIds`. */
  readonly marketTickers?: ReadonlyArray<MarketTicker> | undefined
  /** UUIDs, `ticker` channel only. */
  readonly marketIds?: ReadonlyArray<string> | undefined
  /** `ticker` channel: one message per named market at once. */
  readonly sendInitialSnapshot?: boolean | undefined
  /** `ok` replies leave out the list of markets, which grows with the subscription. */
  readonly skipTickerAck?: boolean | undefined
  /** `orderbook_delta`: quote the no side on the yes scale. Send it always: the exchange has announced to change the default. */
  readonly useYesPrice?: boolean | undefined
}

/** Closes subscriptions. One `unsubscribed` comes back per sid. */
export interface Unsubscribe {
  readonly cmd: "unsubscribe"
  readonly id: number | null
  readonly sids: ReadonlyArray<number>
}

export type UpdateAction = "add_markets" | "delete_markets" | "get_snapshot"

/** Changes one subscription, or asks for snapshots on it. */
export interface UpdateSubscription {
  readonly cmd: "update_subscription"
  readonly id: number | null
  readonly sid: number
  readonly action: UpdateAction
  readonly marketTickers?: ReadonlyArray<MarketTicker> | undefined
  /** UUIDs, `ticker` channel only. */
  readonly marketIds?: ReadonlyArray<string> | undefined
  /** `ticker` channel, with `add_markets`. */
  readonly sendInitialSnapshot?: boolean | undefined
}

/** Asks for the open subscriptions. An `ok` with `subscriptions` comes back. */
export interface ListSubscriptions {
  readonly cmd: "list_subscriptions"
  readonly id: number | null
}

export type Command = Subscribe | Unsubscribe | UpdateSubscription | ListSubscriptions

/** The exchange's refusal of a command: the `error` frame it answers. */
export interface CommandRefused {
  readonly _tag: "CommandRefused"
  /** The command's id where it could be read, `null` for none (or 0). */
  readonly id: number | null
  /** See `ErrorCode`. */
  readonly code: number
  readonly message: string
}

/** What `decode` returns. */
export type Decoded = Result.Result<Command, CommandRefused>
