/** UTC hours as numbers, and what both implementations of coverage agree on. */
import { hourMicros } from "@kalshibook/core/Units"
import type { HourRange } from "./Coverage.ts"

/** How many gaps an hour of a market lists: a market that has more is broken, and their causes are counted all the same. */
export const gapsPerHourMax = 100

/** The beginning of the hour that holds the moment. */
export const hourOf = (micros: number): number => micros - (micros % hourMicros)

/** The beginnings of the hours of a range, up to the last that begins before `endMicros`. */
export const hoursOf = (range: HourRange, endMicros: number): ReadonlyArray<number> => {
  const hours: Array<number> = []
  const to = Math.min(range.toMicros, endMicros)
  for (let hour = hourOf(range.fromMicros); hour < to; hour += hourMicros) hours.push(hour)
  return hours
}

/** Hours in ascending order as ranges without holes. */
export const runsOf = (hours: ReadonlyArray<number>): ReadonlyArray<HourRange> => {
  const runs: Array<{ fromMicros: number; toMicros: number }> = []
  for (const hour of hours) {
    const last = runs.at(-1)
    if (last?.toMicros === hour) last.toMicros += hourMicros
    else runs.push({ fromMicros: hour, toMicros: hour + hourMicros })
  }
  return runs
}
