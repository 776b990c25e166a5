/** What recording produced since the last time it was drained: records in log order, and what is stored beside them. */
import type { BookRecord } from "./BookRecord.ts"
import type { Keyframe } from "./Keyframe.ts"
import type { LifecycleRecord, TradeRecord } from "./TradeRecord.ts"

export interface Outbox {
  records: Array<BookRecord>
  keyframes: Array<Keyframe>
  trades: Array<TradeRecord>
  lifecycle: Array<LifecycleRecord>
}

export const make = (): Outbox => ({ records: [], keyframes: [], trades: [], lifecycle: [] })

export const isEmpty = (outbox: Outbox): boolean =>
  outbox.records.length + outbox.keyframes.length + outbox.trades.length + outbox.lifecycle.length === 0

/** Takes everything out. */
export const drain = (outbox: Outbox): Outbox => {
  const { keyframes, lifecycle, records, trades } = outbox
  outbox.records = []
  outbox.keyframes = []
  outbox.trades = []
  outbox.lifecycle = []
  return { records, keyframes, trades, lifecycle }
}
