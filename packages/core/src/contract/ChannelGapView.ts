/**
 * A hole in a channel of the whole exchange as JSON: what may be missing among the trades or lifecycle messages of an answer.
 */
import * as Schema from "effect/Schema"
import type { ChannelGap } from "../ChannelGap.ts"
import { isoFromMicros } from "../Units.ts"
import { pageGapsMax } from "./Limits.ts"
import { Epoch, Instant, Seq, Sid } from "./Scalars.ts"
import { GapCause } from "./TrustView.ts"

const facts = {
  cause: GapCause,
  from: Instant.annotate({ description: "Receive clock: the first moment at which a message may be missing." }),
  to: Schema.NullOr(Instant).annotate({
    description: "Receive clock: from when on nothing is missing any more. Null while the channel is not open."
  }),
  ts_detected: Instant.annotate({ description: "When it was noticed." }),
  epoch: Epoch.annotate({ description: "The connection that lost something." }),
  sid: Sid,
  seq_from: Seq.annotate({ description: "The first sequence number that is missing; 0 where none is known." }),
  seq_to: Schema.NullOr(Schema.Int).annotate({
    description: "The number of the first frame behind the hole, where it is of the same subscription; else null.",
    examples: [316]
  })
}

export const TradeGap = Schema.Struct({
  ...facts,
  filled_at: Schema.NullOr(Instant).annotate({
    description:
      "When the trades that were missing were read from the exchange's history; null: they may be missing still."
  }),
  trades_filled: Schema.NullOr(Schema.Int).annotate({
    description: "How many trades of all markets that brought; null while it is not filled.",
    examples: [3]
  })
}).annotate({
  identifier: "TradeGap",
  description:
    "A hole in the channel of trades, of all markets: trades made in it came late by REST, or may be missing."
})

export const LifecycleGap = Schema.Struct(facts).annotate({
  identifier: "LifecycleGap",
  description:
    "A hole in the channel of lifecycle messages, of all markets. The exchange has no history of them to fill it from."
})

/** The fields of a page that tell of holes. */
export const gapsLeftOut = Schema.Int.annotate({
  description: `How many more holes touch the page than the first ${pageGapsMax}, which are listed. Nearly always 0.`,
  examples: [0]
})

/** A hole with what is known of its filling, Unix microseconds; `null` where it is not filled. */
export interface FillableGap extends ChannelGap {
  readonly tsFilledMicros: number | null
  readonly entriesFilled: number | null
}

export const tradeView = (gap: FillableGap): typeof TradeGap.Type => ({
  ...lifecycleView(gap),
  filled_at: gap.tsFilledMicros === null ? null : isoFromMicros(gap.tsFilledMicros),
  trades_filled: gap.entriesFilled
})

export const lifecycleView = (gap: ChannelGap): typeof LifecycleGap.Type => ({
  cause: gap.cause,
  from: isoFromMicros(gap.tsFromMicros),
  to: gap.tsToMicros === null ? null : isoFromMicros(gap.tsToMicros),
  ts_detected: isoFromMicros(gap.tsDetectedMicros),
  epoch: gap.epoch,
  sid: gap.sid,
  seq_from: gap.seqFrom,
  seq_to: gap.seqTo
})

/** The holes that a page lists, and how many it leaves out. */
export const listed = <Gap, View>(gaps: ReadonlyArray<Gap>, view: (gap: Gap) => View) => ({
  gaps: gaps.slice(0, pageGapsMax).map(view),
  gaps_left_out: Math.max(0, gaps.length - pageGapsMax)
})
