/** What recording produced since the last time it was drained: records in log order, and what is stored beside them. */
import type { BookRecord } from "./BookRecord.ts"
import type { ChannelGap } from "./ChannelGap.ts"
import type { ConnectionRecord } from "./ConnectionRecord.ts"
import type { Keyframe } from "./Keyframe.ts"
import type { LifecycleRecord, TradeRecord } from "./TradeRecord.ts"

export interface Outbox {
  records: Array<BookRecord>
  keyframes: Array<Keyframe>
  trades: Array<TradeRecord>
  lifecycle: Array<LifecycleRecord>
  connections: Array<ConnectionRecord>
  channelGaps: Array<ChannelGap>
}

export const make = (): Outbox => ({
  records: [],
  keyframes: [],
  trades: [],
  lifecycle: [],
  connections: [],
  channelGaps: []
})

/** How many entries of any kind are in it. */
export const entries = (outbox: { readonly [Kind in keyof Outbox]: ReadonlyArray<unknown> }): number =>
  outbox.records.length +
  outbox.keyframes.length +
  outbox.trades.length +
  outbox.lifecycle.length +
  outbox.connections.length +
  outbox.channelGaps.length

export const isEmpty = (outbox: Outbox): boolean => entries(outbox) === 0

/** Takes everything out. */
export const drain = (outbox: Outbox): Outbox => {
  const drained = { ...outbox }
  Object.assign(outbox, make())
  return drained
}

/** Lets go of everything. */
export const clear = (outbox: Outbox): void => {
  outbox.records.length = 0
  outbox.keyframes.length = 0
  outbox.trades.length = 0
  outbox.lifecycle.length = 0
  outbox.connections.length = 0
  outbox.channelGaps.length = 0
}
