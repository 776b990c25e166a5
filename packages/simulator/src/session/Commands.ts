/**
 * What the exchange does with a client's commands. Rules and their numbers: official AsyncAPI and recorded sessions of 2026.
 *
 * 1. One subscription per channel and session. A second `subscribe` merges its markets into the first and is answered `ok`.
 * 2. `ok`, `unsubscribed` and errors about a subscription take a seq of it; `subscribed` and other errors take none.
 * 3. Each channel of a `subscribe` is answered on its own, with the same id.
 * 4. After the answer, one snapshot per new market, in ascending order of tickers; none for markets already followed.
 * 5. `get_snapshot` answers with snapshots that carry its id, and changes nothing; the markets need not be followed.
 */
import * as Command from "@kalshibook/core/kalshi/Command"
import type { ErrorCode } from "@kalshibook/core/kalshi/ErrorCode"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import { encode } from "@kalshibook/core/kalshi/Wire"
import { Result } from "effect"
import * as Feed from "./Feed.ts"
import * as PrivateChannel from "./PrivateChannel.ts"
import * as Session from "./Session.ts"

export interface CommandLimits {
  /** Markets a session may follow by name, over all its subscriptions (error 26). */
  readonly marketsPerSessionMax: number
  readonly sequenceEntriesMax: number
}

/** Does what a command says and answers it. `text` is the frame as it came. */
export const execute = (feed: Feed.Feed, session: Session.Session, text: string, limits: CommandLimits): void => {
  if (session.isClosed) return
  const decoded = Command.decode(text)
  if (Result.isFailure(decoded)) {
    refuseUndecoded(feed, session, text, decoded.failure)
    return
  }
  const command = decoded.success
  switch (command.cmd) {
    case "subscribe":
      for (const channel of new Set(command.channels)) subscribe(feed, session, { command, channel, text, limits })
      break
    case "unsubscribe":
      for (const sid of command.sids) unsubscribe(feed, session, sid, command.id)
      break
    case "update_subscription":
      update(feed, session, command, limits)
      break
    case "list_subscriptions":
      list(feed, session, command.id)
  }
}

/** Answers a command with an error without looking at what it asks for. */
export const refuseText = (feed: Feed.Feed, session: Session.Session, text: string, code: number): void => {
  const decoded = Command.decode(text)
  const id = Result.isFailure(decoded) ? decoded.failure.id : decoded.success.id
  Feed.refuse(feed, session, id, code as ErrorCode)
}

/** A refusal that names a subscription of the session is about that subscription, and takes its seq. */
const refuseUndecoded = (
  feed: Feed.Feed,
  session: Session.Session,
  text: string,
  refused: Command.CommandRefused
): void => {
  const sid = sidOf(text)
  const about = sid === undefined ? undefined : session.subscriptionsBySid.get(sid)
  const code = refused.code as ErrorCode
  if (about === undefined || about.isClosed) Feed.refuse(feed, session, refused.id, code)
  else Feed.refuseOn(feed, about, refused.id, code)
}

/** The one sid that the params of an `update_subscription` name, where it can be read. */
const sidOf = (text: string): number | undefined => {
  const parsed = Result.try(
    () => JSON.parse(text) as { cmd?: unknown; params?: { sid?: unknown; sids?: unknown } } | null
  )
  if (Result.isFailure(parsed) || parsed.success?.cmd !== "update_subscription") return undefined
  const { sid, sids } = parsed.success.params ?? {}
  const named = [...(sid === undefined ? [] : [sid]), ...(Array.isArray(sids) ? sids : [])]
  return named.length === 1 && typeof named[0] === "number" ? named[0] : undefined
}

interface ChannelRequest {
  readonly command: Command.Subscribe
  readonly channel: string
  readonly text: string
  readonly limits: CommandLimits
}

const subscribe = (feed: Feed.Feed, session: Session.Session, request: ChannelRequest): void => {
  const { channel, command, limits } = request
  const existing = session.subscriptions.get(channel)
  const wanted = isWholeExchange(channel) ? undefined : tickersOf(feed, command)
  const code = problemOf(session, request, wanted)
  if (code !== undefined) {
    Feed.refuse(feed, session, command.id, code)
  } else if (existing !== undefined) {
    if (command.skipTickerAck !== undefined) existing.skipTickerAck = command.skipTickerAck
    merge(feed, existing, wanted, command)
  } else {
    const opened = Session.open(session, {
      channel,
      markets: wanted === undefined ? undefined : new Set(wanted),
      namesById: command.marketIds !== undefined,
      skipTickerAck: command.skipTickerAck ?? false,
      useYesPrice: command.useYesPrice ?? false,
      logEntriesMax: limits.sequenceEntriesMax
    })
    const answer = { id: command.id, channel, sid: opened.sid, unknownFields: noUnknownFields }
    Feed.reply(feed, session, encode({ _tag: "subscribed", ...answer }))
    Feed.follow(feed, opened, opened.markets)
    showMarkets(feed, opened, wanted, command.sendInitialSnapshot ?? false)
  }
}

/** Why the channel cannot be opened, or cannot take these markets; `undefined` when it can. */
const problemOf = (
  session: Session.Session,
  { channel, command, limits, text }: ChannelRequest,
  wanted: ReadonlyArray<string> | undefined
): ErrorCode | undefined => {
  if (PrivateChannel.isOne(channel)) return PrivateChannel.problemOf(channel, text)
  const refused = Command.refuseChannel(command, channel)
  if (refused !== undefined) return refused.code as ErrorCode
  if (command.marketIds !== undefined && channel !== "ticker") return 11
  return exceedsMarkets(session, session.subscriptions.get(channel), wanted, limits) ? 26 : undefined
}

/** Whether the session would follow more markets than it may. */
const exceedsMarkets = (
  session: Session.Session,
  existing: Session.Subscription | undefined,
  wanted: ReadonlyArray<string> | undefined,
  limits: CommandLimits
): boolean => {
  const added = wanted?.filter((ticker) => existing?.markets?.has(ticker) !== true).length ?? 0
  return added > 0 && Session.marketsCount(session) + added > limits.marketsPerSessionMax
}

/** Channels that take no list of markets. */
const isWholeExchange = (channel: string): boolean =>
  PrivateChannel.isOne(channel) || channel === "market_lifecycle_v2" || channel === "multivariate_market_lifecycle"

type Named = Pick<Command.Subscribe, "marketTickers" | "marketIds">

/** The named tickers, each once, ascending; `undefined` for every market. Unknown ids name nothing. */
const tickersOf = (feed: Feed.Feed, named: Named): ReadonlyArray<string> | undefined => {
  if (named.marketTickers !== undefined) return [...new Set(named.marketTickers)].sort()
  if (named.marketIds === undefined) return undefined
  const ids = new Set(named.marketIds)
  return [...feed.exchange.markets.values()]
    .filter((market) => ids.has(market.marketId))
    .map((market) => market.ticker)
    .sort()
}

/** Adds what is new of the wanted markets, and says so. */
const merge = (
  feed: Feed.Feed,
  existing: Session.Subscription,
  wanted: ReadonlyArray<string> | undefined,
  command: Command.Subscribe | Command.UpdateSubscription
): void => {
  const known = existing.markets
  const added = known === undefined ? [] : wanted?.filter((ticker) => !known.has(ticker))
  if (added === undefined) {
    Feed.unfollow(feed, existing, known)
    existing.markets = undefined
  } else {
    for (const ticker of added) known?.add(ticker)
  }
  if (command.marketIds !== undefined) existing.namesById = true
  if (added === undefined || added.length > 0) Feed.follow(feed, existing, added)
  acknowledge(feed, existing, command.id)
  showMarkets(feed, existing, added, command.sendInitialSnapshot ?? false)
}

/** Rule 4 for the order book channel; a first summary on the ticker channel when it was asked for. */
const showMarkets = (
  feed: Feed.Feed,
  on: Session.Subscription,
  tickers: ReadonlyArray<string> | undefined,
  withTickers: boolean
): void => {
  if (tickers === undefined) return
  for (const ticker of tickers) {
    const market = feed.exchange.markets.get(ticker)
    if (on.channel === "orderbook_delta") Feed.sendSnapshot(feed, on, ticker, null)
    else if (on.channel === "ticker" && withTickers && market !== undefined) Feed.sendTicker(feed, on, market)
  }
}

/** `ok` with the full list of the subscription, ascending. */
const acknowledge = (feed: Feed.Feed, on: Session.Subscription, id: number | null): void => {
  const listed = on.skipTickerAck || on.markets === undefined ? null : [...on.markets].sort()
  const ids = listed?.map((ticker) => feed.exchange.markets.get(ticker)?.marketId ?? "") ?? null
  Feed.sendOn(feed, on, (seq) =>
    encode({
      _tag: "ok",
      id,
      sid: on.sid,
      seq,
      marketTickers: on.namesById ? null : listed,
      marketIds: on.namesById ? ids : null,
      subscriptions: null,
      unknownFields: noUnknownFields
    })
  )
}

const unsubscribe = (feed: Feed.Feed, session: Session.Session, sid: number, id: number | null): void => {
  const subscription = session.subscriptionsBySid.get(sid)
  if (subscription === undefined || subscription.isClosed) {
    Feed.refuse(feed, session, id, 7)
    return
  }
  Feed.sendOn(feed, subscription, (seq) =>
    encode({ _tag: "unsubscribed", id, sid, seq, unknownFields: noUnknownFields })
  )
  Feed.end(feed, subscription)
}

const update = (
  feed: Feed.Feed,
  session: Session.Session,
  command: Command.UpdateSubscription,
  limits: CommandLimits
): void => {
  const on = session.subscriptionsBySid.get(command.sid)
  if (on === undefined || on.isClosed) {
    Feed.refuse(feed, session, command.id, 7)
    return
  }
  const tickers = tickersOf(feed, command) ?? []
  const code = problemOfUpdate(on, command, tickers, limits)
  if (code !== undefined) {
    Feed.refuseOn(feed, on, command.id, code)
  } else if (command.action === "get_snapshot") {
    for (const ticker of tickers) Feed.sendSnapshot(feed, on, ticker, command.id)
  } else if (command.action === "add_markets") {
    merge(feed, on, tickers, command)
  } else {
    const gone = tickers.filter((ticker) => on.markets?.delete(ticker) === true)
    Feed.unfollow(feed, on, gone)
    acknowledge(feed, on, command.id)
  }
}

/** Why a subscription cannot be changed so; a subscription to everything has no list that could be changed. */
const problemOfUpdate = (
  on: Session.Subscription,
  command: Command.UpdateSubscription,
  tickers: ReadonlyArray<string>,
  limits: CommandLimits
): ErrorCode | undefined => {
  if (command.marketIds !== undefined && on.channel !== "ticker") return 11
  if (command.action === "get_snapshot") return on.channel === "orderbook_delta" ? undefined : 13
  if (on.markets === undefined) return 13
  return command.action === "add_markets" && exceedsMarkets(on.session, on, tickers, limits) ? 26 : undefined
}

const list = (feed: Feed.Feed, session: Session.Session, id: number | null): void => {
  const subscriptions = [...session.subscriptions.values()]
    .sort((one, other) => one.sid - other.sid)
    .map(({ channel, sid }) => ({ channel, sid }))
  const none = { sid: null, seq: null, marketTickers: null, marketIds: null }
  Feed.reply(feed, session, encode({ _tag: "ok", id, ...none, subscriptions, unknownFields: noUnknownFields }))
}
