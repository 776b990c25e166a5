/**
 * How much of the time in which markets were open their stored logs know, by UTC hour, and why not the rest.
 *
 * Computed from stored records and stored metadata alone, never from what a process remembers, so that anybody who reads the
 * database comes to the same figures. A moment is *open* when the metadata say so (paused markets are open: the book stays), and
 * *trusted* exactly when `History.bookAt` trusts the book of that moment by the receive clock: at or after the log's first
 * snapshot, in no gap, and not after the watermark of a recorder that has stopped. Only markets of the catalogue can be known to be
 * open.
 */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import { Context, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as CoverageMemory from "./CoverageMemory.ts"
import * as CoveragePostgres from "./CoveragePostgres.ts"
import * as Database from "./Database.ts"
import { HotTier } from "./HotTier.ts"
import type { HotTierError } from "./HotTierError.ts"
import { MarketCatalog } from "./MarketCatalog.ts"
import type { MarketUnheardOf } from "./MarketUnheardOf.ts"

/** Why open time is not trusted: a gap's cause, or `not_recorded`, before the log's first snapshot. */
export type LossCause = GapCause | "not_recorded"

/** Open time that was lost to one cause. */
export interface Loss {
  readonly cause: LossCause
  /** Microseconds; summed over the markets. The losses and the trusted time of an hour add up to its open time. */
  readonly lostMicros: number
  /** Gaps of this cause that began within the hour while their market was open, also those that cost no time. */
  readonly gaps: number
}

/** One UTC hour: of one market, or summed over all of them. */
export interface CoverageHour {
  /** Its beginning, Unix microseconds. */
  readonly hourMicros: number
  /** Microseconds; at most as far as is counted (`countedToMicros`). */
  readonly openMicros: number
  /** Microseconds, at most `openMicros`. */
  readonly trustedMicros: number
  /** Snapshots and deltas that were received. Gaps are not: they are concluded. */
  readonly records: number
  /** By cause, in the order of their names. */
  readonly losses: ReadonlyArray<Loss>
}

/** A gap of a market as one hour sees it. */
export interface HourGap {
  /** Offset of its record in the market's log. */
  readonly offset: number
  readonly cause: GapCause
  /** The first microsecond that is not proven. */
  readonly fromMicros: number
  readonly detectedMicros: number
  /** Receipt of the first snapshot after it; `null` while it is open. */
  readonly toMicros: number | null
  /** Open time of this hour that it cost, microseconds. Where gaps overlap the last one counts. */
  readonly lostMicros: number
}

export interface MarketHour extends CoverageHour {
  /** Gaps that cost open time of this hour, or began in it while the market was open; the first `gapsPerHourMax` of them, in log order. */
  readonly gaps: ReadonlyArray<HourGap>
  /** How many more there are. */
  readonly gapsLeftOut: number
}

/** The hours of a range, in order. Hours of which nothing is counted yet are left out. */
export interface CoverageOf<Hour> {
  /**
   * Up to when time is counted, exclusive: right behind the watermark while a recorder runs, else now. What comes later is not
   * known to be known.
   */
  readonly countedToMicros: number
  readonly hours: ReadonlyArray<Hour>
}

/** Beginnings of UTC hours, [from, to), Unix microseconds. */
export interface HourRange {
  readonly fromMicros: number
  readonly toMicros: number
}

/** What a call of `rollUp` did. */
export interface RolledUp {
  /** Hours that were summed up, for the first time or again. */
  readonly hours: number
  /** Whether there is nothing more to do before the next hour is complete or a fact changes. */
  readonly isLevel: boolean
}

export class Coverage extends Context.Service<
  Coverage,
  {
    /** Hour by hour, one market. Costs its gaps and openings of the range, and two look-ups for each hour not rolled up yet. */
    readonly market: (
      marketTicker: MarketTicker,
      range: HourRange
    ) => Effect.Effect<CoverageOf<MarketHour>, MarketUnheardOf | HotTierError>
    /** Hour by hour, all markets together. Hours that are rolled up cost a row; the others a look at every open market. */
    readonly exchange: (range: HourRange) => Effect.Effect<CoverageOf<CoverageHour>, HotTierError>
    /**
     * Sums up hours that lie wholly before the watermark, the oldest first, and sums up again those of which facts have changed; a day
     * of them at most, in one transaction. Answers are the same whether or not it runs, only slower.
     * Any process may call it at any time: two at once do the work once.
     *
     * What can change an hour after it was summed up: a gap that is noticed later and reaches back into it (`inconsistent` and
     * `audit` reach back to the market's last record), and metadata seen later (a market found after it opened, a close told after
     * it came). Each leaves a mark in the transaction that stores it. The end of a gap, the first snapshot of a log and the records
     * of an hour cannot: they lie after the watermark when they are stored.
     */
    readonly rollUp: Effect.Effect<RolledUp, HotTierError>
    /** Rolls up for ever: until all is level, then once a minute. Faults are told once and tried again. */
    readonly keepRolledUp: Effect.Effect<never>
  }
>()("@kalshibook/store/Coverage") {
  static readonly layerNoDeps: Layer.Layer<Coverage, never, SqlClient.SqlClient> = Layer.effect(
    Coverage,
    Effect.map(SqlClient.SqlClient, (sql) => Coverage.of(withKeeper(CoveragePostgres.make(sql))))
  )

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = Coverage.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same by the plainest means, moment by moment, over any stores: for tests. There is nothing to roll up. */
  static readonly layerMemory: Layer.Layer<Coverage, never, HotTier | MarketCatalog> = Layer.effect(
    Coverage,
    Effect.gen(function* () {
      return Coverage.of(withKeeper(CoverageMemory.make(yield* HotTier, yield* MarketCatalog)))
    })
  )
}

/** Keeps it rolled up in the background, for as long as the layer lives. */
export const rollUpLayer: Layer.Layer<never, never, Coverage> = Layer.effectDiscard(
  Effect.flatMap(Coverage, ({ keepRolledUp }) => Effect.forkScoped(keepRolledUp))
)

/** An hour is complete once in an hour, and facts of the past change rarely. */
const rollUpMillis = 60_000

const withKeeper = (coverage: Omit<Coverage["Service"], "keepRolledUp">): Coverage["Service"] => {
  let problem: string | null = null
  const told = (error: HotTierError) => {
    const isNew = problem !== error.message
    problem = error.message
    return isNew ? Effect.logWarning(`coverage cannot be summed up, trying again: ${error.message}`) : Effect.void
  }
  const untilLevel = coverage.rollUp.pipe(
    Effect.repeat({ until: ({ isLevel }) => isLevel }),
    Effect.matchEffect({
      onFailure: told,
      onSuccess: () =>
        Effect.sync(() => {
          problem = null
        })
    })
  )
  const keepRolledUp = Effect.forever(Effect.andThen(untilLevel, Effect.sleep(Duration.millis(rollUpMillis))))
  return { ...coverage, keepRolledUp }
}
