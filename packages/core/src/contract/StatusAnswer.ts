/**
 * The answers of `/v1/status`, `/healthz` and `/`: what is served, where it comes from and how far behind it is.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isoFromMicros, microsFromIso } from "../Units.ts"
import * as ArchiveAnswer from "./ArchiveAnswer.ts"
import * as LiveAnswer from "./LiveAnswer.ts"
import { RecorderReport } from "./RecorderReport.ts"
import { type RecorderStatus, recorderStates, sourceDescriptions } from "./RecorderStatus.ts"
import { answerFields, Epoch, Instant } from "./Scalars.ts"

const Source = Schema.Struct({
  kind: Schema.Literals(["kalshi", "simulator", "recording", "unknown"]).annotate({
    description:
      "`kalshi`: the real exchange, live. `simulator`: a generated exchange. `recording`: recorded frames, played back. `unknown`: not known to this server."
  }),
  simulated: Schema.Boolean.annotate({ description: "Whether the data is made up." }),
  description: Schema.String.annotate({ description: "The same in plain words." }),
  url: Schema.NullOr(Schema.String).annotate({ description: "Address of the source; null where it is not known." })
}).annotate({ identifier: "Source", description: "Where the data comes from." })

const Recording = Schema.Struct({
  state: Schema.Literals(recorderStates).annotate({
    description:
      "`starting`: looking for markets, or connecting for the first time. `recording`: what is received is stored. `reconnecting`: the connection was lost. `stopped`: nothing was stored lately."
  }),
  since: Schema.NullOr(Instant).annotate({ description: "Since when; null where it is not known." })
}).annotate({ identifier: "Recording", description: "What the recorder is doing." })

const WatermarkAnswer = Schema.Struct({
  ts_received: Instant.annotate({ description: "Everything received up to this moment is durably stored." }),
  ts_exchange: Schema.NullOr(Instant).annotate({
    description: "The latest exchange time carried by any stored record; null before the first."
  }),
  epoch: Epoch.annotate({ description: "The connection that was current." }),
  lag_seconds: Schema.Finite.annotate({
    description: "Seconds between `ts_received` and now: how old the newest answer is.",
    examples: [0.31]
  })
}).annotate({ identifier: "Watermark", description: "Up to where everything that was received is durably stored." })

const RecorderAnswer = Schema.Struct({
  ...RecorderReport.fields,
  age_seconds: Schema.Finite.annotate({
    description:
      "Seconds since the recorder said this: 0 when it runs in this process, else it says it every few seconds.",
    examples: [0]
  })
}).annotate({ identifier: "Recorder", description: "What the recorder is doing, from its process to its markets." })

export const StatusBody = Schema.Struct({
  source: Source,
  recording: Recording,
  watermark: Schema.NullOr(WatermarkAnswer).annotate({ description: "Null before anything was stored." }),
  markets_recorded: Schema.Int.annotate({ description: "Markets with a recorded log.", examples: [250] }),
  records_per_second: Schema.NullOr(Schema.Finite).annotate({
    description: "Records stored per second, over the last seconds; null where this server does not know.",
    examples: [512.4]
  }),
  recorder: Schema.NullOr(RecorderAnswer).annotate({
    description: "Part by part; null where this server does not know."
  }),
  archive: Schema.NullOr(ArchiveAnswer.ArchiveAnswer).annotate({
    description: "The sealed hours; null where this server does not know."
  }),
  live: LiveAnswer.LiveAnswer,
  uptime_seconds: Schema.Finite.annotate({ description: "Seconds since this server started.", examples: [86_400.5] }),
  versions: Schema.Struct({
    api: Schema.String.annotate({ description: "Version of the server.", examples: ["0.1.0"] }),
    contract: Schema.Literal("v1").annotate({ description: "Version of the paths." })
  })
})
export type StatusBody = typeof StatusBody.Type

export const Status = Schema.Struct({ ...StatusBody.fields, ...answerFields }).annotate({
  identifier: "Status",
  description: "What this server serves."
})

export const Health = Schema.Struct({
  status: Schema.Literal("ok").annotate({ description: "The server answers and reaches its database." }),
  ...answerFields
}).annotate({
  identifier: "Health",
  description: "This server can answer."
})

export const Index = Schema.Struct({
  name: Schema.Literal("KalshiBook"),
  description: Schema.String,
  version: Schema.String,
  links: Schema.Record(Schema.String, Schema.String).annotate({ description: "What there is, by name: paths." }),
  ...answerFields
}).annotate({
  identifier: "Index",
  description: "What this API offers."
})

/** Up to where everything is stored, as the store gives it. Times are Unix microseconds. */
export interface StoredUpTo {
  readonly epoch: number
  readonly tsReceivedMicros: number
  readonly tsExchangeMicros: number | null
}

/** What a server knows when it is asked for its status. */
export interface ServerFacts {
  readonly recorder: RecorderStatus
  readonly watermark: StoredUpTo | undefined
  readonly archive: ArchiveAnswer.ArchiveFacts | undefined
  readonly live: LiveAnswer.LiveFacts | undefined
  /** Unix microseconds. */
  readonly nowMicros: number
  readonly startedMicros: number
  readonly apiVersion: string
}

export const view = (facts: ServerFacts): StatusBody => {
  const { recorder, watermark } = facts
  return {
    source: {
      kind: recorder.source,
      simulated: recorder.source === "simulator",
      description: sourceDescriptions[recorder.source],
      url: recorder.url
    },
    recording: {
      state: recorder.state,
      since: recorder.sinceMicros === null ? null : isoFromMicros(recorder.sinceMicros)
    },
    watermark:
      watermark === undefined
        ? null
        : {
            ts_received: isoFromMicros(watermark.tsReceivedMicros),
            ts_exchange: watermark.tsExchangeMicros === null ? null : isoFromMicros(watermark.tsExchangeMicros),
            epoch: watermark.epoch,
            lag_seconds: secondsBetween(watermark.tsReceivedMicros, facts.nowMicros)
          },
    markets_recorded: recorder.marketsRecorded,
    records_per_second: recorder.recordsPerSecond === null ? null : Math.round(recorder.recordsPerSecond * 10) / 10,
    recorder: recorder.report === null ? null : aged(recorder.report, facts.nowMicros),
    archive:
      facts.archive === undefined
        ? null
        : ArchiveAnswer.view(facts.archive, watermark?.tsReceivedMicros, facts.nowMicros),
    live: LiveAnswer.view(facts.live, facts.nowMicros),
    uptime_seconds: secondsBetween(facts.startedMicros, facts.nowMicros),
    versions: { api: facts.apiVersion, contract: "v1" }
  }
}

const aged = (report: RecorderReport, nowMicros: number): StatusBody["recorder"] => {
  const reportedMicros = Option.getOrElse(microsFromIso(report.ts_reported), () => nowMicros)
  // The receive clock of a recorder may be ahead of this server's.
  return { ...report, age_seconds: secondsBetween(reportedMicros, nowMicros) }
}

const secondsBetween = (fromMicros: number, toMicros: number): number => Math.max(0, toMicros - fromMicros) / 1_000_000
