/**
 * Moments as the API writes them (ISO 8601, UTC, microseconds) and as whole microseconds. A `Date` knows milliseconds only, and two
 * records of a log may lie closer together than that.
 */

const millisOf = (text: string): number => Date.parse(`${text.slice(0, 19)}Z`)

/** Whole Unix microseconds. The text is one of the API's. */
export const micros = (text: string): number => {
  const fraction = /\.(\d{1,6})/.exec(text)?.[1] ?? ""
  return millisOf(text) * 1_000 + Number(fraction.padEnd(6, "0"))
}

/** `2026-11-21T14:03:00.250000Z` */
export const iso = (atMicros: number): string => {
  const seconds = Math.floor(atMicros / 1_000_000)
  const rest = String(atMicros - seconds * 1_000_000).padStart(6, "0")
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${rest}Z`
}

/** The same without what is zero: `2026-11-21T14:03:00Z`. */
export const isoShort = (atMicros: number): string => iso(atMicros).replace(/\.?0+Z$/, "Z")
