/**
 * When the exchange rests: from its published schedule, which speaks of hours in New York, and from what it says of itself now.
 * Pure.
 *
 * Believing in a rest that is not one costs data (nobody hurries back), so it is believed only where it is known:
 *
 * 1. The exchange says that it, or trading, is not active, and said so lately.
 * 2. Its schedule has a window now, or had or will have one within `windowMarginMicros`, since two clocks never agree; and it has not
 *    said well within the window, or after it, that it is active.
 *
 * Hours without trading that are longer than `closedHoursMax` are closing times, in which nothing need be down; announced windows
 * of maintenance may have any length.
 */
import { DateTime, Option } from "effect"
import { microsFromIso } from "../Units.ts"
import type { ExchangeSchedule, ExchangeStatus } from "./Rest.ts"

/** [from, to), Unix microseconds. */
export interface MaintenanceWindow {
  readonly fromMicros: number
  readonly toMicros: number
}

/** A part of a day in New York: [from, to), minutes since midnight. */
export interface DayPart {
  readonly fromMinute: number
  readonly toMinute: number
}

/** When nothing is traded, by day of the week from Sunday on, for as long as this week is the rule. */
export interface ClosedWeek extends MaintenanceWindow {
  readonly days: ReadonlyArray<ReadonlyArray<DayPart>>
}

export interface Calendar {
  readonly announced: ReadonlyArray<MaintenanceWindow>
  readonly weeks: ReadonlyArray<ClosedWeek>
}

/** So long after a window began, the exchange's word that it is active means that the window is not used. */
export const windowSettleMicros = 120_000_000
/** A window may begin so much earlier, and end so much later, than its schedule and our clock say. */
export const windowMarginMicros = 30_000_000
/** Longer times without trading are not maintenance. */
const closedHoursMax = 12

const zone = "America/New_York"
const dayMinutes = 1_440
const microsPerMilli = 1_000

/** Thursdays from 03:00 to 05:00 (the exchange's pages, 2026): what is believed while the schedule cannot be read. */
export const assumed: Calendar = {
  announced: [],
  weeks: [
    {
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      days: [[], [], [], [], [{ fromMinute: 180, toMinute: 300 }], [], []]
    }
  ]
}

/** What cannot be read of a schedule is left out. */
export const fromSchedule = ({ maintenance_windows, standard_hours }: ExchangeSchedule): Calendar => ({
  announced: maintenance_windows.flatMap(({ end_datetime, start_datetime }) => {
    const fromMicros = momentOf(start_datetime)
    const toMicros = momentOf(end_datetime)
    return fromMicros !== undefined && toMicros !== undefined && fromMicros < toMicros ? [{ fromMicros, toMicros }] : []
  }),
  weeks: standard_hours.map((hours) => ({
    fromMicros: momentOf(hours.start_time ?? "") ?? 0,
    toMicros: momentOf(hours.end_time ?? "") ?? Number.MAX_SAFE_INTEGER,
    days: [
      hours.sunday,
      hours.monday,
      hours.tuesday,
      hours.wednesday,
      hours.thursday,
      hours.friday,
      hours.saturday
    ].map(closedParts)
  }))
})

/** A time without a zone is New York's. */
const momentOf = (text: string): number | undefined => {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text)
  const micros = Option.getOrUndefined(microsFromIso(text))
  if (micros === undefined || hasZone) return micros
  const local = DateTime.makeUnsafe(micros / microsPerMilli)
  return DateTime.toEpochMillis(inNewYork(DateTime.toPartsUtc(local))) * microsPerMilli
}

type Hours = ExchangeSchedule["standard_hours"][number]["monday"]

/** What the hours of a day leave out. A close at midnight is the end of the day. */
const closedParts = (open: Hours): ReadonlyArray<DayPart> => {
  const parts: Array<DayPart> = []
  let fromMinute = 0
  const opened = open
    .map(({ close_time, open_time }) => ({ from: minuteOf(open_time), to: minuteOf(close_time) }))
    .filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to))
    .map(({ from, to }) => ({ from, to: to <= from ? dayMinutes : to }))
    .sort((left, right) => left.from - right.from)
  for (const { from, to } of opened) {
    if (from > fromMinute) parts.push({ fromMinute, toMinute: from })
    fromMinute = Math.max(fromMinute, to)
  }
  if (fromMinute < dayMinutes) parts.push({ fromMinute, toMinute: dayMinutes })
  return parts
}

/** Minutes since midnight of `08:00`, `8:00` or `08:00:00`; `NaN` of anything else. */
const minuteOf = (text: string): number => {
  const match = /^(\d{1,2}):(\d\d)(?::\d\d)?$/.exec(text)
  return match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2])
}

/** The window that the moment is in, by the calendar; of several the one that ends last. */
export const windowAt = (calendar: Calendar, micros: number): MaintenanceWindow | undefined => {
  let found: MaintenanceWindow | undefined
  for (const window of [...calendar.announced, ...closedAround(calendar, micros)]) {
    if (micros < window.fromMicros || micros >= window.toMicros) continue
    if (found === undefined || window.toMicros > found.toMicros) found = window
  }
  return found
}

/** The times without trading of yesterday, today and tomorrow that are short enough, of the weeks that are the rule then. */
const closedAround = ({ weeks }: Calendar, micros: number): ReadonlyArray<MaintenanceWindow> =>
  weeks.flatMap((week) => (micros < week.fromMicros || micros >= week.toMicros ? [] : closedNear(week, micros)))

const hourMicros = 3_600_000_000
/** Of each week the answer of the last hour that was asked about: finding out what clocks show takes long, and it is asked at every look. */
const closedLast = new WeakMap<
  ClosedWeek,
  { readonly hour: number; readonly closed: ReadonlyArray<MaintenanceWindow> }
>()

/** The same for a whole hour: days in New York begin with an hour. */
const closedNear = (week: ClosedWeek, micros: number): ReadonlyArray<MaintenanceWindow> => {
  const hour = Math.floor(micros / hourMicros)
  const last = closedLast.get(week)
  if (last?.hour === hour) return last.closed
  const closed = closedOf(week, hour * hourMicros)
  closedLast.set(week, { hour, closed })
  return closed
}

/** Joined where they meet. */
const closedOf = ({ days }: ClosedWeek, micros: number): ReadonlyArray<MaintenanceWindow> => {
  const closed: Array<MaintenanceWindow> = []
  const today = DateTime.makeZonedUnsafe(micros / microsPerMilli, { timeZone: zone })
  for (const ahead of [-1, 0, 1]) {
    const day = DateTime.toParts(DateTime.add(today, { days: ahead }))
    for (const part of days[day.weekDay] ?? []) {
      const window = { fromMicros: microsAt(day, part.fromMinute), toMicros: microsAt(day, part.toMinute) }
      const last = closed.at(-1)
      if (last?.toMicros === window.fromMicros) closed[closed.length - 1] = { ...last, toMicros: window.toMicros }
      else closed.push(window)
    }
  }
  return closed.filter((window) => window.toMicros - window.fromMicros <= closedHoursMax * hourMicros)
}

type Day = Pick<DateTime.DateTime.Parts, "year" | "month" | "day">

/** The moment at which clocks in New York show this minute of the day. Where they skip it: when they skip; where they show it twice: first. */
const microsAt = ({ day, month, year }: Day, minute: number): number => {
  const whole = { year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 }
  const parts = DateTime.toPartsUtc(DateTime.add(DateTime.makeUnsafe(whole), { minutes: minute }))
  return DateTime.toEpochMillis(inNewYork(parts)) * microsPerMilli
}

const inNewYork = (parts: Partial<DateTime.DateTime.Parts>): DateTime.Zoned =>
  DateTime.makeZonedUnsafe(parts, { timeZone: zone, adjustForTimeZone: true })

/** What the exchange said of itself, and when. */
export interface StatusRead {
  readonly isActive: boolean
  readonly tsReadMicros: number
}

/** It is active when it, and trading, is. A shard alone that rests is not the exchange. */
export const isActive = ({ exchange_active, trading_active }: ExchangeStatus): boolean =>
  exchange_active && trading_active

/** The exchange rests. */
export interface Maintenance {
  /** How that is known. */
  readonly by: "schedule" | "status"
  /** When it is expected to end, Unix microseconds; `null` where nobody said. */
  readonly toMicros: number | null
}

/** Whether the exchange rests now (rules 1 and 2). That it rests counts for `statusMicrosMax` after it was said. */
export const judge = (
  calendar: Calendar,
  status: StatusRead | undefined,
  nowMicros: number,
  statusMicrosMax: number
): Maintenance | undefined => {
  const window = windowNear(calendar, nowMicros)
  if (status?.isActive === false && nowMicros - status.tsReadMicros <= statusMicrosMax) {
    return { by: "status", toMicros: window?.toMicros ?? null }
  }
  if (window === undefined) return undefined
  const tsSettledMicros = Math.min(window.fromMicros + windowSettleMicros, window.toMicros)
  if (status?.isActive === true && status.tsReadMicros >= tsSettledMicros) return undefined
  return { by: "schedule", toMicros: window.toMicros }
}

const windowNear = (calendar: Calendar, micros: number): MaintenanceWindow | undefined =>
  windowAt(calendar, micros) ??
  windowAt(calendar, micros - windowMarginMicros) ??
  windowAt(calendar, micros + windowMarginMicros)
