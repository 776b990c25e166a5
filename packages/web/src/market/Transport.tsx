/** Play, pause, speed, step by record, to the present, and to a moment that is typed. */
import { useState } from "react"
import { Button } from "../design/Button.tsx"
import { SelectField } from "../design/Field.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"
import { foldSpeedMax, type Moment, speeds } from "./Moment.ts"
import { momentOf } from "./MomentText.ts"

export interface TransportActions {
  readonly onPlay: () => void
  readonly onPause: () => void
  /** To the moment of the record before or after. */
  readonly onStep: (direction: -1 | 1) => void
  readonly onLive: () => void
  readonly onMoment: (atMicros: number) => void
  readonly onSpeed: (speed: number) => void
}

const Icon = ({ path }: { readonly path: string }) => (
  <svg aria-hidden="true" viewBox="0 0 16 16" className="size-4" fill="currentColor">
    <path d={path} />
  </svg>
)

const paths = {
  back: "M3 3h2v10H3zM13 3v10L6 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M11 3h2v10h-2zM3 3v10l7-5z"
}

export const Transport = (
  props: TransportActions & {
    readonly moment: Moment
    readonly shownMicros: number | undefined
    readonly speed: number
    readonly canBeLive: boolean
    readonly isStepping: boolean
    /** What following the present costs, where it does. */
    readonly liveCost: string | undefined
  }
) => {
  const { moment } = props
  const isPlaying = moment.mode === "live" || moment.isPlaying
  return (
    <div className="flex flex-wrap items-center gap-2">
      <fieldset className="inline-flex gap-1" disabled={props.isStepping}>
        <legend className="sr-only">Move through time</legend>
        <Button className="px-2" aria-label="One record back" title="One record back" onClick={() => props.onStep(-1)}>
          <Icon path={paths.back} />
        </Button>
        <Button
          className="px-2"
          aria-label={isPlaying ? "Pause" : "Play"}
          title={isPlaying ? "Pause" : "Play"}
          onClick={isPlaying ? props.onPause : props.onPlay}
        >
          <Icon path={isPlaying ? paths.pause : paths.play} />
        </Button>
        <Button className="px-2" aria-label="One record on" title="One record on" onClick={() => props.onStep(1)}>
          <Icon path={paths.forward} />
        </Button>
      </fieldset>
      <div className="w-28">
        <SelectField
          name="Speed of play"
          isNameHidden
          className="min-h-8 text-xs"
          value={props.speed}
          onChange={(event) => props.onSpeed(Number(event.target.value))}
        >
          {speeds.map((speed) => (
            <option key={speed} value={speed}>
              {speed}× {speed > foldSpeedMax ? "(samples)" : ""}
            </option>
          ))}
        </SelectField>
      </div>
      {props.canBeLive ? (
        <Button
          look={moment.mode === "live" ? "primary" : "plain"}
          aria-pressed={moment.mode === "live"}
          onClick={props.onLive}
          title={props.liveCost}
        >
          <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />
          Live
          {props.liveCost === undefined ? null : <span className="text-xs font-normal">{props.liveCost}</span>}
        </Button>
      ) : null}
      <MomentField shownMicros={props.shownMicros} onMoment={props.onMoment} />
    </div>
  )
}

/** The shown moment to the microsecond, and a way to type another one. */
const MomentField = (props: {
  readonly shownMicros: number | undefined
  readonly onMoment: (atMicros: number) => void
}) => {
  const times = useTimes()
  const [text, setText] = useState<string>()
  const { shownMicros } = props
  if (text === undefined) {
    return (
      <Button
        look="quiet"
        className="w-[19.5rem] justify-start font-mono text-xs font-normal contain-content"
        title="Go to a moment"
        onClick={() => setText(shownMicros === undefined ? "" : Instant.isoShort(shownMicros))}
      >
        {shownMicros === undefined ? "…" : `${times.day(shownMicros)} ${times.exact(shownMicros)}`}
        <span className="text-faint">{times.zone === "utc" ? "UTC" : "local"}</span>
      </Button>
    )
  }
  const go = () => {
    const micros = momentOf(text)
    if (micros !== undefined) props.onMoment(micros)
    setText(undefined)
  }
  return (
    <form
      className="flex gap-1"
      onSubmit={(event) => {
        event.preventDefault()
        go()
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: it opens where it was pressed, to be typed into
        autoFocus
        aria-label="A moment in UTC, as ISO 8601 or Unix seconds"
        className="min-h-8 w-64 rounded-md border border-edge/60 bg-panel px-2 font-mono text-xs"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => (event.key === "Escape" ? setText(undefined) : undefined)}
      />
      <Button type="submit">Go</Button>
    </form>
  )
}
