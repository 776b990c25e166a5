/** Hours of coverage summed up to UTC days, for the calendar. */
import type { ExchangeCoverage, Loss, MarketCoverage } from "../api/Answers.ts"

/** What both answers, of all markets and of one, say of an hour. */
export interface CoveredHour {
  readonly hour: string
  readonly openSeconds: number
  readonly trustedSeconds: number
  readonly trusted_ratio: number | null
  readonly records: number
  readonly lost: ReadonlyArray<Loss>
}

export interface CoveredDay {
  /** `2026-11-21` */
  readonly day: string
  readonly hours: ReadonlyArray<CoveredHour>
  readonly openSeconds: number
  readonly trustedSeconds: number
  readonly ratio: number | null
  readonly records: number
}

export const ofExchange = ({ hours }: ExchangeCoverage): ReadonlyArray<CoveredHour> =>
  hours.map((one) => ({ ...one, openSeconds: one.open_market_seconds, trustedSeconds: one.trusted_market_seconds }))

export const ofMarket = ({ hours }: MarketCoverage): ReadonlyArray<CoveredHour> =>
  hours.map((one) => ({ ...one, openSeconds: one.open_seconds, trustedSeconds: one.trusted_seconds }))

const sum = (hours: ReadonlyArray<CoveredHour>, of: (hour: CoveredHour) => number): number =>
  hours.reduce((total, hour) => total + of(hour), 0)

export const days = (hours: ReadonlyArray<CoveredHour>): ReadonlyArray<CoveredDay> => {
  const byDay = Map.groupBy(hours, ({ hour }) => hour.slice(0, 10))
  return [...byDay].map(([day, own]) => {
    const openSeconds = sum(own, (hour) => hour.openSeconds)
    const trustedSeconds = sum(own, (hour) => hour.trustedSeconds)
    return {
      day,
      hours: own,
      openSeconds,
      trustedSeconds,
      // Never rounded up to all of it.
      ratio: openSeconds === 0 ? null : own.every(isWhole) ? 1 : Math.min(trustedSeconds / openSeconds, 0.999999999),
      records: sum(own, (hour) => hour.records)
    }
  })
}

const isWhole = ({ trusted_ratio }: CoveredHour): boolean => trusted_ratio === null || trusted_ratio === 1
