/** Whether times are shown in UTC or in the reader's own zone, and how. The choice is kept in this browser. */
import { useSyncExternalStore } from "react"

export type Zone = "utc" | "local"

const name = "kalshibook.zone"
const listeners = new Set<() => void>()

const zone = (): Zone => (localStorage.getItem(name) === "local" ? "local" : "utc")

export const setZone = (chosen: Zone): void => {
  localStorage.setItem(name, chosen)
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

const parts = (atMicros: number, chosen: Zone): Readonly<Record<string, string>> => {
  let format = formatters.get(chosen)
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      ...(chosen === "utc" ? { timeZone: "UTC" } : {}),
      year: "numeric",
      month: "short",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23"
    })
    formatters.set(chosen, format)
  }
  return Object.fromEntries(format.formatToParts(new Date(atMicros / 1_000)).map(({ type, value }) => [type, value]))
}

const fraction = (atMicros: number, digits: number): string =>
  String(((atMicros % 1_000_000) + 1_000_000) % 1_000_000)
    .padStart(6, "0")
    .slice(0, digits)

export interface TimeText {
  readonly zone: Zone
  /** `UTC`, or the name of the reader's zone. */
  readonly zoneName: string
  /** `21 Nov 2026` */
  readonly day: (atMicros: number) => string
  /** `14:03` */
  readonly minute: (atMicros: number) => string
  /** `14:03:00` */
  readonly second: (atMicros: number) => string
  /** `14:03:00.250000` */
  readonly exact: (atMicros: number) => string
  /** `21 Nov, 14:03:00` */
  readonly moment: (atMicros: number) => string
}

const texts = (chosen: Zone): TimeText => {
  const second = (at: number) => {
    const { hour, minute, second: text } = parts(at, chosen)
    return `${hour}:${minute}:${text}`
  }
  const day = (at: number) => {
    const { day: number, month, year } = parts(at, chosen)
    return `${number} ${month} ${year}`
  }
  return {
    zone: chosen,
    zoneName: chosen === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone,
    day,
    minute: (at) => second(at).slice(0, 5),
    second,
    exact: (at) => `${second(at)}.${fraction(at, 6)}`,
    moment: (at) => `${day(at).slice(0, 6)}, ${second(at)}`
  }
}

const both: Readonly<Record<Zone, TimeText>> = { utc: texts("utc"), local: texts("local") }

export const useTimes = (): TimeText => both[useSyncExternalStore(subscribe, zone)]
