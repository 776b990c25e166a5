/** One client's connection to the simulated exchange, and its subscriptions. State alone: `Commands` and `Feed` act on it. */
import * as SequenceLog from "./SequenceLog.ts"

/** Where the frames of a session go. The socket behind it may be slow; what it has not taken yet counts as backlog. */
export interface Outlet {
  /** Queues one frame: of text, or of bytes that are none. */
  readonly write: (frame: string | Uint8Array) => void
  /** Bytes queued and not yet handed to the operating system. */
  readonly backlogBytes: () => number
}

export interface Subscription {
  readonly session: Session
  readonly channel: string
  /** Counted from 1 in each connection. */
  readonly sid: number
  /** Whether its frames carry `seq`. */
  readonly isSequenced: boolean
  /** The last `seq` used. */
  seq: number
  /** Tickers it follows; `undefined` is every market. */
  markets: Set<string> | undefined
  /** The client named its markets by UUID, so that acks do too. */
  namesById: boolean
  skipTickerAck: boolean
  readonly useYesPrice: boolean
  /** Ended: unsubscribed, or killed by error 10 or 25. */
  isClosed: boolean
  readonly log: SequenceLog.SequenceLog
}

export interface Session {
  /** Counted from 1 over the life of the exchange. */
  readonly connection: number
  readonly outlet: Outlet
  /** By channel: there is one per channel at a time. */
  readonly subscriptions: Map<string, Subscription>
  /** Closed ones too, for questions about the truth. */
  readonly subscriptionsBySid: Map<number, Subscription>
  /** By channel: sids that are kept for it. */
  readonly reservedSids: ReadonlyMap<string, number>
  isClosed: boolean
}

/** Channels whose frames carry `seq` (official AsyncAPI, September-October 2026). */
const unsequencedChannels: ReadonlySet<string> = new Set(["ticker", "fill", "user_orders", "market_positions"])

export const make = (
  connection: number,
  outlet: Outlet,
  reservedSids: ReadonlyMap<string, number> = new Map()
): Session => ({
  connection,
  outlet,
  subscriptions: new Map(),
  subscriptionsBySid: new Map(),
  reservedSids,
  isClosed: false
})

export interface SubscriptionStart {
  readonly channel: string
  readonly markets: Set<string> | undefined
  readonly namesById: boolean
  readonly skipTickerAck: boolean
  readonly useYesPrice: boolean
  /** Frames whose moment is remembered. */
  readonly logEntriesMax: number
}

/** The sid kept for the channel, else the lowest that was never used in the session and is not kept for another. */
const nextSid = ({ reservedSids, subscriptionsBySid }: Session, channel: string): number => {
  const kept = reservedSids.get(channel)
  if (kept !== undefined && !subscriptionsBySid.has(kept)) return kept
  const isTaken = (sid: number): boolean => subscriptionsBySid.has(sid) || [...reservedSids.values()].includes(sid)
  let sid = subscriptionsBySid.size + 1
  while (isTaken(sid)) sid++
  return sid
}

/** Opens a subscription with the next sid. */
export const open = (session: Session, start: SubscriptionStart): Subscription => {
  const { logEntriesMax, ...facts } = start
  const subscription: Subscription = {
    ...facts,
    session,
    sid: nextSid(session, start.channel),
    isSequenced: !unsequencedChannels.has(start.channel),
    seq: 0,
    isClosed: false,
    log: SequenceLog.make(logEntriesMax)
  }
  session.subscriptions.set(start.channel, subscription)
  session.subscriptionsBySid.set(subscription.sid, subscription)
  return subscription
}

/** Closes a subscription; its sid is never used again. */
export const close = (subscription: Subscription): void => {
  subscription.isClosed = true
  subscription.session.subscriptions.delete(subscription.channel)
}

/** How many markets the session follows by name. */
export const marketsCount = (session: Session): number => {
  let count = 0
  for (const subscription of session.subscriptions.values()) count += subscription.markets?.size ?? 0
  return count
}
