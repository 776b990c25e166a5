/**
 * How much of the time in which markets were open is known, as JSON: by UTC hour, with the causes of the rest.
 *
 * Times inside are whole microseconds, here they are seconds: sums over all markets and a month pass 2^53 microseconds, so they are
 * added up exactly and rounded once.
 */
import * as Schema from "effect/Schema"
import { gapCauses } from "../BookRecord.ts"
import { hourMicros, isoFromMicros } from "../Units.ts"
import { answerFields, Instant, MarketTicker, Offset } from "./Scalars.ts"
import { causeMeanings, GapCause } from "./TrustView.ts"

const LossCause = Schema.Literals([...gapCauses, "not_recorded"]).annotate({
  identifier: "LossCause",
  description: [
    "Why the book was not known while the market was open:",
    "- `not_recorded`: before the first snapshot of its log, or there is none: it was not recorded, or not yet",
    ...gapCauses.map((cause) => `- \`${cause}\`: ${causeMeanings[cause]}`)
  ].join("\n")
})

const LossAnswer = Schema.Struct({
  cause: LossCause,
  seconds: Schema.Finite.annotate({ description: "Open time lost to this cause.", examples: [12.5] }),
  gaps: Schema.Int.annotate({
    description: "Gaps of this cause that began in this time while their market was open.",
    examples: [1]
  })
}).annotate({ identifier: "Loss", description: "Open time that is not known, by cause." })

const ratio = Schema.NullOr(Schema.Finite).annotate({
  description:
    "Trusted by open time, rounded down to nine digits, so that 1 means all of it. Null where nothing was open.",
  examples: [0.998611111]
})

const records = Schema.Int.annotate({
  description: "Snapshots and deltas received. Gaps do not count: they are concluded, not received.",
  examples: [18_231]
})

const losses = Schema.Array(LossAnswer).annotate({
  description: "Where the rest went: `seconds` of all causes and the trusted time add up to the open time."
})

const hour = Instant.annotate({ description: "Beginning of the UTC hour.", examples: ["2026-11-21T14:00:00.000000Z"] })

const ofMarket = {
  open_seconds: Schema.Finite.annotate({
    description:
      "Seconds in which the market was open: between open_time and close_time of its metadata, as they were known, corrected by a close that was told late. Paused time counts: the book stays.",
    examples: [900]
  }),
  trusted_seconds: Schema.Finite.annotate({
    description: "Of these, the seconds in which the book was known: every `/orderbook?at=` of them says `trusted`.",
    examples: [898.75]
  }),
  trusted_ratio: ratio,
  records,
  lost: losses
}

const ofExchange = {
  open_market_seconds: Schema.Finite.annotate({
    description: "Seconds in which markets were open, summed over all markets of the catalogue.",
    examples: [216_000]
  }),
  trusted_market_seconds: Schema.Finite.annotate({
    description: "Of these, those in which the market's book was known.",
    examples: [215_700]
  }),
  trusted_ratio: ratio,
  records,
  lost: losses
}

const HourGap = Schema.Struct({
  offset: Offset.annotate({ description: "The gap's place in the market's log." }),
  cause: GapCause,
  from: Instant.annotate({ description: "Receive clock: the first moment at which the book is not known." }),
  ts_detected: Instant.annotate({ description: "When it was noticed." }),
  to: Schema.NullOr(Instant).annotate({
    description: "Receive clock: the next snapshot, from which on the book is known again. Null while the gap is open."
  }),
  lost_seconds: Schema.Finite.annotate({
    description: "Open time that it cost in this hour. Where gaps overlap, the later one counts.",
    examples: [1.25]
  })
}).annotate({ identifier: "HourGap", description: "A gap of the market's log as one hour sees it." })

const MarketHour = Schema.Struct({
  hour,
  ...ofMarket,
  gaps: Schema.Array(HourGap).annotate({
    description: "Gaps that cost open time of this hour or began in it while the market was open, in log order."
  }),
  gaps_left_out: Schema.Int.annotate({
    description: "How many more gaps there are than the first hundred, which are listed. Nearly always 0.",
    examples: [0]
  })
}).annotate({ identifier: "MarketHour", description: "Coverage of one market in one UTC hour." })

const ExchangeHour = Schema.Struct({ hour, ...ofExchange }).annotate({
  identifier: "ExchangeHour",
  description: "Coverage of all markets together in one UTC hour."
})

const range = {
  from: Instant.annotate({ description: "Beginning of the first hour: what was asked for, taken down to the hour." }),
  to: Instant.annotate({ description: "End of the last hour: what was asked for, taken up to the hour." }),
  counted_until: Instant.annotate({
    description:
      "Time is counted up to and including this moment: the watermark while a recorder runs, else now, as time in which nothing is known. Later hours are left out."
  })
}

export const MarketCoverage = Schema.Struct({
  market_ticker: MarketTicker,
  ...range,
  totals: Schema.Struct(ofMarket).annotate({ description: "Of all hours of this answer." }),
  hours: Schema.Array(MarketHour).annotate({ description: "Every hour of the range that is counted, ascending." }),
  ...answerFields
}).annotate({ identifier: "MarketCoverage", description: "How much of a market's open time is known." })

export const ExchangeCoverage = Schema.Struct({
  ...range,
  totals: Schema.Struct(ofExchange).annotate({ description: "Of all hours of this answer." }),
  hours: Schema.Array(ExchangeHour).annotate({ description: "Every hour of the range that is counted, ascending." }),
  ...answerFields
}).annotate({ identifier: "ExchangeCoverage", description: "How much of the open time of all markets is known." })

/** Coverage of an hour as the store gives it, in whole microseconds. */
interface Hour {
  readonly hourMicros: number
  readonly openMicros: number
  readonly trustedMicros: number
  readonly records: number
  readonly losses: ReadonlyArray<{
    readonly cause: typeof LossCause.Type
    readonly lostMicros: number
    readonly gaps: number
  }>
}

interface HourOfMarket extends Hour {
  readonly gaps: ReadonlyArray<{
    readonly offset: number
    readonly cause: typeof GapCause.Type
    readonly fromMicros: number
    readonly detectedMicros: number
    readonly toMicros: number | null
    readonly lostMicros: number
  }>
  readonly gapsLeftOut: number
}

interface Counted<H> {
  /** Exclusive, Unix microseconds. */
  readonly countedToMicros: number
  readonly hours: ReadonlyArray<H>
}

/** Beginnings of hours, [from, to), Unix microseconds. */
interface Range {
  readonly fromMicros: number
  readonly toMicros: number
}

export const marketView = (marketTicker: string, asked: Range, counted: Counted<HourOfMarket>) => ({
  market_ticker: marketTicker,
  ...rangeView(asked, counted),
  totals: ofMarketView(summed(counted.hours)),
  hours: counted.hours.map((one) => ({
    hour: isoFromMicros(one.hourMicros),
    ...ofMarketView(sumsOf(one)),
    gaps: one.gaps.map((gap) => ({
      offset: gap.offset,
      cause: gap.cause,
      from: isoFromMicros(gap.fromMicros),
      ts_detected: isoFromMicros(gap.detectedMicros),
      to: gap.toMicros === null ? null : isoFromMicros(gap.toMicros),
      lost_seconds: seconds(BigInt(gap.lostMicros))
    })),
    gaps_left_out: one.gapsLeftOut
  }))
})

export const exchangeView = (asked: Range, counted: Counted<Hour>) => ({
  ...rangeView(asked, counted),
  totals: ofExchangeView(summed(counted.hours)),
  hours: counted.hours.map((one) => ({ hour: isoFromMicros(one.hourMicros), ...ofExchangeView(sumsOf(one)) }))
})

const rangeView = ({ fromMicros, toMicros }: Range, { countedToMicros }: Counted<unknown>) => ({
  from: isoFromMicros(fromMicros),
  to: isoFromMicros(toMicros),
  counted_until: isoFromMicros(countedToMicros - 1)
})

/** Microseconds of any number of markets and hours, exactly. */
interface Sums {
  readonly open: bigint
  readonly trusted: bigint
  readonly records: number
  readonly lost: ReadonlyMap<typeof LossCause.Type, { readonly micros: bigint; readonly gaps: number }>
}

const sumsOf = (one: Hour): Sums => summed([one])

const summed = (hours: ReadonlyArray<Hour>): Sums => {
  const lost = new Map<typeof LossCause.Type, { micros: bigint; gaps: number }>()
  for (const { cause, gaps, lostMicros } of hours.flatMap((one) => one.losses)) {
    const sum = lost.get(cause) ?? { micros: 0n, gaps: 0 }
    lost.set(cause, { micros: sum.micros + BigInt(lostMicros), gaps: sum.gaps + gaps })
  }
  return {
    open: hours.reduce((sum, one) => sum + BigInt(one.openMicros), 0n),
    trusted: hours.reduce((sum, one) => sum + BigInt(one.trustedMicros), 0n),
    records: hours.reduce((sum, one) => sum + one.records, 0),
    lost
  }
}

const ofMarketView = (sums: Sums) => ({
  open_seconds: seconds(sums.open),
  trusted_seconds: seconds(sums.trusted),
  ...restView(sums)
})

const ofExchangeView = (sums: Sums) => ({
  open_market_seconds: seconds(sums.open),
  trusted_market_seconds: seconds(sums.trusted),
  ...restView(sums)
})

const restView = ({ lost, open, records, trusted }: Sums) => ({
  trusted_ratio: open === 0n ? null : Number((trusted * 1_000_000_000n) / open) / 1_000_000_000,
  records,
  lost: [...lost].map(([cause, { gaps, micros }]) => ({ cause, seconds: seconds(micros), gaps }))
})

/** Exact to the microsecond up to some hundred years, beyond that to 15 digits. */
const seconds = (micros: bigint): number => Number(micros) / 1_000_000

/** The hours that a range touches: from the hour that `from` lies in to the end of the one that `to` lies in. */
export const hoursTouched = (fromMicros: number, toMicros: number): Range => ({
  fromMicros: fromMicros - (fromMicros % hourMicros),
  toMicros: Math.min(Math.ceil(toMicros / hourMicros) * hourMicros, lastHourEndMicros)
})

/** The end of the last hour that a moment of an answer can lie in. */
const lastHourEndMicros = Number.MAX_SAFE_INTEGER - (Number.MAX_SAFE_INTEGER % hourMicros)
