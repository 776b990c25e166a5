/** A month of UTC days, Monday first, each with how much of it is known. */
import * as Numbers from "../format/Numbers.ts"
import type { CoveredDay } from "./Days.ts"
import * as Shades from "./Shades.ts"

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

/** Days of the month, and how many places stay empty before the first. */
const placesOf = (month: string) => {
  const [year = 0, number = 1] = month.split("-").map(Number)
  const first = new Date(Date.UTC(year, number - 1))
  const last = new Date(Date.UTC(year, number, 0))
  return { empty: (first.getUTCDay() + 6) % 7, days: last.getUTCDate() }
}

export const Calendar = (props: {
  readonly month: string
  readonly days: ReadonlyArray<CoveredDay>
  readonly chosen: string | undefined
  readonly onChoose: (day: string) => void
}) => {
  const { days: count, empty } = placesOf(props.month)
  const byDay = new Map(props.days.map((day) => [day.day, day]))
  return (
    <div>
      <div className="grid grid-cols-7 gap-1">
        {weekdays.map((name) => (
          <span key={name} className="pb-1 text-center text-xs text-faint">
            {name}
          </span>
        ))}
        {Array.from({ length: count }, (_, index) => {
          const name = `${props.month}-${String(index + 1).padStart(2, "0")}`
          const day = byDay.get(name)
          const ratio = day?.ratio ?? null
          const known =
            day === undefined ? "nothing counted" : ratio === null ? "nothing was open" : Numbers.percent(ratio, 3)
          return (
            <button
              key={name}
              type="button"
              disabled={day === undefined}
              aria-pressed={name === props.chosen}
              title={known}
              onClick={() => props.onChoose(name)}
              style={index === 0 ? { gridColumnStart: empty + 1 } : undefined}
              className="group grid min-h-12 rounded-md border border-line p-1 text-left text-xs enabled:hover:border-edge disabled:opacity-40 aria-pressed:border-ink aria-pressed:ring-1 aria-pressed:ring-ink"
            >
              <span>
                {index + 1}
                <span className="sr-only">
                  {" "}
                  of {props.month}: {known}
                </span>
              </span>
              <span aria-hidden="true" className={`mt-auto h-2 rounded-full ${Shades.of(ratio).className}`} />
            </button>
          )
        })}
      </div>
      <ul className="mt-4 flex flex-wrap gap-x-4 gap-y-1 text-xs text-soft" aria-label="What the colours mean">
        {Shades.all.map(({ className, name }) => (
          <li key={name} className="flex items-center gap-1.5">
            <span aria-hidden="true" className={`h-2 w-4 rounded-full ${className}`} />
            {name}
          </li>
        ))}
      </ul>
    </div>
  )
}
