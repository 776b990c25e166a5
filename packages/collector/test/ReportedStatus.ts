/** A collector's status as tests make it: the example of a report, with what a test wants to differ. */
import { gapCauses } from "@kalshibook/core/BookRecord"
import type { RecorderReport } from "@kalshibook/core/contract/RecorderReport"
import { recorderReportExample } from "@kalshibook/core/contract/RecorderReportExample"
import { noCounts } from "@kalshibook/core/Recorder"
import type { CollectorStatus } from "../src/CollectorStatus.ts"
import { faultKinds } from "../src/Faults.ts"

const zeros = <Key extends string>(keys: ReadonlyArray<Key>): Record<Key, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>

export const reportedStatus = (changes: Partial<RecorderReport> = {}): CollectorStatus => {
  const report = { ...recorderReportExample, ...changes }
  return {
    source: "simulator",
    url: "ws://127.0.0.1/trade-api/ws/v2",
    state: "recording",
    sinceMicros: 0,
    marketsRecorded: 2,
    recordsPerSecond: 0,
    report,
    epoch: 7,
    connection: "connected",
    storeProblem: null,
    discoveryProblem: null,
    marketsByState: { unopened: 0, waiting: 1, live: 2, refused: 0 },
    refused: [],
    restarts: report.restarts,
    recordsCommitted: report.store.records_committed,
    recordsWaiting: report.store.records_waiting,
    counts: { ...noCounts, frames: report.counts.frames },
    connectionsOpened: 2,
    connectionEnds: { ...zeros(gapCauses), silence: 1 },
    faultCounts: { ...zeros(faultKinds), gap: 1 }
  }
}
