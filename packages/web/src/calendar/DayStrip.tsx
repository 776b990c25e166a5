/** The hours of a day as a strip: how much of each is known. */
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import * as Shades from "./Shades.ts"

interface Hour {
  readonly hour: string
  readonly trusted_ratio: number | null
}

const textOf = (ratio: number | null): string => (ratio === null ? "nothing was open" : Numbers.percent(ratio, 4))

/** With `onChoose` each hour is a button. */
export const DayStrip = (props: {
  readonly hours: ReadonlyArray<Hour>
  readonly chosen?: string | undefined
  readonly onChoose?: (hour: string) => void
}) => {
  const times = useTimes()
  const { chosen, onChoose } = props
  return (
    <ol className="grid auto-cols-fr grid-flow-col gap-px sm:gap-0.5" aria-label="Hours">
      {props.hours.map(({ hour, trusted_ratio }) => {
        const micros = Instant.micros(hour)
        const label = `${times.moment(micros).slice(0, -3)}: ${textOf(trusted_ratio)}`
        const shade = Shades.of(trusted_ratio).className
        return (
          <li key={hour} className="min-w-0 text-center">
            {onChoose === undefined ? (
              <span role="img" aria-label={label} title={label} className={`block h-8 rounded-sm ${shade}`} />
            ) : (
              <button
                type="button"
                aria-label={label}
                title={label}
                aria-pressed={hour === chosen}
                onClick={() => onChoose(hour)}
                className={`block h-10 w-full rounded-sm aria-pressed:ring-2 aria-pressed:ring-ink ${shade}`}
              />
            )}
            <span aria-hidden="true" className="mt-0.5 hidden text-[0.625rem] leading-4 text-faint sm:block">
              {times.minute(micros).slice(0, 2)}
            </span>
          </li>
        )
      })}
    </ol>
  )
}
