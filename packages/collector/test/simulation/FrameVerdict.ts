/**
 * Received is stored: which frames of the tape must be records is told by the numbers of their subscriptions and by the acts alone,
 * with the plainest bookkeeping, and the logs have just these, in this order. So have trades and lifecycle messages.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as ErrorCode from "@kalshibook/core/kalshi/ErrorCode"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import type { RecorderAct } from "@kalshibook/core/RecorderAct"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import type { Evidence, Violation } from "./Evidence.ts"

export const judge = (evidence: Evidence): ReadonlyArray<Violation> => {
  const account = make()
  for (const entry of evidence.entries) {
    const act = evidence.acts.get(entry)
    if (act !== undefined) performed(account, entry, act)
    const message = evidence.messages.get(entry)
    if (message !== undefined) received(account, entry, message)
  }
  const violations: Array<Violation> = []
  for (const ticker of new Set([...account.records.keys(), ...evidence.logs.keys()])) {
    const expected = account.records.get(ticker) ?? []
    const found = (evidence.logs.get(ticker) ?? []).flatMap(({ value }) =>
      value.kind === "gap" ? [] : [{ name: `${value.epoch} ${value.sid} ${value.seq}`, offset: value.offset }]
    )
    const wrong = expected.findIndex((name, at) => found[at]?.name !== name)
    if (wrong === -1 && expected.length === found.length) continue
    const at = wrong === -1 ? expected.length : wrong
    violations.push({
      rule: "every book frame in order is a record",
      detail: `expected ${expected[at]}, found ${found[at]?.name}`,
      marketTicker: ticker,
      offset: found[at]?.offset
    })
  }
  const { state } = evidence.world.database
  const lostTrade = [...account.trades].find((id) => !state.trades.has(id))
  if (lostTrade !== undefined) violations.push({ rule: "every trade received is stored", detail: lostTrade })
  if ([...state.trades.values()].some(({ epoch, tradeId }) => epoch !== 0 && !account.trades.has(tradeId)))
    violations.push({ rule: "no trade is stored that was not received", detail: "" })
  if (state.lifecycle.size !== account.lifecycle)
    violations.push({
      rule: "every lifecycle message received is stored once",
      detail: `${state.lifecycle.size} of ${account.lifecycle}`
    })
  return violations
}

interface Account {
  /** By epoch: the slot, and the last number of each subscription, infinite when it has ended. */
  readonly connections: Map<number, { readonly slot: number; readonly seqLast: Map<number, number> }>
  /** By market that is recorded: the epoch on which it is followed, 0 for none. */
  readonly followed: Map<MarketTicker, number>
  readonly records: Map<MarketTicker, Array<string>>
  readonly trades: Set<string>
  lifecycle: number
}

const make = (): Account => ({
  connections: new Map(),
  followed: new Map(),
  records: new Map(),
  trades: new Set(),
  lifecycle: 0
})

const close = ({ connections, followed }: Account, epoch: number): void => {
  connections.delete(epoch)
  for (const [ticker, each] of followed) if (each === epoch) followed.set(ticker, 0)
}

const performed = (account: Account, { epoch }: TapeEntry, act: RecorderAct): void => {
  const { connections, followed } = account
  switch (act.act) {
    case "open":
      for (const [each, { slot }] of [...connections]) if (slot === act.slot) close(account, each)
      connections.set(epoch, { slot: act.slot, seqLast: new Map() })
      break
    case "close":
      close(account, epoch)
      break
    case "begin":
      if (!followed.has(act.ticker)) followed.set(act.ticker, 0)
      break
    case "forget":
      for (const ticker of act.tickers) followed.delete(ticker)
      break
    case "follow":
      for (const ticker of act.tickers) if (connections.has(epoch) && followed.has(ticker)) followed.set(ticker, epoch)
      break
    case "unfollow":
      for (const ticker of act.tickers) if (followed.has(ticker)) followed.set(ticker, 0)
      break
    default:
      break
  }
}

/** Whether the frame is new, by its number. */
const isNew = (seqLast: Map<number, number>, message: ServerMessage): boolean => {
  if (!("sid" in message) || !("seq" in message)) return true
  const { seq, sid } = message
  if (sid === null || seq === null) return true
  const last = seqLast.get(sid) ?? 0
  // Its numbers may be as broken as the rest of it.
  if (message._tag === "undecodable") {
    if (seq === last + 1) seqLast.set(sid, seq)
    return true
  }
  if (seq <= last) return false
  seqLast.set(sid, seq)
  return true
}

const received = (account: Account, { epoch }: TapeEntry, message: ServerMessage): void => {
  const seqLast = account.connections.get(epoch)?.seqLast
  if (seqLast === undefined) return
  if (message._tag === "subscribed") {
    if (seqLast.get(message.sid) === Number.POSITIVE_INFINITY) seqLast.delete(message.sid)
    return
  }
  const isFresh = isNew(seqLast, message)
  if (message._tag === "unsubscribed") seqLast.set(message.sid, Number.POSITIVE_INFINITY)
  if (message._tag === "error" && ErrorCode.isTerminal(message.code) && message.sid !== null)
    seqLast.set(message.sid, Number.POSITIVE_INFINITY)
  if (!isFresh) return
  switch (message._tag) {
    case "orderbook_delta":
    case "orderbook_snapshot": {
      if (message._tag === "orderbook_delta" && message.deltaE2 === 0) return
      const { marketTicker, seq, sid } = message
      const epochFollowed = account.followed.get(marketTicker)
      if (epochFollowed === undefined || (epochFollowed !== 0 && epochFollowed !== epoch)) return
      const names = account.records.get(marketTicker)
      const name = `${epoch} ${sid} ${seq}`
      if (names === undefined) account.records.set(marketTicker, [name])
      else names.push(name)
      return
    }
    case "trade":
      account.trades.add(message.tradeId)
      return
    case "market_lifecycle_v2":
    case "event_lifecycle":
    case "event_fee_update":
    case "multivariate_market_lifecycle":
      account.lifecycle++
      return
    default:
      return
  }
}
