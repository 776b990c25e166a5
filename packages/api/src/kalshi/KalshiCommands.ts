/**
 * What a client's commands do to its session: the exchange's own answers, by what its texts and recorded sessions of 2026 show.
 *
 * Channels of which we do not have all that their messages must say are refused (error 8, with the reason): a `ticker` has open interest,
 * which is not recorded, and what belongs to somebody's account at Kalshi is only there.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as Command from "@kalshibook/core/kalshi/Command"
import type { ErrorCode } from "@kalshibook/core/kalshi/ErrorCode"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import { Result } from "effect"
import * as KalshiSession from "./KalshiSession.ts"

type Session = KalshiSession.Session
type Subscription = KalshiSession.Subscription

/** Markets that a session follows by name, over its channels (error 26). The exchange allows more; each costs us a book. */
const marketsMax = 10_000

/** Does what a frame of the client says: answers are in `session.out`, books to look up in `session.asks`. */
export const execute = (session: Session, text: string): void => {
  const decoded = Command.decode(text)
  if (Result.isFailure(decoded)) {
    const { code, id } = decoded.failure
    KalshiSession.refuse(session, { id, code: code as ErrorCode, on: subscriptionOf(session, text) })
    return
  }
  const command = decoded.success
  switch (command.cmd) {
    case "subscribe":
      for (const channel of new Set(command.channels)) subscribe(session, command, channel)
      break
    case "unsubscribe":
      for (const sid of command.sids) unsubscribe(session, sid, command.id)
      break
    case "update_subscription":
      update(session, command)
      break
    case "list_subscriptions":
      list(session, command.id)
  }
}

/** Answers a command with an error without looking at what it asks for. */
export const refuseText = (session: Session, text: string, code: ErrorCode): void => {
  const decoded = Command.decode(text)
  const id = Result.isFailure(decoded) ? decoded.failure.id : decoded.success.id
  KalshiSession.refuse(session, { id, code })
}

const bySid = (session: Session, sid: number): Subscription | undefined =>
  [...session.subscriptions.values()].find((one) => one.sid === sid)

/** The subscription that a refused `update_subscription` names: the refusal is about it. */
const subscriptionOf = (session: Session, text: string): Subscription | undefined => {
  const parsed = Result.try(
    () => JSON.parse(text) as { cmd?: unknown; params?: { sid?: unknown; sids?: unknown } } | null
  )
  if (Result.isFailure(parsed) || parsed.success?.cmd !== "update_subscription") return undefined
  const { sid, sids } = parsed.success.params ?? {}
  const named: ReadonlyArray<unknown> = [...(sid === undefined ? [] : [sid]), ...(Array.isArray(sids) ? sids : [])]
  const [only] = named
  return named.length === 1 && typeof only === "number" ? bySid(session, only) : undefined
}

const served: ReadonlySet<string> = new Set<KalshiSession.ServedChannel>([
  "orderbook_delta",
  "trade",
  "market_lifecycle_v2"
])

const isServed = (channel: string): channel is KalshiSession.ServedChannel => served.has(channel)

/** Channels that the exchange has and we do not, with the reason. */
const unserved: ReadonlyMap<string, string> = new Map([
  ["ticker", "its messages have open interest, which is not recorded; quotes follow from orderbook_delta"],
  ["multivariate_market_lifecycle", "it is not recorded"],
  ...["fill", "user_orders", "market_positions", "communications", "order_group_updates"].map(
    (channel) => [channel, "it belongs to an account at Kalshi; KalshiBook has market data only"] as const
  ),
  ...["cfbenchmarks_value", "cfbenchmarks_value_5hz", "pyth_value"].map(
    (channel) => [channel, "it is not recorded"] as const
  )
])

const tickersOf = ({ marketTickers }: { readonly marketTickers?: ReadonlyArray<MarketTicker> | undefined }) =>
  marketTickers === undefined ? undefined : [...new Set(marketTickers)].sort()

const marketsCount = (session: Session): number => {
  let count = 0
  for (const { markets } of session.subscriptions.values()) count += markets?.size ?? 0
  return count
}

const exceeds = (
  session: Session,
  on: Subscription | undefined,
  wanted: ReadonlyArray<string> | undefined
): boolean => {
  const added = wanted?.filter((ticker) => on?.markets?.has(ticker) !== true).length ?? 0
  return added > 0 && marketsCount(session) + added > marketsMax
}

const subscribe = (session: Session, command: Command.Subscribe, channel: string): void => {
  const { id } = command
  if (!isServed(channel)) {
    KalshiSession.refuse(session, { id, code: 8, detail: unserved.get(channel) })
    return
  }
  const refused = Command.refuseChannel(command, channel)
  const existing = session.subscriptions.get(channel)
  const wanted = channel === "market_lifecycle_v2" ? undefined : tickersOf(command)
  if (refused !== undefined) KalshiSession.refuse(session, { id, code: refused.code as ErrorCode })
  else if (command.marketIds !== undefined) {
    KalshiSession.refuse(session, { id, code: 11, detail: "markets are named by ticker here" })
  } else if (exceeds(session, existing, wanted)) KalshiSession.refuse(session, { id, code: 26 })
  else if (existing !== undefined) {
    if (command.skipTickerAck !== undefined) existing.skipTickerAck = command.skipTickerAck
    merge(session, existing, wanted, id)
  } else {
    const opened: Subscription = {
      channel,
      sid: ++session.sidLast,
      seq: 0,
      markets: wanted === undefined ? undefined : new Set(wanted),
      known: new Set(),
      skipTickerAck: command.skipTickerAck ?? false,
      useYesPrice: command.useYesPrice ?? false,
      isClosed: false
    }
    session.subscriptions.set(channel, opened)
    session.interest++
    session.out.push(encode({ _tag: "subscribed", id, channel, sid: opened.sid, unknownFields: noUnknownFields }))
    askBooks(session, opened, wanted ?? [], null)
  }
}

/** Adds what is new of the wanted markets, and says so; `undefined` is all of them. */
const merge = (
  session: Session,
  on: Subscription,
  wanted: ReadonlyArray<MarketTicker> | undefined,
  id: number | null
): void => {
  const { markets } = on
  const added = markets === undefined ? [] : (wanted ?? []).filter((ticker) => !markets.has(ticker))
  if (markets !== undefined && wanted === undefined) {
    on.markets = undefined
    session.interest++
  } else if (added.length > 0) {
    for (const ticker of added) markets?.add(ticker)
    session.interest++
  }
  acknowledge(session, on, id)
  askBooks(session, on, added, null)
}

const askBooks = (
  session: Session,
  on: Subscription,
  tickers: ReadonlyArray<MarketTicker>,
  id: number | null,
  isFollowed = true
): void => {
  if (on.channel !== "orderbook_delta") return
  for (const marketTicker of tickers) session.asks.push({ on, marketTicker, id, isFollowed })
}

/** `ok` with the full list of the subscription, ascending. */
const acknowledge = (session: Session, on: Subscription, id: number | null): void =>
  KalshiSession.sendOn(session, on, (seq) => ({
    _tag: "ok",
    id,
    sid: on.sid,
    seq,
    marketTickers: on.skipTickerAck || on.markets === undefined ? null : [...on.markets].sort(),
    marketIds: null,
    subscriptions: null,
    unknownFields: noUnknownFields
  }))

const unsubscribe = (session: Session, sid: number, id: number | null): void => {
  const on = bySid(session, sid)
  if (on === undefined) {
    KalshiSession.refuse(session, { id, code: 7 })
    return
  }
  KalshiSession.sendOn(session, on, (seq) => ({ _tag: "unsubscribed", id, sid, seq, unknownFields: noUnknownFields }))
  KalshiSession.close(session, on)
}

const update = (session: Session, command: Command.UpdateSubscription): void => {
  const { action, id } = command
  const on = bySid(session, command.sid)
  if (on === undefined) {
    KalshiSession.refuse(session, { id, code: 7 })
    return
  }
  const tickers = tickersOf(command) ?? []
  const code = problemOf(session, on, command, tickers)
  if (code !== undefined) KalshiSession.refuse(session, { id, code, on })
  else if (action === "get_snapshot") askBooks(session, on, tickers, id, false)
  else if (action === "add_markets") merge(session, on, tickers, id)
  else {
    for (const ticker of tickers) {
      on.markets?.delete(ticker)
      on.known.delete(ticker)
    }
    session.interest++
    acknowledge(session, on, id)
  }
}

/** Why a subscription cannot be changed so; one to everything has no list that could be. */
const problemOf = (
  session: Session,
  on: Subscription,
  { action, marketIds }: Command.UpdateSubscription,
  tickers: ReadonlyArray<MarketTicker>
): ErrorCode | undefined => {
  if (marketIds !== undefined) return 11
  if (action === "get_snapshot") return on.channel === "orderbook_delta" ? undefined : 13
  if (on.markets === undefined) return 13
  return action === "add_markets" && exceeds(session, on, tickers) ? 26 : undefined
}

const list = (session: Session, id: number | null): void => {
  const subscriptions = [...session.subscriptions.values()]
    .map(({ channel, sid }) => ({ channel, sid }))
    .sort((one, other) => one.sid - other.sid)
  const none = { sid: null, seq: null, marketTickers: null, marketIds: null }
  session.out.push(encode({ _tag: "ok", id, ...none, subscriptions, unknownFields: noUnknownFields }))
}
