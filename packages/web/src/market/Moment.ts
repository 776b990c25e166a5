/**
 * Which moment is shown, and how it moves: with the present, along with a drag, by play, or not at all. Pure: the hook that drives it gives
 * it the time that went by.
 */

export type Moment =
  | { readonly mode: "live" }
  | {
      readonly mode: "at"
      readonly atMicros: number
      /** A drag goes through samples; what is let go is asked for exactly. */
      readonly isDragging: boolean
      readonly isPlaying: boolean
    }

export const live: Moment = { mode: "live" }

export const at = (atMicros: number): Moment => ({ mode: "at", atMicros, isDragging: false, isPlaying: false })

export const dragged = (atMicros: number, isDone: boolean): Moment => ({
  mode: "at",
  atMicros,
  isDragging: !isDone,
  isPlaying: false
})

export const playing = (atMicros: number): Moment => ({ mode: "at", atMicros, isDragging: false, isPlaying: true })

/** How many times as fast as it happened. Up to `foldSpeedMax` each record is shown, above it samples are. */
export const speeds = [1, 5, 20, 60, 300, 1_000] as const
export const foldSpeedMax = 20

/** The moment after some time of play; it stops at the end. */
export const advanced = (moment: Moment, elapsedMillis: number, speed: number, endMicros: number): Moment => {
  if (moment.mode === "live" || !moment.isPlaying) return moment
  const atMicros = Math.round(moment.atMicros + elapsedMillis * 1_000 * speed)
  return atMicros >= endMicros ? at(endMicros) : playing(atMicros)
}
