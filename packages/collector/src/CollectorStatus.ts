/** What the collector knows of itself, for `/v1/status`, the terminal and the metrics. Computed when asked. */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import type { RecorderReport } from "@kalshibook/core/contract/RecorderReport"
import type { RecorderState, RecorderStatus } from "@kalshibook/core/contract/RecorderStatus"
import type { RecorderCounts } from "@kalshibook/core/Recorder"
import * as CollectorReport from "./CollectorReport.ts"
import type { ExchangeSource } from "./ExchangeAccess.ts"
import type { FaultKind } from "./Faults.ts"
import type { Observation } from "./Observation.ts"
import { type MarketState, type RecordingState, recordsWaiting } from "./Recording.ts"
import * as Sight from "./Sight.ts"
import * as Slots from "./Slots.ts"

export interface CollectorStatus extends RecorderStatus {
  readonly report: RecorderReport
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
  /** What was counted since the process started, over all its recordings. */
  readonly restarts: number
  readonly recordsCommitted: number
  /** Received and not committed yet. */
  readonly recordsWaiting: number
  readonly counts: Readonly<RecorderCounts>
  /** Connections that were opened, those that ended by cause, and faults by kind, since the process started. */
  readonly connectionsOpened: number
  readonly connectionEnds: Readonly<Record<GapCause, number>>
  readonly faultCounts: Readonly<Record<FaultKind, number>>
}

const refusedListedMax = 100

/** The status now. O(markets). */
export const read = (
  recording: RecordingState,
  exchange: { readonly source: ExchangeSource; readonly url: string; readonly storageProblem: string | null },
  observed: Observation,
  parts: CollectorReport.ReportParts
): CollectorStatus => {
  const marketsByState: Record<MarketState, number> = { unopened: 0, waiting: 0, live: 0, refused: 0 }
  const refused: Array<{ ticker: MarketTicker; reason: string }> = []
  for (const cell of recording.cells.values()) {
    marketsByState[cell.state]++
    if (cell.state === "refused" && refused.length < refusedListedMax) {
      refused.push({ ticker: cell.ticker, reason: cell.fault ?? "" })
    }
  }
  const { counts, recordsCommitted, restarts } = Sight.totals(recording.sight, recording)
  const known = {
    source: exchange.source,
    url: exchange.url,
    state: exchange.storageProblem === null ? stateOf(recording) : ("stopped" as const),
    sinceMicros: recording.slots.all[0]?.sinceMicros ?? null,
    marketsRecorded: marketsByState.live,
    recordsPerSecond: observed.recordsPerSecond,
    epoch: recording.recorder.epochLast,
    connection: recording.slots.all[0]?.connection ?? "",
    storeProblem: exchange.storageProblem ?? recording.storeProblem,
    discoveryProblem: recording.discoveryProblem,
    marketsByState,
    refused,
    restarts,
    recordsCommitted,
    recordsWaiting: recordsWaiting(recording),
    counts,
    connectionsOpened: recording.sight.connectionsOpened,
    connectionEnds: { ...recording.sight.connectionEnds },
    faultCounts: { ...recording.sight.faults.counts }
  }
  return { ...known, report: CollectorReport.make(recording, known, observed, parts) }
}

const stateOf = (recording: RecordingState): RecorderState => {
  if (Slots.isLinked(recording.slots)) return "recording"
  return recording.slots.all.every(({ connections }) => connections === 0) ? "starting" : "reconnecting"
}
