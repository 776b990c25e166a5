/** How the cold tier is, in `/v1/status`: up to when everything is sealed, and whether the archiver gets on. */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { Instant } from "./Scalars.ts"

export const ArchiveAnswer = Schema.Struct({
  sealed_until: Schema.NullOr(Instant).annotate({
    description: "Every hour from the first recorded one up to this moment is sealed; null while none is."
  }),
  lag_seconds: Schema.NullOr(Schema.Finite).annotate({
    description:
      "Seconds of stored records that are not sealed yet; null while nothing is. An hour and some minutes at most.",
    examples: [1_830.2]
  }),
  ts_sealed: Schema.NullOr(Instant).annotate({ description: "When an hour was sealed last; null while none is." }),
  hours: Schema.Int.annotate({ description: "Sealed hours.", examples: [72] }),
  bytes: Schema.Int.annotate({ description: "Bytes of their files.", examples: [1_204_332_118] }),
  hours_marked: Schema.Int.annotate({
    description: "Sealed hours of which something was stored afterwards, and that will be sealed again.",
    examples: [0]
  }),
  hot_from: Schema.NullOr(Instant).annotate({
    description:
      "Records received before this moment are in the sealed hours alone; null while none has left the database."
  }),
  problem: Schema.NullOr(Schema.String).annotate({
    description: "Why the archiver does not get on; null while it does, or has never run."
  }),
  age_seconds: Schema.NullOr(Schema.Finite).annotate({
    description: "Seconds since the archiver said something; null when it never did.",
    examples: [3.2]
  })
}).annotate({ identifier: "Archive", description: "The cold tier, and how the archiver gets on with it." })
export type ArchiveAnswer = typeof ArchiveAnswer.Type

/** What the store tells of it. Times are Unix microseconds. */
export interface ArchiveFacts {
  readonly sealedUntilMicros: number | null
  readonly tsSealedMicros: number | null
  readonly hours: number
  readonly bytes: number
  readonly hoursMarked: number
  readonly hotFromMicros: number | null
  readonly report: { readonly tsReportedMicros: number; readonly problem: string | null } | null
}

/** `watermarkMicros`: up to when everything is stored. */
export const view = (facts: ArchiveFacts, watermarkMicros: number | undefined, nowMicros: number): ArchiveAnswer => {
  const { report, sealedUntilMicros } = facts
  return {
    sealed_until: instantOf(sealedUntilMicros),
    lag_seconds:
      sealedUntilMicros === null || watermarkMicros === undefined ? null : seconds(watermarkMicros - sealedUntilMicros),
    ts_sealed: instantOf(facts.tsSealedMicros),
    hours: facts.hours,
    bytes: facts.bytes,
    hours_marked: facts.hoursMarked,
    hot_from: instantOf(facts.hotFromMicros),
    problem: report?.problem ?? null,
    age_seconds: report === null ? null : seconds(nowMicros - report.tsReportedMicros)
  }
}

const instantOf = (micros: number | null) => (micros === null ? null : isoFromMicros(micros))
const seconds = (micros: number): number => Math.max(0, micros) / 1_000_000
