/**
 * The collector's status as metrics of this process, for `/metrics`. Set once a second from what was counted anyway. What each means
 * for whoever is called out of bed stands in docs/runbook.md.
 */
import type { RecorderReport } from "@kalshibook/core/contract/RecorderReport"
import { Effect, Metric } from "effect"
import type { CollectorStatus } from "./CollectorStatus.ts"

/** One series: its labels, whose number is bounded, and its value. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family<Kind> {
  readonly metric: Kind
  readonly read: (status: CollectorStatus) => ReadonlyArray<Sample>
}

type Read = (report: RecorderReport, status: CollectorStatus) => number | ReadonlyArray<Sample>

const samplesOf =
  (read: Read) =>
  (status: CollectorStatus): ReadonlyArray<Sample> => {
    const value = read(status.report, status)
    return typeof value === "number" ? [{ labels: {}, value }] : value
  }

const gauge = (name: string, description: string, read: Read): Family<Metric.Gauge<number>> => ({
  metric: Metric.gauge(`kalshibook_recorder_${name}`, { description }),
  read: samplesOf(read)
})

const counter = (name: string, description: string, read: Read): Family<Metric.Counter<number>> => ({
  metric: Metric.counter(`kalshibook_recorder_${name}`, { description, incremental: true }),
  read: samplesOf(read)
})

const flag = (is: boolean): number => (is ? 1 : 0)

const by = (label: string, counts: Readonly<Record<string, number>>): ReadonlyArray<Sample> =>
  Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }))

const bySlot = (
  { connections }: RecorderReport,
  read: (connection: RecorderReport["connections"][number]) => number
): ReadonlyArray<Sample> => connections.map((each) => ({ labels: { slot: String(each.slot) }, value: read(each) }))

type Lag = NonNullable<RecorderReport["lag"]["receipt_to_tape"]>

/** Nothing where nothing was measured. */
const quantiles = (lag: Lag | null, labels: Readonly<Record<string, string>> = {}): ReadonlyArray<Sample> =>
  lag === null
    ? []
    : [
        { labels: { ...labels, quantile: "0.5" }, value: lag.p50_ms / 1000 },
        { labels: { ...labels, quantile: "0.99" }, value: lag.p99_ms / 1000 },
        { labels: { ...labels, quantile: "1" }, value: lag.max_ms / 1000 }
      ]

const gauges: ReadonlyArray<Family<Metric.Gauge<number>>> = [
  gauge("markets", "Markets that are to be recorded, by state.", (report) => by("state", report.markets)),
  gauge("markets_not_recorded", "Markets that are listed and not recorded, by reason.", ({ not_recorded }) =>
    not_recorded === null ? [] : by("reason", { none: 0, ...not_recorded.by_reason })
  ),
  gauge("connected", "1 while a connection to the exchange is open, else 0.", (_, { state }) =>
    flag(state === "recording")
  ),
  gauge(
    "connections",
    "Connections to the exchange that are open.",
    ({ connections }) => connections.filter(({ epoch }) => epoch !== null).length
  ),
  gauge("slots", "Connections to the exchange that there should be.", ({ connections }) => connections.length),
  gauge("slot_connected", "1 while this connection is open, else 0.", (report) =>
    bySlot(report, ({ epoch }) => flag(epoch !== null))
  ),
  gauge("slot_markets", "Markets that this connection is to carry.", (report) =>
    bySlot(report, ({ markets_assigned }) => markets_assigned)
  ),
  gauge("slot_markets_live", "Markets whose books this connection keeps exact.", (report) =>
    bySlot(report, ({ markets_live }) => markets_live)
  ),
  gauge("slot_frames_per_second", "Frames on this connection, over the last seconds.", (report) =>
    bySlot(report, ({ frames_per_second }) => frames_per_second)
  ),
  gauge("epoch", "Number of the latest connection to the exchange; grows with every new one.", (_, { epoch }) => epoch),
  gauge("lag_seconds", "Over the last minute, by stage and quantile (1 is the longest).", ({ lag }) => [
    ...quantiles(lag.exchange_to_receipt, { stage: "exchange_to_receipt" }),
    ...quantiles(lag.receipt_to_tape, { stage: "receipt_to_tape" }),
    ...quantiles(lag.receipt_to_commit, { stage: "receipt_to_commit" })
  ]),
  gauge("watermark_age_seconds", "Age of the newest moment up to which everything is committed.", (report) =>
    secondsBetween(report.store.committed_up_to, report.ts_reported)
  ),
  gauge("records_waiting", "Records received and not committed yet, in memory.", ({ store }) => store.records_waiting),
  gauge("store_away", "1 while the database does not take records, else 0.", ({ store }) =>
    flag(store.problem !== null)
  ),
  gauge(
    "spilled",
    "1 while memory cannot hold what waits, and the database is filled from the tape, else 0.",
    ({ tape }) => flag(tape.catching_up)
  ),
  gauge("entries_behind", "Entries of the tape that are not in the database yet.", ({ tape }) => tape.behind),
  gauge("discovery_failing", "1 while the list of markets cannot be read, else 0.", ({ discovery_problem }) =>
    flag(discovery_problem !== null)
  ),
  gauge("maintenance", "1 during the exchange's announced maintenance, else 0.", ({ maintenance }) =>
    flag(maintenance?.active ?? false)
  ),
  gauge(
    "channels_closed",
    "Channels of the whole exchange (trades, lifecycle) that are not open.",
    (report) => report.channels_closed.length
  ),
  gauge("tape_segments", "Files of the tape.", ({ tape }) => tape.segments),
  gauge("tape_bytes", "Bytes of the tape on its disk.", ({ tape }) => tape.bytes),
  gauge("tape_waiting_bytes", "Bytes of the tape that wait in memory to be written.", ({ tape }) => tape.bytes_waiting),
  gauge(
    "tape_sync_lag_seconds",
    "How long the oldest entry that is not synced waits now.",
    ({ tape }) => tape.sync_lag_ms / 1000
  ),
  gauge("tape_free_bytes", "Room left on the disk of the tape.", ({ tape }) =>
    tape.free_bytes === null ? [] : [{ labels: {}, value: tape.free_bytes }]
  ),
  gauge("tape_alarm", "1 while so little room is left that recording will stop soon, else 0.", ({ tape }) =>
    flag(tape.alarm)
  ),
  gauge("tape_failed", "1 while the tape takes nothing, and nothing is recorded, else 0.", (report, { state }) =>
    flag(report.tape.problem !== null || state === "stopped")
  ),
  gauge(
    "audits_pass_rate",
    "Share of the audits of the last 24 hours that passed, of those decided: 0 to 1.",
    ({ audits }) => (audits === null || audits.pass_rate === null ? [] : [{ labels: {}, value: audits.pass_rate }])
  ),
  gauge(
    "clock_skew_seconds",
    "The receive clock less the machine's wall clock.",
    (report) => report.process.clock_skew_ms / 1000
  ),
  gauge("memory_bytes", "Resident memory of the process.", (report) => report.process.memory_bytes),
  gauge("heap_bytes", "What the JavaScript heap takes.", (report) => report.process.heap_bytes),
  gauge("uptime_seconds", "Seconds since the process started.", (report) => report.process.uptime_seconds),
  gauge(
    "event_loop_delay_seconds",
    "How late the event loop gets to its work, by quantile (1 is the longest).",
    (report) => quantiles(report.process.event_loop_delay)
  )
]

const counters: ReadonlyArray<Family<Metric.Counter<number>>> = [
  counter(
    "records_committed_total",
    "Records committed since the start.",
    (_, { recordsCommitted }) => recordsCommitted
  ),
  counter("restarts_total", "How often a market had to be asked for again.", ({ restarts }) => restarts),
  counter(
    "session_restarts_total",
    "How often recording began anew because the tape had failed.",
    ({ session }) => session.restarts
  ),
  counter("frames_total", "Frames received since the start.", ({ counts }) => counts.frames),
  counter(
    "frames_lost_total",
    "Frames that the sequence numbers show to be missing.",
    ({ counts }) => counts.frames_lost
  ),
  counter("sequence_gaps_total", "Holes in the sequence numbers.", ({ counts }) => counts.sequence_gaps),
  counter(
    "frames_repeated_total",
    "Frames that came twice or too late, and were not applied.",
    ({ counts }) => counts.frames_repeated
  ),
  counter("frames_undecodable_total", "Frames that could not be read.", ({ counts }) => counts.frames_undecodable),
  counter(
    "frames_unknown_total",
    "Frames of a type that this version does not know.",
    ({ counts }) => counts.frames_unknown
  ),
  counter(
    "frames_unknown_fields_total",
    "Frames with fields that this version does not know.",
    ({ counts }) => counts.frames_unknown_fields
  ),
  counter("frames_stray_total", "Frames of books that are not recorded.", ({ counts }) => counts.frames_stray),
  counter("deltas_empty_total", "Changes of size 0.", ({ counts }) => counts.deltas_empty),
  counter(
    "connections_opened_total",
    "Connections to the exchange that were opened.",
    (_, status) => status.connectionsOpened
  ),
  counter("connections_ended_total", "Connections that ended, by cause.", (_, status) =>
    by("cause", status.connectionEnds)
  ),
  counter("gaps_total", "Gaps stored, one for each market that was concerned, by cause.", ({ gaps }) =>
    by("cause", gaps)
  ),
  counter("channel_gaps_total", "Holes of the channels of the whole exchange, by channel.", (report) =>
    by("channel", report.channel_gaps)
  ),
  counter("faults_total", "Faults by kind: what went wrong, however many markets it concerned.", (_, status) =>
    by("kind", status.faultCounts)
  ),
  counter(
    "clock_steps_total",
    "How often the machine's clock was set by more than half a second.",
    (report) => report.process.clock_steps
  ),
  counter("cpu_seconds_total", "CPU time of the process.", (report) => report.process.cpu_seconds),
  counter("checkpoints_total", "Checkpoints written to the tape.", ({ tape }) => tape.checkpoints),
  counter("tape_entries_appended_total", "Entries that the tape has taken, ever.", ({ tape }) => tape.entries_appended),
  counter("tape_entries_synced_total", "Entries of the tape that are on the disk.", ({ tape }) => tape.entries_synced),
  counter(
    "tape_entries_committed_total",
    "Entries of the tape of which all is in the database.",
    ({ tape }) => tape.entries_committed
  )
]

const secondsBetween = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)

const keyOf = (name: string, labels: Readonly<Record<string, string>>): string => `${name} ${JSON.stringify(labels)}`

/** Returns what brings the metrics up to a status. One per collector: it remembers what was counted already. */
export const makeReporter = (): ((status: CollectorStatus) => Effect.Effect<void>) => {
  const counted = new Map<string, number>()
  let shown = new Map<string, Metric.Gauge<number>>()
  return Effect.fnUntraced(function* (status: CollectorStatus) {
    const showing = new Map<string, Metric.Gauge<number>>()
    for (const { metric, read } of gauges) {
      for (const { labels, value } of read(status)) {
        const series = Metric.withAttributes(metric, labels)
        showing.set(keyOf(metric.id, labels), series)
        yield* Metric.update(series, value)
      }
    }
    // What is not there any more has no value; the last one would be taken for one.
    for (const [key, series] of shown) if (!showing.has(key)) yield* Metric.remove(series)
    shown = showing
    for (const { metric, read } of counters) {
      for (const { labels, value } of read(status)) {
        const key = keyOf(metric.id, labels)
        const before = counted.get(key) ?? 0
        counted.set(key, value)
        // A count that began again.
        yield* Metric.update(Metric.withAttributes(metric, labels), value >= before ? value - before : value)
      }
    }
  })
}
