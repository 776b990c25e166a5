/** The field `live` of `/v1/status`: whether this server hears the recorder, and how late. */
import * as Schema from "effect/Schema"
import type { LagQuantiles } from "../LagHistogram.ts"
import { isoFromMicros } from "../Units.ts"
import { Lag } from "./RecorderReport.ts"
import { Instant } from "./Scalars.ts"

export const LiveAnswer = Schema.Struct({
  state: Schema.Literals(["off", "waiting", "live", "lost"]).annotate({
    description:
      "`off`: this server follows no recorder. `waiting`: it has not heard it yet. `live`: it hears it. `lost`: it heard it, and does not now; what it knows is getting old. History is answered in every state."
  }),
  problem: Schema.NullOr(Schema.String).annotate({
    description: "Why the recorder is not heard, in words; null while it is, and where nobody knows."
  }),
  ts_received: Schema.NullOr(Instant).annotate({
    description: "Everything received up to this moment is known live; null before the recorder was heard."
  }),
  age_seconds: Schema.NullOr(Schema.Finite).annotate({
    description: "Seconds since `ts_received`: below one while the recorder is heard, also when nothing happens.",
    examples: [0.02]
  }),
  markets: Schema.Int.annotate({ description: "Markets whose books are known live.", examples: [250] }),
  lag: Schema.NullOr(Lag).annotate({
    description:
      "From the receipt of a record by the recorder to its being known here; null when there was none. Where both run on different machines it holds the difference of their clocks."
  })
}).annotate({ identifier: "Live", description: "Whether this server hears the recorder, and how late." })

/** As a server knows it. Times are Unix microseconds. */
export interface LiveFacts {
  readonly state: "waiting" | "live" | "lost"
  readonly problem: string | null
  /** 0 before the recorder was heard. */
  readonly tsReceivedMicros: number
  readonly markets: number
  readonly lag: LagQuantiles | null
}

/** `undefined`: no recorder is followed. */
export const view = (live: LiveFacts | undefined, nowMicros: number): typeof LiveAnswer.Type => {
  if (live === undefined) {
    return { state: "off", problem: null, ts_received: null, age_seconds: null, markets: 0, lag: null }
  }
  const { lag, markets, problem, state, tsReceivedMicros } = live
  const isHeard = tsReceivedMicros > 0
  return {
    state,
    problem,
    ts_received: isHeard ? isoFromMicros(tsReceivedMicros) : null,
    age_seconds: isHeard ? Math.max(0, nowMicros - tsReceivedMicros) / 1_000_000 : null,
    markets,
    lag:
      lag === null
        ? null
        : { p50_ms: lag.p50Micros / 1_000, p99_ms: lag.p99Micros / 1_000, max_ms: lag.maxMicros / 1_000 }
  }
}
