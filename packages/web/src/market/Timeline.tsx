/** The whole recorded life of a market as a track to scrub over, with its gaps; a slider for the keyboard as well as for the hand. */

import { type PointerEvent, useRef } from "react"
import * as Causes from "../book/Causes.ts"
import type { Gap } from "../book/Gap.ts"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"
import type { Life } from "./Life.ts"

/** Steps of the slider over a whole life. */
const steps = 1_000

export const Timeline = (props: {
  readonly life: Life
  readonly gaps: ReadonlyArray<Gap>
  /** The part that the picture shows. */
  readonly shownFrom?: number | undefined
  readonly shownTo?: number | undefined
  readonly atMicros: number
  readonly onSeek: (atMicros: number, isDone: boolean) => void
  readonly label: string
}) => {
  const { atMicros, gaps, life, onSeek } = props
  const times = useTimes()
  const span = life.toMicros - life.fromMicros
  const share = (micros: number) => `${Math.min(100, Math.max(0, ((micros - life.fromMicros) / span) * 100))}%`
  // Browsers tell of the last value once more after the pointer is up: that is no drag.
  const isHeld = useRef(false)
  const letGo = (event: PointerEvent<HTMLInputElement>) => {
    isHeld.current = false
    onSeek(micros(event.currentTarget.value), true)
  }
  const micros = (text: string) => life.fromMicros + Math.round((Number(text) / steps) * span)
  return (
    <div>
      <div className="relative h-9 contain-size contain-layout">
        <div aria-hidden="true" className="absolute inset-x-0 top-3 h-3 overflow-hidden rounded-full bg-yes-fill">
          {gaps.map((gap) => (
            <div
              key={`${gap.fromMicros}-${gap.cause}`}
              title={Causes.short(gap.cause)}
              className="absolute inset-y-0 min-w-0.5 bg-warn"
              style={{ left: share(gap.fromMicros), right: `calc(100% - ${share(gap.toMicros ?? life.toMicros)})` }}
            />
          ))}
        </div>
        {props.shownFrom === undefined || props.shownTo === undefined ? null : (
          <div
            aria-hidden="true"
            className="absolute top-2 h-5 rounded border border-edge"
            style={{ left: share(props.shownFrom), right: `calc(100% - ${share(props.shownTo)})` }}
          />
        )}
        <input
          type="range"
          className="scrub absolute inset-0"
          min={0}
          max={steps}
          step="any"
          aria-label={props.label}
          aria-valuetext={`${times.moment(atMicros)} ${times.zoneName}`}
          value={Math.min(steps, Math.max(0, ((atMicros - life.fromMicros) / span) * steps))}
          onPointerDown={() => {
            isHeld.current = true
          }}
          onChange={(event) => onSeek(micros(event.target.value), !isHeld.current)}
          onPointerUp={letGo}
          onPointerCancel={letGo}
        />
      </div>
      <div className="flex justify-between text-xs text-faint">
        <time dateTime={Instant.iso(life.fromMicros)}>{times.moment(life.fromMicros)}</time>
        <span>{life.isOpen ? "now" : times.moment(life.toMicros)}</span>
      </div>
    </div>
  )
}
