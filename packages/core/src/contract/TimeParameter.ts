/**
 * The one reader of times in requests: ISO 8601, or Unix seconds, milliseconds or microseconds told apart by magnitude.
 *
 * Answers always carry ISO 8601 in UTC with six fraction digits (`Units.isoFromMicros`). Nothing is rounded: a time that
 * is not a whole number of microseconds is cut where ISO digits go beyond them, and refused where a number does.
 */
import * as Option from "effect/Option"
import { decimalToUnits, microsFromIso } from "../Units.ts"
import { timeCharsMax, timeMicrosMax } from "./Limits.ts"

/** What a caller may write, in words for documentation and error messages. */
export const timeAllowed =
  "an ISO 8601 time (2026-11-21T14:03:00.25Z; without an offset it is UTC) or a Unix time in seconds, milliseconds or " +
  "microseconds, from 1970 to 2255"

/** Unix seconds stay below this until the year 5138, milliseconds are above it since March 1973. */
const secondsEnd = 100_000_000_000

/** Unix milliseconds stay below this until the year 5138, microseconds are above it since March 1973. */
const millisEnd = 100_000_000_000_000

const unixNumber = /^\d{1,16}(\.\d{1,9})?$/

/** `+` of an offset becomes a space when a caller does not encode it: `2026-11-21T14:03:00 01:00`. */
const offsetWithLostPlus = /^(\d{4}-\d\d-\d\dT[\d:.]+) (\d\d:?\d\d)$/i

/**
 * Reads a time of a request into Unix microseconds. `None` for anything that is not a time of the forms above, for times
 * before 1970 or after 2255, and for numbers with digits beyond microseconds.
 */
export const parse = (text: string): Option.Option<number> => {
  if (text.length > timeCharsMax) return Option.none()
  const micros = unixNumber.test(text) ? fromUnix(text) : microsFromIso(text.replace(offsetWithLostPlus, "$1+$2"))
  return Option.filter(micros, (value) => value >= 0 && value <= timeMicrosMax)
}

const fromUnix = (text: string): Option.Option<number> => {
  const whole = Number(text.split(".", 1)[0])
  if (whole < secondsEnd) return decimalToUnits(text, 6)
  if (whole < millisEnd) return decimalToUnits(text, 3)
  return decimalToUnits(text, 0)
}
