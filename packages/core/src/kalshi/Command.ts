/**
 * Commands from a client to the exchange: types, text, and the exchange's own refusals.
 *
 * Source: official AsyncAPI 2.0.0 (September-October 2026), with the observed rule that `action` must be inside `params`.
 */
import * as Result from "effect/Result"
import type { MarketTicker } from "../BookRecord.ts"
import { type ErrorCode, errorText } from "./ErrorCode.ts"
import { isCount } from "./WireField.ts"

/** The channels a collector may ask for. The exchange has more; any other text is a channel that it refuses with code 8. */
export type PublicChannel =
  | "orderbook_delta"
  | "trade"
  | "ticker"
  | "market_lifecycle_v2"
  | "multivariate_market_lifecycle"

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

/** Returns the frame of a command: compact JSON without a newline. Absent flags are not written. */
export const encode = (command: Command): string => {
  const id = command.id === null ? {} : { id: command.id }
  switch (command.cmd) {
    case "subscribe":
      return JSON.stringify({
        ...id,
        cmd: command.cmd,
        params: {
          channels: command.channels,
          market_tickers: command.marketTickers,
          market_ids: command.marketIds,
          send_initial_snapshot: command.sendInitialSnapshot,
          skip_ticker_ack: command.skipTickerAck,
          use_yes_price: command.useYesPrice
        }
      })
    case "unsubscribe":
      return JSON.stringify({ ...id, cmd: command.cmd, params: { sids: command.sids } })
    case "update_subscription":
      return JSON.stringify({
        ...id,
        cmd: command.cmd,
        params: {
          sids: [command.sid],
          market_tickers: command.marketTickers,
          market_ids: command.marketIds,
          send_initial_snapshot: command.sendInitialSnapshot,
          action: command.action
        }
      })
    case "list_subscriptions":
      return JSON.stringify({ ...id, cmd: command.cmd })
  }
}

/**
 * Reads a client's frame, or refuses it as the exchange does. What only the exchange's state can decide is left to the caller:
 * unknown sids (7), and what is wrong with one channel of several (`refuseChannel`), which does not refuse the others.
 */
export const decode = (text: string): Result.Result<Command, CommandRefused> => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed) || !isObject(parsed.success)) return refused(null, 1)
  const frame = parsed.success
  if (frame.id !== undefined && frame.id !== null && !isCount(frame.id)) return refused(null, 1)
  const id = isCount(frame.id) && frame.id > 0 ? frame.id : null
  if (frame.cmd === "list_subscriptions") return Result.succeed({ cmd: "list_subscriptions", id })
  if (frame.cmd !== "subscribe" && frame.cmd !== "unsubscribe" && frame.cmd !== "update_subscription")
    return refused(id, 5)
  const params = frame.params
  if (params === undefined || params === null) return refused(id, 2)
  if (!isObject(params)) return refused(id, 1)
  switch (frame.cmd) {
    case "subscribe":
      return decodeSubscribe(id, params)
    case "unsubscribe":
      return decodeUnsubscribe(id, params)
    case "update_subscription":
      return decodeUpdate(id, params)
  }
}

type Params = Readonly<Record<string, unknown>>

const refused = (id: number | null, code: ErrorCode): Result.Result<never, CommandRefused> =>
  Result.fail(refusal(id, code))

/** The exchange's refusal with the text of its table. */
const refusal = (id: number | null, code: ErrorCode): CommandRefused => ({
  _tag: "CommandRefused",
  id,
  code,
  message: errorText[code]
})

/**
 * Why one channel of a `subscribe` cannot be opened while others may: unknown (8), or an order book feed without markets (14).
 * `undefined` when it can.
 */
export const refuseChannel = (command: Subscribe, channel: string): CommandRefused | undefined => {
  if (!publicChannels.has(channel)) return refusal(command.id, 8)
  return channel === "orderbook_delta" && command.marketTickers === undefined ? refusal(command.id, 14) : undefined
}

const publicChannels: ReadonlySet<string> = new Set<PublicChannel>([
  "orderbook_delta",
  "trade",
  "ticker",
  "market_lifecycle_v2",
  "multivariate_market_lifecycle"
])

const isObject = (json: unknown): json is Params => typeof json === "object" && json !== null && !Array.isArray(json)

const isText = (json: unknown): json is string => typeof json === "string" && json !== ""
const isTextList = (json: unknown): json is ReadonlyArray<string> =>
  Array.isArray(json) && json.length > 0 && json.every(isText)
const isFlag = (json: unknown): json is boolean | undefined => json === undefined || typeof json === "boolean"

/** `one` and `many` exclude each other. `"invalid"` for both or for anything but texts; `undefined` for neither. */
const listOf = (one: unknown, many: unknown): ReadonlyArray<string> | "invalid" | undefined => {
  if (one !== undefined && many !== undefined) return "invalid"
  if (one !== undefined) return isText(one) ? [one] : "invalid"
  if (many === undefined) return undefined
  return isTextList(many) ? many : "invalid"
}

interface Markets {
  readonly marketTickers?: ReadonlyArray<string>
  readonly marketIds?: ReadonlyArray<string>
}

const marketsOf = (params: Params): Markets | "invalid" => {
  const marketTickers = listOf(params.market_ticker, params.market_tickers)
  const marketIds = listOf(params.market_id, params.market_ids)
  if (marketTickers === "invalid" || marketIds === "invalid") return "invalid"
  if (marketTickers !== undefined && marketIds !== undefined) return "invalid"
  return {
    ...(marketTickers === undefined ? {} : { marketTickers }),
    ...(marketIds === undefined ? {} : { marketIds })
  }
}

const decodeSubscribe = (id: number | null, params: Params): Result.Result<Subscribe, CommandRefused> => {
  const { channels, shard_factor, shard_key, send_initial_snapshot, skip_ticker_ack, use_yes_price } = params
  if (channels === undefined || channels === null || (Array.isArray(channels) && channels.length === 0))
    return refused(id, 3)
  if (!isTextList(channels)) return refused(id, 11)
  const shard = shardProblem(shard_factor, shard_key)
  if (shard !== undefined) return refused(id, shard)
  const markets = marketsOf(params)
  if (markets === "invalid") return refused(id, 11)
  if (!isFlag(send_initial_snapshot) || !isFlag(skip_ticker_ack) || !isFlag(use_yes_price)) return refused(id, 11)
  return Result.succeed({
    cmd: "subscribe",
    id,
    channels,
    ...markets,
    ...(send_initial_snapshot === undefined ? {} : { sendInitialSnapshot: send_initial_snapshot }),
    ...(skip_ticker_ack === undefined ? {} : { skipTickerAck: skip_ticker_ack }),
    ...(use_yes_price === undefined ? {} : { useYesPrice: use_yes_price })
  })
}

/** The exchange's checks of sharding, which serves its `communications` channel only. */
const shardProblem = (factor: unknown, key: unknown): ErrorCode | undefined => {
  if (factor === undefined) return key === undefined ? undefined : 20
  if (typeof factor !== "number" || !Number.isInteger(factor)) return 11
  if (factor <= 0) return 19
  if (factor > 100) return 22
  if (key === undefined) return undefined
  if (typeof key !== "number" || !Number.isInteger(key)) return 11
  return key >= 0 && key < factor ? undefined : 21
}

const decodeUnsubscribe = (id: number | null, params: Params): Result.Result<Unsubscribe, CommandRefused> => {
  const { sids } = params
  if (sids === undefined || sids === null || (Array.isArray(sids) && sids.length === 0)) return refused(id, 4)
  return Array.isArray(sids) && sids.every(isCount) ? Result.succeed({ cmd: "unsubscribe", id, sids }) : refused(id, 11)
}

const decodeUpdate = (id: number | null, params: Params): Result.Result<UpdateSubscription, CommandRefused> => {
  const { action, send_initial_snapshot } = params
  const sids = params.sids ?? []
  if (!Array.isArray(sids)) return refused(id, 11)
  const named = params.sid === undefined ? sids : [params.sid, ...sids]
  if (named.length !== 1) return refused(id, 12)
  const sid: unknown = named[0]
  if (!isCount(sid)) return refused(id, 11)
  // An action outside of `params` is not seen: clients of before July 2026 are told that it is required.
  if (action === undefined || action === null || action === "") return refused(id, 15)
  if (action !== "add_markets" && action !== "delete_markets" && action !== "get_snapshot") return refused(id, 13)
  const markets = marketsOf(params)
  if (markets === "invalid") return refused(id, 11)
  const listOnly = action === "get_snapshot" && (params.market_ticker !== undefined || markets.marketIds !== undefined)
  if (listOnly) return refused(id, 11)
  if (markets.marketTickers === undefined && markets.marketIds === undefined) return refused(id, 14)
  if (!isFlag(send_initial_snapshot)) return refused(id, 11)
  return Result.succeed({
    cmd: "update_subscription",
    id,
    sid,
    action,
    ...markets,
    ...(send_initial_snapshot === undefined ? {} : { sendInitialSnapshot: send_initial_snapshot })
  })
}
