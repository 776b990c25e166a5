/** The recorder's report (`RecorderReport`), in the form of the contract: what other modules know, put in its place. */
import { sideChannels } from "@kalshibook/core/ChannelGap"
import type { AuditStatus } from "@kalshibook/core/contract/AuditStatus"
import type { RecorderReport } from "@kalshibook/core/contract/RecorderReport"
import type { LagQuantiles } from "@kalshibook/core/LagHistogram"
import * as LagHistogram from "@kalshibook/core/LagHistogram"
import { isoFromMicros } from "@kalshibook/core/Units"
import type { CollectorStatus } from "./CollectorStatus.ts"
import type { Fault } from "./Faults.ts"
import { notRecorded } from "./NotRecorded.ts"
import type { Observation } from "./Observation.ts"
import type { RecordingState } from "./Recording.ts"
import type { SightState } from "./Sight.ts"
import type { Slot } from "./Slots.ts"

/** What only others know; `null` where nobody does. */
export interface ReportParts {
  readonly audits: AuditStatus | null
}

type Known = Omit<CollectorStatus, "report">

/** O(markets). */
export const make = (
  recording: RecordingState,
  status: Known,
  observed: Observation,
  { audits }: ReportParts
): RecorderReport => {
  const { clock, recorder, sight, slots } = recording
  const marketsLive = new Map<Slot, number>()
  for (const { slot, state } of recording.cells.values()) {
    if (state === "live" && slot !== null) marketsLive.set(slot, (marketsLive.get(slot) ?? 0) + 1)
  }
  return {
    ts_reported: isoFromMicros(clock.nowMicros()),
    process: processOf(observed),
    session: {
      number: sight.sessions,
      since: isoFromMicros(sight.tsSessionMicros),
      restarts: Math.max(0, sight.sessions - 1)
    },
    connections: slots.all.map((slot) => ({
      slot: slot.number,
      epoch: slot.link?.epoch ?? null,
      state: slot.connection,
      since: isoFromMicros(slot.sinceMicros),
      markets_assigned: slot.tickers.size,
      markets_live: marketsLive.get(slot) ?? 0,
      frames_per_second: tenths(observed.framesPerSecond(slot)),
      connections: slot.connections,
      last_end:
        slot.lastEnd === null
          ? null
          : {
              at: isoFromMicros(slot.lastEnd.tsMicros),
              epoch: slot.lastEnd.epoch,
              cause: slot.lastEnd.cause,
              detail: slot.lastEnd.detail
            }
    })),
    markets: { ...status.marketsByState },
    refused: status.refused,
    not_recorded: notRecordedOf(recording),
    restarts: status.restarts,
    faults: sight.faults.last.map(faultOf).reverse(),
    lag: lagOf(sight, recording),
    tape: tapeOf(recording, observed),
    store: {
      problem: status.storeProblem,
      records_committed: status.recordsCommitted,
      records_waiting: status.recordsWaiting,
      committed_up_to: isoFromMicros(recording.tsCommittedMicros)
    },
    discovery_problem: status.discoveryProblem,
    maintenance: maintenanceOf(recording),
    audits: audits === null ? null : auditsOf(audits),
    gaps: { ...sight.gaps },
    channel_gaps: { ...sight.channelGaps },
    channels_closed: sideChannels.filter((channel) => (recorder.channels.get(channel) ?? null) !== null),
    counts: {
      frames: status.counts.frames,
      frames_repeated: status.counts.framesRepeated,
      frames_unknown: status.counts.framesUnknown,
      frames_undecodable: status.counts.framesUndecodable,
      frames_unknown_fields: status.counts.framesWithUnknownFields,
      frames_stray: status.counts.framesStray,
      frames_lost: status.counts.framesLost,
      deltas_empty: status.counts.deltasEmpty,
      sequence_gaps: status.counts.sequenceGaps
    }
  }
}

const notRecordedOf = (recording: RecordingState): RecorderReport["not_recorded"] => {
  const { counts, markets, places, priority } = notRecorded(recording)
  return {
    count: Object.values(counts).reduce((sum, count) => sum + count, 0),
    by_reason: { ...counts },
    sample: markets.map(({ code, reason, ticker }) => ({
      ticker,
      reason: code === null ? reason : `${reason} (error ${code})`
    })),
    places,
    priority
  }
}

const maintenanceOf = ({ maintenance }: RecordingState): RecorderReport["maintenance"] => ({
  active: maintenance !== null,
  until: maintenance === null || maintenance.toMicros === null ? null : isoFromMicros(maintenance.toMicros),
  description: maintenance === null ? "The exchange trades." : `The exchange rests, by its ${maintenance.by}.`
})

const tenths = (value: number): number => Math.round(value * 10) / 10
const millis = (micros: number): number => Math.round(micros) / 1000

const lag = ({ maxMicros, p50Micros, p99Micros }: LagQuantiles) => ({
  p50_ms: millis(p50Micros),
  p99_ms: millis(p99Micros),
  max_ms: millis(maxMicros)
})

const lagOrNull = (histogram: LagHistogram.LagHistogram) => {
  const quantiles = LagHistogram.quantiles(histogram)
  return quantiles === null ? null : lag(quantiles)
}

const lagOf = ({ commitLag, exchangeLag }: SightState, { tape }: RecordingState): RecorderReport["lag"] => ({
  exchange_to_receipt: lagOrNull(exchangeLag),
  receipt_to_tape: lagOrNull(tape.syncLag),
  receipt_to_commit: lagOrNull(commitLag)
})

const processOf = ({ clockSkewMicros, clockSteps, process }: Observation): RecorderReport["process"] => ({
  uptime_seconds: tenths(process.uptimeSeconds),
  memory_bytes: process.memoryBytes,
  heap_bytes: process.heapBytes,
  cpu_seconds: tenths(process.cpuSeconds),
  event_loop_delay: lag(process.eventLoopDelay),
  clock_skew_ms: millis(clockSkewMicros),
  clock_steps: clockSteps
})

const faultOf = (fault: Fault): RecorderReport["faults"][number] => ({
  at: isoFromMicros(fault.tsLastMicros),
  first_at: isoFromMicros(fault.tsFirstMicros),
  times: fault.times,
  kind: fault.kind,
  cause: fault.cause,
  action: fault.action,
  markets: fault.markets,
  slot: fault.slot ?? null,
  epoch: fault.epoch ?? null,
  sid: fault.sid ?? null,
  ticker: fault.ticker ?? null
})

const tapeOf = (recording: RecordingState, { tape: seen }: Observation): RecorderReport["tape"] => {
  const { isSpilled, sight, tape, tapeEntryCommitted } = recording
  return {
    segments: seen?.segments ?? 0,
    bytes: seen?.bytes ?? 0,
    entries_appended: tape.appended(),
    entries_synced: tape.synced(),
    entries_committed: tapeEntryCommitted,
    behind: Math.max(0, tape.appended() - tapeEntryCommitted),
    catching_up: isSpilled,
    bytes_waiting: seen?.bytesWaiting ?? 0,
    sync_lag_ms: millis(seen?.syncLagMicros ?? 0),
    free_bytes: seen?.freeBytes ?? null,
    alarm: seen?.isFreeLow ?? false,
    problem: seen === null ? "its disk does not answer" : (seen.failure?.message ?? null),
    checkpoints: sight.checkpoints
  }
}

const auditsOf = ({ lastDay, lastFailure, problem }: AuditStatus): RecorderReport["audits"] => {
  const decided = lastDay.passed + lastDay.failed
  return {
    ...lastDay,
    pass_rate: decided === 0 ? null : lastDay.passed / decided,
    problem,
    last_failure:
      lastFailure === null
        ? null
        : {
            at: isoFromMicros(lastFailure.tsAnsweredMicros),
            ticker: lastFailure.marketTicker,
            offset: lastFailure.offset,
            levels_compared: lastFailure.levelsCompared,
            levels_different: lastFailure.levelsDifferent
          }
  }
}
