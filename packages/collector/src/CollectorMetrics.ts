/** The collector's status as metrics of this process, for `/metrics`. Set once a second from what was counted anyway. */
import { Effect, Metric } from "effect"
import type { CollectorStatus } from "./CollectorStatus.ts"

const gauge = (name: string, description: string): Metric.Gauge<number> =>
  Metric.gauge(`kalshibook_recorder_${name}`, { description })

const markets = gauge("markets", "Markets that are to be recorded, by state.")
const connected = gauge("connected", "1 while a connection to the exchange is open, else 0.")
const epoch = gauge("epoch", "Number of the connection to the exchange; grows with every new one.")
const recordsWaiting = gauge("records_waiting", "Records received and not committed yet.")
const storeAway = gauge("store_away", "1 while the database does not take records, else 0.")

const counter = (name: string, description: string): Metric.Counter<number> =>
  Metric.counter(`kalshibook_recorder_${name}`, { description, incremental: true })

const counters = {
  records_committed_total: counter("records_committed_total", "Records committed since the start."),
  restarts_total: counter("restarts_total", "How often a market had to be asked for again."),
  frames_total: counter("frames_total", "Frames received since the start."),
  frames_lost_total: counter("frames_lost_total", "Frames that the sequence numbers show to be missing."),
  sequence_gaps_total: counter("sequence_gaps_total", "Holes in the sequence numbers."),
  frames_repeated_total: counter("frames_repeated_total", "Frames that came twice or too late, and were not applied."),
  frames_undecodable_total: counter("frames_undecodable_total", "Frames that could not be read."),
  frames_unknown_total: counter("frames_unknown_total", "Frames of a type that this version does not know."),
  frames_unknown_fields_total: counter(
    "frames_unknown_fields_total",
    "Frames with fields that this version does not know."
  )
}

type Totals = Readonly<Record<keyof typeof counters, number>>

const totalsOf = ({ counts, recordsCommitted, restarts }: CollectorStatus): Totals => ({
  records_committed_total: recordsCommitted,
  restarts_total: restarts,
  frames_total: counts.frames,
  frames_lost_total: counts.framesLost,
  sequence_gaps_total: counts.sequenceGaps,
  frames_repeated_total: counts.framesRepeated,
  frames_undecodable_total: counts.framesUndecodable,
  frames_unknown_total: counts.framesUnknown,
  frames_unknown_fields_total: counts.framesWithUnknownFields
})

/** Returns what brings the metrics up to a status. One per collector: it remembers what was counted already. */
export const makeReporter = (): ((status: CollectorStatus) => Effect.Effect<void>) => {
  const counted = new Map<string, number>()
  return Effect.fnUntraced(function* (status: CollectorStatus) {
    for (const [state, count] of Object.entries(status.marketsByState)) {
      yield* Metric.update(Metric.withAttributes(markets, { state }), count)
    }
    yield* Metric.update(connected, status.state === "recording" ? 1 : 0)
    yield* Metric.update(epoch, status.epoch)
    yield* Metric.update(recordsWaiting, status.recordsWaiting)
    yield* Metric.update(storeAway, status.storeProblem === null ? 0 : 1)
    for (const [name, total] of Object.entries(totalsOf(status))) {
      yield* Metric.update(counters[name as keyof Totals], total - (counted.get(name) ?? 0))
      counted.set(name, total)
    }
  })
}
