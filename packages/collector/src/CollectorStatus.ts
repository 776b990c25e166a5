/** What the collector knows of itself, for `/v1/status`, the terminal and the metrics. Computed when asked. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { RecorderState, RecorderStatus } from "@kalshibook/core/contract/RecorderStatus"
import type { RecorderCounts } from "@kalshibook/core/Recorder"
import type { ExchangeSource } from "./ExchangeAccess.ts"
import { type MarketState, type RecordingState, recordsWaiting } from "./Recording.ts"
import * as Slots from "./Slots.ts"

export interface CollectorStatus extends RecorderStatus {
  readonly epoch: number
  /** What the connection is doing, in words. */
  readonly connection: string
  /** Why records are not being stored right now, in words; `null` when they are. */
  readonly storeProblem: string | null
  /** Why the list of markets cannot be read right now, in words; `null` when it can. */
  readonly discoveryProblem: string | null
  readonly marketsByState: Readonly<Record<MarketState, number>>
  /** Markets that the exchange refuses, with its reason. At most `refusedListedMax`. */
  readonly refused: ReadonlyArray<{ readonly ticker: MarketTicker; readonly reason: string }>
  readonly restarts: number
  readonly recordsCommitted: number
  /** Received and not committed yet. */
  readonly recordsWaiting: number
  readonly counts: Readonly<RecorderCounts>
}

const refusedListedMax = 100

/** Counts commits over time. One per collector; `sample` is called once a second. */
export interface RateMeter {
  readonly sample: (nowMicros: number, recordsCommitted: number) => void
  readonly recordsPerSecond: () => number
}

/** Rate over the last seconds. */
export const makeRateMeter = (windowSamples = 5): RateMeter => {
  const samples: Array<{ readonly micros: number; readonly records: number }> = []
  return {
    sample: (micros, records) => {
      samples.push({ micros, records })
      if (samples.length > windowSamples + 1) samples.shift()
    },
    recordsPerSecond: () => {
      const [first] = samples
      const last = samples.at(-1)
      if (first === undefined || last === undefined || last.micros === first.micros) return 0
      return ((last.records - first.records) / (last.micros - first.micros)) * 1e6
    }
  }
}

/** The status now. O(markets). */
export const read = (
  recording: RecordingState,
  exchange: { readonly source: ExchangeSource; readonly url: string; readonly storageProblem: string | null },
  meter: RateMeter
): CollectorStatus => {
  const marketsByState: Record<MarketState, number> = { unopened: 0, waiting: 0, live: 0, refused: 0 }
  const refused: Array<{ ticker: MarketTicker; reason: string }> = []
  for (const cell of recording.cells.values()) {
    marketsByState[cell.state]++
    if (cell.state === "refused" && refused.length < refusedListedMax) {
      refused.push({ ticker: cell.ticker, reason: cell.fault ?? "" })
    }
  }
  return {
    source: exchange.source,
    url: exchange.url,
    state: exchange.storageProblem === null ? stateOf(recording) : "stopped",
    sinceMicros: recording.slots.all[0]?.sinceMicros ?? null,
    marketsRecorded: marketsByState.live,
    recordsPerSecond: meter.recordsPerSecond(),
    epoch: recording.recorder.epochLast,
    connection: recording.slots.all[0]?.connection ?? "",
    storeProblem: exchange.storageProblem ?? recording.storeProblem,
    discoveryProblem: recording.discoveryProblem,
    marketsByState,
    refused,
    restarts: recording.restarts,
    recordsCommitted: recording.recordsCommitted,
    recordsWaiting: recordsWaiting(recording),
    counts: { ...recording.recorder.counts }
  }
}

const stateOf = (recording: RecordingState): RecorderState => {
  if (Slots.isLinked(recording.slots)) return "recording"
  return recording.slots.all.every(({ connections }) => connections === 0) ? "starting" : "reconnecting"
}
