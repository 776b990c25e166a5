/** What the recorder knows of one connection to the exchange while it is open: its subscriptions and how far each is proven. State alone. */
import type { MarketTicker } from "./BookRecord.ts"
import type { ConnectionRecord } from "./ConnectionRecord.ts"
import * as Proof from "./Proof.ts"
import * as Sequencer from "./Sequencer.ts"

/** One subscription of a connection. */
export interface Subscription {
  readonly channel: string
  readonly proof: Proof.Proof
}

export interface RecorderConnection {
  /** As it was opened. */
  readonly record: ConnectionRecord
  readonly sequencer: Sequencer.Sequencer
  readonly subscriptions: Map<number, Subscription>
  /** Markets that are subscribed on it, or are being so. Only their books can be trusted. */
  readonly followed: Set<MarketTicker>
}

export const make = (record: ConnectionRecord): RecorderConnection => ({
  record,
  sequencer: Sequencer.make(),
  subscriptions: new Map(),
  followed: new Set()
})

/** The subscription, made when there is none: the exchange answers out of order, so its first frame can come before its `subscribed`. */
export const subscribe = (
  connection: RecorderConnection,
  sid: number,
  channel: string,
  tsReceivedMicros: number
): void => {
  if (connection.subscriptions.has(sid)) return
  connection.subscriptions.set(sid, { channel, proof: Proof.make(tsReceivedMicros) })
}

/** The first moment of a sid that is not proven, by both clocks; the notice where nothing ever was. */
export const provenEnd = (
  { subscriptions }: RecorderConnection,
  sid: number,
  tsDetectedMicros: number
): { readonly tsReceivedMicros: number; readonly tsExchangeMicros: number | null } => {
  const proof = subscriptions.get(sid)?.proof
  return proof === undefined
    ? { tsReceivedMicros: tsDetectedMicros, tsExchangeMicros: null }
    : {
        tsReceivedMicros: Math.min(proof.tsReceivedMicros + 1, tsDetectedMicros),
        tsExchangeMicros: Proof.exchangeMicros(proof)
      }
}
