/** Credits by day as bars; the table below has the same numbers. */
import type { Usage } from "../api/Answers.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import * as UsageRows from "./UsageRows.ts"

const dayMicros = 86_400_000_000

export const CreditsChart = (props: {
  readonly days: Usage["days"]
  readonly fromMicros: number
  readonly toMicros: number
}) => {
  const byDay = new Map(UsageRows.grouped(props.days, "day").map(({ credits, name }) => [name, credits]))
  const first = Math.floor(props.fromMicros / dayMicros)
  const count = Math.max(1, Math.ceil(props.toMicros / dayMicros) - first)
  const days = Array.from({ length: count }, (_, index) => Instant.iso((first + index) * dayMicros).slice(0, 10))
  const most = Math.max(1, ...byDay.values())
  return (
    <figure>
      <div className="flex h-36 items-end gap-px sm:gap-1" role="img" aria-label="Credits by day, as bars">
        {days.map((day) => {
          const credits = byDay.get(day) ?? 0
          return (
            <div
              key={day}
              title={`${day}: ${Numbers.count(credits)} credits`}
              className="min-w-0 flex-1 rounded-t-sm bg-accent/80 hover:bg-accent"
              style={{ height: `${credits === 0 ? 0 : Math.max(2, (credits / most) * 100)}%` }}
            />
          )
        })}
      </div>
      <figcaption className="mt-1 flex justify-between border-t border-line pt-1 text-xs text-faint">
        <span>{days[0]}</span>
        <span>at most {Numbers.count(most)} credits a day</span>
        <span>{days.at(-1)}</span>
      </figcaption>
    </figure>
  )
}
