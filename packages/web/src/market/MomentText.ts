/** A moment as somebody types it, or as it stands in an address. */
import * as Instant from "../format/Instant.ts"

/** ISO 8601 in UTC, or Unix seconds; `undefined` for anything else. */
export const momentOf = (text: string): number | undefined => {
  const trimmed = text.trim()
  if (/^\d{9,11}(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1_000_000)
  const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?$/.test(trimmed)
  if (!iso) return undefined
  const [day = "", time = ""] = trimmed.replace("Z", "").split(/[T ]/)
  const micros = Instant.micros(`${day}T${time.length === 5 ? `${time}:00` : time}Z`)
  return Number.isNaN(micros) ? undefined : micros
}
