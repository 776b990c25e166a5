/**
 * The clock of a replay: which past moment it is, as a function of the time that passes now. Pure: whoever holds it reads the clock.
 *
 * A speed of 1 is the market's own, 60 an hour in a minute; `asFastAsRead` has no clock of its own: its moment is that of what was told
 * last, which `toldUntil` notes.
 */

export const speedMin = 0.1
export const speedMax = 1_000
/** Everything is due as soon as it is read. */
export const asFastAsRead = Number.POSITIVE_INFINITY

export interface ReplayPace {
  /** 0.1 to 1,000, or `asFastAsRead`. */
  readonly speed: number
  readonly isPaused: boolean
  /** The past moment, Unix microseconds of receipt, at which it stood when `anchorMicros` was now. */
  readonly momentMicros: number
  /** Any steady clock, microseconds. */
  readonly anchorMicros: number
}

export const isSpeed = (speed: number): boolean => speed === asFastAsRead || (speed >= speedMin && speed <= speedMax)

/** A clock that runs from the moment. */
export const start = (momentMicros: number, speed: number, nowMicros: number): ReplayPace => ({
  speed,
  isPaused: false,
  momentMicros,
  anchorMicros: nowMicros
})

/** The past moment it is now: what was received up to it is due. Whole microseconds. */
export const momentAt = (pace: ReplayPace, nowMicros: number): number => {
  if (pace.isPaused || pace.speed === asFastAsRead) return pace.momentMicros
  return pace.momentMicros + Math.floor(Math.max(0, nowMicros - pace.anchorMicros) * pace.speed)
}

/**
 * Microseconds until what was received at a past moment is due: 0 when it is, `Infinity` while paused.
 */
export const waitMicros = (pace: ReplayPace, momentMicros: number, nowMicros: number): number => {
  if (pace.isPaused) return Number.POSITIVE_INFINITY
  if (pace.speed === asFastAsRead) return 0
  const dueMicros = pace.anchorMicros + (momentMicros - pace.momentMicros) / pace.speed
  return Math.max(0, Math.ceil(dueMicros - nowMicros))
}

const anchored = (pace: ReplayPace, nowMicros: number): ReplayPace => ({
  ...pace,
  momentMicros: momentAt(pace, nowMicros),
  anchorMicros: nowMicros
})

/** Stands still until `resume`. */
export const pause = (pace: ReplayPace, nowMicros: number): ReplayPace => ({
  ...anchored(pace, nowMicros),
  isPaused: true
})

export const resume = (pace: ReplayPace, nowMicros: number): ReplayPace => ({
  ...anchored(pace, nowMicros),
  isPaused: false
})

/** From now on at another speed. */
export const withSpeed = (pace: ReplayPace, speed: number, nowMicros: number): ReplayPace => ({
  ...anchored(pace, nowMicros),
  speed
})

/** Goes on from another moment, forward or back; paused if it was. */
export const seek = (pace: ReplayPace, momentMicros: number, nowMicros: number): ReplayPace => ({
  ...pace,
  momentMicros,
  anchorMicros: nowMicros
})

/** Notes that everything received up to the moment was told: the clock of `asFastAsRead`; at any other speed nothing changes. */
export const toldUntil = (pace: ReplayPace, momentMicros: number): ReplayPace =>
  pace.speed === asFastAsRead && momentMicros > pace.momentMicros ? { ...pace, momentMicros } : pace
