/**
 * Whether the book of an answer may be believed, and, where not, since when and why.
 */
import * as Schema from "effect/Schema"
import { type GapCause as BookGapCause, type GapRecord, gapCauses, type RecordHead } from "../BookRecord.ts"
import type { Trust } from "../Trust.ts"
import { isoFromMicros } from "../Units.ts"
import { Instant, Offset } from "./Scalars.ts"

export const causeMeanings: Readonly<Record<BookGapCause, string>> = {
  connection_lost: "the socket closed or failed",
  silence: "pings or data stopped and the watchdog cut the connection",
  sequence_hole: "a frame of the subscription is missing",
  channel_error: "the exchange ended the subscription",
  undecodable: "a frame that consumed a sequence number could not be read",
  inconsistent: "a negative level, a crossed book or a price off the market's grid",
  recorder_stopped: "no recorder was running",
  audit: "the exchange's REST book contradicted ours",
  maintenance: "the exchange closed its connections for its announced maintenance",
  market_closed: "the market closed and recording of it ended",
  unsubscribed: "the market was not subscribed, so nothing would tell of a change",
  storage: "records could not be stored"
}

export const GapCause = Schema.Literals(gapCauses).annotate({
  identifier: "GapCause",
  description: [
    "Why the book stopped being known:",
    ...gapCauses.map((cause) => `- \`${cause}\`: ${causeMeanings[cause]}`)
  ].join("\n")
})

const Gap = Schema.Struct({
  offset: Schema.NullOr(Offset).annotate({
    description: "The gap's place in the log; null where no gap is stored yet (the recorder is not running)."
  }),
  cause: GapCause,
  from: Instant.annotate({ description: "Receive clock: the first moment at which the book is not known." }),
  to: Schema.NullOr(Instant).annotate({
    description: "Receive clock: the next snapshot, from which on the book is known again. Null while the gap is open."
  })
}).annotate({ identifier: "Gap", description: "A hole in the market's log: [from, to)." })
export type Gap = typeof Gap.Type

export const TrustAnswer = Schema.Union([
  Schema.Struct({
    state: Schema.Literal("trusted"),
    since_offset: Offset.annotate({ description: "The snapshot since which the book is exact." }),
    gap: Schema.Null
  }),
  Schema.Struct({ state: Schema.Literal("stale"), since_offset: Schema.Null, gap: Gap }),
  Schema.Struct({ state: Schema.Literal("unknown"), since_offset: Schema.Null, gap: Schema.Null })
]).annotate({
  identifier: "Trust",
  description: [
    "Whether the book may be believed:",
    "- `trusted`: exact since the snapshot at `since_offset`",
    "- `stale`: not known since `gap.from`; the levels are the last good ones",
    "- `unknown`: no snapshot yet"
  ].join("\n"),
  examples: [{ state: "trusted", since_offset: 18_001, gap: null }]
})
export type TrustAnswer = typeof TrustAnswer.Type

/**
 * `gapEndsMicros` is the receipt of the next snapshot, `null` while the gap is open. `last` is the last record of the log
 * that the answer knows of: a gap that begins after it is not in the log.
 */
export const view = (trust: Trust, gapEndsMicros: number | null, last: RecordHead): TrustAnswer => {
  switch (trust._tag) {
    case "unknown":
      return { state: "unknown", since_offset: null, gap: null }
    case "trusted":
      return { state: "trusted", since_offset: trust.sinceOffset, gap: null }
    case "stale": {
      const isStored = trust.gap.tsReceivedMicros <= last.tsReceivedMicros
      return { state: "stale", since_offset: null, gap: gapView(trust.gap, gapEndsMicros, isStored) }
    }
  }
}

const gapView = (gap: GapRecord, endsMicros: number | null, isStored: boolean): Gap => ({
  offset: isStored ? gap.offset : null,
  cause: gap.cause,
  from: isoFromMicros(gap.tsReceivedMicros),
  to: endsMicros === null ? null : isoFromMicros(endsMicros)
})
